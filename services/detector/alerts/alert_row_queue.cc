#include "services/detector/alerts/alert_row_queue.h"

#include <algorithm>
#include <utility>

#include "common/log/log.h"
#include "common/status/check.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/timestamp.h"
#include "services/detector/alerts/alert_row.h"

namespace zoomwatch::detector {
namespace {

// An alert may have some hundred kilobytes.
constexpr std::size_t kMaxAlertsPerRead = 256;

}  // namespace

bool AlertRowQueue::WaitForRows(std::size_t count, absl::Duration timeout, const std::stop_token& stop) {
  return store_.WaitForWaiting(std::min(count, kMaxAlertsPerRead), timeout, stop);
}

absl::StatusOr<std::vector<OutgoingRow>> AlertRowQueue::Read(std::size_t max_rows, std::size_t max_bytes) {
  ZOOMWATCH_ASSIGN_OR_RETURN(alerts_, store_.ReadWaiting(order_, std::min(max_rows, kMaxAlertsPerRead)));
  texts_.assign(alerts_.size(), {});
  std::vector<OutgoingRow> rows;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < alerts_.size(); ++i) {
    AppendAlertRow(alerts_[i], limits_, texts_[i]);
    bytes += texts_[i].size();
    if (i > 0 && bytes > max_bytes) break;
    rows.push_back({.json = texts_[i], .time = TimeOf(alerts_[i].alert_time())});
  }
  return rows;
}

absl::Status AlertRowQueue::Commit(const SendOutcome& outcome, std::string sink_state) {
  ZOOMWATCH_CHECK(outcome.settled > 0 && outcome.settled <= alerts_.size());
  std::vector<AlertStore::RefusedAlert> refused;
  for (const SendOutcome::Refusal& refusal : outcome.refused) {
    const alert::v1::Alert& alert = alerts_.at(refusal.row);
    const std::string reason(NameOf(ReasonOf(refusal.status).value_or(Reason::kDeliveryRejected)));
    const std::string message(refusal.status.message());
    Log(Severity::kError, "alert refused by the sink; it stays in the store",
        {{"alert_id", alert.alert_id()}, {"rule", alert.rule_name()}, {"reason", reason}, {"error", message}});
    refused.push_back({.sequence = static_cast<std::uint64_t>(alert.sequence()), .reason = reason, .message = message});
  }
  std::vector<std::uint64_t> settled;
  for (std::size_t row = 0; row < outcome.settled; ++row) settled.push_back(static_cast<std::uint64_t>(alerts_[row].sequence()));
  return store_.CommitDelivered(settled, std::move(sink_state), refused);
}

}  // namespace zoomwatch::detector
