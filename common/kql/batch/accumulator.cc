#include "common/kql/batch/accumulator.h"

namespace zoomwatch::kql::batch {

bool HasPredicate(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kCountIf:
    case Aggregate::kSumIf:
    case Aggregate::kAvgIf:
    case Aggregate::kMinIf:
    case Aggregate::kMaxIf:
    case Aggregate::kTakeAnyIf:
    case Aggregate::kDCountIf:
    case Aggregate::kCountDistinctIf:
    case Aggregate::kMakeSetIf:
    case Aggregate::kMakeListIf:
    case Aggregate::kMakeBagIf:
    case Aggregate::kStdevIf:
    case Aggregate::kVarianceIf: return true;
    case Aggregate::kCount:
    case Aggregate::kSum:
    case Aggregate::kAvg:
    case Aggregate::kMin:
    case Aggregate::kMax:
    case Aggregate::kArgMin:
    case Aggregate::kArgMax:
    case Aggregate::kTakeAny:
    case Aggregate::kDCount:
    case Aggregate::kCountDistinct:
    case Aggregate::kMakeSet:
    case Aggregate::kMakeList:
    case Aggregate::kMakeListWithNulls:
    case Aggregate::kMakeBag:
    case Aggregate::kStdev:
    case Aggregate::kStdevP:
    case Aggregate::kVariance:
    case Aggregate::kVarianceP:
    case Aggregate::kPercentile:
    case Aggregate::kPercentiles: return false;
  }
  return false;
}

std::unique_ptr<Accumulator> MakeAccumulator(const AggregateCall& call, ExecutionContext& context) {
  if (auto numbers = MakeNumberAccumulator(call, context)) return numbers;
  if (auto rows = MakeRowAccumulator(call)) return rows;
  return MakeSetAccumulator(call);
}

}  // namespace zoomwatch::kql::batch
