#include "services/detector/incidents/incident_row_queue.h"

#include <algorithm>
#include <utility>

#include "common/log/log.h"
#include "common/status/check.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/timestamp.h"
#include "services/detector/incidents/incident_body.h"
#include "services/detector/incidents/incident_metrics.h"

namespace zoomwatch::detector {
namespace {

// An alert may have some hundred kilobytes.
constexpr std::size_t kMaxAlertsPerRead = 64;

}  // namespace

IncidentRowQueue::IncidentRowQueue(AlertStore& store, alert::v1::Severity min_severity, Metrics& metrics)
    : store_(store), min_severity_(min_severity), not_wanted_(metrics.Counter(kIncidents, {"not_wanted"})) {}

bool IncidentRowQueue::WaitForRows(std::size_t count, absl::Duration timeout, const std::stop_token& stop) {
  return store_.WaitForAlerts(store_.IncidentPosition() + std::min(count, kMaxAlertsPerRead), timeout, stop);
}

bool IncidentRowQueue::Wanted(const alert::v1::Alert& alert) const {
  return !alert.without_incident() && alert.rule_kind() != "hunting" && alert.severity() >= min_severity_;
}

absl::Status IncidentRowQueue::PassBy(std::vector<alert::v1::Alert>& alerts) {
  const auto wanted = std::find_if(alerts.begin(), alerts.end(), [this](const alert::v1::Alert& alert) { return Wanted(alert); });
  const auto count = wanted - alerts.begin();
  if (count == 0) return absl::OkStatus();
  const auto last = static_cast<std::uint64_t>((wanted - 1)->sequence());
  ZOOMWATCH_RETURN_IF_ERROR(store_.CommitIncidents(last, store_.IncidentSinkState(), {}));
  not_wanted_.Increment(static_cast<double>(count));
  alerts.erase(alerts.begin(), wanted);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<OutgoingRow>> IncidentRowQueue::Read(std::size_t max_rows, std::size_t max_bytes) {
  std::vector<alert::v1::Alert> alerts;
  do {
    ZOOMWATCH_ASSIGN_OR_RETURN(alerts, store_.ReadFrom(store_.IncidentPosition() + 1, kMaxAlertsPerRead));
    if (alerts.empty()) return std::vector<OutgoingRow>();
    ZOOMWATCH_RETURN_IF_ERROR(PassBy(alerts));
  } while (alerts.empty());
  rows_.clear();
  std::size_t bytes = 0;
  for (const alert::v1::Alert& alert : alerts) {
    if (rows_.size() == max_rows || !Wanted(alert)) break;
    Row row{.name = IncidentNameOf(alert.alert_id()),
            .body = IncidentBodyOf(alert),
            .alert_id = alert.alert_id(),
            .sequence = static_cast<std::uint64_t>(alert.sequence()),
            .time = TimeOf(alert.alert_time())};
    bytes += row.body.size();
    if (!rows_.empty() && bytes > max_bytes) break;
    rows_.push_back(std::move(row));
  }
  std::vector<OutgoingRow> rows;
  for (const Row& row : rows_) rows.push_back({.json = row.body, .time = row.time, .name = row.name});
  return rows;
}

absl::Status IncidentRowQueue::Commit(const SendOutcome& outcome, std::string sink_state) {
  ZOOMWATCH_CHECK(outcome.settled > 0 && outcome.settled <= rows_.size());
  std::vector<AlertStore::RefusedAlert> refused;
  for (const SendOutcome::Refusal& refusal : outcome.refused) {
    const Row& row = rows_.at(refusal.row);
    const std::string reason(NameOf(ReasonOf(refusal.status).value_or(Reason::kDeliveryRejected)));
    const std::string message(refusal.status.message());
    Log(Severity::kError, "alert refused as an incident; it stays in the store and says so",
        {{"alert_id", row.alert_id}, {"incident", row.name}, {"reason", reason}, {"error", message}});
    refused.push_back({.sequence = row.sequence, .reason = reason, .message = message});
  }
  return store_.CommitIncidents(rows_[outcome.settled - 1].sequence, std::move(sink_state), refused);
}

}  // namespace zoomwatch::detector
