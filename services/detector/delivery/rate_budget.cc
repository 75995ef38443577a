#include "services/detector/delivery/rate_budget.h"

#include <algorithm>

namespace zoomwatch::detector {

RateBudget::RateBudget(Options options, const Clock& clock) : clock_(clock), filled_at_(clock.Monotonic()) {
  const auto full = [](double per_minute) {
    return Bucket{.fill_per_second = 0.9 * per_minute / 60, .capacity = 0.1 * per_minute, .level = 0.1 * per_minute, .kept = 0.01 * per_minute};
  };
  calls_ = full(options.calls_per_minute);
  bytes_ = full(options.bytes_per_minute);
}

absl::Duration RateBudget::WaitFor(const Bucket& bucket, bool urgent, double& amount) {
  const double kept = urgent ? 0 : bucket.kept;
  amount = std::min(amount, bucket.capacity - kept);
  const double missing = amount + kept - bucket.level;
  // Sums of fractions are not exact.
  if (missing <= 1e-9 * bucket.capacity) return absl::ZeroDuration();
  // A millisecond more, so that rounding does not make the caller come back for nothing.
  return absl::Seconds(missing / bucket.fill_per_second) + absl::Milliseconds(1);
}

absl::Duration RateBudget::Take(size_t bytes, bool urgent) {
  MutexLock lock(mutex_);
  const absl::Duration now = clock_.Monotonic();
  const double elapsed = absl::ToDoubleSeconds(now - filled_at_);
  filled_at_ = now;
  for (Bucket* bucket : {&calls_, &bytes_}) {
    bucket->level = std::min(bucket->capacity, bucket->level + elapsed * bucket->fill_per_second);
  }
  double call = 1;
  double size = static_cast<double>(bytes);
  const absl::Duration wait = std::max(WaitFor(calls_, urgent, call), WaitFor(bytes_, urgent, size));
  if (wait > absl::ZeroDuration()) return wait;
  calls_.level -= call;
  bytes_.level -= size;
  return absl::ZeroDuration();
}

}  // namespace zoomwatch::detector
