// The alerts of the store of which incidents are made, as a queue of bodies. Refused ones stay in the store with the reason.
//
// Left out: alerts below the least severity, those of rules that say createIncident: false, and those of hunting queries, which are
// hints to look at. The position of incidents passes them by. Threading, ownership: row_queue.h.
#pragma once

#include <string>
#include <vector>

#include "common/metrics/metrics.h"
#include "services/detector/alerts/alert_store.h"
#include "services/detector/delivery/row_queue.h"

namespace zoomwatch::detector {

class IncidentRowQueue final : public RowQueue {
 public:
  // REQUIRES: the store was opened with incidents.
  IncidentRowQueue(AlertStore& store, alert::v1::Severity min_severity, Metrics& metrics);

  std::string_view table() const override { return "incidents"; }
  std::string SinkState() const override { return store_.IncidentSinkState(); }
  bool WaitForRows(std::size_t count, absl::Duration timeout, const std::stop_token& stop) override;
  absl::StatusOr<std::vector<OutgoingRow>> Read(std::size_t max_rows, std::size_t max_bytes) override;
  absl::Status Commit(const SendOutcome& outcome, std::string sink_state) override;

 private:
  struct Row {
    std::string name, body, alert_id;
    std::uint64_t sequence = 0;
    absl::Time time;
  };

  bool Wanted(const alert::v1::Alert& alert) const;
  // Commits the unwanted alerts at the front of `alerts` and removes them.
  absl::Status PassBy(std::vector<alert::v1::Alert>& alerts);

  AlertStore& store_;
  const alert::v1::Severity min_severity_;
  prometheus::Counter& not_wanted_;
  std::vector<Row> rows_;  // of the last Read()
};

}  // namespace zoomwatch::detector
