// union: one input after the other, each brought to the columns of the result.
#include <utility>

#include "common/kql/batch/blocks.h"
#include "common/kql/batch/operator.h"

namespace zoomwatch::kql::batch {
namespace {

class UnionOperator final : public Operator {
 public:
  UnionOperator(Execution& execution, const Relation& relation)
      : execution_(execution), relation_(relation), wanted_(execution.demand(relation).columns) {}

  absl::StatusOr<Block> Next() override {
    while (next_input_ < relation_.inputs.size()) {
      if (input_ == nullptr) input_ = execution_.Build(*relation_.inputs[next_input_]);
      absl::StatusOr<Block> block = input_->Next();
      if (!block.ok()) return block;
      if (block->rows > 0) return Rearranged(*block);
      input_.reset();
      ++next_input_;
    }
    return Block{};
  }

 private:
  Block Rearranged(const Block& from) const {
    Block block{.rows = from.rows, .columns = {}};
    const auto& sources = relation_.union_columns[next_input_];
    const bool with_source = !relation_.source_names.empty();
    for (std::size_t c = 0; c < relation_.schema.size(); ++c) {
      if (!wanted_[c]) {
        block.columns.push_back(nullptr);
      } else if (with_source && c == 0) {
        block.columns.push_back(Repeat(Value::String(relation_.source_names[next_input_]), from.rows));
      } else if (sources[c]) {
        block.columns.push_back(from.columns[*sources[c]]);
      } else {
        block.columns.push_back(
            Repeat(relation_.schema[c].type == Type::kString ? Value::String("") : Value(), from.rows));
      }
    }
    return block;
  }

  Execution& execution_;
  const Relation& relation_;
  const std::vector<bool>& wanted_;
  std::size_t next_input_ = 0;
  OperatorPtr input_;
};

}  // namespace

OperatorPtr MakeUnion(Execution& execution, const Relation& relation) {
  return std::make_unique<UnionOperator>(execution, relation);
}

}  // namespace zoomwatch::kql::batch
