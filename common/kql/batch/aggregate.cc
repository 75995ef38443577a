// summarize, distinct, count: reads its whole input, then yields one row per group in the order in which groups were first seen.
#include <algorithm>
#include <utility>

#include "common/kql/batch/accumulator.h"
#include "common/kql/batch/key_table.h"
#include "common/kql/batch/operator.h"

namespace zoomwatch::kql::batch {

namespace {

class AggregateOperator final : public Operator {
 public:
  AggregateOperator(Execution& execution, const Relation& relation)
      : execution_(execution), relation_(relation), input_(execution.Build(*relation.inputs[0])), groups_(relation.keys.size()) {
    for (const ScalarPtr& key : relation.keys) keys_.push_back(execution.Evaluator(key));
    for (const AggregateCall& call : relation.aggregates) {
      std::vector<ScalarEvaluator> arguments;
      for (const ScalarPtr& argument : call.arguments) arguments.push_back(execution.Evaluator(argument));
      arguments_.push_back(std::move(arguments));
      accumulators_.push_back(MakeAccumulator(call, execution.context()));
    }
  }

  ~AggregateOperator() override { execution_.memory().Add("summarize", -static_cast<std::int64_t>(accounted_)).IgnoreError(); }

  absl::StatusOr<Block> Next() override {
    if (!consumed_) {
      if (absl::Status status = Consume(); !status.ok()) return status;
    }
    return Emit();
  }

 private:
  absl::Status Consume() {
    consumed_ = true;
    if (relation_.keys.empty()) Resize(1);  // one row even without input
    while (true) {
      absl::StatusOr<Block> block = input_->Next();
      if (!block.ok()) return block.status();
      if (block->rows == 0) break;
      if (absl::Status status = execution_.Check(); !status.ok()) return status;
      Add(*block);
      if (absl::Status status = Account(); !status.ok()) return status;
    }
    input_.reset();
    return absl::OkStatus();
  }

  void Add(const Block& block) {
    std::vector<std::uint32_t> group_of_row(block.rows, 0);
    if (!keys_.empty()) {
      KeyColumns columns;
      for (ScalarEvaluator& key : keys_) columns.push_back(key.Evaluate(block));
      for (std::size_t row = 0; row < block.rows; ++row) group_of_row[row] = groups_.FindOrAdd(columns, row);
      Resize(groups_.size());
    }
    for (std::size_t i = 0; i < accumulators_.size(); ++i) {
      Block arguments{.rows = block.rows, .columns = {}};
      for (ScalarEvaluator& argument : arguments_[i]) arguments.columns.push_back(argument.Evaluate(block));
      accumulators_[i]->Add(arguments, group_of_row);
    }
  }

  void Resize(std::size_t groups) {
    group_count_ = groups;
    for (const auto& accumulator : accumulators_) accumulator->Resize(groups);
  }

  absl::Status Account() {
    std::uint64_t bytes = groups_.memory_bytes();
    for (const auto& accumulator : accumulators_) bytes += accumulator->memory_bytes();
    const auto change = static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(accounted_);
    accounted_ = bytes;
    return execution_.memory().Add("summarize", change);
  }

  Block Emit() {
    const std::size_t rows = std::min(kBlockRows, group_count_ - next_group_);
    std::vector<Cells> columns(relation_.schema.size());
    std::vector<Value> outputs;
    for (std::size_t group = next_group_; group < next_group_ + rows; ++group) {
      outputs.clear();
      for (const auto& accumulator : accumulators_) accumulator->Finish(group, outputs);
      for (std::size_t k = 0; k < keys_.size(); ++k) columns[k].push_back(groups_.Cell(static_cast<std::uint32_t>(group), k));
      for (std::size_t o = 0; o < outputs.size(); ++o) {
        const std::size_t column = keys_.size() + o;
        columns[column].push_back(TextInsteadOfNull(column, std::move(outputs[o])));
      }
    }
    next_group_ += rows;
    Block block{.rows = rows, .columns = {}};
    for (Cells& cells : columns) block.columns.push_back(std::make_shared<const Cells>(std::move(cells)));
    return block;
  }

  // A string has no null: max() of nothing is "".
  Value TextInsteadOfNull(std::size_t column, Value value) const {
    const Column& declared = relation_.schema[column];
    return value.is_null() && declared.type == Type::kString && !declared.loose ? Value::String("") : std::move(value);
  }

  Execution& execution_;
  const Relation& relation_;
  OperatorPtr input_;
  KeyTable groups_;
  std::vector<ScalarEvaluator> keys_;
  std::vector<std::vector<ScalarEvaluator>> arguments_;
  std::vector<std::unique_ptr<Accumulator>> accumulators_;
  std::size_t group_count_ = 0;
  std::size_t next_group_ = 0;
  std::uint64_t accounted_ = 0;
  bool consumed_ = false;
};

}  // namespace

OperatorPtr MakeAggregate(Execution& execution, const Relation& relation) {
  return std::make_unique<AggregateOperator>(execution, relation);
}

}  // namespace zoomwatch::kql::batch
