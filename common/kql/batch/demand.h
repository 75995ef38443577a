// What is wanted of each relation of a plan by those who read it: the columns, and which rows at most. Lets scans
// decode and select less; every filter stays where it is. Built once per execution; immutable, thread-compatible.
// Refers to the plan's nodes, which must outlive it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/kql/plan.h"
#include "common/kql/types.h"

namespace zoomwatch::kql::batch {

// Rows whose cell is outside are not wanted. Absent: any value is.
struct CellBounds {
  std::optional<Ticks> from, to;                   // of a datetime; both ends belong
  std::optional<std::set<std::string>> texts;      // of a string, compared by ==

  bool unbounded() const { return !from && !to && !texts; }
};

struct Demand {
  std::vector<bool> columns;                // per column of the relation's schema: somebody reads it
  std::map<std::size_t, CellBounds> bounds; // by column; every reader agrees that other rows can be left out
  std::size_t readers = 0;
  bool below_input = false;                 // depends on the rows of an mv-apply, and so changes with each of its rows
  bool applied = false;                     // within the subquery of an mv-apply: read once per row of it
};

// By relation; `now` is the query's clock, on which bounds may depend.
using Demands = std::unordered_map<const Relation*, Demand>;
Demands ComputeDemands(const Relation& root, Ticks now);

}  // namespace zoomwatch::kql::batch
