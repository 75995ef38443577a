#include "common/time/clock.h"

#include <ctime>

#include "absl/time/clock.h"

namespace zoomwatch {

const SystemClock& SystemClock::Get() {
  static const SystemClock clock;
  return clock;
}

absl::Time SystemClock::Now() const { return absl::Now(); }

absl::Duration SystemClock::Monotonic() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::DurationFromTimespec(now);
}

}  // namespace zoomwatch
