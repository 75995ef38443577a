#include "services/detector/delivery/event_row_queue.h"

#include <algorithm>
#include <utility>

#include "common/log/log.h"
#include "common/status/check.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch::detector {
namespace {

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace

bool EventRowQueue::WaitForRows(std::size_t count, absl::Duration timeout, const std::stop_token& stop) {
  return log_.WaitForEvents(log_.DeliveredPosition() + count, timeout, stop);
}

absl::StatusOr<std::vector<OutgoingRow>> EventRowQueue::Read(std::size_t max_rows, std::size_t max_bytes) {
  ZOOMWATCH_ASSIGN_OR_RETURN(events_, log_.ReadFrom(log_.DeliveredPosition() + 1, max_rows, max_bytes));
  while (!events_.empty() && events_.front().unreadable) {
    ZOOMWATCH_RETURN_IF_ERROR(log_.SetAsideUnreadable());
    ZOOMWATCH_ASSIGN_OR_RETURN(events_, log_.ReadFrom(log_.DeliveredPosition() + 1, max_rows, max_bytes));
  }
  // Those behind an unreadable one wait until it is the oldest and set aside.
  events_.erase(std::find_if(events_.begin(), events_.end(), [](const StoredEvent& stored) { return stored.unreadable; }), events_.end());
  text_.clear();
  std::vector<std::size_t> ends;
  for (const StoredEvent& stored : events_) {
    encoder_.Append(stored.event, text_);
    ends.push_back(text_.size());
  }
  std::vector<OutgoingRow> rows;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < events_.size(); ++i) {
    rows.push_back({.json = std::string_view(text_).substr(begin, ends[i] - begin), .time = TimeOf(events_[i].event.receive_time())});
    begin = ends[i];
  }
  return rows;
}

absl::Status EventRowQueue::Commit(const SendOutcome& outcome, std::string sink_state) {
  ZOOMWATCH_CHECK(outcome.settled > 0 && outcome.settled <= events_.size());
  DeliveryCommit commit{.up_to_sequence = events_[outcome.settled - 1].sequence, .sink_state = std::move(sink_state)};
  for (std::size_t i = 0; i < outcome.settled; ++i) ++commit.account_counts[events_[i].event.account_name()].delivered;
  for (const SendOutcome::Refusal& refusal : outcome.refused) {
    const StoredEvent& stored = events_.at(refusal.row);
    DeliveryCounts& counts = commit.account_counts[stored.event.account_name()];
    --counts.delivered;
    ++counts.quarantined;
    const std::string reason(NameOf(ReasonOf(refusal.status).value_or(Reason::kDeliveryRejected)));
    const std::string message(refusal.status.message());
    Log(Severity::kWarning, "row refused and put into quarantine",
        {{"event_id", stored.event.event_id()}, {"event", stored.event.event()}, {"reason", reason}, {"error", message}});
    commit.refused.push_back({.sequence = stored.sequence, .reason = reason, .message = message});
  }
  return log_.CommitDelivered(std::move(commit));
}

}  // namespace zoomwatch::detector
