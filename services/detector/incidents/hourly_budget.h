// Keeps what is made within a number an hour, over restarts. Not thread-safe. The clock outlives the budget.
//
// Exact: in no span of an hour are more taken than the limit. The times of the last hour are kept, by the wall clock so that they
// can be stored; one that lies ahead after the clock was set back counts as now.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/time/clock.h"

namespace zoomwatch::detector {

class HourlyBudget {
 public:
  // REQUIRES: limit > 0.
  HourlyBudget(int64_t limit, const Clock& clock) : limit_(limit), clock_(clock) {}

  // How long until one more may be taken; 0: now.
  absl::Duration Wait();
  void Take();

  // The times in seconds since 1970, separated by spaces; for Load().
  std::string Save() const;
  // False: `text` was not made by Save(); then nothing is changed.
  bool Load(std::string_view text);

 private:
  const int64_t limit_;
  const Clock& clock_;
  std::deque<int64_t> times_;  // in order
};

}  // namespace zoomwatch::detector
