// mv-expand and mv-apply: blocks of the rows that expansion.h makes, and the subquery over those of each row.
#include <utility>

#include "common/kql/batch/blocks.h"
#include "common/kql/batch/operator.h"
#include "common/kql/expansion.h"

namespace zoomwatch::kql::batch {
namespace {

class ExpandOperator final : public Operator {
 public:
  ExpandOperator(Execution& execution, const Relation& relation)
      : input_(execution.Build(*relation.inputs[0])),
        expander_(relation, execution.demand(relation).columns, execution.context(), &execution.subqueries()) {}

  absl::StatusOr<Block> Next() override {
    while (true) {
      Expander::Picks picks;
      while (row_ < expander_.block().rows && picks.rows.size() < kBlockRows) Pick(picks);
      if (!picks.rows.empty()) return expander_.Expand(picks);
      absl::StatusOr<Block> block = input_->Next();
      if (!block.ok() || block->rows == 0) return block;
      expander_.Load(*std::move(block));
      row_ = 0;
    }
  }

 private:
  // Takes what is left of the current row, as far as the block has room, and moves on when the row is through.
  void Pick(Expander::Picks& picks) {
    const std::size_t elements = expander_.RowsOf(row_);
    while (element_ < elements && picks.rows.size() < kBlockRows) {
      picks.rows.push_back(static_cast<std::uint32_t>(row_));
      picks.elements.push_back(static_cast<std::uint32_t>(element_++));
    }
    if (element_ < elements) return;
    ++row_;
    element_ = 0;
  }

  const OperatorPtr input_;
  Expander expander_;
  std::size_t row_ = 0;
  std::size_t element_ = 0;
};

// Runs the subquery once per input row, over the rows that this one expands to.
class ApplyOperator final : public Operator {
 public:
  ApplyOperator(Execution& execution, const Relation& relation)
      : execution_(execution),
        relation_(relation),
        wanted_(execution.demand(relation).columns),
        input_(execution.Build(*relation.inputs[0])),
        expander_(relation, execution.demand(*relation.applied_input).columns, execution.context(), &execution.subqueries()) {}

  ~ApplyOperator() override { ReleaseRow(); }

  absl::StatusOr<Block> Next() override {
    while (true) {
      if (applied_ != nullptr) {
        absl::StatusOr<Block> block = applied_->Next();
        if (!block.ok()) return block;
        if (block->rows > 0) return Combine(*block);
        applied_.reset();
        ReleaseRow();
        ++row_;
      }
      if (absl::Status status = StartRow(); !status.ok()) return status;
      if (applied_ == nullptr) return Block{};
    }
  }

 private:
  // Leaves applied_ null at the end of the input.
  absl::Status StartRow() {
    while (true) {
      for (; row_ < expander_.block().rows; ++row_) {
        const auto elements = static_cast<std::uint32_t>(expander_.RowsOf(row_));
        if (elements == 0) continue;
        accounted_ = static_cast<std::int64_t>(elements * relation_.applied_input->schema.size() * sizeof(Value));
        if (absl::Status status = execution_.memory().Add("mv-apply", accounted_); !status.ok()) return status;
        Expander::Picks picks;
        picks.rows.assign(elements, static_cast<std::uint32_t>(row_));
        for (std::uint32_t element = 0; element < elements; ++element) picks.elements.push_back(element);
        execution_.SetInput(*relation_.applied_input, expander_.Expand(picks));
        applied_ = execution_.Build(*relation_.applied);
        return absl::OkStatus();
      }
      absl::StatusOr<Block> block = input_->Next();
      if (!block.ok()) return block.status();
      if (block->rows == 0) return absl::OkStatus();
      expander_.Load(*std::move(block));
      row_ = 0;
    }
  }

  void ReleaseRow() {
    execution_.memory().Add("mv-apply", -accounted_).IgnoreError();
    accounted_ = 0;
  }

  Block Combine(const Block& applied) const {
    Block block{.rows = applied.rows, .columns = std::vector<CellsPtr>(relation_.join_outputs.size())};
    for (std::size_t c = 0; c < relation_.join_outputs.size(); ++c) {
      const JoinOutput& output = relation_.join_outputs[c];
      if (!wanted_[c]) continue;
      if (output.right) {
        block.columns[c] = applied.columns[output.column];
      } else if (const CellsPtr& cells = expander_.block().columns[output.column]; cells != nullptr) {
        block.columns[c] = Repeat((*cells)[row_], applied.rows);
      }
    }
    return block;
  }

  Execution& execution_;
  const Relation& relation_;
  const std::vector<bool>& wanted_;
  const OperatorPtr input_;
  Expander expander_;
  OperatorPtr applied_;
  std::size_t row_ = 0;
  std::int64_t accounted_ = 0;  // for the expanded rows of one input row
};

}  // namespace

OperatorPtr MakeExpand(Execution& execution, const Relation& relation) {
  return std::make_unique<ExpandOperator>(execution, relation);
}

OperatorPtr MakeApply(Execution& execution, const Relation& relation) {
  return std::make_unique<ApplyOperator>(execution, relation);
}

}  // namespace zoomwatch::kql::batch
