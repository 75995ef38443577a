// Delivers the rows of a queue to a sink, in the order of the queue.
//
// One thread: reads rows, sends them, commits what the sink settled together with the sink's state.
// What an attempt did not settle is sent again for ever; nothing is skipped. Rows that the attempt settled behind one that waits are
// committed as settled ahead, so they are not sent again. Failures that pass by themselves are
// repeated with full-jitter back-off, never before the time that the other side named; those that need a person with a
// slower one. One log line tells each change between delivering, failing and standing still. docs/delivery.md has the
// table. After a failure a worker lets another one go first (DeliveryOptions::first), so that what is urgent leads the
// way out of an outage. Threading: Start() and Stop() from one thread; health() and GoFirst() from any. Ownership: queue,
// sink, metrics and DeliveryOptions::first outlive the worker.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/metrics/metrics.h"
#include "common/retry/backoff_policy.h"
#include "common/retry/sleeper.h"
#include "common/status/reasons.h"
#include "common/sync/mutex.h"
#include "common/time/clock.h"
#include "services/detector/delivery/row_queue.h"
#include "services/detector/delivery/row_sink.h"

namespace zoomwatch::detector {

class DeliveryWorker;

struct DeliveryOptions {
  size_t max_rows = 1000;      // in one attempt
  size_t max_bytes = 900'000;  // of rows in one attempt, about
  absl::Duration max_wait;     // how long an attempt waits for max_rows; the time is the price of fewer, fuller calls
  BackoffPolicy::Options backoff = {.initial = absl::Milliseconds(500), .longest = absl::Seconds(60)};
  // For what needs a person. A new role takes up to 30 minutes to come into force: it is noticed within `longest` of
  // that.
  BackoffPolicy::Options slow_backoff = {.initial = absl::Seconds(10), .longest = absl::Minutes(5)};
  // The longest time that the other side may name; beyond it this is taken.
  absl::Duration longest_retry_after = absl::Hours(1);
  // Whose rows go before ours while our attempts fail, and once more when they do not fail any more; null: nobody's.
  DeliveryWorker* first = nullptr;
};

class DeliveryWorker {
 public:
  DeliveryWorker(DeliveryOptions options, RowQueue& queue, RowSink& sink, const Clock& clock, Sleeper& sleeper, Metrics& metrics);
  // As Stop().
  ~DeliveryWorker();

  // Opens the sink at the committed state and starts to deliver. Errors: those of RowSink::Open().
  absl::Status Start();
  // Ends waits at once and the attempt that is under way when it is done, at the latest after `patience`. What is not
  // delivered is delivered after the next start. Idempotent.
  void Stop(absl::Duration patience = absl::ZeroDuration());

  // OK, or why the last attempt did not settle all its rows.
  absl::Status health() const;

  // Returns when no rows of this worker wait any more, or when an attempt that ends during the call failed. A back-off that is
  // under way is cut short, unless the other side named its time. Also returns when the worker ends or `stop` is requested.
  void GoFirst(const std::stop_token& stop);

 private:
  void Run(const std::stop_token& stop);
  // Waits for rows and makes one attempt with them. False: the worker must end.
  bool DeliverNext(const std::stop_token& stop);
  // Commits what the attempt settled.
  absl::Status Commit(const std::vector<OutgoingRow>& rows, const SendOutcome& outcome);
  // Waits as the outcome of an attempt demands. False: stopped.
  bool BackOff(const SendOutcome& outcome, const std::stop_token& stop);
  // How long to wait before the next attempt.
  absl::Duration DelayAfter(const SendOutcome& outcome);
  // Takes note of the outcome: health, metrics, and a log line when it differs in kind from the last one.
  void Observe(const SendOutcome& outcome);

  const DeliveryOptions options_;
  RowQueue& queue_;
  RowSink& sink_;
  const Clock& clock_;
  Sleeper& sleeper_;
  prometheus::Counter& delivered_rows_;
  prometheus::Counter& refused_rows_;
  prometheus::Counter& failures_;
  prometheus::Gauge& blocked_;
  prometheus::Gauge& lag_;
  BackoffPolicy backoff_;
  BackoffPolicy slow_backoff_;
  SendOutcome::Next last_next_ = SendOutcome::Next::kGoOn;
  std::optional<Reason> last_reason_;
  bool gives_way_ = false;  // to options_.first before the next attempt
  mutable Mutex mutex_;
  CondVar changed_;  // ended_, idle_, attempts_
  bool idle_ ABSL_GUARDED_BY(mutex_) = true;  // no rows waited when it last looked
  uint64_t attempts_ ABSL_GUARDED_BY(mutex_) = 0;  // that ended
  std::stop_source backoff_end_ ABSL_GUARDED_BY(mutex_);
  bool backoff_named_ ABSL_GUARDED_BY(mutex_) = false;  // by the other side
  bool ended_ ABSL_GUARDED_BY(mutex_) = true;
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace zoomwatch::detector
