// Rows that come and go with the clock.
#include <algorithm>
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

  absl::StatusOr<Deltas> Tick(Ticks now, const std::vector<const Deltas*>& inputs) override {
    const Deltas& input = *inputs[0];
    columns_ = std::max(columns_, input.block.columns.size());
    DeltaBuilder out(columns_);
    while (due_.IsDue(now)) Pass(due_.Pop(), now, out);
    if (input.rows() > 0) {
      std::vector<CellsPtr> values;
      for (ScalarEvaluator& value : values_) values.push_back(value.Evaluate(input.block));
      for (std::size_t row = 0; row < input.rows(); ++row) AddRow(input, row, values, now, out);
    }
    return out.Take();
  }

  Ticks NextDue() const override { return due_.NextDue(); }
  std::uint64_t state_bytes() const override { return bytes_; }

 private:
  struct Pending {
    KeptRow row;
    std::int64_t weight = 0;
    bool entered = false;  // it is to be taken back at its leave
    bool counted = false;  // its bytes are in bytes_
  };

  void AddRow(const Deltas& input, std::size_t row, const std::vector<CellsPtr>& values, Ticks now, DeltaBuilder& out) {
    Interval interval;
    for (std::size_t i = 0; i < conditions_.size(); ++i) {
      const Value& value = (*values[i])[row];
      if (value.kind() != Kind::kDateTime) return;  // a comparison with null is never true
      interval.Intersect(conditions_[i], value.AsTicks());
    }
    Pending pending{.row = RowAt(input, row), .weight = input.weights[row]};
    interval.leave = std::min(interval.leave, pending.row.leave);
    if (interval.leave <= std::max(now, interval.enter)) return;  // over before it begins
    pending.row.leave = interval.leave;
    if (interval.enter > now) return Keep(interval.enter, std::move(pending));
    Pass(std::move(pending), now, out);
  }

  void Pass(Pending pending, Ticks now, DeltaBuilder& out) {
    if (pending.row.leave <= now && !pending.entered) return Forget(pending);
    Forget(pending);
    const Ticks leave = pending.row.leave;
    if (!append_only_) pending.row.leave = kNever;
    out.Add(pending.row, pending.entered ? -pending.weight : pending.weight);
    if (append_only_ || pending.entered || leave == kNever) return;
    pending.entered = true;
    Keep(leave, std::move(pending));
  }

  void Keep(Ticks due, Pending pending) {
    bytes_ += RowBytes(pending.row);
    pending.counted = true;
    due_.Push(due, std::move(pending));
  }
  void Forget(Pending& pending) {
    if (std::exchange(pending.counted, false)) bytes_ -= RowBytes(pending.row);
  }

  const std::vector<TemporalCondition> conditions_;
  const bool append_only_;
  std::vector<ScalarEvaluator> values_;
  DueQueue<Pending> due_;
  std::size_t columns_ = 0;
  std::uint64_t bytes_ = 0;
};

class ExpireNode final : public Node {
 public:
  absl::StatusOr<Deltas> Tick(Ticks now, const std::vector<const Deltas*>& inputs) override {
    const Deltas& input = *inputs[0];
    columns_ = std::max(columns_, input.block.columns.size());
    DeltaBuilder out(columns_);
    while (due_.IsDue(now)) {
      const Held held = due_.Pop();
      bytes_ -= RowBytes(held.row);
      out.Add(held.row, -held.weight);
    }
    for (std::size_t row = 0; row < input.rows(); ++row) {
      KeptRow kept = RowAt(input, row);
      const Ticks leave = std::exchange(kept.leave, kNever);
      if (leave <= now) continue;
      out.Add(kept, input.weights[row]);
      if (leave == kNever) continue;
      bytes_ += RowBytes(kept);
      due_.Push(leave, {std::move(kept), input.weights[row]});
    }
    return out.Take();
  }
  Ticks NextDue() const override { return due_.NextDue(); }
  std::uint64_t state_bytes() const override { return bytes_; }

 private:
  struct Held {
    KeptRow row;
    std::int64_t weight;
  };
  DueQueue<Held> due_;
  std::size_t columns_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace

NodePtr MakeTemporalNode(NodeContext context, std::vector<TemporalCondition> conditions, bool append_only) {
  return std::make_unique<TemporalNode>(context, std::move(conditions), append_only);
}

NodePtr MakeExpireNode() { return std::make_unique<ExpireNode>(); }

}  // namespace zoomwatch::kql::incremental
