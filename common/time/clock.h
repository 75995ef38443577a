// The time of day, injected. Nothing else in the project asks the system for it.
// Thread-safe. Implementations: SystemClock here, FakeClock in common/testing.
#pragma once

#include "absl/time/time.h"

namespace zoomwatch {

class Clock {
 public:
  virtual ~Clock() = default;

  // Time of day. May jump when the system's clock is set.
  virtual absl::Time Now() const = 0;

  // A time that never goes back, for measuring durations and deadlines; its origin means nothing.
  virtual absl::Duration Monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  // The one instance; lives as long as the process.
  static const SystemClock& Get();

  absl::Time Now() const override;
  absl::Duration Monotonic() const override;
};

}  // namespace zoomwatch
