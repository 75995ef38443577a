#include "services/detector/rules/row_filter.h"

#include <algorithm>

#include "common/kql/ticks.h"

namespace zoomwatch::detector {
namespace {

void CollectColumns(const kql::Scalar& scalar, std::vector<std::size_t>& columns) {
  const bool known = std::find(columns.begin(), columns.end(), scalar.column) != columns.end();
  if (scalar.kind == kql::ScalarKind::kColumn && !known) columns.push_back(scalar.column);
  for (const kql::ScalarPtr& child : scalar.children) CollectColumns(*child, columns);
}

}  // namespace

RowFilter::RowFilter(const kql::Schema& schema, const std::vector<std::vector<kql::ScalarPtr>>& uses, SharedCells& cells)
    : cells_(cells), context_(std::make_unique<kql::ExecutionContext>(kql::kUnixEpoch)) {  // nothing asks for the time
  block_.rows = 1;
  block_.columns.resize(schema.size());
  for (const std::vector<kql::ScalarPtr>& conditions : uses) {
    std::vector<Condition>& use = uses_.emplace_back();
    for (const kql::ScalarPtr& condition : conditions) {
      std::vector<std::size_t> columns;
      CollectColumns(*condition, columns);
      Condition& added = use.emplace_back(Condition{.evaluator = kql::ScalarEvaluator(condition, *context_, nullptr), .columns = {}});
      for (const std::size_t column : columns) added.columns.emplace_back(column, cells.PlaceOf(schema[column]));
      added.of_name = columns.size() == 1 && schema[columns[0]].name == "Event";
    }
    std::stable_partition(use.begin(), use.end(), [](const Condition& condition) { return condition.of_name; });
  }
}

bool RowFilter::PassesByName() {
  return std::any_of(uses_.begin(), uses_.end(), [this](std::vector<Condition>& use) {
    return std::all_of(use.begin(), use.end(), [this](Condition& condition) { return !condition.of_name || IsTrue(condition); });
  });
}

bool RowFilter::Passes() {
  // Of a single use all conditions on the name are known to be true.
  const bool name_passes = uses_.size() == 1;
  return std::any_of(uses_.begin(), uses_.end(), [this, name_passes](std::vector<Condition>& use) {
    return std::all_of(use.begin(), use.end(),
                       [this, name_passes](Condition& condition) { return (name_passes && condition.of_name) || IsTrue(condition); });
  });
}

bool RowFilter::IsTrue(Condition& condition) {
  for (const auto& [column, place] : condition.columns) block_.columns[column] = cells_.Column(place);
  condition.evaluator.Select(block_, selected_);
  for (const auto& [column, place] : condition.columns) block_.columns[column] = nullptr;
  return !selected_.empty();
}

}  // namespace zoomwatch::detector
