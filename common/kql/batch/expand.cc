// mv-expand and mv-apply: a row becomes one row per element of its arrays and bags. An empty array or bag gives no row,
// null and anything else one; several are walked in parallel, the shorter ones padded with null.
#include <algorithm>
#include <optional>
#include <utility>

#include "common/kql/batch/blocks.h"
#include "common/kql/batch/operator.h"
#include "common/kql/convert.h"

namespace zoomwatch::kql::batch {
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

// The arrays of a block of rows, and the expanded rows that they make.
class Expander {
 public:
  Expander(Execution& execution, const Relation& relation, const Schema& expanded, const std::vector<bool>& wanted)
      : relation_(relation), expanded_(expanded), wanted_(wanted), limit_(LimitOf(execution, relation)) {
    for (const Expansion& expansion : relation.expansions) evaluators_.push_back(execution.Evaluator(expansion.value));
  }

  void Load(Block block) {
    block_ = std::move(block);
    values_.clear();
    for (ScalarEvaluator& evaluator : evaluators_) values_.push_back(evaluator.Evaluate(block_));
  }
  const Block& block() const { return block_; }

  std::size_t RowsOf(std::size_t row) const {
    std::size_t rows = 0;
    for (const CellsPtr& values : values_) rows = std::max(rows, ElementsOf((*values)[row]));
    return std::min<std::uint64_t>(rows, limit_);
  }

  // The expanded rows, each given by an input row and the element's number.
  struct Picks {
    RowNumbers rows;
    RowNumbers elements;
  };
  Block Expand(const Picks& picks) const {
    Block block{.rows = picks.rows.size(), .columns = std::vector<CellsPtr>(expanded_.size())};
    for (std::size_t c = 0; c < expanded_.size(); ++c) {
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

 private:
  static std::uint64_t LimitOf(Execution& execution, const Relation& relation) {
    if (relation.limit == nullptr) return UINT32_MAX;
    const Value limit = execution.Evaluator(relation.limit).EvaluateOnce();
    return limit.kind() == Kind::kLong && limit.AsLong() > 0 ? static_cast<std::uint64_t>(limit.AsLong()) : 0;
  }

  const Relation& relation_;
  const Schema& expanded_;
  const std::vector<bool>& wanted_;
  const std::uint64_t limit_;
  std::vector<ScalarEvaluator> evaluators_;
  Block block_;
  std::vector<CellsPtr> values_;
};

class ExpandOperator final : public Operator {
 public:
  ExpandOperator(Execution& execution, const Relation& relation)
      : input_(execution.Build(*relation.inputs[0])),
        expander_(execution, relation, relation.schema, execution.demand(relation).columns) {}

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
        expander_(execution, relation, relation.applied_input->schema,
                  execution.demand(*relation.applied_input).columns) {}

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
