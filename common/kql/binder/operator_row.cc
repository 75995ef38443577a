// Operators that keep the rows and compute columns: where, extend, serialize, project.
#include <set>
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "common/kql/binder/extended_row.h"
#include "fmt/format.h"

namespace zoomwatch::kql {

bool NeedsOrder(const Scalar& scalar) {
  if (scalar.function != nullptr) {
    const SpecialForm special = scalar.function->special;
    if (special == SpecialForm::kPrev || special == SpecialForm::kNext || special == SpecialForm::kRowNumber ||
        special == SpecialForm::kRowCumSum) {
      return true;
    }
  }
  for (const ScalarPtr& child : scalar.children) {
    if (NeedsOrder(*child)) return true;
  }
  return false;
}

namespace {

bool AnyNeedsOrder(const std::vector<ScalarPtr>& scalars) {
  for (const ScalarPtr& scalar : scalars) {
    if (NeedsOrder(*scalar)) return true;
  }
  return false;
}

// An item that counts as the column that it is. A call of one's own function does not, though it may yield a column.
bool IsReference(const NamedExpr& item, const Scalar& value, const RowScope& row) {
  if (!item.names.empty() || row.row == nullptr || !RefersToColumn(*item.expr, value)) return false;
  return item.expr->kind != ExprKind::kCall || row.names->Find(item.expr->name.text) == nullptr;
}

}  // namespace

void Binder::RefuseOrderFunctions(const Scalar& scalar, std::string_view place) {
  if (!NeedsOrder(scalar)) return;
  Error(code::kNotSupported, scalar.span,
        fmt::format("functions that look at other rows are not supported in {}: compute a column with extend first", place));
}

RelationPtr Binder::BindFilter(const Step& step, const ScalarPtr& predicate) {
  const Schema& row = step.input->schema;
  Relation filter;
  filter.kind = RelationKind::kFilter;
  filter.span = step.op.span;
  if (!NeedsOrder(*predicate)) {
    filter.schema = row;
    filter.inputs = {step.input};
    filter.predicate = predicate;
    return Make(std::move(filter));
  }
  // Only a projection may look at other rows, so the predicate becomes a column for the length of the filter.
  Relation computed;
  computed.kind = RelationKind::kProject;
  computed.span = step.op.span;
  computed.needs_order = true;
  computed.schema = row;
  computed.schema.push_back({"$predicate", Type::kBool, false});
  computed.outputs = AllColumns(row, step.op.span);
  computed.outputs.push_back(predicate);
  computed.inputs = {step.input};
  RelationPtr input = Make(std::move(computed));
  if (input == nullptr) return nullptr;
  filter.schema = input->schema;
  filter.predicate = ColumnOf(filter.schema, row.size(), step.op.span);
  filter.inputs = {std::move(input)};
  const RelationPtr filtered = Make(std::move(filter));
  if (filtered == nullptr) return nullptr;
  std::vector<std::size_t> columns(row.size());
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = i;
  return ProjectColumns(filtered, columns, step.op.span);
}

RelationPtr Binder::BindWhere(const Step& step) {
  const Expr& expr = *step.op.items.front().expr;
  return BindFilter(step, BindPredicate(expr, step.Row()));
}

bool Binder::CheckSingleName(const NamedExpr& item) {
  if (!item.tuple) return true;
  Error(code::kNotATuple, item.span, "the expression has one value, it takes one name");
  return false;
}

void Binder::ExtendRow(const std::vector<NamedExpr>& items, const RowScope& row, ExtendedRow& extended) {
  std::set<std::string, std::less<>> declared;
  for (const NamedExpr& item : items) {
    if (exhausted()) return;
    if (IsTuple(*item.expr, row)) {
      ExtendByTuple(item, BindTuple(*item.expr, row), declared, extended);
      continue;
    }
    if (!CheckSingleName(item)) continue;
    const ScalarPtr value = BindScalar(*item.expr, row);
    const bool reference = IsReference(item, *value, row);
    if (!item.names.empty() || reference) {
      const std::string& name = reference ? (*row.row)[value->column].name : item.names.front().text;
      if (!declared.insert(name).second) {
        ErrorDuplicate(reference ? item.expr->span : item.names.front().span, name);
      } else if (!reference) {
        extended.Set(name, value);
      }
      continue;
    }
    const std::string name = ResultName(*item.expr, row);
    if (name.empty()) {
      extended.SetUnnamed(value, unnamed_count_);
    } else {
      extended.Set(name, value);
    }
  }
}

void Binder::ExtendByTuple(const NamedExpr& item, const AggregateItem& bound, std::set<std::string, std::less<>>& declared,
                           ExtendedRow& extended) {
  for (std::size_t i = bound.values.size(); i < item.names.size(); ++i) {
    Error(code::kNameWithoutValue, item.names[i].span, fmt::format("there is no value for the name '{}'", item.names[i].text));
  }
  for (std::size_t i = 0; i < bound.values.size(); ++i) {
    if (i >= item.names.size()) {
      extended.Set(bound.names[i], bound.values[i]);
    } else if (declared.insert(item.names[i].text).second) {
      extended.Set(item.names[i].text, bound.values[i]);
    } else {
      ErrorDuplicate(item.names[i].span, item.names[i].text);
    }
  }
}

RelationPtr Binder::BindExtend(const Step& step) {
  ExtendedRow extended(step.input->schema, AllColumns(step.input->schema, step.op.span));
  ExtendRow(step.op.items, step.Row(), extended);
  Relation project;
  project.kind = RelationKind::kProject;
  project.span = step.op.span;
  project.inputs = {step.input};
  project.schema = std::move(extended.schema);
  project.outputs = std::move(extended.outputs);
  project.needs_order = AnyNeedsOrder(project.outputs);
  return Make(std::move(project));
}

RelationPtr Binder::BindSerialize(const Step& step) {
  Relation serialize;
  serialize.kind = RelationKind::kSerialize;
  serialize.span = step.op.span;
  serialize.schema = step.input->schema;
  serialize.inputs = {step.input};
  RelationPtr serialized = Make(std::move(serialize));
  if (serialized == nullptr || step.op.items.empty()) return serialized;
  return BindExtend({step.op, std::move(serialized), step.names, step.applied_input});
}

bool Binder::AddColumn(const NamedExpr& item, const ScalarPtr& value, const RowScope& row, ResultColumns& columns) {
  const bool reference = IsReference(item, *value, row);
  if (item.names.empty() && !reference) {
    columns.AddGenerated(ResultName(*item.expr, row), value->type, value->loose);
    return true;
  }
  const std::string& name = reference ? (*row.row)[value->column].name : item.names.front().text;
  if (columns.AddExplicit(name, value->type, value->loose)) return true;
  ErrorDuplicate(reference ? item.expr->span : item.names.front().span, name);
  return false;
}

std::vector<ScalarPtr> Binder::BindColumns(const std::vector<NamedExpr>& items, const RowScope& row, ResultColumns& columns) {
  std::vector<ScalarPtr> values;
  for (const NamedExpr& item : items) {
    if (exhausted() || values.size() > kMaxColumns) break;
    if (IsTuple(*item.expr, row)) {
      for (ScalarPtr& value : AddValues(item, BindTuple(*item.expr, row), columns)) values.push_back(std::move(value));
      continue;
    }
    if (!CheckSingleName(item)) continue;
    ScalarPtr value = BindScalar(*item.expr, row);
    if (AddColumn(item, value, row, columns)) values.push_back(std::move(value));
  }
  return values;
}

RelationPtr Binder::BindProject(const Step& step) {
  ResultColumns columns(ResultColumns::Unnamed::kColumnN, &unnamed_count_);
  Relation project;
  project.kind = RelationKind::kProject;
  project.span = step.op.span;
  project.inputs = {step.input};
  project.outputs = BindColumns(step.op.items, step.Row(), columns);
  project.schema = columns.Take();
  project.needs_order = AnyNeedsOrder(project.outputs);
  return Make(std::move(project));
}

RelationPtr Binder::ProjectColumns(const RelationPtr& input, const std::vector<std::size_t>& columns, Span span) {
  Relation project;
  project.kind = RelationKind::kProject;
  project.span = span;
  project.inputs = {input};
  for (const std::size_t column : columns) {
    project.schema.push_back(input->schema[column]);
    project.outputs.push_back(ColumnOf(input->schema, column, span));
  }
  return Make(std::move(project));
}

}  // namespace zoomwatch::kql
