// Pipes: sources and tabular operators.
#include <algorithm>

#include "common/kql/parser_hints.h"
#include "common/kql/parser_state.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

struct OperatorName {
  std::string_view name;
  OperatorKind kind;
};

constexpr OperatorName kOperators[] = {
    {"where", OperatorKind::kWhere},
    {"filter", OperatorKind::kWhere},
    {"extend", OperatorKind::kExtend},
    {"project", OperatorKind::kProject},
    {"project-away", OperatorKind::kProjectAway},
    {"project-keep", OperatorKind::kProjectKeep},
    {"project-rename", OperatorKind::kProjectRename},
    {"project-reorder", OperatorKind::kProjectReorder},
    {"summarize", OperatorKind::kSummarize},
    {"distinct", OperatorKind::kDistinct},
    {"join", OperatorKind::kJoin},
    {"lookup", OperatorKind::kLookup},
    {"union", OperatorKind::kUnion},
    {"search", OperatorKind::kSearch},
    {"sort", OperatorKind::kSort},
    {"order", OperatorKind::kSort},
    {"top", OperatorKind::kTop},
    {"take", OperatorKind::kTake},
    {"limit", OperatorKind::kTake},
    {"count", OperatorKind::kCount},
    {"mv-expand", OperatorKind::kMvExpand},
    {"mvexpand", OperatorKind::kMvExpand},
    {"mv-apply", OperatorKind::kMvApply},
    {"mvapply", OperatorKind::kMvApply},
    {"parse", OperatorKind::kParse},
    {"parse-where", OperatorKind::kParseWhere},
    {"render", OperatorKind::kRender},
    {"as", OperatorKind::kAs},
    {"serialize", OperatorKind::kSerialize},
    {"invoke", OperatorKind::kInvoke},
    {"evaluate", OperatorKind::kEvaluate},
    {"getschema", OperatorKind::kGetSchema},
};

constexpr std::string_view kRefused[] = {"make-series", "scan", "parse-kv", "project-by-names", "sample", "sample-distinct",
                                         "top-nested", "top-hitters", "reduce", "find", "partition", "fork", "facet", "consume",
                                         "make-graph", "graph-match", "graph-to-table", "graph-mark-components",
                                         "graph-shortest-paths", "graph-where-nodes", "graph-where-edges", "execute-and-cache",
                                         "assert-schema", "macro-expand", "externaldata", "partitionby"};

bool IsRefused(std::string_view name) { return std::find(std::begin(kRefused), std::end(kRefused), name) != std::end(kRefused); }

const OperatorName* FindOperator(std::string_view name) {
  const auto* found = std::find_if(std::begin(kOperators), std::end(kOperators), [name](const auto& row) { return row.name == name; });
  return found == std::end(kOperators) ? nullptr : found;
}

// What is wrong with the order of a parse pattern: a column reads up to the text behind it, and `*` skips up to one.
struct PatternProblem {
  Span span;
  std::string_view code;
  std::string_view message;
};
std::optional<PatternProblem> FindPatternProblem(const std::vector<ParsePart>& pattern) {
  using Kind = ParsePart::Kind;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const ParsePart& part = pattern[i];
    const bool last = i + 1 == pattern.size();
    if (part.kind == Kind::kStar && !last && pattern[i + 1].kind != Kind::kText) {
      return PatternProblem{part.span, "KS102", "a string must follow '*' in the pattern"};
    }
    if (part.kind == Kind::kColumn && i > 0 && pattern[i - 1].kind != Kind::kText) {
      return PatternProblem{part.span, "KS101", "a column must follow a string in the pattern"};
    }
    if (part.kind == Kind::kStar && i > 0 && pattern[i - 1].kind == Kind::kColumn && pattern[i - 1].type == Type::kString) {
      return PatternProblem{part.span, "KS103", "'*' after a column of type string is ambiguous: both take any text"};
    }
  }
  return std::nullopt;
}

}  // namespace

// Ends of a pipe: brackets, list separators, statement end.
bool Parser::AtPipeEnd() const {
  return AtEnd() || IsPunctuation("|") || IsPunctuation(")") || IsPunctuation(";") || IsPunctuation("}");
}

std::unique_ptr<Pipe> Parser::ParsePipe() {
  NestingGuard guard(*this);
  if (!guard.ok()) {
    Error(Peek().span, fmt::format("brackets nested deeper than {}", kMaxNesting), code::kLimit);
    return nullptr;
  }
  auto pipe = std::make_unique<Pipe>();
  pipe->span = Peek().span;
  if (!ParseSource(*pipe)) return nullptr;
  return ParseOperators(std::move(pipe));
}

std::unique_ptr<Pipe> Parser::ParseOperators(std::unique_ptr<Pipe> pipe) {
  if (pipe->source != nullptr) pipe->span = Cover(pipe->span, pipe->source->span);
  while (Take("|")) {
    auto op = ParseOperator();
    if (!op) return nullptr;
    pipe->operators.push_back(std::move(*op));
    pipe->span = Cover(pipe->span, tokens_[at_ - 1].span);
  }
  return pipe;
}

bool Parser::ParseSource(Pipe& pipe) {
  const bool call = IsPunctuation("(", 1);
  const bool name_follows = Peek(1).kind == TokenKind::kIdentifier;
  const std::string_view word = Peek().kind == TokenKind::kIdentifier ? std::string_view(Peek().text) : std::string_view();
  const bool is_source = word == "print" || word == "union" || word == "search" || (word == "range" && !call && name_follows) ||
                         (word == "evaluate" && name_follows);
  if (word == "find" && !IsPunctuation("=", 1)) {
    Error(Peek().span, "operator 'find' is not supported", code::kNotSupported);
    return false;
  }
  if (!is_source) {
    pipe.source = ParseExpr();
    return pipe.source != nullptr;
  }
  Operator op;
  op.span = Peek().span;
  const std::string name = Peek().text;
  Next();
  if (!ParseSourceOperator(name, op)) return false;
  pipe.operators.push_back(std::move(op));
  return true;
}

bool Parser::ParseSourceOperator(std::string_view name, Operator& op) {
  if (name == "print") {
    op.kind = OperatorKind::kPrint;
    return ParseNamedList(op.items);
  }
  if (name == "range") {
    op.kind = OperatorKind::kRange;
    return ParseRange(op);
  }
  op.kind = FindOperator(name)->kind;
  return ParseOperatorBody(name, op);
}

// "project-away" is three tokens without blanks between them; so is a name before and after a minus, but not after a bar.
std::string Parser::OperatorName(std::size_t& tokens) const {
  std::string name = Peek().text;
  tokens = 1;
  while (IsPunctuation("-", tokens) && Adjacent(tokens) && Adjacent(tokens + 1) &&
         Peek(tokens + 1).kind == TokenKind::kIdentifier) {
    name += "-" + Peek(tokens + 1).text;
    tokens += 2;
  }
  return name;
}

std::optional<Operator> Parser::ParseOperator() {
  if (Peek().kind != TokenKind::kIdentifier) {
    ErrorHere("an operator after '|'");
    return std::nullopt;
  }
  std::size_t tokens = 0;
  const std::string name = OperatorName(tokens);
  Operator op;
  op.span = Cover(Peek().span, Peek(tokens - 1).span);
  const struct OperatorName* row = FindOperator(name);
  if (row == nullptr) {
    if (IsRefused(name)) {
      Error(op.span, fmt::format("operator '{}' is not supported", name), code::kNotSupported);
      return std::nullopt;
    }
    std::vector<std::string_view> candidates;
    for (const auto& known : kOperators) candidates.push_back(known.name);
    const std::string hint = OperatorHint(name);
    const std::string_view near = hint.empty() ? Nearest(name, candidates) : "";
    Error(op.span, near.empty() ? fmt::format("there is no operator '{}'{}", name, hint)
                                : fmt::format("there is no operator '{}', did you mean '{}'?", name, near));
    return std::nullopt;
  }
  for (std::size_t i = 0; i < tokens; ++i) Next();
  op.kind = row->kind;
  if (!ParseOperatorBody(name, op)) return std::nullopt;
  if (!AtPipeEnd() && !IsPunctuation(",") && !IsPunctuation("]")) {
    ErrorHere(fmt::format("'|' or the end of the '{}' operator", name));
    return std::nullopt;
  }
  return op;
}

bool Parser::ParseOperatorBody(std::string_view name, Operator& op) {
  switch (op.kind) {
    case OperatorKind::kWhere: return ParseWhere(op);
    case OperatorKind::kExtend:
    case OperatorKind::kProject:
    case OperatorKind::kSerialize: return ParseProjectList(op);
    case OperatorKind::kProjectAway:
    case OperatorKind::kProjectKeep: return ParseWildNames(op);
    case OperatorKind::kProjectRename: return ParseRename(op);
    case OperatorKind::kProjectReorder: return ParseReorder(op);
    case OperatorKind::kSummarize: return ParseSummarize(op);
    case OperatorKind::kDistinct: return ParseDistinct(op);
    case OperatorKind::kJoin:
    case OperatorKind::kLookup: return ParseJoin(op);
    case OperatorKind::kUnion: return ParseUnion(op);
    case OperatorKind::kSearch: return ParseSearch(op);
    case OperatorKind::kSort: return ParseSort(op);
    case OperatorKind::kTop: return ParseTop(op);
    case OperatorKind::kTake: return ParseTake(op);
    case OperatorKind::kCount: return ParseCount(op);
    case OperatorKind::kMvExpand:
    case OperatorKind::kMvApply: return ParseMv(op);
    case OperatorKind::kParse:
    case OperatorKind::kParseWhere: return ParseParse(op);
    case OperatorKind::kRender: return ParseRender(op);
    case OperatorKind::kAs: return ParseAs(op);
    case OperatorKind::kInvoke:
    case OperatorKind::kEvaluate: return ParseCallOperator(op);
    case OperatorKind::kGetSchema: return true;
    case OperatorKind::kPrint:
    case OperatorKind::kRange: break;
  }
  Error(op.span, fmt::format("'{}' cannot follow '|'", name));
  return false;
}

bool Parser::ParseNamed(NamedExpr& named) {
  named.span = Peek().span;
  if (IsPunctuation("(")) {  // (a, b) = expr
    std::size_t i = 1;
    while (Peek(i).kind == TokenKind::kIdentifier && IsPunctuation(",", i + 1)) i += 2;
    if (Peek(i).kind == TokenKind::kIdentifier && IsPunctuation(")", i + 1) && IsPunctuation("=", i + 2)) {
      Next();
      named.tuple = true;
      do {
        auto name = ParseName(NamePlace::kAssigned, "a column name");
        if (!name) return false;
        named.names.push_back(std::move(*name));
      } while (Take(","));
      Next();
      Next();
    }
  } else if ((Peek().kind == TokenKind::kIdentifier && IsPunctuation("=", 1)) ||
             (IsPunctuation("[") && Peek(1).kind == TokenKind::kString && IsPunctuation("]", 2) && IsPunctuation("=", 3))) {
    auto name = ParseName(NamePlace::kAssigned, "a column name");
    if (!name) return false;
    named.names.push_back(std::move(*name));
    Next();
  }
  named.expr = ParseExpr();
  if (named.expr == nullptr) return false;
  named.span = Cover(named.span, named.expr->span);
  return true;
}

bool Parser::ParseNamedList(std::vector<NamedExpr>& list) {
  do {
    NamedExpr named;
    if (!ParseNamed(named)) return false;
    list.push_back(std::move(named));
  } while (Take(","));
  return true;
}

// name=value pairs before an operator's own arguments: kind=, hint.strategy=, isfuzzy=, bagexpansion=, ...
bool Parser::ParseParameters(Operator& op) {
  while (Peek().kind == TokenKind::kIdentifier) {
    std::size_t i = 1;
    while (IsPunctuation(".", i) && Peek(i + 1).kind == TokenKind::kIdentifier) i += 2;
    static constexpr std::string_view kNames[] = {"kind", "withsource", "with_source", "isfuzzy", "bagexpansion", "with_itemindex",
                                                  "flags"};
    const std::string& word = Peek().text;
    const bool known = std::find(std::begin(kNames), std::end(kNames), word) != std::end(kNames) ||
                       (word == "hint" && i > 1) || word == "decodeblocks" || word == "expandoutput";
    if (!known || !IsPunctuation("=", i)) return true;
    OperatorParameter parameter;
    parameter.name_span = Cover(Peek().span, Peek(i - 1).span);
    for (std::size_t k = 0; k < i; ++k) {
      parameter.name += Peek().text;
      Next();
    }
    Next();
    if (!ParseParameterValue(parameter)) return false;
    op.parameters.push_back(std::move(parameter));
  }
  return true;
}

bool Parser::ParseParameterValue(OperatorParameter& parameter) {
  parameter.value_span = Peek().span;
  if (Peek().kind == TokenKind::kIdentifier) {
    parameter.word = Peek().text;
    Next();
    return true;
  }
  if (IsPunctuation("[")) {
    auto name = ParseName(NamePlace::kDefinition, "a value");
    if (!name) return false;
    parameter.word = name->text;
    return true;
  }
  if (Peek().kind == TokenKind::kString || Peek().kind == TokenKind::kLong || Peek().kind == TokenKind::kTypedLiteral) {
    ExprPtr literal = ParsePrimary();
    if (literal == nullptr) return false;
    parameter.value = literal->value;
    if (literal->value.is_string()) parameter.word = literal->value.AsString();
    return true;
  }
  ErrorHere(fmt::format("a value for '{}'", parameter.name));
  return false;
}

bool Parser::ParseWhere(Operator& op) {
  NamedExpr named;
  if (!ParseParameters(op) || !ParseNamed(named)) return false;
  if (!named.names.empty()) {
    Error(named.span, "'=' gives a name here; did you mean '=='?");
    return false;
  }
  op.items.push_back(std::move(named));
  return true;
}

bool Parser::ParseProjectList(Operator& op) {
  if (op.kind != OperatorKind::kExtend && AtPipeEnd()) return true;
  return ParseNamedList(op.items);
}

std::optional<WildName> Parser::ParseWildName() {
  WildName result;
  if (IsPunctuation("[")) {
    auto name = ParseName(NamePlace::kDefinition, "a column name");
    if (!name) return std::nullopt;
    result.name = std::move(*name);
    return result;
  }
  result.name.span = Peek().span;
  std::size_t pieces = 0;
  while ((Peek().kind == TokenKind::kIdentifier || IsPunctuation("*") || Peek().kind == TokenKind::kLong) &&
         (pieces == 0 || tokens_[at_ - 1].span.end() == Peek().span.offset)) {
    result.wild = result.wild || IsPunctuation("*");
    result.name.text += Peek().text;
    result.name.span = Cover(result.name.span, Next());
    ++pieces;
  }
  if (pieces == 0) {
    ErrorHere("a column name or a pattern with '*'");
    return std::nullopt;
  }
  if (!result.wild && NeedsBrackets(result.name.text, NamePlace::kExpression)) {
    Error(result.name.span, fmt::format("the name '{0}' needs to be bracketed as ['{0}']", result.name.text), code::kNeedsBrackets);
    return std::nullopt;
  }
  return result;
}

bool Parser::ParseWildNames(Operator& op) {
  if (AtPipeEnd()) return true;
  do {
    auto name = ParseWildName();
    if (!name) return false;
    op.columns.push_back(std::move(*name));
  } while (Take(","));
  return true;
}

bool Parser::ParseRename(Operator& op) {
  do {
    RenamePair pair;
    auto to = ParseName(NamePlace::kAssigned, "the new name of a column");
    if (!to || !Expect("=", "between the new and the old name")) return false;
    auto from = ParseName(NamePlace::kExpression, "the old name of the column");
    if (!from) return false;
    pair.to = std::move(*to);
    pair.from = std::move(*from);
    op.renames.push_back(std::move(pair));
  } while (Take(","));
  return true;
}

bool Parser::ParseReorder(Operator& op) {
  if (AtPipeEnd()) return true;
  do {
    ReorderItem item;
    auto pattern = ParseWildName();
    if (!pattern) return false;
    item.pattern = std::move(*pattern);
    std::size_t tokens = 0;
    const std::string word = Peek().kind == TokenKind::kIdentifier ? OperatorName(tokens) : "";
    static constexpr std::pair<std::string_view, ReorderDirection> kWords[] = {
        {"asc", ReorderDirection::kAscending},
        {"desc", ReorderDirection::kDescending},
        {"granny-asc", ReorderDirection::kGrannyAscending},
        {"granny-desc", ReorderDirection::kGrannyDescending},
    };
    for (const auto& [name, direction] : kWords) {
      if (word != name) continue;
      item.direction = direction;
      for (std::size_t i = 0; i < tokens; ++i) Next();
    }
    op.reorder.push_back(std::move(item));
  } while (Take(","));
  return true;
}

bool Parser::ParseSummarize(Operator& op) {
  if (!ParseParameters(op)) return false;
  if (!IsWord("by") && !AtPipeEnd() && !ParseNamedList(op.items)) return false;
  if (TakeWord("by")) return ParseNamedList(op.by);
  return true;
}

bool Parser::ParseDistinct(Operator& op) {
  if (!ParseParameters(op)) return false;
  if (Take("*")) {
    op.star = true;
    return true;
  }
  return ParseNamedList(op.items);
}

bool Parser::ParseJoin(Operator& op) {
  if (!ParseParameters(op)) return false;
  op.expr = ParsePostfix();
  if (op.expr == nullptr || !ExpectWord("on", "and the join columns after the right side")) return false;
  do {
    ExprPtr condition = ParseExpr();
    if (condition == nullptr) return false;
    op.conditions.push_back(std::move(condition));
  } while (Take(","));
  return true;
}

ExprPtr Parser::ParseUnionItem() {
  if (Peek().kind == TokenKind::kIdentifier && !IsPunctuation("(", 1) && !IsPunctuation(".", 1)) {
    auto name = ParseWildName();
    if (!name) return nullptr;
    auto expr = MakeExpr(name->wild ? ExprKind::kStar : ExprKind::kName, name->name.span);
    expr->name = std::move(name->name);
    return expr;
  }
  if (IsPunctuation("*")) {
    auto expr = MakeExpr(ExprKind::kStar, Peek().span);
    auto name = ParseWildName();
    if (!name) return nullptr;
    expr->name = std::move(name->name);
    return expr;
  }
  return ParsePostfix();
}

bool Parser::ParseUnion(Operator& op) {
  if (!ParseParameters(op)) return false;
  do {
    ExprPtr item = ParseUnionItem();
    if (item == nullptr) return false;
    op.sources.push_back(std::move(item));
  } while (Take(","));
  return true;
}

bool Parser::ParseSearch(Operator& op) {
  if (!ParseParameters(op)) return false;
  if (IsWord("in") && IsPunctuation("(", 1)) {
    Next();
    Next();
    do {
      ExprPtr item = ParseUnionItem();
      if (item == nullptr) return false;
      op.sources.push_back(std::move(item));
    } while (Take(","));
    if (!Expect(")", "after the tables of 'search in'")) return false;
  }
  if (IsPunctuation("*") && (Peek(1).kind == TokenKind::kEnd || IsPunctuation("|", 1) || IsPunctuation(")", 1) || IsWord("and", 1) ||
                             IsPunctuation(";", 1))) {
    Next();
    op.star = true;
    if (!TakeWord("and")) return true;
  }
  op.expr = ParseExpr();
  return op.expr != nullptr;
}

bool Parser::ParseOrdered(OrderedExpr& ordered) {
  if (!ParseNamed(ordered.item)) return false;
  if (TakeWord("asc")) {
    ordered.ascending = true;
  } else {
    TakeWord("desc");
  }
  if (TakeWord("nulls")) {
    if (!IsAnyWord({"first", "last"})) {
      ErrorHere("'first' or 'last' after 'nulls'");
      return false;
    }
    ordered.nulls_first = IsWord("first");
    Next();
  }
  return true;
}

bool Parser::ParseSort(Operator& op) {
  if (!ParseParameters(op) || !ExpectWord("by", "in a sort")) return false;
  do {
    OrderedExpr ordered;
    if (!ParseOrdered(ordered)) return false;
    op.order.push_back(std::move(ordered));
  } while (Take(","));
  return true;
}

bool Parser::ParseTop(Operator& op) {
  if (!ParseParameters(op)) return false;
  op.expr = ParseExpr();
  if (op.expr == nullptr || !ExpectWord("by", "after the number of rows")) return false;
  OrderedExpr ordered;
  if (!ParseOrdered(ordered)) return false;
  op.order.push_back(std::move(ordered));
  return true;
}

bool Parser::ParseTake(Operator& op) {
  op.expr = ParseExpr();
  return op.expr != nullptr;
}

bool Parser::ParseCount(Operator& op) {
  if (!TakeWord("as")) return true;
  auto name = ParseName(NamePlace::kDefinition, "a column name after 'as'");
  if (!name) return false;
  op.name = std::move(*name);
  return true;
}

bool Parser::ParseMvItem(MvItem& item) {
  if (!ParseNamed(item.item)) return false;
  if (!TakeWord("to")) return true;
  if (!ExpectWord("typeof", "after 'to'") || !Expect("(", "after 'typeof'")) return false;
  item.to_type = ParseType();
  return item.to_type && Expect(")", "after the type");
}

bool Parser::ParseMv(Operator& op) {
  if (!ParseParameters(op)) return false;
  do {
    MvItem item;
    if (!ParseMvItem(item)) return false;
    op.expanded.push_back(std::move(item));
  } while (Take(","));
  if (TakeWord("limit")) {
    op.limit = ParseExpr();
    if (op.limit == nullptr) return false;
  }
  if (op.kind == OperatorKind::kMvExpand) return true;
  if (!ExpectWord("on", "and a subquery in mv-apply") || !Expect("(", "after 'on'")) return false;
  NestingGuard guard(*this);
  if (!guard.ok()) {
    Error(Peek().span, fmt::format("brackets nested deeper than {}", kMaxNesting), code::kLimit);
    return false;
  }
  auto subquery = std::make_unique<Pipe>();
  subquery->span = Peek().span;
  auto first = ParseOperator();
  if (!first) return false;
  subquery->operators.push_back(std::move(*first));
  op.subquery = ParseOperators(std::move(subquery));
  return op.subquery != nullptr && Expect(")", "after the subquery");
}

bool Parser::ParseParse(Operator& op) {
  if (!ParseParameters(op)) return false;
  op.expr = ParseExpr();
  if (op.expr == nullptr || !ExpectWord("with", "and a pattern in parse")) return false;
  while (!AtPipeEnd()) {
    ParsePart part;
    part.span = Peek().span;
    if (Take("*")) {
      part.kind = ParsePart::Kind::kStar;
    } else if (Peek().kind == TokenKind::kString) {
      part.kind = ParsePart::Kind::kText;
      part.text = Peek().text;
      Next();
    } else {
      part.kind = ParsePart::Kind::kColumn;
      auto name = ParseName(NamePlace::kDefinition, "'*', a string or a column in the pattern");
      if (!name) return false;
      part.name = std::move(*name);
      if (Take(":")) {
        const auto type = ParseType();
        if (!type) return false;
        part.type = *type;
      }
    }
    op.pattern.push_back(std::move(part));
  }
  if (op.pattern.empty()) {
    ErrorHere("'*', a string or a column in the pattern");
    return false;
  }
  const auto problem = FindPatternProblem(op.pattern);
  if (problem) Error(problem->span, std::string(problem->message), problem->code);
  return !problem;
}

bool Parser::ParseRenderProperties(Operator& op, bool bracketed) {
  while (bracketed ? !IsPunctuation(")") : !AtPipeEnd()) {
    if (Peek().kind != TokenKind::kIdentifier || !IsPunctuation("=", 1)) {
      ErrorHere("a property of the chart, as in title=\"...\"");
      return false;
    }
    RenderProperty property;
    property.name = Peek().text;
    Next();
    Next();
    do {
      if (Peek().kind == TokenKind::kPunctuation || AtEnd()) {
        ErrorHere(fmt::format("a value for '{}'", property.name));
        return false;
      }
      std::string value = Peek().text;
      if (Peek().value.kind() == Kind::kLong) value = std::to_string(Peek().value.AsLong());
      property.values.push_back(std::move(value));
      Next();
      // A list of names: the comma belongs to it unless the next property starts behind it.
    } while (IsPunctuation(",") && !IsPunctuation("=", 2) && Take(","));
    op.properties.push_back(std::move(property));
    Take(",");
  }
  return true;
}

bool Parser::ParseRender(Operator& op) {
  if (Peek().kind != TokenKind::kIdentifier) {
    ErrorHere("the kind of chart after 'render'");
    return false;
  }
  op.word = Peek().text;
  Next();
  if (!TakeWord("with")) return ParseRenderProperties(op, false);
  return Expect("(", "after 'with'") && ParseRenderProperties(op, true) && Expect(")", "after the properties");
}

bool Parser::ParseAs(Operator& op) {
  if (!ParseParameters(op)) return false;
  auto name = ParseName(NamePlace::kDefinition, "a name after 'as'");
  if (!name) return false;
  op.name = std::move(*name);
  return true;
}

bool Parser::ParseCallOperator(Operator& op) {
  if (!ParseParameters(op)) return false;
  if (Peek().kind != TokenKind::kIdentifier || !IsPunctuation("(", 1)) {
    ErrorHere("a function call");
    return false;
  }
  op.expr = ParseNameOrCall();
  if (op.expr == nullptr) return false;
  if (op.kind == OperatorKind::kEvaluate && Take(":")) {
    if (!Expect("(", "before the schema")) return false;
    op.row_schema.emplace();
    op.star = Take("*");
    if (op.star && !IsPunctuation(")") && !Expect(",", "or ')' after '*'")) return false;
    return ParseSchema(*op.row_schema);
  }
  return true;
}

bool Parser::ParseRange(Operator& op) {
  auto name = ParseName(NamePlace::kDefinition, "a column name after 'range'");
  if (!name || !ExpectWord("from", "after the column of 'range'")) return false;
  op.name = std::move(*name);
  op.from = ParseExpr();
  if (op.from == nullptr || !ExpectWord("to", "after the start of 'range'")) return false;
  op.to = ParseExpr();
  if (op.to == nullptr || !ExpectWord("step", "after the end of 'range'")) return false;
  op.step = ParseExpr();
  return op.step != nullptr;
}

std::vector<std::string_view> OperatorNames() {
  std::vector<std::string_view> names;
  for (const OperatorName& row : kOperators) names.push_back(row.name);
  return names;
}

std::vector<std::string_view> RefusedOperatorNames() { return {std::begin(kRefused), std::end(kRefused)}; }

}  // namespace zoomwatch::kql
