// The aggregates of the incremental evaluator: values can be taken back. Written apart from those of the batch evaluator, so that each
// can prove the other. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/kql/incremental/node.h"
#include "common/kql/plan.h"

namespace zoomwatch::kql::incremental {

// The state of one aggregate of one group.
class LiveAggregate {
 public:
  virtual ~LiveAggregate() = default;

  // Adds `weight` times (negative: takes back) the arguments of a row. `position`: the same when it is taken back.
  virtual void Add(const std::vector<Value>& arguments, std::int64_t weight, Position position) = 0;
  // Appends the outputs for what is in. Only at the end of a tick: within one, what is taken back may come before what is added.
  virtual void AppendTo(std::vector<Value>& row) = 0;
  virtual std::uint64_t bytes() const = 0;
};

// Never null: every aggregate of the language that the binder accepts can be kept.
std::unique_ptr<LiveAggregate> MakeLiveAggregate(const AggregateCall& call);

}  // namespace zoomwatch::kql::incremental
