// Operators that make one row of many: summarize, distinct, count.
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "common/kql/binder/scalars.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

// Every result column is the call output of its place: no projection is needed above the aggregation.
bool IsIdentity(const std::vector<ScalarPtr>& values, std::size_t keys, std::size_t calls) {
  if (values.size() != calls) return false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i]->kind != ScalarKind::kColumn || values[i]->column != keys + i) return false;
  }
  return true;
}

// Rows are compared by the text of a loose value, and what comes out is that text.
void SettleKeys(Relation& distinct) {
  for (ScalarPtr& key : distinct.keys) key = SettledText(std::move(key));
  for (Column& column : distinct.schema) column.loose = false;
}

}  // namespace

void Binder::RefuseDynamicKey(const ScalarPtr& key, Span span) {
  if (key->type == Type::kDynamic) {
    Error(code::kDynamicKey, span, "a group key cannot be dynamic: convert it first, as in tostring(...)");
  }
  RefuseOrderFunctions(*key, "a group key");
}

void Binder::AddAggregate(const NamedExpr& item, const AggregateItem& bound, ResultColumns& columns, std::vector<ScalarPtr>& values) {
  if (item.tuple && bound.values.size() < 2) {
    Error(code::kNotATuple, item.span, "the expression has one value, it takes one name");
    return;
  }
  for (ScalarPtr& value : AddValues(item, bound, columns)) values.push_back(std::move(value));
}

RelationPtr Binder::BindSummarize(const Step& step) {
  RowScope row = step.Row();
  Relation aggregate;
  aggregate.kind = RelationKind::kAggregate;
  aggregate.span = step.op.span;
  aggregate.inputs = {step.input};
  ResultColumns columns(ResultColumns::Unnamed::kColumnN, &unnamed_count_);
  std::vector<std::size_t> direct;
  for (const NamedExpr& item : step.op.by) {
    if (exhausted()) return nullptr;
    if (!CheckSingleName(item)) continue;
    const ScalarPtr key = BindScalar(*item.expr, row);
    RefuseDynamicKey(key, item.expr->span);
    if (!AddColumn(item, key, row, columns)) continue;
    if (RefersToColumn(*item.expr, *key)) direct.push_back(key->column);
    aggregate.keys.push_back(SettledText(key));
  }
  row.star_omits = &direct;
  std::vector<ScalarPtr> values;
  Schema call_columns;
  for (const NamedExpr& item : step.op.items) {
    if (exhausted() || values.size() > kMaxColumns) return nullptr;
    const AggregateItem bound = BindAggregate(*item.expr, row, aggregate.keys.size(), aggregate.aggregates, call_columns);
    AddAggregate(item, bound, columns, values);
  }
  for (const AggregateCall& call : aggregate.aggregates) {
    for (const ScalarPtr& argument : call.arguments) RefuseOrderFunctions(*argument, "an aggregate");
  }
  Schema schema = columns.Take();
  for (std::size_t i = 0; i < aggregate.keys.size(); ++i) schema[i].loose = false;
  return FinishSummarize(std::move(aggregate), std::move(schema), call_columns, std::move(values));
}

RelationPtr Binder::FinishSummarize(Relation aggregate, Schema schema, const Schema& call_columns, std::vector<ScalarPtr> values) {
  const std::size_t keys = aggregate.keys.size();
  if (IsIdentity(values, keys, call_columns.size())) {
    aggregate.schema = std::move(schema);
    return Make(std::move(aggregate));
  }
  // The names of the columns between the two are nobody's to see.
  for (std::size_t i = 0; i < keys + call_columns.size(); ++i) {
    Column column = i < keys ? schema[i] : call_columns[i - keys];
    column.name = fmt::format("${}", i);
    aggregate.schema.push_back(std::move(column));
  }
  Relation project;
  project.kind = RelationKind::kProject;
  project.span = aggregate.span;
  RelationPtr input = Make(std::move(aggregate));
  if (input == nullptr) return nullptr;
  for (std::size_t i = 0; i < keys; ++i) project.outputs.push_back(ColumnOf(input->schema, i, project.span));
  for (ScalarPtr& value : values) project.outputs.push_back(std::move(value));
  project.schema = std::move(schema);
  project.inputs = {std::move(input)};
  return Make(std::move(project));
}

RelationPtr Binder::BindDistinct(const Step& step) {
  Relation distinct;
  distinct.kind = RelationKind::kAggregate;
  distinct.span = step.op.span;
  distinct.inputs = {step.input};
  if (step.op.star) {
    distinct.schema = step.input->schema;
    distinct.keys = AllColumns(distinct.schema, step.op.span);
    for (const ScalarPtr& key : distinct.keys) {
      if (key->type != Type::kDynamic) continue;
      Error(code::kDynamicKey, step.op.span,
            fmt::format("distinct cannot compare dynamic values: column '{}'", distinct.schema[key->column].name));
      break;
    }
    SettleKeys(distinct);
    return Make(std::move(distinct));
  }
  ResultColumns columns(ResultColumns::Unnamed::kColumnN, &unnamed_count_);
  distinct.keys = BindColumns(step.op.items, step.Row(), columns);
  for (const ScalarPtr& key : distinct.keys) RefuseDynamicKey(key, key->span);
  distinct.schema = columns.Take();
  SettleKeys(distinct);
  return Make(std::move(distinct));
}

RelationPtr Binder::BindCount(const Step& step) {
  Relation count;
  count.kind = RelationKind::kAggregate;
  count.span = step.op.span;
  count.inputs = {step.input};
  AggregateCall call;
  call.function = FindAggregate("count");
  call.aggregate = Aggregate::kCount;
  count.aggregates.push_back(std::move(call));
  count.schema = {{step.op.name.text.empty() ? "Count" : step.op.name.text, Type::kLong, false}};
  return Make(std::move(count));
}

}  // namespace zoomwatch::kql
