#include "common/retry/sleeper.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace zoomwatch {

SystemSleeper& SystemSleeper::Get() {
  static SystemSleeper sleeper;
  return sleeper;
}

bool SystemSleeper::Sleep(absl::Duration duration, const std::stop_token& stop) {
  // A wait on a condition that never comes true; condition_variable_any is the one that knows stop tokens.
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock lock(mutex);
  condition.wait_for(lock, stop, absl::ToChronoNanoseconds(duration), [] { return false; });
  return !stop.stop_requested();
}

}  // namespace zoomwatch
