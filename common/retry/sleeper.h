// Waiting, injected, so that tests of retries take no time. Thread-safe. Implementations: SystemSleeper here, FakeSleeper in
// common/testing.
#pragma once

#include <stop_token>

#include "absl/time/time.h"

namespace zoomwatch {

class Sleeper {
 public:
  virtual ~Sleeper() = default;

  // Returns true after `duration`, or false as soon as a stop is requested.
  virtual bool Sleep(absl::Duration duration, const std::stop_token& stop) = 0;
};

class SystemSleeper final : public Sleeper {
 public:
  // The one instance; lives as long as the process.
  static SystemSleeper& Get();

  bool Sleep(absl::Duration duration, const std::stop_token& stop) override;
};

}  // namespace zoomwatch
