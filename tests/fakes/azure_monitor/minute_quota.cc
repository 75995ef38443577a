#include "tests/fakes/azure_monitor/minute_quota.h"

#include <algorithm>

namespace zoomwatch::fakes {

void MinuteQuota::Turn(absl::Duration now) {
  if (begin_.has_value() && now < *begin_ + absl::Minutes(1)) return;
  begin_ = now;
  calls_ = 0;
  bytes_ = 0;
}

int MinuteQuota::SecondsLeft(absl::Duration now) const {
  const absl::Duration left = absl::Ceil(*begin_ + absl::Minutes(1) - now, absl::Seconds(1));
  return std::max(1, static_cast<int>(absl::ToInt64Seconds(left)));
}

std::optional<int> MinuteQuota::TakeCall(absl::Duration now) {
  MutexLock lock(mutex_);
  Turn(now);
  if (calls_ >= max_calls_) return SecondsLeft(now);
  ++calls_;
  return std::nullopt;
}

std::optional<int> MinuteQuota::TakeBytes(absl::Duration now, size_t bytes) {
  MutexLock lock(mutex_);
  Turn(now);
  if (bytes > max_bytes_ - bytes_) return SecondsLeft(now);
  bytes_ += bytes;
  return std::nullopt;
}

}  // namespace zoomwatch::fakes
