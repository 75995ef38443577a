#include "common/kql/parser.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "common/kql/lexer.h"
#include "common/kql/parser_hints.h"
#include "common/kql/parser_state.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

constexpr std::string_view kNeverNames[] = {"and", "asc", "between", "datetime", "desc", "dynamic", "endswith", "first", "flags",
                                            "has_all", "has_any", "int", "isfuzzy", "last", "long", "or", "project", "real",
                                            "relaxed", "simple", "startswith", "string", "time", "timespan", "union"};
constexpr std::string_view kOnlyDefined[] = {"as", "by", "contains", "datatable", "externaldata", "find", "has", "in", "invoke",
                                             "materialize", "of", "print", "sample", "search", "set", "title", "to", "toscalar",
                                             "totable", "where"};
constexpr std::string_view kNotAssigned[] = {"kind", "withsource"};

template <std::size_t kSize>
bool Contains(const std::string_view (&words)[kSize], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

constexpr std::size_t kMaxErrors = 50;

}  // namespace

bool NeedsBrackets(std::string_view word, NamePlace place) {
  if (Contains(kNeverNames, word)) return true;
  switch (place) {
    case NamePlace::kExpression: return Contains(kOnlyDefined, word);
    case NamePlace::kDefinition: return false;
    case NamePlace::kAssigned: return Contains(kNotAssigned, word);
  }
  return false;
}

const Token& Parser::Peek(std::size_t ahead) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }

bool Parser::IsPunctuation(std::string_view sign, std::size_t ahead) const {
  return Peek(ahead).kind == TokenKind::kPunctuation && Peek(ahead).text == sign;
}

bool Parser::IsWord(std::string_view word, std::size_t ahead) const {
  const Token& token = Peek(ahead);
  return (token.kind == TokenKind::kIdentifier || token.kind == TokenKind::kWordOperator) && token.text == word;
}

bool Parser::IsAnyWord(std::initializer_list<std::string_view> words) const {
  return std::any_of(words.begin(), words.end(), [this](std::string_view word) { return IsWord(word); });
}

Span Parser::Next() {
  const Span span = Peek().span;
  if (at_ + 1 < tokens_.size()) ++at_;
  return span;
}

bool Parser::Take(std::string_view sign) {
  if (!IsPunctuation(sign)) return false;
  Next();
  return true;
}

bool Parser::TakeWord(std::string_view word) {
  if (!IsWord(word)) return false;
  Next();
  return true;
}

std::string Parser::Found() const {
  if (AtEnd()) return "the end of the query";
  const Span span = Peek().span;
  constexpr std::size_t kShown = 40;
  const std::string_view text = text_.substr(span.offset, span.length);
  return fmt::format("'{}'", text.size() > kShown ? std::string(text.substr(0, kShown)) + "..." : std::string(text));
}

void Parser::Error(Span span, std::string message, std::string_view code) {
  if (diagnostics_.size() < kMaxErrors) diagnostics_.push_back({Severity::kError, std::string(code), span, 1, 1, std::move(message)});
}

std::string Parser::HintHere() const {
  const Token* before = at_ > 0 ? &tokens_[at_ - 1] : nullptr;
  if (Peek().kind == TokenKind::kPunctuation) {
    const bool twice = before != nullptr && before->kind == TokenKind::kPunctuation && before->text == "|" && IsPunctuation("|");
    return twice ? "; of two conditions write 'or'" : "";
  }
  if (before != nullptr && before->kind == TokenKind::kIdentifier && absl::EqualsIgnoreCase(before->text, "not")) {
    return "; not is a function: not(...)";
  }
  if (tokens_[0].kind == TokenKind::kIdentifier && absl::EqualsIgnoreCase(tokens_[0].text, "select")) {
    return "; this is SQL, and a query begins with its table: T | where ... | project ...";
  }
  return Peek().kind == TokenKind::kIdentifier ? WordHint(Peek().text) : "";
}

void Parser::ErrorHere(std::string_view expected) {
  Error(Peek().span, fmt::format("found {}, expected {}{}", Found(), expected, HintHere()));
}

bool Parser::Expect(std::string_view sign, std::string_view where) {
  if (Take(sign)) return true;
  ErrorHere(fmt::format("'{}' {}", sign, where));
  return false;
}

bool Parser::ExpectWord(std::string_view word, std::string_view where) {
  if (TakeWord(word)) return true;
  ErrorHere(fmt::format("'{}' {}", word, where));
  return false;
}

bool Parser::Adjacent(std::size_t ahead) const {
  return ahead > 0 && Peek(ahead - 1).span.end() == Peek(ahead).span.offset;
}

std::optional<Name> Parser::ParseName(NamePlace place, std::string_view what) {
  if (IsPunctuation("[") && Peek(1).kind == TokenKind::kString && IsPunctuation("]", 2)) {
    Name name{Peek(1).text, Cover(Peek().span, Peek(2).span), true};
    Next();
    Next();
    Next();
    return name;
  }
  if (Peek().kind != TokenKind::kIdentifier) {
    ErrorHere(what);
    return std::nullopt;
  }
  Name name{Peek().text, Peek().span, false};
  if (NeedsBrackets(name.text, place)) {
    Error(name.span, fmt::format("the name '{0}' needs to be bracketed as ['{0}']", name.text), code::kNeedsBrackets);
    return std::nullopt;
  }
  Next();
  return name;
}

std::optional<Type> Parser::ParseType() {
  if (Peek().kind == TokenKind::kIdentifier) {
    if (const auto type = TypeFromName(Peek().text)) {
      Next();
      return type;
    }
  }
  ErrorHere("a type (bool, int, long, real, decimal, string, datetime, timespan, guid or dynamic)");
  return std::nullopt;
}

bool Parser::ParseSchema(std::vector<SchemaColumn>& schema) {
  while (!Take(")")) {
    SchemaColumn column;
    auto name = ParseName(NamePlace::kDefinition, "a column name");
    if (!name || !Expect(":", "after the column name")) return false;
    column.name = std::move(*name);
    column.type_span = Peek().span;
    const auto type = ParseType();
    if (!type) return false;
    column.type = *type;
    schema.push_back(std::move(column));
    if (!IsPunctuation(")") && !Expect(",", "or ')' in the schema")) return false;
  }
  return true;
}

Query Parser::ParseQuery() {
  Query query;
  while (!AtEnd()) {
    Statement statement;
    statement.span = Peek().span;
    bool parsed = false;
    if (IsWord("let") && !IsPunctuation("|", 1)) {
      parsed = ParseLet(statement);
    } else if (IsWord("set") && Peek(1).kind == TokenKind::kIdentifier) {
      parsed = ParseSet(statement);
    } else if (IsWord("declare")) {
      parsed = ParseDeclare(statement);
    } else {
      statement.pipe = ParsePipe();
      parsed = statement.pipe != nullptr;
    }
    if (parsed && !AtEnd() && !IsPunctuation(";")) {
      ErrorHere("'|' and an operator, ';' or the end of the query");
      parsed = false;
    }
    if (!parsed) SkipToStatementEnd();
    if (parsed) query.statements.push_back(std::move(statement));
    if (!AtEnd()) Take(";");
  }
  return query;
}

void Parser::SkipToStatementEnd() {
  int open = 0;
  while (!AtEnd()) {
    if (IsPunctuation("(") || IsPunctuation("{") || IsPunctuation("[")) ++open;
    if (IsPunctuation(")") || IsPunctuation("}") || IsPunctuation("]")) --open;
    if (IsPunctuation(";") && open <= 0) return;
    Next();
  }
}

bool Parser::ParseLet(Statement& statement) {
  statement.kind = Statement::Kind::kLet;
  Next();
  auto name = ParseName(NamePlace::kDefinition, "a name after 'let'");
  if (!name || !Expect("=", "after the name in a let statement")) return false;
  statement.name = std::move(*name);
  if (IsLambdaStart()) {
    statement.lambda = ParseLambda();
    return statement.lambda != nullptr;
  }
  statement.pipe = ParsePipe();
  return statement.pipe != nullptr;
}

bool Parser::ParseSet(Statement& statement) {
  statement.kind = Statement::Kind::kSet;
  Next();
  statement.name = {Peek().text, Peek().span, false};
  Next();
  if (!Take("=")) return true;
  if (Peek().kind == TokenKind::kPunctuation || AtEnd()) {
    ErrorHere("the value of the option");
    return false;
  }
  Next();
  return true;
}

bool Parser::ParseDeclare(Statement& statement) {
  statement.kind = Statement::Kind::kDeclare;
  Next();
  if (!ExpectWord("query_parameters", "after 'declare'") || !Expect("(", "after 'query_parameters'")) return false;
  return ParseLambdaParameters(statement.parameters);
}

// A lambda: "(" ... ")" "{", with or without "view" before it. The bracket's end must be found to tell it from (pipe).
bool Parser::IsLambdaStart() const {
  std::size_t at = IsWord("view") ? 1 : 0;
  if (!IsPunctuation("(", at)) return false;
  int open = 0;
  for (; at_ + at < tokens_.size(); ++at) {
    if (IsPunctuation("(", at)) ++open;
    if (IsPunctuation(")", at) && --open == 0) return IsPunctuation("{", at + 1);
    if (Peek(at).kind == TokenKind::kEnd) return false;
  }
  return false;
}

bool Parser::ParseLambdaParameters(std::vector<LambdaParameter>& parameters) {
  if (Take(")")) return true;
  do {
    LambdaParameter parameter;
    auto name = ParseName(NamePlace::kDefinition, "a parameter name");
    if (!name || !Expect(":", "and a type after the parameter name")) return false;
    parameter.name = std::move(*name);
    if (Take("(")) {
      parameter.tabular = true;
      if (Take("*")) {
        parameter.any_columns = true;
        if (!Expect(")", "after '*'")) return false;
      } else if (!ParseSchema(parameter.schema)) {
        return false;
      }
    } else {
      const auto type = ParseType();
      if (!type) return false;
      parameter.type = *type;
      if (Take("=")) {
        parameter.default_value = ParseUnary();
        if (parameter.default_value == nullptr) return false;
      }
    }
    parameters.push_back(std::move(parameter));
  } while (Take(","));
  return Expect(")", "or ',' after a parameter");
}

std::unique_ptr<Lambda> Parser::ParseLambda() {
  NestingGuard guard(*this);
  if (!guard.ok()) {
    Error(Peek().span, fmt::format("brackets nested deeper than {}", kMaxNesting), code::kLimit);
    return nullptr;
  }
  auto lambda = std::make_unique<Lambda>();
  const Span start = Peek().span;
  lambda->view = TakeWord("view");
  Take("(");
  if (!ParseLambdaParameters(lambda->parameters) || !Expect("{", "before the body of the function")) return nullptr;
  if (!ParseLambdaBody(*lambda)) return nullptr;
  lambda->span = Cover(start, Peek().span);
  return Expect("}", "after the body of the function") ? std::move(lambda) : nullptr;
}

bool Parser::ParseLambdaBody(Lambda& lambda) {
  while (IsWord("let")) {
    Statement statement;
    statement.span = Peek().span;
    if (!ParseLet(statement) || !Expect(";", "after a let statement")) return false;
    lambda.lets.push_back(std::move(statement));
  }
  if (IsPunctuation("}")) return true;
  lambda.body = ParsePipe();
  if (lambda.body == nullptr) return false;
  Take(";");
  return true;
}

Query Parse(std::string_view text, std::vector<Diagnostic>& diagnostics) {
  Query query;
  std::vector<Diagnostic> found;
  if (text.size() > kMaxQueryBytes) {
    found.push_back({Severity::kError, std::string(code::kLimit), {0, 0}, 1, 1,
                     fmt::format("the query of {} bytes exceeds {}", text.size(), kMaxQueryBytes)});
  } else {
    std::vector<Token> tokens = Lex(text, found);
    // Text with broken literals would only produce follow-up errors.
    if (!HasErrors(found)) query = Parser(text, std::move(tokens), found).ParseQuery();
    if (found.size() > kMaxErrors) found.resize(kMaxErrors);
  }
  for (Diagnostic& diagnostic : found) {
    Locate(text, diagnostic);
    diagnostics.push_back(std::move(diagnostic));
  }
  return query;
}

}  // namespace zoomwatch::kql
