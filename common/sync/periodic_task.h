// Calls a function again and again on a thread of its own, until it goes.
// Threading: the constructor starts the thread, the destructor stops it: it waits for a call that is under way, starts none. The
// function must not destroy the task. The first call comes one interval after the start.
#pragma once

#include <functional>
#include <stop_token>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "common/sync/mutex.h"

namespace zoomwatch {

class PeriodicTask {
 public:
  PeriodicTask(absl::Duration interval, std::function<void()> action)
      : thread_([this, interval, action = std::move(action)](const std::stop_token& stop) {
          while (Sleep(interval, stop)) action();
        }) {}
  ~PeriodicTask() {
    thread_.request_stop();
    MutexLock lock(mutex_);
    stopped_.NotifyAll();
  }
  PeriodicTask(const PeriodicTask&) = delete;
  PeriodicTask& operator=(const PeriodicTask&) = delete;

 private:
  // False: stop.
  bool Sleep(absl::Duration interval, const std::stop_token& stop) {
    MutexLock lock(mutex_);
    while (!stop.stop_requested()) {
      if (!stopped_.WaitFor(mutex_, interval)) return !stop.stop_requested();
    }
    return false;
  }

  Mutex mutex_;
  CondVar stopped_;
  std::jthread thread_;  // last: it uses the others, and its destructor joins
};

}  // namespace zoomwatch
