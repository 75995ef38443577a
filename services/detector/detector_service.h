// Batches of events into the event log: the thin edge between transport and store. Thread-safe; never blocks.
// Ownership: the log outlives the service. Errors and results: EventLog::Append().
#pragma once

#include "common/log/log.h"
#include "common/log/trace_id.h"
#include "common/transport/event_sink.h"
#include "services/detector/event_log/event_log.h"

namespace zoomwatch::detector {

class DetectorService final : public BatchHandler<detect::v1::EventItem> {
 public:
  explicit DetectorService(EventLog& log) : log_(log) {}

  void HandleBatch(const std::string& /*batch_id*/, std::vector<detect::v1::EventItem> items,
                   std::function<void(absl::StatusOr<BatchResult>)> done) override {
    if (LogEnabled(Severity::kDebug)) done = WithTraces(items, std::move(done));
    log_.Append(std::move(items), std::move(done));
  }

 private:
  using Done = std::function<void(absl::StatusOr<BatchResult>)>;

  static const std::string& TraceparentOf(const detect::v1::EventItem& item) {
    return item.has_event() ? item.event().traceparent() : item.quarantined().traceparent();
  }

  // A line for each item, once the batch is stored. An item that came before has one too.
  static Done WithTraces(const std::vector<detect::v1::EventItem>& items, Done done) {
    std::vector<std::string> traces;
    for (const detect::v1::EventItem& item : items) traces.emplace_back(TraceIdOf(TraceparentOf(item)));
    return [traces = std::move(traces), done = std::move(done)](absl::StatusOr<BatchResult> result) {
      if (result.ok()) {
        for (const std::string& trace_id : traces) Log(Severity::kDebug, "webhook in the event log", {{"trace_id", trace_id}});
      }
      done(std::move(result));
    };
  }

  EventLog& log_;
};

}  // namespace zoomwatch::detector
