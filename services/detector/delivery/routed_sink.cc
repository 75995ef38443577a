#include "services/detector/delivery/routed_sink.h"

#include <algorithm>
#include <utility>

#include "common/status/check.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch::detector {
namespace {

using Next = SendOutcome::Next;

// What became of each row.
class Tally {
 public:
  explicit Tally(size_t rows) : settled_(rows, false) {}

  void Settle(size_t row) { settled_[row] = true; }
  // Takes over the outcome of a sink that was given these rows.
  void Add(const std::vector<size_t>& rows, SendOutcome outcome) {
    ZOOMWATCH_CHECK(outcome.settled <= rows.size() && outcome.ahead.empty());
    for (size_t i = 0; i < outcome.settled; ++i) Settle(rows[i]);
    for (SendOutcome::Refusal& refusal : outcome.refused) {
      refused_.push_back({.row = rows[refusal.row], .status = std::move(refusal.status)});
    }
    if (outcome.next == Next::kGoOn) return;
    outcome.refused.clear();
    failures_.push_back({.row = rows[outcome.settled], .outcome = std::move(outcome)});
  }

  SendOutcome Result() && {
    SendOutcome result;
    const auto first = std::find(settled_.begin(), settled_.end(), false);
    result.settled = static_cast<size_t>(first - settled_.begin());
    for (size_t row = result.settled; row < settled_.size(); ++row) {
      if (settled_[row]) result.ahead.push_back(row);
    }
    std::sort(refused_.begin(), refused_.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
    result.refused = std::move(refused_);
    if (failures_.empty()) return result;
    const auto oldest =
        std::min_element(failures_.begin(), failures_.end(), [](const Failure& a, const Failure& b) { return a.row < b.row; });
    result.next = oldest->outcome.next;
    result.status = oldest->outcome.status;
    for (const Failure& failure : failures_) result.retry_after = std::max(result.retry_after, failure.outcome.retry_after);
    return result;
  }

 private:
  struct Failure {
    size_t row = 0;  // the first that is not settled
    SendOutcome outcome;
  };
  std::vector<bool> settled_;
  std::vector<SendOutcome::Refusal> refused_;
  std::vector<Failure> failures_;
};

}  // namespace

absl::Status RoutedSink::Open(const std::string& state) {
  for (const auto& sink : sinks_) ZOOMWATCH_RETURN_IF_ERROR(sink->Open(state));
  return absl::OkStatus();
}

SendOutcome RoutedSink::Send(const std::vector<OutgoingRow>& rows, const std::stop_token& stop) {
  Tally tally(rows.size());
  std::vector<std::vector<size_t>> by_stream(sinks_.size());
  std::vector<size_t> order;  // streams, by their first row
  for (size_t row = 0; row < rows.size(); ++row) {
    const size_t stream = rows[row].stream;
    if (stream == OutgoingRow::kNotSent) {
      tally.Settle(row);
      continue;
    }
    ZOOMWATCH_CHECK(stream < sinks_.size());
    if (by_stream[stream].empty()) order.push_back(stream);
    by_stream[stream].push_back(row);
  }
  for (const size_t stream : order) {
    std::vector<OutgoingRow> own;
    for (const size_t row : by_stream[stream]) own.push_back(rows[row]);
    SendOutcome outcome = sinks_[stream]->Send(own, stop);
    const bool of_all = outcome.next != Next::kGoOn && ReasonOf(outcome.status) != Reason::kDeliveryAllRefused;
    tally.Add(by_stream[stream], std::move(outcome));
    if (of_all) break;
  }
  return std::move(tally).Result();
}

void RoutedSink::Cancel() {
  for (const auto& sink : sinks_) sink->Cancel();
}

}  // namespace zoomwatch::detector
