// Batches of events into the event log: the thin edge between transport and store. Thread-safe; never blocks.
// Ownership: the log outlives the service. Errors and results: EventLog::Append().
#pragma once

#include "common/transport/event_sink.h"
#include "services/detector/event_log/event_log.h"

namespace zoomwatch::detector {

class DetectorService final : public BatchHandler<detect::v1::EventItem> {
 public:
  explicit DetectorService(EventLog& log) : log_(log) {}

  void HandleBatch(const std::string& /*batch_id*/, std::vector<detect::v1::EventItem> items,
                   std::function<void(absl::StatusOr<BatchResult>)> done) override {
    log_.Append(std::move(items), std::move(done));
  }

 private:
  EventLog& log_;
};

}  // namespace zoomwatch::detector
