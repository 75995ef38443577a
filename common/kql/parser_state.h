// The parser's inside, shared by the files parser_*.cc: one method per production of the grammar in parser.h.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/kql/ast.h"
#include "common/kql/parser.h"
#include "common/kql/token.h"

namespace zoomwatch::kql {

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens, std::vector<Diagnostic>& diagnostics)
      : text_(text), tokens_(std::move(tokens)), diagnostics_(diagnostics) {}

  Query ParseQuery();

 private:
  // Thrown-free error handling: a failed production returns null (or false) after exactly one diagnostic, and its callers
  // return at once until ParseOperators or ParseQuery finds a place to go on.

  // Named on purpose: an unnamed guard would end at once and limit nothing.
  class [[nodiscard]] NestingGuard {
   public:
    explicit NestingGuard(Parser& parser) : parser_(parser) { ++parser_.nesting_; }
    ~NestingGuard() { --parser_.nesting_; }
    NestingGuard(const NestingGuard&) = delete;
    NestingGuard& operator=(const NestingGuard&) = delete;
    bool ok() const { return parser_.nesting_ <= kMaxNesting; }

   private:
    Parser& parser_;
  };

  // parser.cc: tokens, names, statements.
  const Token& Peek(std::size_t ahead = 0) const;
  bool AtEnd() const { return Peek().kind == TokenKind::kEnd; }
  bool IsPunctuation(std::string_view sign, std::size_t ahead = 0) const;
  bool IsWord(std::string_view word, std::size_t ahead = 0) const;
  bool IsAnyWord(std::initializer_list<std::string_view> words) const;
  bool Take(std::string_view sign);
  bool TakeWord(std::string_view word);
  bool Expect(std::string_view sign, std::string_view where);
  bool ExpectWord(std::string_view word, std::string_view where);
  Span Next();  // consumes a token
  std::string Found() const;
  std::string HintHere() const;  // what may have been meant
  void Error(Span span, std::string message, std::string_view code = code::kSyntax);
  void ErrorHere(std::string_view expected);
  bool Adjacent(std::size_t ahead) const;  // token `ahead` follows its predecessor without a blank
  std::optional<Name> ParseName(NamePlace place, std::string_view what);
  std::optional<Type> ParseType();
  bool ParseSchema(std::vector<SchemaColumn>& schema);  // up to and with ')'
  bool ParseLet(Statement& statement);
  bool ParseSet(Statement& statement);
  bool ParseDeclare(Statement& statement);
  bool IsLambdaStart() const;
  std::unique_ptr<Lambda> ParseLambda();
  bool ParseLambdaParameters(std::vector<LambdaParameter>& parameters);
  bool ParseLambdaBody(Lambda& lambda);
  void SkipToStatementEnd();

  // parser_expression.cc
  ExprPtr ParseExpr();
  ExprPtr ParseAnd();
  ExprPtr ParseEquality();
  ExprPtr ParseInList(ExprPtr left);
  ExprPtr ParseBetween(ExprPtr left);
  ExprPtr ParseRelation();
  ExprPtr ParseSum();
  ExprPtr ParseProduct();
  ExprPtr ParseStringOperator();
  ExprPtr ParseUnary();
  ExprPtr ParsePostfix();
  ExprPtr ParsePrimary();
  ExprPtr ParseLiteral();
  ExprPtr ParseTypedLiteral();
  ExprPtr ParseDynamicLiteral();
  ExprPtr ParseNameOrCall();
  bool ParseArguments(Expr& call);
  ExprPtr ParseBrackets();
  ExprPtr ParseSubquery(ExprKind kind);
  ExprPtr ParseTypeOf();
  ExprPtr ParseDatatable();
  ExprPtr MakeExpr(ExprKind kind, Span span);
  ExprPtr MakeBinary(Span op_span, std::string op, ExprPtr left, ExprPtr right);
  bool AdoptPipe(Expr& parent, std::unique_ptr<Pipe> pipe);
  bool Adopt(Expr& parent, ExprPtr child);  // false (and an error) when the tree gets too deep

  // parser_operator.cc
  std::unique_ptr<Pipe> ParsePipe();
  std::unique_ptr<Pipe> ParseOperators(std::unique_ptr<Pipe> pipe);  // { "|" operator }
  bool ParseSource(Pipe& pipe);
  std::string OperatorName(std::size_t& tokens) const;  // joins "project" "-" "away"
  std::optional<Operator> ParseOperator();
  bool ParseOperatorBody(std::string_view name, Operator& op);
  bool ParseNamed(NamedExpr& named);
  bool ParseNamedList(std::vector<NamedExpr>& list);
  bool ParseSourceOperator(std::string_view name, Operator& op);
  bool ParseParameters(Operator& op);
  bool ParseParameterValue(OperatorParameter& parameter);
  bool ParseWhere(Operator& op);
  bool ParseProjectList(Operator& op);
  bool ParseWildNames(Operator& op);
  std::optional<WildName> ParseWildName();
  bool ParseRename(Operator& op);
  bool ParseReorder(Operator& op);
  bool ParseSummarize(Operator& op);
  bool ParseDistinct(Operator& op);
  bool ParseJoin(Operator& op);
  bool ParseUnion(Operator& op);
  bool ParseSearch(Operator& op);
  ExprPtr ParseUnionItem();
  bool ParseSort(Operator& op);
  bool ParseTop(Operator& op);
  bool ParseOrdered(OrderedExpr& ordered);
  bool ParseTake(Operator& op);
  bool ParseCount(Operator& op);
  bool ParseMv(Operator& op);
  bool ParseMvItem(MvItem& item);
  bool ParseParse(Operator& op);
  bool ParseRender(Operator& op);
  bool ParseRenderProperties(Operator& op, bool bracketed);
  bool ParseAs(Operator& op);
  bool ParseCallOperator(Operator& op);
  bool ParseRange(Operator& op);
  bool AtPipeEnd() const;

  std::string_view text_;
  std::vector<Token> tokens_;
  std::vector<Diagnostic>& diagnostics_;
  std::size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace zoomwatch::kql
