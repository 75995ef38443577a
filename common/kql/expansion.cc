#include "common/kql/expansion.h"

#include <algorithm>
#include <utility>

#include "common/kql/convert.h"

namespace zoomwatch::kql {
namespace {

std::size_t ElementsOf(const Value& value) {
  if (value.is_array()) return value.AsArray().size();
  return value.is_bag() ? value.AsBag().size() : 1;
}

Value ElementOf(const Value& value, std::size_t at, bool bag_as_array) {
  if (at >= ElementsOf(value)) return Value();
  if (value.is_array()) return value.AsArray()[at];
  if (!value.is_bag()) return value;
  const Bag::Entry& entry = value.AsBag().entries()[at];
  if (bag_as_array) return Value::OfArray({Value::String(entry.first), entry.second});
  return Value::OfBag(Bag({entry}));
}

// `to typeof(T)` casts and does not read texts: what is of another kind becomes null.
Value CastElement(Type type, const Value& value) {
  bool fits = true;
  switch (type) {
    case Type::kBool: fits = value.kind() == Kind::kBool; break;
    case Type::kInt:
    case Type::kLong:
    case Type::kReal:
    case Type::kDecimal: fits = value.is_number(); break;
    case Type::kString: fits = !value.is_array() && !value.is_bag(); break;
    case Type::kDateTime:
    case Type::kTimeSpan:
    case Type::kGuid:
      // JSON has no such values: a text is how they stand in arrays.
      break;
    case Type::kDynamic:
    case Type::kUnknown: return value;
  }
  if (!fits || value.is_null()) return type == Type::kString ? Value::String("") : Value();
  return ConvertTo(type, value);
}

std::uint64_t LimitOf(const Relation& relation, ExecutionContext& context, SubqueryResults* subqueries) {
  if (relation.limit == nullptr) return UINT32_MAX;
  const Value limit = ScalarEvaluator(relation.limit, context, subqueries).EvaluateOnce();
  return limit.kind() == Kind::kLong && limit.AsLong() > 0 ? static_cast<std::uint64_t>(limit.AsLong()) : 0;
}

}  // namespace

Expander::Expander(const Relation& relation, std::vector<bool> wanted, ExecutionContext& context, SubqueryResults* subqueries)
    : relation_(relation), wanted_(std::move(wanted)), limit_(LimitOf(relation, context, subqueries)) {
  for (const Expansion& expansion : relation.expansions) evaluators_.emplace_back(expansion.value, context, subqueries);
}

void Expander::Load(Block block) {
  block_ = std::move(block);
  values_.clear();
  if (block_.rows == 0) return;  // it may be without columns too
  for (ScalarEvaluator& evaluator : evaluators_) values_.push_back(evaluator.Evaluate(block_));
}

std::size_t Expander::RowsOf(std::size_t row) const {
  std::size_t rows = 0;
  for (const CellsPtr& values : values_) rows = std::max(rows, ElementsOf((*values)[row]));
  return std::min<std::uint64_t>(rows, limit_);
}

Block Expander::Expand(const Picks& picks) const {
  Block block{.rows = picks.rows.size(), .columns = std::vector<CellsPtr>(wanted_.size())};
  for (std::size_t c = 0; c < wanted_.size(); ++c) {
    if (!wanted_[c] || !relation_.carried[c]) continue;
    const CellsPtr& from = block_.columns[*relation_.carried[c]];
    if (from == nullptr) continue;
    Cells cells;
    cells.reserve(picks.rows.size());
    for (const std::uint32_t row : picks.rows) cells.push_back((*from)[row]);
    block.columns[c] = std::make_shared<const Cells>(std::move(cells));
  }
  for (std::size_t i = 0; i < relation_.expansions.size(); ++i) {
    const Expansion& expansion = relation_.expansions[i];
    Cells cells;
    cells.reserve(picks.rows.size());
    for (std::size_t p = 0; p < picks.rows.size(); ++p) {
      const Value element = ElementOf((*values_[i])[picks.rows[p]], picks.elements[p], relation_.bag_as_array);
      cells.push_back(CastElement(expansion.to_type.value_or(Type::kDynamic), element));
    }
    block.columns[expansion.output] = std::make_shared<const Cells>(std::move(cells));
  }
  if (relation_.item_index) {
    Cells cells;
    cells.reserve(picks.rows.size());
    for (const std::uint32_t element : picks.elements) cells.push_back(Value::Long(element));
    block.columns[*relation_.item_index] = std::make_shared<const Cells>(std::move(cells));
  }
  return block;
}

}  // namespace zoomwatch::kql
