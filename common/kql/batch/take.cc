// take: the first rows; asks its input for no more than it needs.
#include <algorithm>

#include "common/kql/batch/blocks.h"
#include "common/kql/batch/operator.h"

namespace zoomwatch::kql::batch {
namespace {

class TakeOperator final : public Operator {
 public:
  TakeOperator(Execution& execution, const Relation& relation)
      : input_(execution.Build(*relation.inputs[0])), limit_(execution.Evaluator(relation.limit)) {}

  absl::StatusOr<Block> Next() override {
    if (!started_) {
      const Value limit = limit_.EvaluateOnce();
      left_ = limit.kind() == Kind::kLong && limit.AsLong() > 0 ? static_cast<std::uint64_t>(limit.AsLong()) : 0;
      started_ = true;
    }
    if (left_ == 0) return Block{};
    absl::StatusOr<Block> block = input_->Next();
    if (!block.ok() || block->rows == 0) return block;
    const std::size_t rows = std::min<std::uint64_t>(left_, block->rows);
    left_ -= rows;
    return Slice(*block, 0, rows);
  }

 private:
  const OperatorPtr input_;
  ScalarEvaluator limit_;
  bool started_ = false;
  std::uint64_t left_ = 0;
};

}  // namespace

OperatorPtr MakeTake(Execution& execution, const Relation& relation) {
  return std::make_unique<TakeOperator>(execution, relation);
}

}  // namespace zoomwatch::kql::batch
