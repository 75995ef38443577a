// Normalises batches of webhooks and hands the events to the detector's sink; answers when the sink has answered.
// Thread-safe: batches are worked on by the threads that bring them, each with a normalizer of its own from a pool.
// Ownership: sink and metrics outlive the service. The service outlives every batch that is in flight: stop the server, then destroy
// the sink's transport (it answers what is outstanding), then the service.
// Limits: options.max_batches_in_flight; above it a batch is answered OVERLOADED at once and the caller keeps it. What goes to the
// sink is cut into parts of at most kMaxSinkBatchBytes, because an event can be larger than its webhook.
// Errors: OVERLOADED; otherwise the sink's. Items without webhook_id, account_name or receive_time
// are rejected with ITEM_MALFORMED while the others go on.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/metrics/metrics.h"
#include "common/transport/event_sink.h"
#include "services/normalizer/normalizer.h"
#include "services/normalizer/redaction.h"
#include "zoomwatch/detect/v1/detect_service.pb.h"
#include "zoomwatch/ingest/v1/raw_webhook.pb.h"

namespace zoomwatch {

// Below the 4,000,000 bytes that the detector accepts, with room for the batch's own framing.
inline constexpr size_t kMaxSinkBatchBytes = 3'900'000;

struct NormalizerServiceOptions {
  NormalizerOptions normalizer;
  int max_batches_in_flight = 64;
};

class NormalizerService final : public BatchHandler<ingest::v1::RawWebhook> {
 public:
  using Sink = EventSink<detect::v1::EventItem>;
  using Done = std::function<void(absl::StatusOr<BatchResult>)>;

  NormalizerService(NormalizerServiceOptions options, Sink& sink, Metrics& metrics);
  ~NormalizerService() override;

  void HandleBatch(const std::string& batch_id, std::vector<ingest::v1::RawWebhook> webhooks, Done done) override;

  int batches_in_flight() const { return in_flight_.load(); }

 private:
  class Counters;
  class Pool;
  struct Work;  // one batch until it is answered

  void NormalizeAll(const std::vector<ingest::v1::RawWebhook>& webhooks, Work& work);
  void SendParts(const std::string& batch_id, const std::shared_ptr<Work>& work);
  void OnPartDone(Work& work, size_t part, absl::StatusOr<BatchResult> result);
  void Finish(Work& work);

  const NormalizerServiceOptions options_;
  Sink& sink_;
  const Redactor redactor_;
  const std::unique_ptr<Counters> counters_;
  const std::unique_ptr<Pool> pool_;
  std::atomic<int> in_flight_{0};
};

}  // namespace zoomwatch
