// The aggregates of the batch evaluator: one accumulator per aggregate of a summarize, with one state per group.
// Not thread-safe. What each computes: docs/kql.md, "Aggregates". Nulls are ignored except where the language counts rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/kql/block.h"
#include "common/kql/functions/call.h"
#include "common/kql/plan.h"

namespace zoomwatch::kql::batch {

class Accumulator {
 public:
  virtual ~Accumulator() = default;

  // Makes room for groups [0, groups); their states begin empty.
  virtual void Resize(std::size_t groups) = 0;
  // Adds a block of argument values (one column per argument of the call); row i belongs to group_of_row[i].
  virtual void Add(const Block& arguments, std::span<const std::uint32_t> group_of_row) = 0;
  // Appends the call's outputs for a group. Called once per group.
  virtual void Finish(std::size_t group, std::vector<Value>& row) = 0;
  // Bytes that the states hold, states that are shared counted in full.
  virtual std::uint64_t memory_bytes() const = 0;
};

// The context counts overflows.
std::unique_ptr<Accumulator> MakeAccumulator(const AggregateCall& call, ExecutionContext& context);

// Those of accumulator_numbers.cc, accumulator_rows.cc and accumulator_sets.cc; null when the aggregate is not of that file.
std::unique_ptr<Accumulator> MakeNumberAccumulator(const AggregateCall& call, ExecutionContext& context);
std::unique_ptr<Accumulator> MakeRowAccumulator(const AggregateCall& call);
std::unique_ptr<Accumulator> MakeSetAccumulator(const AggregateCall& call);

// True for the aggregates whose second argument is a predicate: countif has only that.
bool HasPredicate(Aggregate aggregate);

// Keeps one State per group. State has:
//   void Add(const Shared&, const Block& arguments, std::size_t row)   a row that passed the predicate
//   void Finish(const Shared&, std::vector<Value>& row)
//   std::size_t extra_bytes() const                                    beyond sizeof(State)
template <typename State, typename Shared>
class GroupedAccumulator final : public Accumulator {
 public:
  GroupedAccumulator(const AggregateCall& call, Shared shared)
      : shared_(std::move(shared)), predicate_(HasPredicate(call.aggregate) ? call.arguments.size() - 1 : kNoPredicate) {}

  void Resize(std::size_t groups) override { states_.resize(groups); }
  void Add(const Block& arguments, std::span<const std::uint32_t> group_of_row) override {
    const Cells* predicate = predicate_ == kNoPredicate ? nullptr : arguments.columns[predicate_].get();
    for (std::size_t row = 0; row < arguments.rows; ++row) {
      if (predicate != nullptr && !(*predicate)[row].is_true()) continue;
      State& state = states_[group_of_row[row]];
      const std::size_t before = state.extra_bytes();
      state.Add(shared_, arguments, row);
      extra_bytes_ += state.extra_bytes() - before;
    }
  }
  void Finish(std::size_t group, std::vector<Value>& row) override { states_[group].Finish(shared_, row); }
  std::uint64_t memory_bytes() const override { return states_.capacity() * sizeof(State) + extra_bytes_; }

 private:
  static constexpr std::size_t kNoPredicate = SIZE_MAX;
  const Shared shared_;
  const std::size_t predicate_;
  std::vector<State> states_;
  std::uint64_t extra_bytes_ = 0;
};

}  // namespace zoomwatch::kql::batch
