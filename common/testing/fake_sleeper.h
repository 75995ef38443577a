// A sleeper that does not wait: it moves a fake clock instead and remembers what was asked. Thread-safe. For tests only.
#pragma once

#include <functional>
#include <vector>

#include "common/retry/sleeper.h"
#include "common/sync/mutex.h"
#include "common/testing/fake_clock.h"

namespace zoomwatch::testing {

class FakeSleeper final : public Sleeper {
 public:
  // `clock` outlives the sleeper.
  explicit FakeSleeper(FakeClock& clock) : clock_(clock) {}

  bool Sleep(absl::Duration duration, const std::stop_token& stop) override {
    if (stop.stop_requested()) return false;
    clock_.Advance(duration);
    std::function<void(absl::Duration)> on_sleep;
    {
      MutexLock lock(mutex_);
      sleeps_.push_back(duration);
      on_sleep = on_sleep_;
    }
    if (on_sleep) on_sleep(duration);
    return !stop.stop_requested();
  }
  // Called after each sleep, for example to repair a fault or to request a stop.
  void OnSleep(std::function<void(absl::Duration)> callback) {
    MutexLock lock(mutex_);
    on_sleep_ = std::move(callback);
  }
  std::vector<absl::Duration> sleeps() const {
    MutexLock lock(mutex_);
    return sleeps_;
  }

 private:
  FakeClock& clock_;
  mutable Mutex mutex_;
  std::vector<absl::Duration> sleeps_ ABSL_GUARDED_BY(mutex_);
  std::function<void(absl::Duration)> on_sleep_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace zoomwatch::testing
