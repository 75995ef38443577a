#include "services/detector/delivery/event_row_queue.h"

#include <algorithm>
#include <utility>

#include "common/log/log.h"
#include "common/status/check.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/timestamp.h"
#include "services/detector/delivery/delivery_metrics.h"

namespace zoomwatch::detector {
namespace {

// Events that are read at a time when some of them may be settled.
constexpr uint64_t kPieceEvents = 1024;

}  // namespace

EventRowQueue::EventRowQueue(EventLog& log, event_table::RowLimits limits, Metrics& metrics, RouteTable routes)
    : log_(log), encoder_(limits), routes_(std::move(routes)) {
  for (const RouteTable::Route& route : routes_.routes()) {
    routed_rows_.push_back(&metrics.Counter(kRoutedRows, {route.name}));
    routed_bytes_.push_back(&metrics.Counter(kRoutedBytes, {route.name}));
  }
}

bool EventRowQueue::WaitForRows(std::size_t count, absl::Duration timeout, const std::stop_token& stop) {
  return log_.WaitForEvents(log_.DeliveredPosition() + count, timeout, stop);
}

absl::Status EventRowQueue::ReadEvents(std::size_t max_rows, std::size_t max_bytes) {
  ZOOMWATCH_ASSIGN_OR_RETURN(events_, log_.ReadFrom(log_.DeliveredPosition() + 1, max_rows, max_bytes));
  while (!events_.empty() && events_.front().unreadable) {
    ZOOMWATCH_RETURN_IF_ERROR(log_.SetAsideUnreadable());
    ZOOMWATCH_ASSIGN_OR_RETURN(events_, log_.ReadFrom(log_.DeliveredPosition() + 1, max_rows, max_bytes));
  }
  if (events_.empty()) return absl::OkStatus();
  if (const std::vector<uint64_t> ahead = log_.SettledAhead(); !ahead.empty()) return ReadBetween(ahead, max_rows, max_bytes);
  last_read_ = events_.back().sequence;
  // Those behind an unreadable one wait until it is the oldest and set aside.
  const auto unreadable = std::find_if(events_.begin(), events_.end(), [](const StoredEvent& stored) { return stored.unreadable; });
  if (unreadable != events_.end()) last_read_ = unreadable->sequence - 1;
  events_.erase(unreadable, events_.end());
  return absl::OkStatus();
}

absl::Status EventRowQueue::ReadBetween(const std::vector<uint64_t>& ahead, std::size_t max_rows, std::size_t max_bytes) {
  events_.clear();
  last_read_ = log_.DeliveredPosition();
  const uint64_t end = last_read_ + kMaxSettledAhead;  // inclusive
  std::size_t bytes = 0;
  auto settled = ahead.begin();
  while (last_read_ < end && events_.size() < max_rows && bytes < max_bytes) {
    while (settled != ahead.end() && *settled == last_read_ + 1) {
      ++last_read_;
      ++settled;
    }
    const auto most = std::min<uint64_t>({max_rows - events_.size(), kPieceEvents, end - last_read_});
    if (most == 0) break;
    ZOOMWATCH_ASSIGN_OR_RETURN(std::vector<StoredEvent> piece, log_.ReadFrom(last_read_ + 1, most, max_bytes - bytes));
    if (piece.empty()) break;
    for (StoredEvent& stored : piece) {
      const bool is_settled = settled != ahead.end() && *settled == stored.sequence;
      if (!is_settled && stored.unreadable) return absl::OkStatus();  // waits until it is the oldest and set aside
      last_read_ = stored.sequence;
      if (is_settled) {
        ++settled;
        continue;
      }
      bytes += stored.event.ByteSizeLong();
      events_.push_back(std::move(stored));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<OutgoingRow>> EventRowQueue::Read(std::size_t max_rows, std::size_t max_bytes) {
  ZOOMWATCH_RETURN_IF_ERROR(ReadEvents(max_rows, max_bytes));
  text_.clear();
  sizes_.clear();
  std::vector<const event::v1::Event*> events;
  for (const StoredEvent& stored : events_) {
    const std::size_t begin = text_.size();
    encoder_.Append(stored.event, text_);
    sizes_.push_back(text_.size() - begin);
    events.push_back(&stored.event);
  }
  ways_ = routes_.Choose(events);
  std::vector<OutgoingRow> rows;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < events_.size(); ++i) {
    rows.push_back({.json = std::string_view(text_).substr(begin, sizes_[i]),
                    .time = TimeOf(events_[i].event.receive_time()),
                    .stream = routes_.routes()[ways_[i]].stream.value_or(OutgoingRow::kNotSent)});
    begin += sizes_[i];
  }
  return rows;
}

void EventRowQueue::Settle(std::size_t row, DeliveryCommit& commit) const {
  const RouteTable::Route& route = routes_.routes()[ways_[row]];
  DeliveryCounts& counts = commit.account_counts[events_[row].event.account_name()];
  ++(route.stream.has_value() ? counts.delivered : counts.not_sent);
  RouteCounts& taken = counts.routes[route.name];
  ++taken.rows;
  taken.bytes += static_cast<int64_t>(sizes_[row]);
}

absl::Status EventRowQueue::Commit(const SendOutcome& outcome, std::string sink_state) {
  ZOOMWATCH_CHECK(outcome.settled <= events_.size() && outcome.settled + outcome.ahead.size() > 0);
  const uint64_t up_to = outcome.settled == events_.size() ? last_read_ : events_[outcome.settled].sequence - 1;
  DeliveryCommit commit{.up_to_sequence = up_to, .sink_state = std::move(sink_state)};
  std::vector<std::size_t> settled(outcome.settled);
  for (std::size_t i = 0; i < settled.size(); ++i) settled[i] = i;
  for (const std::size_t row : outcome.ahead) {
    settled.push_back(row);
    commit.ahead.push_back(events_.at(row).sequence);
  }
  std::vector<bool> refused(events_.size(), false);
  for (const SendOutcome::Refusal& refusal : outcome.refused) {
    const StoredEvent& stored = events_.at(refusal.row);
    refused[refusal.row] = true;
    ++commit.account_counts[stored.event.account_name()].quarantined;
    const std::string reason(NameOf(ReasonOf(refusal.status).value_or(Reason::kDeliveryRejected)));
    const std::string message(refusal.status.message());
    Log(Severity::kWarning, "row refused and put into quarantine",
        {{"event_id", stored.event.event_id()}, {"event", stored.event.event()}, {"reason", reason}, {"error", message}});
    commit.refused.push_back({.sequence = stored.sequence, .reason = reason, .message = message});
  }
  std::erase_if(settled, [&](std::size_t row) { return refused[row]; });
  for (const std::size_t row : settled) Settle(row, commit);
  ZOOMWATCH_RETURN_IF_ERROR(log_.CommitDelivered(std::move(commit)));
  for (const std::size_t row : settled) {
    routed_rows_[ways_[row]]->Increment();
    routed_bytes_[ways_[row]]->Increment(static_cast<double>(sizes_[row]));
  }
  return absl::OkStatus();
}

}  // namespace zoomwatch::detector
