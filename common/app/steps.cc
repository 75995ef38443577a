#include "common/app/steps.h"

#include <utility>

#include "common/log/log.h"
#include "common/status/reasons.h"

namespace zoomwatch {

void StepList::Add(std::string name, std::function<absl::Status()> start, std::function<void(absl::Time)> stop) {
  steps_.push_back({std::move(name), std::move(start), std::move(stop)});
}

absl::Status StepList::Start() {
  for (const Step& step : steps_) {
    const absl::Status status = step.start ? step.start() : absl::OkStatus();
    if (!status.ok()) {
      Stop(absl::InfinitePast());
      return Annotate(status, step.name);
    }
    ++started_;
    Log(Severity::kDebug, "step started", {{"step", step.name}});
  }
  return absl::OkStatus();
}

void StepList::Stop(absl::Time deadline) {
  while (started_ > 0) {
    const Step& step = steps_[--started_];
    if (step.stop) step.stop(deadline);
    Log(Severity::kDebug, "step stopped", {{"step", step.name}});
  }
}

}  // namespace zoomwatch
