// The events of the log as a queue of rows, each for the stream that its route says; refused rows go to the log's quarantine.
// Events that were settled ahead of the position are left out, and others are read in their place, up to kMaxSettledAhead behind the
// position: so far a stream that takes nothing lets the others go on. Threading, ownership: row_queue.h; the metrics outlive the queue too.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/event_table/event_row.h"
#include "common/metrics/metrics.h"
#include "services/detector/delivery/row_queue.h"
#include "services/detector/event_log/event_log.h"
#include "services/detector/routing/route_table.h"

namespace zoomwatch::detector {

class EventRowQueue final : public RowQueue {
 public:
  // The streams of the rows are those of `routes`.
  EventRowQueue(EventLog& log, event_table::RowLimits limits, Metrics& metrics, RouteTable routes = {});

  std::string_view table() const override { return "events"; }
  std::string SinkState() const override { return log_.SinkState(); }
  bool WaitForRows(std::size_t count, absl::Duration timeout, const std::stop_token& stop) override;
  absl::StatusOr<std::vector<OutgoingRow>> Read(std::size_t max_rows, std::size_t max_bytes) override;
  absl::Status Commit(const SendOutcome& outcome, std::string sink_state) override;

 private:
  // Reads the events that wait into events_, up to last_read_.
  absl::Status ReadEvents(std::size_t max_rows, std::size_t max_bytes);
  // The same when some behind the position are settled already.
  absl::Status ReadBetween(const std::vector<uint64_t>& ahead, std::size_t max_rows, std::size_t max_bytes);
  // Counts row `row` as settled.
  void Settle(std::size_t row, DeliveryCommit& commit) const;

  EventLog& log_;
  event_table::RowEncoder encoder_;
  RouteTable routes_;
  std::vector<prometheus::Counter*> routed_rows_, routed_bytes_;  // by route
  // Of the last Read(), by row.
  std::vector<StoredEvent> events_;
  std::vector<std::size_t> ways_;  // indices into routes_.routes()
  std::vector<std::size_t> sizes_;
  std::string text_;        // the rows
  uint64_t last_read_ = 0;  // sequence; events up to it that are not in events_ are settled
};

}  // namespace zoomwatch::detector
