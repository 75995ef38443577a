// Rows that come and go with the clock.
#include <algorithm>
#include <optional>
#include <utility>

#include "common/kql/incremental/due_queue.h"
#include "common/kql/incremental/nodes.h"

namespace zoomwatch::kql::incremental {

namespace {

Ticks SaturatingAdd(Ticks a, Ticks b) {
  Ticks sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? kNever : std::numeric_limits<Ticks>::min();
}

struct Interval {
  Ticks enter = std::numeric_limits<Ticks>::min();
  Ticks leave = kNever;  // the first instant at which the row is out

  void Intersect(const TemporalCondition& condition, Ticks value) {
    const Ticks end = SaturatingAdd(value, condition.offset);
    switch (condition.bound) {
      case TemporalCondition::Bound::kLeaveAt: leave = std::min(leave, end); break;
      case TemporalCondition::Bound::kLeaveAfter: leave = std::min(leave, SaturatingAdd(end, 1)); break;
      case TemporalCondition::Bound::kEnterAt: enter = std::max(enter, end); break;
      case TemporalCondition::Bound::kEnterAfter: enter = std::max(enter, SaturatingAdd(end, 1)); break;
    }
  }
};

// Linear in its input, so it serves retractions too: a retracted row comes and goes with the opposite weight.
class TemporalNode final : public Node {
 public:
  TemporalNode(NodeContext context, std::vector<TemporalCondition> conditions, bool append_only)
      : conditions_(std::move(conditions)), append_only_(append_only) {
    for (const TemporalCondition& condition : conditions_) values_.emplace_back(condition.value, context.execution, nullptr);
  }

  absl::StatusOr<Deltas> Tick(Ticks now, const std::vector<Deltas*>& inputs) override {
    const Deltas& input = *inputs[0];
    columns_ = std::max(columns_, input.block.columns.size());
    DeltaBuilder out(columns_);
    while (due_.IsDue(now)) {
      Pending pending = due_.Pop();
      row_bytes_ -= pending.row.bytes();
      Pass(std::move(pending), now, out);
    }
    std::vector<std::uint32_t> entering;
    std::vector<Ticks> leaves;  // of those
    FindEntering(input, now, entering, leaves);
    if (append_only_ && out.rows() == 0) {  // as nearly always: what enters is handed on as it is
      Deltas passing = Select(std::move(*inputs[0]), entering);
      passing.leaves = std::move(leaves);
      return passing;
    }
    for (std::size_t i = 0; i < entering.size(); ++i) Pass(PendingAt(input, entering[i], leaves[i]), now, out);
    return out.Take();
  }

  Ticks NextDue() const override { return due_.NextDue(); }
  std::uint64_t state_bytes() const override { return row_bytes_ + due_.bytes(); }

 private:
  struct Pending {
    HeldRow row;
    Ticks leave = kNever;
    std::int64_t weight = 0;
    bool entered = false;  // it is to be taken back at its leave
  };

  void FindEntering(const Deltas& input, Ticks now, std::vector<std::uint32_t>& entering, std::vector<Ticks>& leaves) {
    if (input.rows() == 0) return;
    std::vector<CellsPtr> values;
    for (ScalarEvaluator& value : values_) values.push_back(value.Evaluate(input.block));
    for (std::uint32_t row = 0; row < input.rows(); ++row) {
      const std::optional<Interval> interval = IntervalOf(values, row);
      if (!interval) continue;
      const Ticks leave = std::min(interval->leave, input.leaves[row]);
      if (leave <= std::max(now, interval->enter)) continue;  // over before it begins
      const bool later = interval->enter > now;
      if (later) {
        Keep(interval->enter, PendingAt(input, row, leave));
      } else {
        entering.push_back(row);
        leaves.push_back(leave);
      }
    }
  }

  std::optional<Interval> IntervalOf(const std::vector<CellsPtr>& values, std::size_t row) const {
    Interval interval;
    for (std::size_t i = 0; i < conditions_.size(); ++i) {
      const Value& value = (*values[i])[row];
      if (value.kind() != Kind::kDateTime) return std::nullopt;  // a comparison with null is never true
      interval.Intersect(conditions_[i], value.AsTicks());
    }
    return interval;
  }

  Pending PendingAt(const Deltas& input, std::size_t row, Ticks leave) {
    return {.row = holder_.At(input, row, !append_only_ && leave != kNever), .leave = leave, .weight = input.weights[row]};
  }

  void Pass(Pending pending, Ticks now, DeltaBuilder& out) {
    if (pending.leave <= now && !pending.entered) return;
    if (append_only_) {  // from here on it is the reader's
      KeptRow row = Unpacked(pending.row);
      row.leave = pending.leave;
      return out.Add(row, pending.weight);
    }
    out.Add(pending.row, kNever, pending.entered ? -pending.weight : pending.weight);
    if (pending.entered || pending.leave == kNever) return;
    pending.entered = true;
    const Ticks leave = pending.leave;
    Keep(leave, std::move(pending));
  }

  void Keep(Ticks due, Pending pending) {
    row_bytes_ += pending.row.bytes();
    due_.Push(due, std::move(pending));
  }

  const std::vector<TemporalCondition> conditions_;
  const bool append_only_;
  std::vector<ScalarEvaluator> values_;
  RowHolder holder_;
  DueQueue<Pending> due_;
  std::size_t columns_ = 0;
  std::uint64_t row_bytes_ = 0;
};

class ExpireNode final : public Node {
 public:
  absl::StatusOr<Deltas> Tick(Ticks now, const std::vector<Deltas*>& inputs) override {
    const Deltas& input = *inputs[0];
    columns_ = std::max(columns_, input.block.columns.size());
    DeltaBuilder out(columns_);
    while (due_.IsDue(now)) {
      const HeldRow row = due_.Pop();
      row_bytes_ -= row.bytes();
      out.Add(row, kNever, -1);
    }
    std::vector<std::uint32_t> entering;
    std::vector<HeldRow> held;  // of those
    for (std::uint32_t row = 0; row < input.rows(); ++row) {
      const Ticks leave = input.leaves[row];
      if (leave <= now) continue;
      entering.push_back(row);
      held.push_back(holder_.At(input, row, leave != kNever));
      if (leave == kNever) continue;
      for (std::int64_t i = 0; i < input.weights[row]; ++i) {  // one, as a rule
        row_bytes_ += held.back().bytes();
        due_.Push(leave, held.back());
      }
    }
    if (out.rows() == 0) {  // as a rule: the cells are handed on
      Deltas passing = Select(std::move(*inputs[0]), entering);
      passing.leaves.assign(entering.size(), kNever);
      passing.held = std::move(held);
      return passing;
    }
    for (std::size_t i = 0; i < entering.size(); ++i) out.Add(held[i], kNever, input.weights[entering[i]]);
    return out.Take();
  }
  Ticks NextDue() const override { return due_.NextDue(); }
  std::uint64_t state_bytes() const override { return row_bytes_ + due_.bytes(); }

 private:
  RowHolder holder_;
  DueQueue<HeldRow> due_;
  std::size_t columns_ = 0;
  std::uint64_t row_bytes_ = 0;
};

}  // namespace

NodePtr MakeTemporalNode(NodeContext context, std::vector<TemporalCondition> conditions, bool append_only) {
  return std::make_unique<TemporalNode>(context, std::move(conditions), append_only);
}

NodePtr MakeExpireNode() { return std::make_unique<ExpireNode>(); }

}  // namespace zoomwatch::kql::incremental
