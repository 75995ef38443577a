// Moves webhooks from the spool to the normalizer, in order, for as long as it takes.
//
// One thread reads batches and starts them; up to `max_in_flight` are on the way. A batch that fails is sent again with full-jitter
// back-off, and nothing newer is started while it waits for that, so an outage buffers at most max_in_flight batches in memory. Batches
// that are on the way together may arrive in any order; with max_in_flight 1 the order is strict.
// Threading: Start() and Stop() from one thread; the rest is internal. Ownership: spool, sink, clock and metrics outlive it.
// Errors: none leave it; every failure is counted, logged, and visible in health().
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "common/retry/backoff_policy.h"
#include "common/sync/mutex.h"
#include "common/time/clock.h"
#include "common/transport/event_sink.h"
#include "services/receiver/spool/spool.h"

namespace zoomwatch::receiver {

struct ForwarderOptions {
  size_t max_items = 256;          // in a batch
  size_t max_bytes = 256 << 10;    // in a batch, serialized
  int max_in_flight = 4;           // batches
  BackoffPolicy::Options backoff = {.initial = absl::Milliseconds(100), .longest = absl::Seconds(10)};
};

class Forwarder {
 public:
  using Sink = EventSink<ingest::v1::RawWebhook>;

  Forwarder(ForwarderOptions options, Spool& spool, Sink& sink, const Clock& clock, Metrics& metrics);
  // Stop(now).
  ~Forwarder();

  void Start();
  // Starts no new batch; waits for those on the way until `deadline`. What is not acknowledged then stays in the spool; its
  // outcome may still arrive, so the sink must be destroyed before the forwarder is. Idempotent.
  void Stop(absl::Time deadline);

  // OK, or the last failure while a batch waits to be sent again.
  absl::Status health() const;

 private:
  struct Sending {
    Spool::Batch batch;
    std::string id;
    absl::Duration due;  // on the monotonic clock, when it waits
  };

  void Run(const std::stop_token& stop);
  // The next thing to send: a batch that is due again, or a new one. nullptr: look again.
  std::shared_ptr<Sending> Next(const std::stop_token& stop);
  void Send(const std::shared_ptr<Sending>& sending);
  void OnDone(const std::shared_ptr<Sending>& sending, const absl::StatusOr<BatchResult>& result);

  const ForwarderOptions options_;
  Spool& spool_;
  Sink& sink_;
  const Clock& clock_;
  prometheus::Counter& sent_webhooks_;
  prometheus::Counter& failed_batches_;
  prometheus::Gauge& in_flight_gauge_;

  mutable Mutex mutex_;
  CondVar changed_;
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::shared_ptr<Sending>> waiting_ ABSL_GUARDED_BY(mutex_);  // failed, oldest position first
  BackoffPolicy backoff_ ABSL_GUARDED_BY(mutex_);
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace zoomwatch::receiver
