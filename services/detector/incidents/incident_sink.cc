#include "services/detector/incidents/incident_sink.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "common/status/reasons.h"
#include "services/detector/incidents/incident_metrics.h"

namespace zoomwatch::detector {

using Next = SendOutcome::Next;

IncidentSink::IncidentSink(Options options, IncidentClient& client, const Clock& clock, Metrics& metrics)
    : options_(options), client_(client), metrics_(metrics), budget_(options.max_per_hour, clock) {}

absl::Status IncidentSink::Open(const std::string& state) {
  if (state.empty()) return absl::OkStatus();
  const char* const end = state.data() + state.size();
  const auto [rest, error] = std::from_chars(state.data(), end, refused_in_row_);
  if (error != std::errc() || !budget_.Load(std::string_view(rest, static_cast<std::size_t>(end - rest)))) {
    return Error(Reason::kStorageCorrupt, "alert store: the state of incidents cannot be read");
  }
  return absl::OkStatus();
}

std::string IncidentSink::State() const { return fmt::format("{} {}", refused_in_row_, budget_.Save()); }

SendOutcome IncidentSink::Send(const std::vector<OutgoingRow>& rows, const std::stop_token& stop) {
  SendOutcome outcome;
  for (const OutgoingRow& row : rows) {
    if (!SendNext(row, stop, outcome)) break;
  }
  return outcome;
}

bool IncidentSink::SendNext(const OutgoingRow& row, const std::stop_token& stop, SendOutcome& outcome) {
  const auto end_with = [&outcome](Next next, absl::Status status, absl::Duration retry_after) {
    outcome.next = next;
    outcome.status = std::move(status);
    outcome.retry_after = retry_after;
    return false;
  };
  if (stop.stop_requested()) return end_with(Next::kRetry, Error(Reason::kShuttingDown, "delivery ended by a stop"), {});
  if (const absl::Duration wait = budget_.Wait(); wait > absl::ZeroDuration()) {
    metrics_.Counter(kIncidentLimitWaits).Increment();
    return end_with(Next::kRetry,
                    Error(Reason::kIncidentLimitReached,
                          fmt::format("{} incidents were made in the last hour, which is max_per_hour; the next one in {} s",
                                      options_.max_per_hour, absl::ToInt64Seconds(absl::Ceil(wait, absl::Seconds(1))))),
                    wait);
  }
  IncidentResult result = client_.Create(row.name, row.json, stop, cancel_.get_token());
  switch (result.kind) {
    case IncidentResult::Kind::kCreated:
      budget_.Take();
      refused_in_row_ = 0;
      metrics_.Counter(kIncidents, {"created"}).Increment();
      break;
    case IncidentResult::Kind::kExisting:
      metrics_.Counter(kIncidents, {"existing"}).Increment();
      break;
    case IncidentResult::Kind::kRefused:
      if (refused_in_row_ >= options_.max_refused_in_row) {
        return end_with(Next::kWait, Error(Reason::kDeliveryAllRefused, std::string(result.status.message())), {});
      }
      ++refused_in_row_;
      metrics_.Counter(kIncidents, {"refused"}).Increment();
      outcome.refused.push_back({.row = outcome.settled, .status = std::move(result.status)});
      break;
    case IncidentResult::Kind::kRetry: return end_with(Next::kRetry, std::move(result.status), result.retry_after);
    case IncidentResult::Kind::kWait: return end_with(Next::kWait, std::move(result.status), result.retry_after);
  }
  ++outcome.settled;
  return true;
}

}  // namespace zoomwatch::detector
