// Keeps calls within what Azure grants one data collection rule: calls and bytes in any minute. Thread-safe; shared by
// all streams of the rule. The clock outlives the budget. Two token buckets, each filled at nine tenths of its limit a
// minute and holding at most one tenth: whichever minute one looks at, at most the limit was taken. Source: "Custom
// logs and Logs Ingestion API" limits; of the figures that disagree the lower ones. A tenth of each bucket is kept for urgent calls
// (alerts), so that they do not wait behind a backlog of others.
#pragma once

#include <cstddef>

#include "absl/time/time.h"
#include "common/sync/mutex.h"
#include "common/time/clock.h"

namespace zoomwatch::detector {

class RateBudget {
 public:
  struct Options {
    double calls_per_minute = 12'000;
    double bytes_per_minute = 500e6;  // before compression
  };

  RateBudget(Options options, const Clock& clock);

  // Takes one call with that many bytes and returns 0, or takes nothing and returns how long to wait before asking
  // again. A call larger than a full bucket takes all of it, or all but what is kept for urgent ones.
  absl::Duration Take(size_t bytes, bool urgent = false);

 private:
  struct Bucket {
    double fill_per_second = 0;
    double capacity = 0;
    double level = 0;
    double kept = 0;  // for urgent calls
  };
  // Lowers `amount` to the most that the bucket can ever give. Returns how long it takes until it has that.
  static absl::Duration WaitFor(const Bucket& bucket, bool urgent, double& amount);

  const Clock& clock_;
  Mutex mutex_;
  Bucket calls_ ABSL_GUARDED_BY(mutex_);
  Bucket bytes_ ABSL_GUARDED_BY(mutex_);
  absl::Duration filled_at_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace zoomwatch::detector
