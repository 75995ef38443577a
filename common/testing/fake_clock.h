// A clock that stands until a test moves it. Thread-safe. For tests only.
#pragma once

#include "common/sync/mutex.h"
#include "common/time/clock.h"

namespace zoomwatch::testing {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time now) : now_(now) {}

  absl::Time Now() const override {
    MutexLock lock(mutex_);
    return now_;
  }
  absl::Duration Monotonic() const override {
    MutexLock lock(mutex_);
    return monotonic_;
  }
  // Both clocks move.
  void Advance(absl::Duration step) {
    MutexLock lock(mutex_);
    now_ += step;
    monotonic_ += step;
  }
  // Only the time of day moves, as when somebody sets it.
  void SetNow(absl::Time now) {
    MutexLock lock(mutex_);
    now_ = now;
  }

 private:
  mutable Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  absl::Duration monotonic_ ABSL_GUARDED_BY(mutex_) = absl::Hours(1);
};

}  // namespace zoomwatch::testing
