// Predicates that depend on the clock, as intervals: `TimeGenerated > ago(1d)` keeps a row until one day after its time.
// Pure; thread-safe. Every end is exact to the tick.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/kql/plan.h"

namespace zoomwatch::kql::incremental {

// While value + offset compares so with the clock, the row is in. `value` is a datetime over the row, free of the clock.
struct TemporalCondition {
  enum class Bound {
    kLeaveAt,     // in while now <  value + offset
    kLeaveAfter,  // in while now <= value + offset
    kEnterAt,     // in while now >= value + offset
    kEnterAfter,  // in while now >  value + offset
  };
  Bound bound = Bound::kLeaveAt;
  ScalarPtr value;
  Ticks offset = 0;
};

// The conjuncts of a predicate, by what they depend on.
struct SplitPredicate {
  std::vector<ScalarPtr> rows;              // on the row alone
  std::vector<TemporalCondition> temporal;  // on the row's time and the clock
  std::vector<ScalarPtr> subqueries;        // on other tables too
  std::string refused;                      // why a conjunct is none of these; empty when all are
  Span refused_span;
};
SplitPredicate Split(const ScalarPtr& predicate);

// What an expression depends on besides the row.
bool DependsOnClock(const Scalar& scalar);
bool HasSubquery(const Scalar& scalar);

// now() + offset, when the expression is that: now(), now(-1h), ago(1d), now() - 2 * 1h.
std::optional<Ticks> ClockOffset(const Scalar& scalar);

}  // namespace zoomwatch::kql::incremental
