#include "common/kql/incremental/dataflow.h"

#include <utility>

namespace zoomwatch::kql::incremental {

namespace {

// The deltas, moved when nobody else reads them.
Deltas Handed(Deltas& deltas, bool last_reader) { return last_reader ? std::exchange(deltas, {}) : deltas; }

}  // namespace

void MarkLastReaders(Dataflow& flow) {
  std::vector<bool> read(flow.steps.size(), false), table_read(flow.tables.size(), false);
  read[flow.root] = true;
  for (auto step = flow.steps.rbegin(); step != flow.steps.rend(); ++step) {
    step->last_reader.clear();
    if (step->node == nullptr) {
      step->last_reader.push_back(!table_read[step->table]);
      table_read[step->table] = true;
    }
    for (const std::size_t input : step->inputs) {
      step->last_reader.push_back(!read[input]);
      read[input] = true;
    }
  }
}

absl::StatusOr<Deltas> RunTick(Dataflow& flow, Ticks now, std::vector<Deltas> inserted) {
  std::vector<Deltas> outputs(flow.steps.size());
  std::vector<Deltas> copies;
  std::vector<Deltas*> inputs;
  for (std::size_t i = 0; i < flow.steps.size(); ++i) {
    Dataflow::Step& step = flow.steps[i];
    if (step.node == nullptr) {
      outputs[i] = Handed(inserted[step.table], step.last_reader[0]);
      continue;
    }
    bool idle = step.node->NextDue() > now;
    for (const std::size_t input : step.inputs) idle = idle && outputs[input].rows() == 0;
    if (idle) continue;
    copies.clear();
    copies.reserve(step.inputs.size());  // they stay where they are
    inputs.clear();
    for (std::size_t k = 0; k < step.inputs.size(); ++k) {
      Deltas& input = outputs[step.inputs[k]];
      inputs.push_back(step.last_reader[k] ? &input : &copies.emplace_back(input));
    }
    absl::StatusOr<Deltas> output = step.node->Tick(now, inputs);
    if (!output.ok()) return output.status();
    outputs[i] = *std::move(output);
  }
  return std::move(outputs[flow.root]);
}

}  // namespace zoomwatch::kql::incremental
