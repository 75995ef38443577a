// Rewrites a bound plan. The columns of every result stay as they were; the rows too, up to choices that the language leaves open.
//
// Filters above a join that only mention columns of its left side move below it. For innerunique this decides which row of a key survives:
// the language lets a service filter before or after the join, and services filter before. For the other kinds it only saves work.
// A join with several readers (a let table) keeps its filters above it: it stays one node, computed once.
// Pure; thread-safe. Nodes that do not change are shared with the plan given.
#pragma once

#include "common/kql/plan.h"

namespace zoomwatch::kql {

RelationPtr Optimize(const RelationPtr& root);

}  // namespace zoomwatch::kql
