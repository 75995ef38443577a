// Delivers the events of the log as rows, in order, and moves the log's position of delivery.
//
// One thread: reads events, encodes rows, sends them, commits position, ledger and sink state in one write. A failed attempt is
// repeated with full-jitter back-off for ever; nothing is skipped. Threading: Start() and Stop() from one thread; health() from any.
// Ownership: log, sink and metrics outlive the worker.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/event_table/event_row.h"
#include "common/metrics/metrics.h"
#include "common/retry/backoff_policy.h"
#include "common/retry/sleeper.h"
#include "common/sync/mutex.h"
#include "common/time/clock.h"
#include "services/detector/delivery/row_sink.h"
#include "services/detector/event_log/event_log.h"

namespace zoomwatch::detector {

struct DeliveryOptions {
  size_t max_rows = 1000;           // in one attempt
  size_t max_bytes = 900'000;       // of serialized events in one attempt
  BackoffPolicy::Options backoff = {.initial = absl::Milliseconds(500), .longest = absl::Seconds(60)};
};

class DeliveryWorker {
 public:
  DeliveryWorker(DeliveryOptions options, EventLog& log, RowSink& sink, const Clock& clock, Sleeper& sleeper, Metrics& metrics);
  ~DeliveryWorker();

  // Opens the sink at the committed state and starts to deliver. Errors: those of RowSink::Open().
  absl::Status Start();
  // Ends after the attempt that is under way. What is not delivered is delivered after the next start. Idempotent.
  void Stop();

  // OK, or why the last attempt failed.
  absl::Status health() const;

 private:
  void Run(const std::stop_token& stop);
  // Delivers and commits these events. False: stopped before that.
  bool Deliver(const std::vector<StoredEvent>& events, const std::stop_token& stop);
  void SetHealth(const absl::Status& status);

  const DeliveryOptions options_;
  EventLog& log_;
  RowSink& sink_;
  const Clock& clock_;
  Sleeper& sleeper_;
  prometheus::Counter& rows_;
  prometheus::Counter& failures_;
  prometheus::Gauge& lag_;
  event_table::RowEncoder encoder_;
  BackoffPolicy backoff_;
  mutable Mutex mutex_;
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace zoomwatch::detector
