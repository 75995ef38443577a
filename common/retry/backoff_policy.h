// How long to wait before the next attempt: exponential growth with full jitter, so that clients that failed together do not come
// back together. Not thread-safe; one per sequence of attempts.
// Source: "Exponential backoff and jitter" (full jitter): uniform in [0, min(longest, initial * 2^n)].
#pragma once

#include <cstdint>
#include <random>

#include "absl/time/time.h"

namespace zoomwatch {

class BackoffPolicy {
 public:
  struct Options {
    absl::Duration initial = absl::Milliseconds(500);  // bound of the first delay
    absl::Duration longest = absl::Seconds(60);        // bound of every delay
  };

  // The same seed gives the same delays. REQUIRES: 0 < initial <= longest.
  BackoffPolicy(Options options, uint64_t seed);

  // The delay before the next attempt: at least 0, at most the current bound, which doubles at each call until it is `longest`.
  absl::Duration Next();

  // The bound that the next delay is drawn below (inclusive).
  absl::Duration bound() const { return bound_; }

  // After a success: the next delay is drawn from the first bound again.
  void Reset() { bound_ = options_.initial; }

 private:
  const Options options_;
  std::mt19937_64 random_;
  absl::Duration bound_;
};

}  // namespace zoomwatch
