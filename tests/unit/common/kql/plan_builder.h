// Plans by hand, for tests of what runs them: as short as the query text would be.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/kql/functions/registry.h"
#include "common/kql/plan.h"

namespace zoomwatch::kql::plan {

inline ScalarPtr Constant(Value value, Type type) {
  Scalar scalar;
  scalar.type = type;
  scalar.constant = std::move(value);
  scalar.per_query = true;
  return std::make_shared<const Scalar>(std::move(scalar));
}
inline ScalarPtr Long(std::int64_t value) { return Constant(Value::Long(value), Type::kLong); }
inline ScalarPtr Real(double value) { return Constant(Value::Real(value), Type::kReal); }
inline ScalarPtr Text(std::string_view value) { return Constant(Value::String(value), Type::kString); }
inline ScalarPtr Bool(bool value) { return Constant(Value::Bool(value), Type::kBool); }
inline ScalarPtr Null(Type type) { return Constant(Value(), type); }
inline ScalarPtr Time(Ticks value) { return Constant(Value::DateTime(value), Type::kDateTime); }

inline ScalarPtr Column(std::size_t column, Type type, bool loose = false) {
  Scalar scalar;
  scalar.kind = ScalarKind::kColumn;
  scalar.type = type;
  scalar.column = column;
  scalar.loose = loose;
  return std::make_shared<const Scalar>(std::move(scalar));
}

inline ScalarPtr Operator(Op op, Type type, std::vector<ScalarPtr> children) {
  Scalar scalar;
  scalar.kind = ScalarKind::kOperator;
  scalar.op = op;
  scalar.type = type;
  scalar.children = std::move(children);
  return std::make_shared<const Scalar>(std::move(scalar));
}
inline ScalarPtr TextOperator(TextOp op, std::vector<ScalarPtr> children, bool negated = false) {
  Scalar scalar;
  scalar.kind = ScalarKind::kOperator;
  scalar.op = Op::kText;
  scalar.text_op = op;
  scalar.negated = negated;
  scalar.type = Type::kBool;
  scalar.children = std::move(children);
  return std::make_shared<const Scalar>(std::move(scalar));
}
inline ScalarPtr In(std::vector<ScalarPtr> children, bool negated = false, bool ignore_case = false) {
  Scalar scalar;
  scalar.kind = ScalarKind::kIn;
  scalar.negated = negated;
  scalar.ignore_case = ignore_case;
  scalar.type = Type::kBool;
  scalar.children = std::move(children);
  return std::make_shared<const Scalar>(std::move(scalar));
}
inline ScalarPtr InTable(ScalarPtr probe, RelationPtr relation, bool negated = false, bool ignore_case = false) {
  Scalar scalar;
  scalar.kind = ScalarKind::kInTable;
  scalar.negated = negated;
  scalar.ignore_case = ignore_case;
  scalar.type = Type::kBool;
  scalar.children = {std::move(probe)};
  scalar.relation = std::move(relation);
  return std::make_shared<const Scalar>(std::move(scalar));
}
inline ScalarPtr ToScalar(RelationPtr relation) {
  Scalar scalar;
  scalar.kind = ScalarKind::kToScalar;
  scalar.type = relation->schema[0].type;
  scalar.per_query = true;
  scalar.relation = std::move(relation);
  return std::make_shared<const Scalar>(std::move(scalar));
}
inline ScalarPtr Member(ScalarPtr of, ScalarPtr index) {
  Scalar scalar;
  scalar.kind = ScalarKind::kMember;
  scalar.type = Type::kDynamic;
  scalar.children = {std::move(of), std::move(index)};
  return std::make_shared<const Scalar>(std::move(scalar));
}

// The first overload of that many arguments.
inline ScalarPtr Call(std::string_view name, Type type, std::vector<ScalarPtr> children) {
  Scalar scalar;
  scalar.kind = ScalarKind::kCall;
  scalar.type = type;
  scalar.function = FunctionRegistry::Default().Find(name);
  for (const Overload& overload : scalar.function->overloads) {
    const auto count = static_cast<int>(children.size());
    if (scalar.overload == nullptr && overload.min_arguments <= count && count <= overload.max_arguments)
      scalar.overload = &overload;
  }
  for (const ScalarPtr& child : children) scalar.argument_types.push_back(child->type);
  scalar.children = std::move(children);
  return std::make_shared<const Scalar>(std::move(scalar));
}

using Rows = std::vector<std::vector<Value>>;

inline RelationPtr Datatable(Schema schema, Rows rows) {
  Relation relation;
  relation.kind = RelationKind::kRows;
  relation.schema = std::move(schema);
  relation.rows = std::move(rows);
  return std::make_shared<const Relation>(std::move(relation));
}
inline RelationPtr Table(std::string name, Schema schema) {
  Relation relation;
  relation.kind = RelationKind::kTable;
  relation.table = std::move(name);
  relation.schema = std::move(schema);
  return std::make_shared<const Relation>(std::move(relation));
}
inline RelationPtr Range(ScalarPtr from, ScalarPtr to, ScalarPtr step) {
  Relation relation;
  relation.kind = RelationKind::kRange;
  relation.schema = {{"x", from->type}};
  relation.range_from = std::move(from);
  relation.range_to = std::move(to);
  relation.range_step = std::move(step);
  return std::make_shared<const Relation>(std::move(relation));
}
inline Relation Over(RelationKind kind, const RelationPtr& input) {
  Relation relation;
  relation.kind = kind;
  relation.schema = input->schema;
  relation.inputs = {input};
  return relation;
}
inline RelationPtr Made(Relation relation) { return std::make_shared<const Relation>(std::move(relation)); }

inline RelationPtr Where(const RelationPtr& input, ScalarPtr predicate) {
  Relation relation = Over(RelationKind::kFilter, input);
  relation.predicate = std::move(predicate);
  return Made(std::move(relation));
}
inline RelationPtr Project(const RelationPtr& input, Schema schema, std::vector<ScalarPtr> outputs,
                           bool needs_order = false) {
  Relation relation = Over(RelationKind::kProject, input);
  relation.schema = std::move(schema);
  relation.outputs = std::move(outputs);
  relation.needs_order = needs_order;
  return Made(std::move(relation));
}
inline RelationPtr Take(const RelationPtr& input, std::int64_t limit) {
  Relation relation = Over(RelationKind::kTake, input);
  relation.limit = Long(limit);
  return Made(std::move(relation));
}
inline RelationPtr Sort(const RelationPtr& input, std::vector<SortKey> order) {
  Relation relation = Over(RelationKind::kSort, input);
  relation.order = std::move(order);
  return Made(std::move(relation));
}
inline RelationPtr Top(const RelationPtr& input, std::int64_t limit, std::vector<SortKey> order) {
  Relation relation = Over(RelationKind::kTop, input);
  relation.limit = Long(limit);
  relation.order = std::move(order);
  return Made(std::move(relation));
}
// Inputs of one schema.
inline RelationPtr Union(std::vector<RelationPtr> inputs) {
  Relation relation = Over(RelationKind::kUnion, inputs[0]);
  std::vector<std::optional<std::size_t>> columns;
  for (std::size_t i = 0; i < inputs[0]->schema.size(); ++i) columns.emplace_back(i);
  relation.union_columns.assign(inputs.size(), columns);
  relation.inputs = std::move(inputs);
  return Made(std::move(relation));
}

inline BoundQuery Query(RelationPtr root) {
  BoundQuery query;
  query.root = std::move(root);
  return query;
}

}  // namespace zoomwatch::kql::plan
