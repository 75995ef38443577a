#include "common/kql/incremental/dataflow.h"

#include <utility>

namespace zoomwatch::kql::incremental {

absl::StatusOr<Deltas> RunTick(Dataflow& flow, Ticks now, const std::vector<Deltas>& inserted) {
  std::vector<Deltas> outputs(flow.steps.size());
  for (std::size_t i = 0; i < flow.steps.size(); ++i) {
    Dataflow::Step& step = flow.steps[i];
    if (step.node == nullptr) {
      outputs[i] = inserted[step.table];
      continue;
    }
    std::vector<const Deltas*> inputs;
    bool idle = step.node->NextDue() > now;
    for (const std::size_t input : step.inputs) {
      inputs.push_back(&outputs[input]);
      idle = idle && outputs[input].rows() == 0;
    }
    if (idle) continue;
    absl::StatusOr<Deltas> output = step.node->Tick(now, inputs);
    if (!output.ok()) return output.status();
    outputs[i] = *std::move(output);
  }
  return std::move(outputs[flow.root]);
}

}  // namespace zoomwatch::kql::incremental
