#include "services/detector/delivery/logs_ingestion_sink.h"

#include <algorithm>
#include <utility>

#include "common/status/reasons.h"

namespace zoomwatch::detector {

struct LogsIngestionSink::Attempt {
  const std::vector<OutgoingRow>& rows;
  const std::stop_token& stop;
  SendOutcome outcome;  // `settled` is how far the attempt came
  size_t suspects = 0;  // the last ones of outcome.refused: after them nothing was stored
};

LogsIngestionSink::LogsIngestionSink(Options options, LogsIngestionClient& client, const Clock& clock)
    : options_(std::move(options)), client_(client), clock_(clock) {}

absl::Status LogsIngestionSink::Open(const std::string&) {
  return absl::OkStatus();  // what was not committed is sent again; there is nothing to take back
}

SendOutcome LogsIngestionSink::Send(const std::vector<OutgoingRow>& rows, const std::stop_token& stop) {
  Attempt attempt{.rows = rows, .stop = stop, .outcome = {}};
  SendOutcome& outcome = attempt.outcome;
  for (size_t begin = 0; begin < rows.size();) {
    const size_t end = EndOfCall(rows, begin);
    if (!Deliver(attempt, begin, end)) break;
    begin = end;
  }
  if (attempt.suspects == 0 || TakesRows(attempt)) {
    given_up_ += attempt.suspects;
    return std::move(outcome);
  }
  const size_t first = outcome.refused.size() - attempt.suspects;
  outcome.settled = outcome.refused[first].row;
  if (outcome.next == SendOutcome::Next::kGoOn) {
    outcome.next = SendOutcome::Next::kWait;
    outcome.status = Error(Reason::kDeliveryAllRefused, std::string(outcome.refused[first].status.message()));
  }
  outcome.refused.resize(first);
  return std::move(outcome);
}

size_t LogsIngestionSink::EndOfCall(const std::vector<OutgoingRow>& rows, size_t begin) const {
  absl::Time earliest = rows[begin].time;
  absl::Time latest = earliest;
  size_t bytes = rows[begin].json.size() + 2;  // "[" and "]"
  size_t end = begin + 1;
  for (; end < rows.size(); ++end) {
    earliest = std::min(earliest, rows[end].time);
    latest = std::max(latest, rows[end].time);
    bytes += 1 + rows[end].json.size();  // ","
    if (bytes > options_.max_body_bytes || latest - earliest > options_.max_span) break;
  }
  return end;
}

bool LogsIngestionSink::Deliver(Attempt& attempt, size_t begin, size_t end) {
  SendOutcome& outcome = attempt.outcome;
  CallResult result = Call(attempt, begin, end);
  switch (result.kind) {
    case CallResult::Kind::kStored:
      last_stored_ = clock_.Monotonic();
      given_up_ = 0;
      attempt.suspects = 0;
      outcome.settled = end;
      return true;
    case CallResult::Kind::kRefused:
      break;
    case CallResult::Kind::kRetry:
    case CallResult::Kind::kWait:
      outcome.next = result.kind == CallResult::Kind::kRetry ? SendOutcome::Next::kRetry : SendOutcome::Next::kWait;
      outcome.status = std::move(result.status);
      outcome.retry_after = result.retry_after;
      return false;
  }
  if (end - begin > 1) {
    const size_t middle = begin + (end - begin) / 2;
    return Deliver(attempt, begin, middle) && Deliver(attempt, middle, end);
  }
  outcome.refused.push_back({.row = begin, .status = std::move(result.status)});
  ++attempt.suspects;
  outcome.settled = end;
  return given_up_ + attempt.suspects < options_.max_suspects;
}

CallResult LogsIngestionSink::Call(const Attempt& attempt, size_t begin, size_t end) {
  if (attempt.stop.stop_requested()) {
    return {.kind = CallResult::Kind::kRetry, .status = Error(Reason::kShuttingDown, "delivery ended by a stop")};
  }
  body_.clear();
  for (size_t row = begin; row < end; ++row) {
    body_ += row == begin ? '[' : ',';
    body_ += attempt.rows[row].json;
  }
  body_ += ']';
  const std::optional<std::string_view> compressed = gzip_.Compress(body_);
  return client_.Post(
      options_.stream,
      {.bytes = compressed.value_or(body_), .gzip = compressed.has_value(), .plain_bytes = body_.size(), .urgent = options_.urgent},
      attempt.stop, cancel_.get_token());
}

bool LogsIngestionSink::TakesRows(const Attempt& attempt) const {
  return last_stored_.has_value() && clock_.Monotonic() - *last_stored_ <= options_.proof_horizon &&
         given_up_ + attempt.suspects < options_.max_suspects;
}

}  // namespace zoomwatch::detector
