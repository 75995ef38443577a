// What one data collection rule takes in a minute: calls and bytes. The minute begins with the first call after the last one ended.
// Thread-safe.
#pragma once

#include <cstddef>
#include <optional>

#include "absl/time/time.h"
#include "common/sync/mutex.h"

namespace zoomwatch::fakes {

class MinuteQuota {
 public:
  MinuteQuota(int max_calls, size_t max_bytes) : max_calls_(max_calls), max_bytes_(max_bytes) {}

  // Takes one call. nullopt: it is within the quota; otherwise after how many whole seconds the next minute has begun, and nothing
  // was taken. `now` is a monotonic time.
  std::optional<int> TakeCall(absl::Duration now);
  // The same for the bytes of a call that TakeCall() let in. A call of more bytes than a minute has is never let in.
  std::optional<int> TakeBytes(absl::Duration now, size_t bytes);

 private:
  void Turn(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int SecondsLeft(absl::Duration now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int max_calls_;
  const size_t max_bytes_;
  Mutex mutex_;
  std::optional<absl::Duration> begin_ ABSL_GUARDED_BY(mutex_);
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace zoomwatch::fakes
