// Operators that order and cut: sort, top, take.
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "common/kql/binder/scalars.h"

namespace zoomwatch::kql {

RelationPtr Binder::BindSort(const Step& step) {
  const bool top = step.op.kind == OperatorKind::kTop;
  Relation sort;
  sort.kind = top ? RelationKind::kTop : RelationKind::kSort;
  sort.span = step.op.span;
  sort.schema = step.input->schema;
  sort.inputs = {step.input};
  if (top) sort.limit = BindRowCount(*step.op.expr, step.names);
  const RowScope row = step.Row();
  for (const OrderedExpr& ordered : step.op.order) {
    if (exhausted()) return nullptr;
    SortKey key;
    key.value = SettledText(BindScalar(*ordered.item.expr, row));
    key.ascending = ordered.ascending;
    key.nulls_first = ordered.nulls_first.value_or(ordered.ascending);
    if (!top && key.value->type == Type::kDynamic) {
      Error(code::kDynamicKey, ordered.item.expr->span, "rows cannot be sorted by a dynamic value: convert it first");
    }
    RefuseOrderFunctions(*key.value, "a sort");
    sort.order.push_back(std::move(key));
  }
  return Make(std::move(sort));
}

RelationPtr Binder::BindTake(const Step& step) {
  Relation take;
  take.kind = RelationKind::kTake;
  take.span = step.op.span;
  take.schema = step.input->schema;
  take.inputs = {step.input};
  take.limit = BindRowCount(*step.op.expr, step.names);
  return Make(std::move(take));
}

ScalarPtr Binder::BindRowCount(const Expr& expr, const Scope& names) {
  RowScope row;
  row.names = &names;
  ScalarPtr count = BindScalar(expr, row);
  if (count->type != Type::kUnknown && !IsInteger(count->type)) {
    Error(code::kIntegerExpected, expr.span, "the number of rows must be an integer");
    return UnknownScalar(expr.span);
  }
  return count;
}

}  // namespace zoomwatch::kql
