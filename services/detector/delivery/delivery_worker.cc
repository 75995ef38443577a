#include "services/detector/delivery/delivery_worker.h"

#include <algorithm>
#include <random>
#include <utility>

#include "common/log/log.h"
#include "common/status/check.h"
#include "services/detector/delivery/delivery_metrics.h"

namespace zoomwatch::detector {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(200);

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace

DeliveryWorker::DeliveryWorker(DeliveryOptions options, EventLog& log, RowSink& sink, const Clock& clock,
                               Sleeper& sleeper, Metrics& metrics)
    : options_(options),
      log_(log),
      sink_(sink),
      clock_(clock),
      sleeper_(sleeper),
      delivered_rows_(metrics.Counter(kDeliveredRows)),
      refused_rows_(metrics.Counter(kRefusedRows)),
      failures_(metrics.Counter(kDeliveryFailures)),
      blocked_(metrics.Gauge(kDeliveryBlocked)),
      lag_(metrics.Gauge(kDeliveryLag)),
      encoder_(options.row_limits),
      backoff_(options.backoff, std::random_device{}()),
      slow_backoff_(options.slow_backoff, std::random_device{}()) {}

DeliveryWorker::~DeliveryWorker() { Stop(); }

absl::Status DeliveryWorker::Start() {
  if (absl::Status status = sink_.Open(log_.SinkState()); !status.ok()) return status;
  {
    MutexLock lock(mutex_);
    ended_ = false;
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  return absl::OkStatus();
}

void DeliveryWorker::Stop(absl::Duration patience) {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  bool ended = false;
  {
    MutexLock lock(mutex_);
    while (!ended_ && ended_changed_.WaitFor(mutex_, patience)) {
    }
    ended = ended_;
  }
  if (!ended) sink_.Cancel();
  thread_.join();
}

absl::Status DeliveryWorker::health() const {
  MutexLock lock(mutex_);
  return health_;
}

void DeliveryWorker::Run(const std::stop_token& stop) {
  while (!stop.stop_requested() && DeliverNext(stop)) {
  }
  MutexLock lock(mutex_);
  ended_ = true;
  ended_changed_.NotifyAll();
}

bool DeliveryWorker::DeliverNext(const std::stop_token& stop) {
  const uint64_t next = log_.DeliveredPosition() + 1;
  if (!log_.WaitForEvents(next, kPoll, stop)) return true;
  if (options_.max_wait > absl::ZeroDuration())
    log_.WaitForEvents(next + options_.max_rows - 1, options_.max_wait, stop);
  // Read anew for each attempt, so that an attempt after a failure has what came meanwhile.
  const auto events = log_.ReadFrom(next, options_.max_rows, options_.max_bytes);
  SendOutcome outcome;
  if (events.ok()) {
    if (events->empty()) return true;
    Encode(*events);
    outcome = sink_.Send(rows_, stop);
    if (const absl::Status status = Commit(*events, outcome); !status.ok()) {
      // The store refuses everything until it is opened anew, and the sink forgets what was not committed when it is.
      Log(Severity::kError, "delivery cannot be committed", {{"error", status}});
      MutexLock lock(mutex_);
      health_ = status;
      return false;
    }
  } else {
    outcome.next = SendOutcome::Next::kRetry;
    outcome.status = events.status();
  }
  if (outcome.next != SendOutcome::Next::kGoOn && stop.stop_requested()) return false;
  Observe(outcome);
  return outcome.next == SendOutcome::Next::kGoOn || sleeper_.Sleep(DelayAfter(outcome), stop);
}

void DeliveryWorker::Encode(const std::vector<StoredEvent>& events) {
  text_.clear();
  rows_.clear();
  std::vector<size_t> ends;
  for (const StoredEvent& stored : events) {
    encoder_.Append(stored.event, text_);
    ends.push_back(text_.size());
  }
  size_t begin = 0;
  for (size_t i = 0; i < events.size(); ++i) {
    rows_.push_back({.json = std::string_view(text_).substr(begin, ends[i] - begin),
                     .time = TimeOf(events[i].event.receive_time())});
    begin = ends[i];
  }
}

absl::Status DeliveryWorker::Commit(const std::vector<StoredEvent>& events, const SendOutcome& outcome) {
  if (outcome.settled == 0) return absl::OkStatus();
  ZOOMWATCH_CHECK(outcome.settled <= events.size());
  const StoredEvent& last = events[outcome.settled - 1];
  DeliveryCommit commit{.up_to_sequence = last.sequence, .sink_state = sink_.State()};
  for (size_t i = 0; i < outcome.settled; ++i) ++commit.account_counts[events[i].event.account_name()].delivered;
  for (const SendOutcome::Refusal& refusal : outcome.refused) {
    const StoredEvent& stored = events.at(refusal.row);
    DeliveryCounts& counts = commit.account_counts[stored.event.account_name()];
    --counts.delivered;
    ++counts.quarantined;
    const std::string reason(NameOf(ReasonOf(refusal.status).value_or(Reason::kDeliveryRejected)));
    const std::string message(refusal.status.message());
    Log(Severity::kWarning, "row refused and put into quarantine",
        {{"event_id", stored.event.event_id()},
         {"event", stored.event.event()},
         {"reason", reason},
         {"error", message}});
    commit.refused.push_back({.sequence = stored.sequence, .reason = reason, .message = message});
  }
  const size_t refused = outcome.refused.size();
  if (absl::Status status = log_.CommitDelivered(std::move(commit)); !status.ok()) return status;
  delivered_rows_.Increment(static_cast<double>(outcome.settled - refused));
  refused_rows_.Increment(static_cast<double>(refused));
  lag_.Set(absl::ToDoubleSeconds(clock_.Now() - TimeOf(last.event.receive_time())));
  backoff_.Reset();
  slow_backoff_.Reset();
  return absl::OkStatus();
}

absl::Duration DeliveryWorker::DelayAfter(const SendOutcome& outcome) {
  const absl::Duration delay = outcome.next == SendOutcome::Next::kWait ? slow_backoff_.Next() : backoff_.Next();
  return std::max(delay, std::min(outcome.retry_after, options_.longest_retry_after));
}

void DeliveryWorker::Observe(const SendOutcome& outcome) {
  using Next = SendOutcome::Next;
  {
    MutexLock lock(mutex_);
    health_ = outcome.status;
  }
  if (outcome.next != Next::kGoOn) failures_.Increment();
  blocked_.Set(outcome.next == Next::kWait ? 1 : 0);
  const std::optional<Reason> reason = ReasonOf(outcome.status);
  if (outcome.next == last_next_ && reason == last_reason_) return;
  switch (outcome.next) {
    case Next::kGoOn:
      Log(Severity::kInfo, "delivery works again");
      break;
    case Next::kRetry:
      Log(Severity::kWarning, "delivery fails for now; rows are kept and sent again", {{"error", outcome.status}});
      break;
    case Next::kWait:
      Log(Severity::kError, "delivery stands still until somebody acts; rows are kept and tried slowly",
          {{"error", outcome.status}});
      break;
  }
  last_next_ = outcome.next;
  last_reason_ = reason;
}

}  // namespace zoomwatch::detector
