// project, extend and their kin: computes the columns that somebody reads. With prev, next or row_number among them,
// the whole input is held, as these look at other rows.
#include <algorithm>
#include <optional>
#include <utility>

#include "common/kql/batch/blocks.h"
#include "common/kql/batch/operator.h"

namespace zoomwatch::kql::batch {
namespace {

class ProjectOperator final : public Operator {
 public:
  ProjectOperator(Execution& execution, const Relation& relation)
      : relation_(relation), input_(execution.Build(*relation.inputs[0])), held_(execution.memory(), "serialize") {
    const std::vector<bool>& wanted = execution.demand(relation).columns;
    for (std::size_t i = 0; i < relation.outputs.size(); ++i) {
      outputs_.push_back(wanted[i] ? std::optional(execution.Evaluator(relation.outputs[i])) : std::nullopt);
    }
  }

  absl::StatusOr<Block> Next() override {
    if (relation_.needs_order) return NextOrdered();
    absl::StatusOr<Block> block = input_->Next();
    if (!block.ok() || block->rows == 0) return block;
    return Compute(*block);
  }

 private:
  Block Compute(const Block& input) {
    Block block{.rows = input.rows, .columns = {}};
    for (std::optional<ScalarEvaluator>& output : outputs_) {
      block.columns.push_back(output ? output->Evaluate(input) : nullptr);
    }
    return block;
  }

  absl::StatusOr<Block> NextOrdered() {
    if (!ordered_) {
      while (true) {
        absl::StatusOr<Block> block = input_->Next();
        if (!block.ok()) return block.status();
        if (block->rows == 0) break;
        if (absl::Status status = held_.Append(*block); !status.ok()) return status;
      }
      // Without rows there was no block to tell the columns that the expressions name.
      ordered_ = held_.rows() == 0 ? Block{} : Compute(held_.Take());
      if (absl::Status status = held_.Account(BytesOf(*ordered_)); !status.ok()) return status;
    }
    const std::size_t from = next_row_;
    const std::size_t rows = std::min(kBlockRows, ordered_->rows - from);
    next_row_ += rows;
    return Slice(*ordered_, from, rows);
  }

  const Relation& relation_;
  const OperatorPtr input_;
  std::vector<std::optional<ScalarEvaluator>> outputs_;
  HeldRows held_;
  std::optional<Block> ordered_;
  std::size_t next_row_ = 0;
};

}  // namespace

OperatorPtr MakeProject(Execution& execution, const Relation& relation) {
  return std::make_unique<ProjectOperator>(execution, relation);
}

}  // namespace zoomwatch::kql::batch
