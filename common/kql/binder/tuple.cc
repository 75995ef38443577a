// Functions that yield several columns where columns are made: array_sort_asc and array_sort_desc of several arrays.
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "fmt/format.h"

namespace zoomwatch::kql {

bool Binder::IsTuple(const Expr& expr, const RowScope& row) const {
  if (expr.kind != ExprKind::kCall || (expr.name.text != "array_sort_asc" && expr.name.text != "array_sort_desc")) return false;
  return row.names == nullptr || row.names->Find(expr.name.text) == nullptr;
}

// The columns that the call yields: one for each array, named after it.
Binder::AggregateItem Binder::BindTuple(const Expr& expr, const RowScope& row) {
  const ScalarPtr call = BindScalar(expr, row);
  AggregateItem item;
  std::vector<const Expr*> arrays;
  for (const ExprPtr& argument : expr.children) {
    const bool flag = argument->kind == ExprKind::kLiteral && argument->type == Type::kBool;
    if (!flag) arrays.push_back(argument.get());
  }
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const std::string name = ResultName(*arrays[i], row);
    item.names.push_back(name.empty() ? fmt::format("array{}_sorted", i) : fmt::format("{}_sorted", name));
    item.types.push_back(call->type);
    if (arrays.size() == 1 || call->type == Type::kUnknown) {
      item.values.push_back(call);
      continue;
    }
    CountNode(expr.span, 2);
    auto index = std::make_shared<Scalar>();
    index->type = Type::kLong;
    index->constant = Value::Long(static_cast<std::int64_t>(i));
    index->span = expr.span;
    index->per_query = true;
    auto member = std::make_shared<Scalar>();
    member->kind = ScalarKind::kMember;
    member->type = Type::kDynamic;
    member->span = expr.span;
    member->per_query = call->per_query;
    member->children = {call, std::move(index)};
    item.values.push_back(std::move(member));
  }
  return item;
}

// Explicit names first; what they do not reach keeps the names of its own.
std::vector<ScalarPtr> Binder::AddValues(const NamedExpr& item, const AggregateItem& bound, ResultColumns& columns) {
  std::vector<ScalarPtr> added;
  const std::size_t count = bound.values.size();
  for (std::size_t i = count; i < item.names.size(); ++i) {
    Error(code::kNameWithoutValue, item.names[i].span, fmt::format("there is no value for the name '{}'", item.names[i].text));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const bool loose = bound.values[i]->loose;
    if (i >= item.names.size()) {
      // print numbers the names that it makes, and keeps those of a tuple.
      const bool kept = IsTuple(*item.expr, {}) && columns.AddExplicit(bound.names[i], bound.types[i], loose);
      if (!kept) columns.AddGenerated(bound.names[i], bound.types[i], loose);
    } else if (!columns.AddExplicit(item.names[i].text, bound.types[i], loose)) {
      ErrorDuplicate(item.names[i].span, item.names[i].text);
      continue;
    }
    added.push_back(bound.values[i]);
  }
  return added;
}

}  // namespace zoomwatch::kql
