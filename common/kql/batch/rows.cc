// Rows that come from the query itself: datatable and print, range.
#include <algorithm>
#include <utility>

#include "common/kql/arithmetic.h"
#include "common/kql/batch/blocks.h"
#include "common/kql/batch/operator.h"
#include "common/kql/compare.h"
#include "common/kql/convert.h"

namespace zoomwatch::kql::batch {
namespace {

class RowsOperator final : public Operator {
 public:
  explicit RowsOperator(const Relation& relation) : relation_(relation) {}

  absl::StatusOr<Block> Next() override {
    const std::size_t rows = std::min(kBlockRows, relation_.rows.size() - next_row_);
    Block block{.rows = rows, .columns = {}};
    for (std::size_t c = 0; c < relation_.schema.size(); ++c) {
      Cells cells;
      cells.reserve(rows);
      for (std::size_t row = next_row_; row < next_row_ + rows; ++row) cells.push_back(relation_.rows[row][c]);
      block.columns.push_back(std::make_shared<const Cells>(std::move(cells)));
    }
    next_row_ += rows;
    return block;
  }

 private:
  const Relation& relation_;
  std::size_t next_row_ = 0;
};

// range x from a to b step s: a, a + s, a + 2 s, ... as long as b is not passed; nothing for a step of 0 or one that
// leads away.
class RangeOperator final : public Operator {
 public:
  RangeOperator(Execution& execution, const Relation& relation)
      : quiet_(execution.context().now),
        type_(relation.schema[0].type),
        from_(execution.Evaluator(relation.range_from)),
        to_(execution.Evaluator(relation.range_to)),
        step_(execution.Evaluator(relation.range_step)) {}

  absl::StatusOr<Block> Next() override {
    if (!started_) Start();
    Cells cells;
    while (cells.size() < kBlockRows && !next_.is_null()) {
      const std::partial_ordering order = Compare(next_, last_);
      if (ascending_ ? !(order <= 0) : !(order >= 0)) break;
      cells.push_back(next_);
      next_ = Arithmetic(Op::kAdd, type_, next_, by_, quiet_);
    }
    if (cells.empty()) next_ = Value();
    Block block{.rows = cells.size(), .columns = {}};
    block.columns.push_back(std::make_shared<const Cells>(std::move(cells)));
    return block;
  }

 private:
  void Start() {
    started_ = true;
    const auto typed = [this](const Value& value) {
      return type_ == Type::kReal ? ConvertTo(Type::kReal, value) : value;
    };
    next_ = typed(from_.EvaluateOnce());
    last_ = typed(to_.EvaluateOnce());
    by_ = step_.EvaluateOnce();
    const Value zero = by_.kind() == Kind::kTimeSpan ? Value::TimeSpan(0) : Value::Long(0);
    const std::partial_ordering direction = Compare(by_, zero);
    ascending_ = direction > 0;
    if (!(direction > 0 || direction < 0)) next_ = Value();
  }

  ExecutionContext quiet_;  // past the end of the type there is no further row, which is no reason for a warning
  const Type type_;
  ScalarEvaluator from_, to_, step_;
  bool started_ = false;
  bool ascending_ = true;
  Value next_, last_, by_;
};

}  // namespace

OperatorPtr MakeRows(Execution& execution, const Relation& relation) {
  if (relation.kind == RelationKind::kRange) return std::make_unique<RangeOperator>(execution, relation);
  return std::make_unique<RowsOperator>(relation);
}

}  // namespace zoomwatch::kql::batch
