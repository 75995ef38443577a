#include "services/detector/delivery/delivery_worker.h"

#include <random>
#include <utility>

#include "common/log/log.h"
#include "common/status/reasons.h"
#include "services/detector/delivery/delivery_metrics.h"

namespace zoomwatch::detector {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(200);

}  // namespace

DeliveryWorker::DeliveryWorker(DeliveryOptions options, EventLog& log, RowSink& sink, const Clock& clock, Sleeper& sleeper,
                               Metrics& metrics)
    : options_(options),
      log_(log),
      sink_(sink),
      clock_(clock),
      sleeper_(sleeper),
      rows_(metrics.Counter(kDeliveredRows)),
      failures_(metrics.Counter(kDeliveryFailures)),
      lag_(metrics.Gauge(kDeliveryLag)),
      backoff_(options.backoff, std::random_device{}()) {}

DeliveryWorker::~DeliveryWorker() { Stop(); }

absl::Status DeliveryWorker::Start() {
  if (absl::Status status = sink_.Open(log_.SinkState()); !status.ok()) return status;
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  return absl::OkStatus();
}

void DeliveryWorker::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

absl::Status DeliveryWorker::health() const {
  MutexLock lock(mutex_);
  return health_;
}

void DeliveryWorker::SetHealth(const absl::Status& status) {
  MutexLock lock(mutex_);
  health_ = status;
}

void DeliveryWorker::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const uint64_t next = log_.DeliveredPosition() + 1;
    if (!log_.WaitForEvents(next, kPoll, stop)) continue;
    const auto events = log_.ReadFrom(next, options_.max_rows, options_.max_bytes);
    if (!events.ok()) {
      Log(Severity::kError, "events cannot be read for delivery", {{"error", events.status()}});
      SetHealth(events.status());
      sleeper_.Sleep(backoff_.Next(), stop);
      continue;
    }
    if (!events->empty() && !Deliver(*events, stop)) return;
  }
}

bool DeliveryWorker::Deliver(const std::vector<StoredEvent>& events, const std::stop_token& stop) {
  std::string text;
  std::vector<size_t> ends;
  DeliveryCommit commit{.up_to_sequence = events.back().sequence};
  for (const StoredEvent& stored : events) {
    encoder_.Append(stored.event, text);
    ends.push_back(text.size());
    ++commit.account_counts[stored.event.account_name()].delivered;
  }
  std::vector<std::string_view> rows;
  size_t begin = 0;
  for (const size_t end : ends) {
    rows.push_back(std::string_view(text).substr(begin, end - begin));
    begin = end;
  }
  while (true) {
    absl::Status status = sink_.Send(rows);
    if (status.ok()) {
      commit.sink_state = sink_.State();
      status = log_.CommitDelivered(commit);
      SetHealth(status);
      if (status.ok()) break;
      // The store refuses everything until it is opened anew, and the sink forgets what was not committed when it is.
      Log(Severity::kError, "delivery cannot be committed", {{"error", status}});
      return false;
    }
    failures_.Increment();
    SetHealth(status);
    Log(Severity::kWarning, "rows not delivered, they will be sent again", {{"rows", rows.size()}, {"error", status}});
    if (!sleeper_.Sleep(backoff_.Next(), stop)) return false;
  }
  backoff_.Reset();
  rows_.Increment(static_cast<double>(rows.size()));
  const auto& newest = events.back().event.receive_time();
  lag_.Set(absl::ToDoubleSeconds(clock_.Now() - absl::FromUnixSeconds(newest.seconds()) - absl::Nanoseconds(newest.nanos())));
  return true;
}

}  // namespace zoomwatch::detector
