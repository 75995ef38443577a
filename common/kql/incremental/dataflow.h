// The nodes of a query and how they are connected. Threading: one thread at a time.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/kql/incremental/node.h"
#include "common/kql/incremental/view.h"

namespace zoomwatch::kql::incremental {

// Nodes in an order in which each comes after its inputs.
struct Dataflow {
  struct Step {
    NodePtr node;                      // null: a table; its deltas are the rows that were inserted
    std::vector<std::size_t> inputs;   // positions of steps before
    std::size_t table = 0;             // of a table
    std::string text;                  // "join kind=inner", for people
    std::vector<bool> last_reader;     // per input, of a table of the table: no step behind reads it too, and it is not the root
  };
  std::vector<Step> steps;
  std::vector<View::Table> tables;
  std::size_t root = 0;
};

// Sets last_reader of all steps, once all are there.
void MarkLastReaders(Dataflow& flow);

// One tick through all nodes that have something to do; returns the changes of the root. `inserted`: the rows that were inserted, per
// table. An error is that of a node, after which the flow is not used.
absl::StatusOr<Deltas> RunTick(Dataflow& flow, Ticks now, std::vector<Deltas> inserted);

}  // namespace zoomwatch::kql::incremental
