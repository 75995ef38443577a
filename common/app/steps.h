// Start-up as an ordered list of named steps, and a stop list that always runs whole.
// Not thread-safe: one thread starts and stops. Ownership: steps capture what they need; it must outlive the list.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace zoomwatch {

class StepList {
 public:
  // `start` runs in Start(), `stop` in Stop() when `start` had succeeded. Either may be empty.
  void Add(std::string name, std::function<absl::Status()> start, std::function<void(absl::Time deadline)> stop = {});

  // Runs the steps in order. At the first failure the steps done so far are stopped again, and the failure is returned with
  // the step's name in front.
  absl::Status Start();

  // Stops what was started, last step first, each with the same deadline. Idempotent.
  void Stop(absl::Time deadline);

 private:
  struct Step {
    std::string name;
    std::function<absl::Status()> start;
    std::function<void(absl::Time)> stop;
  };
  std::vector<Step> steps_;
  size_t started_ = 0;
};

}  // namespace zoomwatch
