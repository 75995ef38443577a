#include "common/retry/backoff_policy.h"

#include <algorithm>

#include "common/status/check.h"

namespace zoomwatch {

BackoffPolicy::BackoffPolicy(Options options, uint64_t seed) : options_(options), random_(seed), bound_(options.initial) {
  ZOOMWATCH_CHECK(options_.initial > absl::ZeroDuration() && options_.initial <= options_.longest);
}

absl::Duration BackoffPolicy::Next() {
  std::uniform_int_distribution<int64_t> below(0, absl::ToInt64Nanoseconds(bound_));
  const absl::Duration delay = absl::Nanoseconds(below(random_));
  bound_ = std::min(bound_ * 2, options_.longest);
  return delay;
}

}  // namespace zoomwatch
