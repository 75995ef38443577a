// Turns a bound query into a dataflow, or says what stands in the way. Pure.
#pragma once

#include <optional>

#include "common/kql/functions/call.h"
#include "common/kql/incremental/dataflow.h"
#include "common/kql/incremental/view.h"
#include "common/kql/plan.h"

namespace zoomwatch::kql::incremental {

// None, and `refused` says why and where.
std::optional<Dataflow> Plan(const RelationPtr& root, const ViewOptions& options, ExecutionContext& context, Diagnostic& refused);

}  // namespace zoomwatch::kql::incremental
