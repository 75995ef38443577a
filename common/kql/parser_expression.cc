// Expressions, from the loosest operator to the tightest.
#include <algorithm>

#include "common/kql/literal.h"
#include "common/kql/parser_state.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

constexpr std::string_view kStringOperators[] = {
    "has",        "has_cs",         "hasprefix",  "hasprefix_cs",   "hassuffix",  "hassuffix_cs",   "contains",  "contains_cs",
    "startswith", "startswith_cs",  "endswith",   "endswith_cs",    "!has",       "!has_cs",        "!hasprefix", "!hasprefix_cs",
    "!hassuffix", "!hassuffix_cs",  "!contains",  "!contains_cs",   "!startswith", "!startswith_cs", "!endswith", "!endswith_cs",
    "like",       "notlike"};

bool IsStringOperator(const Token& token) {
  if (token.kind == TokenKind::kPunctuation) return token.text == "=~" || token.text == "!~" || token.text == ":";
  return (token.kind == TokenKind::kIdentifier || token.kind == TokenKind::kWordOperator) &&
         std::find(std::begin(kStringOperators), std::end(kStringOperators), token.text) != std::end(kStringOperators);
}

bool IsListOperator(const Token& token) {
  static constexpr std::string_view kList[] = {"in", "!in", "in~", "!in~", "has_any", "has_all"};
  return (token.kind == TokenKind::kIdentifier || token.kind == TokenKind::kWordOperator) &&
         std::find(std::begin(kList), std::end(kList), token.text) != std::end(kList);
}

// Of the deepest expression in the pipe.
std::uint32_t PipeDepth(const Pipe& pipe) {
  std::uint32_t depth = 0;
  const auto visit = [&depth](const ExprPtr& expr) {
    if (expr != nullptr) depth = std::max(depth, expr->depth);
  };
  visit(pipe.source);
  for (const Operator& op : pipe.operators) {
    for (const NamedExpr& item : op.items) visit(item.expr);
    for (const NamedExpr& item : op.by) visit(item.expr);
    for (const OrderedExpr& item : op.order) visit(item.item.expr);
    for (const MvItem& item : op.expanded) visit(item.item.expr);
    for (const ExprPtr& expr : op.conditions) visit(expr);
    for (const ExprPtr& expr : op.sources) visit(expr);
    for (const ExprPtr* expr : {&op.expr, &op.limit, &op.from, &op.to, &op.step}) visit(*expr);
    if (op.subquery != nullptr) depth = std::max(depth, PipeDepth(*op.subquery));
  }
  return depth;
}

}  // namespace

ExprPtr Parser::MakeExpr(ExprKind kind, Span span) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->span = span;
  return expr;
}

// A subquery counts for the depth of the tree that it stands in.
bool Parser::AdoptPipe(Expr& parent, std::unique_ptr<Pipe> pipe) {
  parent.depth = std::max(parent.depth, PipeDepth(*pipe) + 1);
  parent.pipe = std::move(pipe);
  if (parent.depth <= kMaxTreeDepth) return true;
  Error(parent.span, fmt::format("more than {} operators within one another", kMaxTreeDepth), code::kLimit);
  return false;
}

bool Parser::Adopt(Expr& parent, ExprPtr child) {
  parent.depth = std::max(parent.depth, child->depth + 1);
  if (parent.depth > kMaxTreeDepth) {
    Error(child->span, fmt::format("more than {} operators in one chain", kMaxTreeDepth), code::kLimit);
    return false;
  }
  parent.children.push_back(std::move(child));
  return true;
}

ExprPtr Parser::MakeBinary(Span op_span, std::string op, ExprPtr left, ExprPtr right) {
  auto expr = MakeExpr(ExprKind::kBinary, Cover(left->span, right->span));
  expr->op = std::move(op);
  expr->op_span = op_span;
  if (!Adopt(*expr, std::move(left)) || !Adopt(*expr, std::move(right))) return nullptr;
  return expr;
}

ExprPtr Parser::ParseExpr() {
  NestingGuard guard(*this);
  if (!guard.ok()) {
    Error(Peek().span, fmt::format("brackets nested deeper than {}", kMaxNesting), code::kLimit);
    return nullptr;
  }
  ExprPtr first = ParseAnd();
  if (first == nullptr || !IsWord("or")) return first;
  auto all = MakeExpr(ExprKind::kOr, first->span);
  if (!Adopt(*all, std::move(first))) return nullptr;
  while (TakeWord("or")) {
    ExprPtr next = ParseAnd();
    if (next == nullptr) return nullptr;
    all->span = Cover(all->span, next->span);
    if (!Adopt(*all, std::move(next))) return nullptr;
  }
  return all;
}

ExprPtr Parser::ParseAnd() {
  ExprPtr first = ParseEquality();
  if (first == nullptr || !IsWord("and")) return first;
  auto all = MakeExpr(ExprKind::kAnd, first->span);
  if (!Adopt(*all, std::move(first))) return nullptr;
  while (TakeWord("and")) {
    ExprPtr next = ParseEquality();
    if (next == nullptr) return nullptr;
    all->span = Cover(all->span, next->span);
    if (!Adopt(*all, std::move(next))) return nullptr;
  }
  return all;
}

ExprPtr Parser::ParseEquality() {
  ExprPtr left = ParseRelation();
  if (left == nullptr) return nullptr;
  if (IsListOperator(Peek())) return ParseInList(std::move(left));
  if (IsAnyWord({"between", "!between"})) return ParseBetween(std::move(left));
  if (!IsPunctuation("==") && !IsPunctuation("!=") && !IsPunctuation("<>")) return left;
  std::string op = IsPunctuation("==") ? "==" : "!=";
  const Span op_span = Next();
  ExprPtr right = ParseRelation();
  if (right == nullptr) return nullptr;
  return MakeBinary(op_span, std::move(op), std::move(left), std::move(right));
}

ExprPtr Parser::ParseInList(ExprPtr left) {
  auto expr = MakeExpr(ExprKind::kIn, left->span);
  expr->op = Peek().text;
  expr->op_span = Next();
  if (!Adopt(*expr, std::move(left))) return nullptr;
  if (!Expect("(", fmt::format("after '{}'", expr->op))) return nullptr;
  while (true) {
    auto item = ParsePipe();
    if (item == nullptr) return nullptr;
    if (IsBareExpression(*item)) {
      if (!Adopt(*expr, std::move(item->source))) return nullptr;
    } else {
      auto subquery = MakeExpr(ExprKind::kPipe, item->span);
      if (!AdoptPipe(*subquery, std::move(item)) || !Adopt(*expr, std::move(subquery))) return nullptr;
    }
    if (IsPunctuation(")")) break;
    if (!Expect(",", "or ')' in the list")) return nullptr;
  }
  expr->span = Cover(expr->span, Next());
  return expr;
}

ExprPtr Parser::ParseBetween(ExprPtr left) {
  auto expr = MakeExpr(ExprKind::kBetween, left->span);
  expr->op = Peek().text;
  expr->op_span = Next();
  if (!Expect("(", fmt::format("after '{}'", expr->op))) return nullptr;
  ExprPtr from = ParseExpr();
  if (from == nullptr || !Expect("..", "between the two ends")) return nullptr;
  ExprPtr to = ParseExpr();
  if (to == nullptr) return nullptr;
  expr->span = Cover(expr->span, Peek().span);
  if (!Expect(")", "after the range")) return nullptr;
  if (!Adopt(*expr, std::move(left)) || !Adopt(*expr, std::move(from)) || !Adopt(*expr, std::move(to))) return nullptr;
  return expr;
}

ExprPtr Parser::ParseRelation() {
  ExprPtr left = ParseSum();
  if (left == nullptr) return nullptr;
  for (const std::string_view op : {"<", ">", "<=", ">="}) {
    if (!IsPunctuation(op)) continue;
    const Span op_span = Next();
    ExprPtr right = ParseSum();
    if (right == nullptr) return nullptr;
    return MakeBinary(op_span, std::string(op), std::move(left), std::move(right));
  }
  return left;
}

ExprPtr Parser::ParseSum() {
  ExprPtr left = ParseProduct();
  while (left != nullptr && (IsPunctuation("+") || IsPunctuation("-"))) {
    std::string op = Peek().text;
    const Span op_span = Next();
    ExprPtr right = ParseProduct();
    if (right == nullptr) return nullptr;
    left = MakeBinary(op_span, std::move(op), std::move(left), std::move(right));
  }
  return left;
}

ExprPtr Parser::ParseProduct() {
  ExprPtr left = ParseStringOperator();
  while (left != nullptr && (IsPunctuation("*") || IsPunctuation("/") || IsPunctuation("%"))) {
    std::string op = Peek().text;
    const Span op_span = Next();
    ExprPtr right = ParseStringOperator();
    if (right == nullptr) return nullptr;
    left = MakeBinary(op_span, std::move(op), std::move(left), std::move(right));
  }
  return left;
}

ExprPtr Parser::ParseStringOperator() {
  ExprPtr left = ParseUnary();
  if (left == nullptr) return nullptr;
  std::string op;
  Span op_span;
  if (IsWord("matches") && IsWord("regex", 1)) {
    op = "matches regex";
    const Span first = Next();
    op_span = Cover(first, Next());
  } else if (IsStringOperator(Peek())) {
    op = Peek().text;
    op_span = Peek().span;
    if (op == "like" || op == "notlike") {
      Error(op_span, fmt::format("operator '{}' is not supported; use has, contains or matches regex", op), code::kNotSupported);
      return nullptr;
    }
    // `evaluate f() : (schema)` and schemas have a colon too; there no operand can follow it.
    if (op == ":" && IsPunctuation("(", 1)) return left;
    Next();
  } else {
    return left;
  }
  ExprPtr right = ParseUnary();
  if (right == nullptr) return nullptr;
  return MakeBinary(op_span, std::move(op), std::move(left), std::move(right));
}

ExprPtr Parser::ParseUnary() {
  if (!IsPunctuation("-") && !IsPunctuation("+")) return ParsePostfix();
  auto expr = MakeExpr(ExprKind::kUnary, Peek().span);
  expr->op = Peek().text;
  expr->op_span = Next();
  const bool number = Peek().kind == TokenKind::kLong || Peek().kind == TokenKind::kReal || Peek().kind == TokenKind::kTimeSpan;
  ExprPtr operand = ParsePostfix();
  if (operand == nullptr) return nullptr;
  expr->span = Cover(expr->span, operand->span);
  if (number && operand->kind == ExprKind::kLiteral) {  // a signed number is a literal
    const Value& value = operand->value;
    if (expr->op == "-") {
      if (value.kind() == Kind::kReal) operand->value = Value::Real(-value.AsReal());
      if (value.kind() == Kind::kLong) operand->value = Value::Long(-value.AsLong());
      if (value.kind() == Kind::kTimeSpan) operand->value = Value::TimeSpan(-value.AsTicks());
    }
    operand->span = expr->span;
    return operand;
  }
  if (!Adopt(*expr, std::move(operand))) return nullptr;
  return expr;
}

ExprPtr Parser::ParsePostfix() {
  ExprPtr expr = ParsePrimary();
  while (expr != nullptr) {
    const bool dot = IsPunctuation(".");
    if (!dot && !IsPunctuation("[")) break;
    if (dot) Next();
    if (IsPunctuation("[")) {
      auto index = MakeExpr(ExprKind::kIndex, expr->span);
      index->column_in_brackets = dot;
      Next();
      ExprPtr key = ParseExpr();
      if (key == nullptr) return nullptr;
      index->span = Cover(index->span, Peek().span);
      if (!Expect("]", "after the index")) return nullptr;
      if (!Adopt(*index, std::move(expr)) || !Adopt(*index, std::move(key))) return nullptr;
      expr = std::move(index);
      continue;
    }
    auto name = ParseName(NamePlace::kExpression, "a name after '.'");
    if (!name) return nullptr;
    if (IsPunctuation("(")) {
      Error(Cover(expr->span, name->span), fmt::format("'{}' of another cluster or database is not supported", name->text),
            code::kNotSupported);
      return nullptr;
    }
    auto path = MakeExpr(ExprKind::kPath, Cover(expr->span, name->span));
    path->name = std::move(*name);
    if (!Adopt(*path, std::move(expr))) return nullptr;
    expr = std::move(path);
  }
  return expr;
}

ExprPtr Parser::ParsePrimary() {
  switch (Peek().kind) {
    case TokenKind::kLong:
    case TokenKind::kReal:
    case TokenKind::kTimeSpan:
    case TokenKind::kString: return ParseLiteral();
    case TokenKind::kTypedLiteral: return ParseTypedLiteral();
    case TokenKind::kDynamicLiteral: return ParseDynamicLiteral();
    case TokenKind::kIdentifier: return ParseNameOrCall();
    case TokenKind::kPunctuation: break;
    case TokenKind::kWordOperator:
    case TokenKind::kEnd: ErrorHere("an expression"); return nullptr;
  }
  if (IsPunctuation("(")) return ParseBrackets();
  if (IsPunctuation("*")) return MakeExpr(ExprKind::kStar, Next());
  if (IsPunctuation("[")) return ParseNameOrCall();
  ErrorHere("an expression");
  return nullptr;
}

ExprPtr Parser::ParseLiteral() {
  auto expr = MakeExpr(ExprKind::kLiteral, Peek().span);
  if (Peek().kind == TokenKind::kString) {  // neighbouring strings are one
    std::string text;
    while (Peek().kind == TokenKind::kString) {
      text += Peek().text;
      expr->span = Cover(expr->span, Next());
    }
    expr->type = Type::kString;
    expr->value = Value::String(text);
    return expr;
  }
  expr->type = Peek().kind == TokenKind::kLong ? Type::kLong : Peek().kind == TokenKind::kReal ? Type::kReal : Type::kTimeSpan;
  expr->value = Peek().value;
  Next();
  return expr;
}

ExprPtr Parser::ParseTypedLiteral() {
  const Token& token = Peek();
  auto expr = MakeExpr(ExprKind::kLiteral, token.span);
  expr->type = token.type;
  const auto value = TypedLiteralValue(token.type, token.text);
  if (value) {
    expr->value = *value;
  } else if (diagnostics_.size() < 50) {  // accepted by the language; its value is null
    diagnostics_.push_back({Severity::kWarning, std::string(code::kLint), token.span, 1, 1,
                            fmt::format("'{}' is no {} value: the literal is null", token.text, TypeName(token.type))});
  }
  Next();
  return expr;
}

ExprPtr Parser::ParseDynamicLiteral() {
  const Token& token = Peek();
  auto expr = MakeExpr(ExprKind::kLiteral, token.span);
  expr->type = Type::kDynamic;
  DynamicLiteral literal = DynamicLiteralValue(token.text);
  if (!literal.problem.empty()) {
    // The text is the token's end without the closing bracket.
    const auto start = token.span.end() - 1 - static_cast<std::uint32_t>(token.text.size());
    Error({start + static_cast<std::uint32_t>(literal.offset), 1}, fmt::format("in a dynamic literal: {}", literal.problem));
    return nullptr;
  }
  expr->value = std::move(literal.value);
  Next();
  return expr;
}

ExprPtr Parser::ParseNameOrCall() {
  const Token& token = Peek();
  if (token.kind == TokenKind::kIdentifier) {
    if (token.text == "true" || token.text == "True" || token.text == "TRUE" || token.text == "false" || token.text == "False" ||
        token.text == "FALSE") {
      auto expr = MakeExpr(ExprKind::kLiteral, token.span);
      expr->type = Type::kBool;
      expr->value = Value::Bool(token.text[0] == 't' || token.text[0] == 'T');
      Next();
      return expr;
    }
    if (IsPunctuation("(", 1)) {
      if (token.text == "toscalar") return ParseSubquery(ExprKind::kToScalar);
      if (token.text == "materialize") return ParseSubquery(ExprKind::kMaterialize);
      if (token.text == "typeof") return ParseTypeOf();
      if (token.text == "datatable") return ParseDatatable();
      if (token.text == "externaldata") {
        Error(token.span, "operator 'externaldata' is not supported: a query reads no files and no network", code::kNotSupported);
        return nullptr;
      }
    }
  }
  auto name = IsPunctuation("(", 1) && token.kind == TokenKind::kIdentifier && !NeedsBrackets(token.text, NamePlace::kDefinition)
                  ? std::optional<Name>(Name{token.text, Next(), false})
                  : ParseName(NamePlace::kExpression, "an expression");
  if (!name) return nullptr;
  auto expr = MakeExpr(ExprKind::kName, name->span);
  expr->name = std::move(*name);
  if (!IsPunctuation("(")) return expr;
  expr->kind = ExprKind::kCall;
  return ParseArguments(*expr) ? std::move(expr) : nullptr;
}

bool Parser::ParseArguments(Expr& call) {
  Next();
  while (!IsPunctuation(")")) {
    ExprPtr argument;
    if (Peek().kind == TokenKind::kIdentifier && IsPunctuation("=", 1)) {
      argument = MakeExpr(ExprKind::kNamedArgument, Peek().span);
      argument->name = {Peek().text, Peek().span, false};
      Next();
      Next();
      ExprPtr value = ParseExpr();
      if (value == nullptr || !Adopt(*argument, std::move(value))) return false;
    } else if (auto pipe = ParsePipe(); pipe == nullptr) {
      return false;
    } else if (IsBareExpression(*pipe)) {
      argument = std::move(pipe->source);
    } else {
      argument = MakeExpr(ExprKind::kPipe, pipe->span);
      if (!AdoptPipe(*argument, std::move(pipe))) return false;
    }
    if (!Adopt(call, std::move(argument))) return false;
    if (!IsPunctuation(")")) {
      if (!Expect(",", fmt::format("or ')' in the arguments of '{}'", call.name.text))) return false;
      if (IsPunctuation(")")) {
        ErrorHere("an argument after ','");
        return false;
      }
    }
  }
  call.span = Cover(call.span, Next());
  return true;
}

ExprPtr Parser::ParseBrackets() {
  const Span start = Next();
  auto pipe = ParsePipe();
  if (pipe == nullptr) return nullptr;
  const Span end = Peek().span;
  if (!Expect(")", "after the expression in brackets")) return nullptr;
  if (IsBareExpression(*pipe)) {
    pipe->source->span = Cover(start, end);
    return std::move(pipe->source);
  }
  auto expr = MakeExpr(ExprKind::kPipe, Cover(start, end));
  return AdoptPipe(*expr, std::move(pipe)) ? std::move(expr) : nullptr;
}

ExprPtr Parser::ParseSubquery(ExprKind kind) {
  auto expr = MakeExpr(kind, Next());
  Next();
  auto pipe = ParsePipe();
  if (pipe == nullptr || !AdoptPipe(*expr, std::move(pipe))) return nullptr;
  expr->span = Cover(expr->span, Peek().span);
  return Expect(")", "after the subquery") ? std::move(expr) : nullptr;
}

ExprPtr Parser::ParseTypeOf() {
  auto expr = MakeExpr(ExprKind::kTypeOf, Next());
  Next();
  const auto type = ParseType();
  if (!type) return nullptr;
  expr->type = *type;
  expr->span = Cover(expr->span, Peek().span);
  return Expect(")", "after the type") ? std::move(expr) : nullptr;
}

ExprPtr Parser::ParseDatatable() {
  auto expr = MakeExpr(ExprKind::kDatatable, Next());
  Next();
  if (!ParseSchema(expr->schema) || !Expect("[", "before the cells of the datatable")) return nullptr;
  while (!IsPunctuation("]")) {
    const bool literal = IsPunctuation("-") || IsPunctuation("+") || Peek().kind != TokenKind::kPunctuation;
    ExprPtr cell = literal ? ParseUnary() : nullptr;
    if (cell == nullptr || cell->kind != ExprKind::kLiteral) {
      if (cell != nullptr) Error(cell->span, "a datatable holds literals only");
      if (cell == nullptr && !literal) ErrorHere("a literal in the datatable");
      return nullptr;
    }
    expr->children.push_back(std::move(cell));
    if (!IsPunctuation("]") && !Expect(",", "or ']' in the datatable")) return nullptr;
  }
  expr->span = Cover(expr->span, Next());
  return expr;
}

}  // namespace zoomwatch::kql
