// The alerts of the store as a queue of rows, in the given order: newest first where a person at the other end waits for what happens now
// and the table has no order, oldest first where the rows are a log. Refused ones stay in the store, with the reason. Threading, ownership: row_queue.h.
#pragma once

#include <string>
#include <vector>

#include "common/event_table/event_row.h"
#include "services/detector/alerts/alert_store.h"
#include "services/detector/delivery/row_queue.h"

namespace zoomwatch::detector {

class AlertRowQueue final : public RowQueue {
 public:
  AlertRowQueue(AlertStore& store, event_table::RowLimits limits, AlertStore::Order order) : store_(store), limits_(limits), order_(order) {}

  std::string_view table() const override { return "alerts"; }
  std::string SinkState() const override { return store_.SinkState(); }
  bool WaitForRows(std::size_t count, absl::Duration timeout, const std::stop_token& stop) override;
  absl::StatusOr<std::vector<OutgoingRow>> Read(std::size_t max_rows, std::size_t max_bytes) override;
  absl::Status Commit(const SendOutcome& outcome, std::string sink_state) override;

 private:
  AlertStore& store_;
  const event_table::RowLimits limits_;
  const AlertStore::Order order_;
  std::vector<alert::v1::Alert> alerts_;  // of the last Read()
  std::vector<std::string> texts_;        // their rows
};

}  // namespace zoomwatch::detector
