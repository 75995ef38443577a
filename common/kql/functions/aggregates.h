// The table of aggregate functions: names, signatures and naming, for the binder and for documentation. What they compute is in each
// evaluator, twice on purpose. Built once, immutable; thread-safe. Signatures are written as in registry.h.
// Source of truth: the Kusto page of each function; signatures and prefixes: Microsoft's Kusto.Language (Aggregates.cs).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {

enum class Aggregate : std::uint8_t {
  kCount, kCountIf, kSum, kSumIf, kAvg, kAvgIf, kMin, kMinIf, kMax, kMaxIf, kArgMin, kArgMax, kTakeAny, kTakeAnyIf, kDCount, kDCountIf,
  kCountDistinct, kCountDistinctIf, kMakeSet, kMakeSetIf, kMakeList, kMakeListIf, kMakeListWithNulls, kMakeBag, kMakeBagIf, kStdev,
  kStdevIf, kStdevP, kVariance, kVarianceIf, kVarianceP, kPercentile, kPercentiles
};

struct AggregateFunction {
  std::string name;
  Aggregate aggregate = Aggregate::kCount;
  // Of the result column: "<prefix>_<name of the first argument>". Empty: the argument's own name (take_any, arg_max).
  std::string prefix;
  std::vector<Overload> overloads;
  // Most elements of a set or list when the call gives no maximum; 0: 1048576 as documented. makeset and makelist: 128.
  std::int64_t default_size = 0;
};

// Null when unknown. Names are case-sensitive; other names of a function (makeset, any) have rows of their own.
const AggregateFunction* FindAggregate(std::string_view name);
std::span<const AggregateFunction> AggregateFunctions();

// True for aggregates of the language that zoomwatch knows by name but does not support.
bool IsRefusedAggregate(std::string_view name);

}  // namespace zoomwatch::kql
