// mv-expand and mv-apply.
#include <set>
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "common/kql/binder/extended_row.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

// The old spelling of mv-expand gives at most so many rows.
constexpr std::int64_t kOldRowLimit = 128;

}  // namespace

void Binder::BindExpansionOptions(const Step& step, Relation& expand) {
  for (const std::string_view name : {"kind", "bagexpansion"}) {
    const OperatorParameter* parameter = FindParameter(step.op, name);
    if (parameter == nullptr) continue;
    if (parameter->word == "array") {
      expand.bag_as_array = true;
    } else if (parameter->word != "bag") {
      Error(code::kSyntax, parameter->value_span, UnknownMessage("kind of expansion", parameter->word, {"bag", "array"}));
    }
  }
  if (step.op.limit != nullptr) {
    expand.limit = BindRowCount(*step.op.limit, step.names);
  } else if ((foreign_ != nullptr ? foreign_->text : text_).substr(step.op.span.offset, step.op.span.length) == "mvexpand") {
    auto limit = std::make_shared<Scalar>();
    limit->type = Type::kLong;
    limit->constant = Value::Long(kOldRowLimit);
    limit->span = step.op.span;
    limit->per_query = true;
    expand.limit = std::move(limit);
  }
}

// The expanded row: expansions in the place of the columns whose names they have, others behind.
void Binder::BindExpansions(const Step& step, Relation& expand, Schema& row_schema) {
  ExtendedRow row(step.input->schema, std::vector<ScalarPtr>(step.input->schema.size()));
  std::set<std::string, std::less<>> declared;
  const RowScope scope = step.Row();
  for (const MvItem& item : step.op.expanded) {
    if (exhausted()) return;
    if (!CheckSingleName(item.item)) continue;
    const ScalarPtr value = BindScalar(*item.item.expr, scope);
    if (value->type != Type::kDynamic && value->type != Type::kUnknown) {
      Error(code::kNoCommonType, item.item.expr->span,
            fmt::format("only a dynamic value can be expanded, this is {}", TypeName(value->type)));
    }
    RefuseOrderFunctions(*value, "mv-expand");
    std::string name = item.item.names.empty() ? ResultName(*item.item.expr, scope) : item.item.names.front().text;
    const bool named = !item.item.names.empty() || item.item.expr->kind == ExprKind::kName;
    if (named && !declared.insert(name).second) {
      ErrorDuplicate(item.item.names.empty() ? item.item.expr->span : item.item.names.front().span, name);
      continue;
    }
    auto column = std::make_shared<Scalar>();
    column->type = item.to_type.value_or(Type::kDynamic);
    const std::size_t output = name.empty() ? row.SetUnnamed(column, unnamed_count_) : row.Set(name, column);
    std::erase_if(expand.expansions, [output](const Expansion& other) { return other.output == output; });
    expand.expansions.push_back({value, item.to_type, output});
  }
  if (const OperatorParameter* index = FindParameter(step.op, "with_itemindex")) {
    std::string name = index->word;
    for (int n = 1; FindColumn(row.schema, name); ++n) name = fmt::format("{}{}", index->word, n);
    auto column = std::make_shared<Scalar>();
    column->type = Type::kLong;
    expand.item_index = row.Set(name, column);
  }
  row_schema = std::move(row.schema);
  for (std::size_t i = 0; i < row_schema.size(); ++i) {
    expand.carried.push_back(i < step.input->schema.size() ? std::optional<std::size_t>(i) : std::nullopt);
  }
  for (const Expansion& expansion : expand.expansions) expand.carried[expansion.output] = std::nullopt;
}

RelationPtr Binder::BindMvExpand(const Step& step) {
  Relation expand;
  expand.kind = RelationKind::kExpand;
  expand.span = step.op.span;
  expand.inputs = {step.input};
  BindExpansionOptions(step, expand);
  BindExpansions(step, expand, expand.schema);
  return Make(std::move(expand));
}

RelationPtr Binder::BindMvApply(const Step& step) {
  Relation apply;
  apply.kind = RelationKind::kApply;
  apply.span = step.op.span;
  apply.inputs = {step.input};
  BindExpansionOptions(step, apply);
  Relation expanded;
  expanded.kind = RelationKind::kInput;
  expanded.span = step.op.span;
  BindExpansions(step, apply, expanded.schema);
  apply.applied_input = Make(std::move(expanded));
  if (apply.applied_input == nullptr) return nullptr;
  apply.applied = BindPipe(*step.op.subquery, step.names, apply.applied_input);
  if (apply.applied == nullptr) return nullptr;
  AppliedColumns(step, apply);
  return Make(std::move(apply));
}

// Columns that were expanded under their own names come from the subquery or not at all; the others stay unless the subquery makes new
// ones.
void Binder::AppliedColumns(const Step& step, Relation& apply) {
  const Schema& input = step.input->schema;
  const Schema& applied = apply.applied->schema;
  std::set<std::string, std::less<>> moved;  // expanded under their own names: behind the others
  for (const MvItem& item : step.op.expanded) {
    if (item.item.names.empty() && item.item.expr->kind == ExprKind::kName) moved.insert(item.item.expr->name.text);
  }
  std::set<std::string, std::less<>> placed;
  for (std::size_t i = 0; i < input.size(); ++i) {
    if (moved.contains(input[i].name)) continue;
    const auto replaced = FindColumn(applied, input[i].name);
    apply.schema.push_back(replaced ? applied[*replaced] : input[i]);
    apply.join_outputs.push_back({replaced.has_value(), replaced.value_or(i)});
    placed.insert(input[i].name);
  }
  for (std::size_t i = 0; i < applied.size(); ++i) {
    if (placed.contains(applied[i].name)) continue;
    apply.schema.push_back(applied[i]);
    apply.join_outputs.push_back({true, i});
  }
}

}  // namespace zoomwatch::kql
