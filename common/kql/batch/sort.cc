// sort and top. sort holds all rows; top holds about twice as many rows as it yields. Rows with equal keys keep their
// order.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "common/kql/batch/blocks.h"
#include "common/kql/batch/operator.h"
#include "common/kql/compare.h"

namespace zoomwatch::kql::batch {
namespace {

// 0: null, 1: NaN, 2: a value. Null and NaN stand together, null at the outside.
int Rank(const Value& value) {
  if (value.is_null()) return 0;
  return value.kind() == Kind::kReal && std::isnan(value.AsReal()) ? 1 : 2;
}

bool Before(const SortKey& key, const Value& a, const Value& b, bool& equal) {
  equal = false;
  const int rank_a = Rank(a);
  const int rank_b = Rank(b);
  if (rank_a != rank_b) return key.nulls_first ? rank_a < rank_b : rank_a > rank_b;
  if (rank_a < 2) {
    equal = true;
    return false;
  }
  const std::strong_ordering order = SortOrder(a, b);
  equal = order == 0;
  return key.ascending ? order < 0 : order > 0;
}

class SortOperator final : public Operator {
 public:
  SortOperator(Execution& execution, const Relation& relation)
      : execution_(execution),
        relation_(relation),
        name_(relation.kind == RelationKind::kTop ? "top" : "sort"),
        wanted_(execution.demand(relation).columns),
        input_(execution.Build(*relation.inputs[0])) {
    for (const SortKey& key : relation.order) keys_.push_back(execution.Evaluator(key.value));
    if (relation.kind == RelationKind::kTop) limit_.emplace(execution.Evaluator(relation.limit));
  }

  absl::StatusOr<Block> Next() override {
    if (!sorted_) {
      if (absl::Status status = Sort(); !status.ok()) return status;
    }
    const std::size_t from = next_row_;
    const std::size_t rows = std::min(kBlockRows, sorted_->rows - from);
    next_row_ += rows;
    const auto first = order_.begin() + static_cast<std::ptrdiff_t>(from);
    const RowNumbers picked(first, first + static_cast<std::ptrdiff_t>(rows));
    Block block{.rows = rows, .columns = std::vector<CellsPtr>(wanted_.size())};
    if (rows == 0) return block;
    for (std::size_t c = 0; c < wanted_.size(); ++c) {
      if (!wanted_[c] || sorted_->columns[c] == nullptr) continue;
      Cells cells;
      cells.reserve(rows);
      for (const std::uint32_t row : picked) cells.push_back((*sorted_->columns[c])[row]);
      block.columns[c] = std::make_shared<const Cells>(std::move(cells));
    }
    return block;
  }

 private:
  // The rows held are the input's columns followed by one column per key.
  absl::Status Sort() {
    std::uint64_t limit = UINT64_MAX;
    if (limit_) {
      const Value value = limit_->EvaluateOnce();
      limit = value.kind() == Kind::kLong && value.AsLong() > 0 ? static_cast<std::uint64_t>(value.AsLong()) : 0;
    }
    auto held = std::make_unique<HeldRows>(execution_.memory(), name_);
    while (limit > 0) {
      absl::StatusOr<Block> block = input_->Next();
      if (!block.ok()) return block.status();
      if (block->rows == 0) break;
      Block with_keys = DropColumns(*block, wanted_);
      for (ScalarEvaluator& key : keys_) with_keys.columns.push_back(key.Evaluate(*block));
      if (absl::Status status = held->Append(with_keys); !status.ok()) return status;
      if (held->rows() > UINT32_MAX) return absl::ResourceExhaustedError("sort: more than 4294967295 rows");
      if (limit_ && held->rows() / 2 > std::max<std::uint64_t>(limit, kBlockRows)) {
        if (absl::Status status = KeepFirst(held, limit); !status.ok()) return status;
      }
    }
    if (absl::Status status = held->Account(held->rows() * sizeof(std::uint32_t)); !status.ok()) return status;
    sorted_ = held->Take();
    if (sorted_->columns.empty()) sorted_->columns.resize(wanted_.size() + keys_.size());
    held_ = std::move(held);
    order_ = Ordered(*sorted_);
    if (order_.size() > limit) order_.resize(limit);
    sorted_->rows = order_.size();
    return absl::OkStatus();
  }

  RowNumbers Ordered(const Block& block) const {
    RowNumbers order(block.rows);
    std::iota(order.begin(), order.end(), 0U);
    const std::size_t first_key = block.columns.size() - keys_.size();
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      for (std::size_t k = 0; k < keys_.size(); ++k) {
        const Cells& cells = *block.columns[first_key + k];
        bool equal = false;
        const bool before = Before(relation_.order[k], cells[a], cells[b], equal);
        if (!equal) return before;
      }
      return false;
    });
    return order;
  }

  absl::Status KeepFirst(std::unique_ptr<HeldRows>& held, std::uint64_t limit) {
    const Block block = held->Take();
    RowNumbers order = Ordered(block);
    order.resize(std::min<std::uint64_t>(limit, order.size()));
    // Back to the order of arrival, which decides between rows of equal keys later on.
    std::sort(order.begin(), order.end());
    held = std::make_unique<HeldRows>(execution_.memory(), name_);
    return held->Append(PickRows(block, order, std::vector<bool>(block.columns.size(), true)));
  }

  Execution& execution_;
  const Relation& relation_;
  const std::string_view name_;
  const std::vector<bool>& wanted_;
  const OperatorPtr input_;
  std::vector<ScalarEvaluator> keys_;
  std::optional<ScalarEvaluator> limit_;
  std::unique_ptr<HeldRows> held_;
  std::optional<Block> sorted_;
  RowNumbers order_;
  std::size_t next_row_ = 0;
};

}  // namespace

OperatorPtr MakeSort(Execution& execution, const Relation& relation) {
  return std::make_unique<SortOperator>(execution, relation);
}

}  // namespace zoomwatch::kql::batch
