// Which values of single columns a predicate lets through. Conservative: what it cannot tell lets everything through.
// Pure; thread-safe.
#pragma once

#include <cstddef>
#include <map>

#include "common/kql/batch/demand.h"
#include "common/kql/plan.h"

namespace zoomwatch::kql::batch {

using RowBounds = std::map<std::size_t, CellBounds>;

RowBounds BoundsOf(const Scalar& predicate, Ticks now);
RowBounds Intersect(RowBounds a, const RowBounds& b);  // rows that both want
RowBounds Hull(const RowBounds& a, const RowBounds& b);  // at least the rows that one of them wants

}  // namespace zoomwatch::kql::batch
