// Turns a bound query into a dataflow, or says what stands in the way. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/kql/functions/call.h"
#include "common/kql/incremental/node.h"
#include "common/kql/incremental/view.h"
#include "common/kql/plan.h"

namespace zoomwatch::kql::incremental {

// Nodes in an order in which each comes after its inputs.
struct Dataflow {
  struct Step {
    NodePtr node;                      // null: a table; its deltas are the rows that were inserted
    std::vector<std::size_t> inputs;   // positions of steps before
    std::size_t table = 0;             // of a table
    std::string text;                  // "join kind=inner", for people
  };
  std::vector<Step> steps;
  std::vector<View::Table> tables;
  std::size_t root = 0;
};

// None, and `refused` says why and where.
std::optional<Dataflow> Plan(const RelationPtr& root, const ViewOptions& options, ExecutionContext& context, Diagnostic& refused);

}  // namespace zoomwatch::kql::incremental
