// The events of the log as a queue of rows; refused rows go to the log's quarantine. Threading, ownership: row_queue.h.
#pragma once

#include <string>
#include <vector>

#include "common/event_table/event_row.h"
#include "services/detector/delivery/row_queue.h"
#include "services/detector/event_log/event_log.h"

namespace zoomwatch::detector {

class EventRowQueue final : public RowQueue {
 public:
  EventRowQueue(EventLog& log, event_table::RowLimits limits) : log_(log), encoder_(limits) {}

  std::string_view table() const override { return "events"; }
  std::string SinkState() const override { return log_.SinkState(); }
  bool WaitForRows(std::size_t count, absl::Duration timeout, const std::stop_token& stop) override;
  absl::StatusOr<std::vector<OutgoingRow>> Read(std::size_t max_rows, std::size_t max_bytes) override;
  absl::Status Commit(const SendOutcome& outcome, std::string sink_state) override;

 private:
  EventLog& log_;
  event_table::RowEncoder encoder_;
  std::vector<StoredEvent> events_;  // of the last Read()
  std::string text_;                 // their rows
};

}  // namespace zoomwatch::detector
