// Binds one expression against one row. Made for each expression; refers to the binder and the scope, which outlive it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/kql/binder/binder_state.h"
#include "common/kql/binder/scalars.h"

namespace zoomwatch::kql {

// Where an expression of summarize stands outside of its aggregates: the calls that it makes, and the row that they read.
struct AggregateScope {
  const RowScope& input;
  std::size_t key_count = 0;
  std::vector<AggregateCall>& calls;
  Schema& call_columns;
};

// An operator over text by its name, as in `!has_cs`.
struct TextOperator {
  TextOp op = TextOp::kNone;
  bool negated = false;
};
std::optional<TextOperator> FindTextOperator(std::string_view name);

class ExpressionBinder {
 public:
  ExpressionBinder(Binder& binder, const RowScope& scope, AggregateScope* aggregates = nullptr)
      : binder_(binder), scope_(scope), aggregates_(aggregates) {}

  // Never null; kUnknown after an error was reported.
  ScalarPtr Bind(const Expr& expr);

  // aggregate.cc: the columns of a call of an aggregate, in the row [keys..., outputs of the calls...].
  Binder::AggregateItem BindAggregateCall(const Expr& call, const AggregateFunction& function);

 private:
  // expression.cc
  ScalarPtr BindName(const Expr& expr);
  ScalarPtr UnknownName(const Expr& expr);
  ScalarPtr BindPath(const Expr& expr);
  ScalarPtr BindIndex(const Expr& expr);
  ScalarPtr BindUnary(const Expr& expr);
  ScalarPtr BindLogic(const Expr& expr);
  ScalarPtr BindBinary(const Expr& expr);
  ScalarPtr BindComputation(const Expr& expr, Op op);
  ScalarPtr BindEquality(const Expr& expr, Op op);
  ScalarPtr BindToScalar(const Expr& expr);
  ScalarPtr Member(ScalarPtr base, ScalarPtr key, Span span);

  // text_expression.cc
  ScalarPtr BindText(const Expr& expr, TextOperator text);
  ScalarPtr BindAnyColumn(const Expr& expr);
  ScalarPtr MakeText(TextOperator text, Span span, std::vector<ScalarPtr> children);
  ScalarPtr BindIn(const Expr& expr);
  ScalarPtr BindInTable(const Expr& expr, ScalarPtr value);
  ScalarPtr BindInList(const Expr& expr, ScalarPtr value);
  ScalarPtr BindTextList(const Expr& expr, ScalarPtr value, TextOp op);
  ScalarPtr ListOfTable(const Expr& table);
  ScalarPtr BindBetween(const Expr& expr);

  // call.cc
  struct CallArguments {
    std::vector<ScalarPtr> values;
    std::vector<const Expr*> exprs;
  };
  ScalarPtr BindCall(const Expr& expr);
  ScalarPtr UnknownFunction(const Expr& expr);
  CallArguments BindArguments(const Expr& call);
  ScalarPtr BindFunction(const Expr& call, const ScalarFunction& function);
  ScalarPtr MakeCall(const Expr& call, const ScalarFunction& function, const Overload& overload, Type type,
                     const CallArguments& arguments);
  bool CheckConstants(const ScalarFunction& function, const CallArguments& arguments);
  ScalarPtr BindColumnIfExists(const Expr& call, const ScalarFunction& function);
  ScalarPtr BindPackAll(const Expr& call, const ScalarFunction& function);
  ScalarPtr BindPackColumns(const Expr& call, const ScalarFunction& function);
  ScalarPtr BindPackArrayOfRow(const Expr& call, const ScalarFunction& function);
  ScalarPtr BindIngestionTime(const Expr& call, const ScalarFunction& function);

  // aggregate.cc
  struct AggregateArguments {
    CallArguments given;
    std::vector<std::string> names;  // of the columns that arg_max, take_any make of them
  };
  AggregateArguments BindRowArguments(const Expr& call, const AggregateFunction& function);
  void AddStar(const Expr& star, const AggregateFunction& function, std::vector<std::size_t>& seen, AggregateArguments& arguments);
  void AddRowArgument(const Expr& call, std::size_t index, bool any_star, const AggregateFunction& function,
                      std::vector<std::size_t>& seen, AggregateArguments& arguments);
  Binder::AggregateItem AddAggregate(const Expr& call, AggregateCall aggregate, std::vector<Column> outputs);
  bool SplitParameters(const Overload& overload, const CallArguments& given, AggregateCall& aggregate);

  ScalarPtr Unknown(Span span) const { return binder_.UnknownScalar(span); }
  ScalarPtr Fail(std::string_view code, Span span, std::string message);

  Binder& binder_;
  const RowScope& scope_;
  AggregateScope* const aggregates_;
};

}  // namespace zoomwatch::kql
