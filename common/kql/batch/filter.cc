// where: keeps the rows for which the predicate is true.
#include <utility>

#include "common/kql/batch/blocks.h"
#include "common/kql/batch/operator.h"

namespace zoomwatch::kql::batch {
namespace {

class FilterOperator final : public Operator {
 public:
  FilterOperator(Execution& execution, const Relation& relation)
      : input_(execution.Build(*relation.inputs[0])),
        predicate_(execution.Evaluator(relation.predicate)),
        wanted_(execution.demand(relation).columns) {}

  absl::StatusOr<Block> Next() override {
    while (true) {
      absl::StatusOr<Block> block = input_->Next();
      if (!block.ok() || block->rows == 0) return block;
      predicate_.Select(*block, selected_);
      if (!selected_.empty()) return PickRows(*block, selected_, wanted_);
    }
  }

 private:
  const OperatorPtr input_;
  ScalarEvaluator predicate_;
  const std::vector<bool>& wanted_;
  RowNumbers selected_;
};

}  // namespace

OperatorPtr MakeFilter(Execution& execution, const Relation& relation) {
  return std::make_unique<FilterOperator>(execution, relation);
}

}  // namespace zoomwatch::kql::batch
