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

}  // namespace

DeliveryWorker::DeliveryWorker(DeliveryOptions options, RowQueue& queue, RowSink& sink, const Clock& clock, Sleeper& sleeper,
                               Metrics& metrics)
    : options_(options),
      queue_(queue),
      sink_(sink),
      clock_(clock),
      sleeper_(sleeper),
      delivered_rows_(metrics.Counter(kDeliveredRows, {queue.table()})),
      refused_rows_(metrics.Counter(kRefusedRows, {queue.table()})),
      failures_(metrics.Counter(kDeliveryFailures, {queue.table()})),
      blocked_(metrics.Gauge(kDeliveryBlocked, {queue.table()})),
      lag_(metrics.Gauge(kDeliveryLag, {queue.table()})),
      backoff_(options.backoff, std::random_device{}()),
      slow_backoff_(options.slow_backoff, std::random_device{}()) {}

DeliveryWorker::~DeliveryWorker() { Stop(); }

absl::Status DeliveryWorker::Start() {
  if (absl::Status status = sink_.Open(queue_.SinkState()); !status.ok()) return status;
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
    while (!ended_ && changed_.WaitFor(mutex_, patience)) {
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
  changed_.NotifyAll();
}

void DeliveryWorker::GoFirst(const std::stop_token& stop) {
  MutexLock lock(mutex_);
  const uint64_t attempts = attempts_;
  while (!ended_ && !idle_ && !stop.stop_requested()) {
    if (attempts_ > attempts && !health_.ok()) return;
    if (attempts_ == attempts && !backoff_named_) backoff_end_.request_stop();
    changed_.WaitFor(mutex_, kPoll);
  }
}

bool DeliveryWorker::DeliverNext(const std::stop_token& stop) {
  const bool rows_wait = queue_.WaitForRows(1, kPoll, stop);
  {
    MutexLock lock(mutex_);
    idle_ = !rows_wait;
    changed_.NotifyAll();
  }
  if (!rows_wait) return true;
  if (gives_way_) options_.first->GoFirst(stop);
  if (options_.max_wait > absl::ZeroDuration()) queue_.WaitForRows(options_.max_rows, options_.max_wait, stop);
  // Read anew for each attempt, so that an attempt after a failure has what came meanwhile.
  const auto rows = queue_.Read(options_.max_rows, options_.max_bytes);
  SendOutcome outcome;
  if (rows.ok()) {
    if (rows->empty()) return true;
    outcome = sink_.Send(*rows, stop);
    if (const absl::Status status = Commit(*rows, outcome); !status.ok()) {
      // The store refuses everything until it is opened anew, and the sink forgets what was not committed when it is.
      Log(Severity::kError, "delivery cannot be committed", {{"table", queue_.table()}, {"error", status}});
      MutexLock lock(mutex_);
      health_ = status;
      return false;
    }
  } else {
    outcome.next = SendOutcome::Next::kRetry;
    outcome.status = rows.status();
  }
  if (outcome.next != SendOutcome::Next::kGoOn && stop.stop_requested()) return false;
  Observe(outcome);
  return outcome.next == SendOutcome::Next::kGoOn || BackOff(outcome, stop);
}

bool DeliveryWorker::BackOff(const SendOutcome& outcome, const std::stop_token& stop) {
  std::stop_source end;
  {
    MutexLock lock(mutex_);
    backoff_end_ = end;
    backoff_named_ = outcome.retry_after > absl::ZeroDuration();
  }
  const std::stop_callback ends_with_all(stop, [&end] { end.request_stop(); });
  sleeper_.Sleep(DelayAfter(outcome), end.get_token());
  return !stop.stop_requested();
}

absl::Status DeliveryWorker::Commit(const std::vector<OutgoingRow>& rows, const SendOutcome& outcome) {
  const size_t settled = outcome.settled + outcome.ahead.size();
  if (settled == 0) return absl::OkStatus();
  ZOOMWATCH_CHECK(settled <= rows.size());
  if (absl::Status status = queue_.Commit(outcome, sink_.State()); !status.ok()) return status;
  const auto not_sent = [&](size_t row) { return rows[row].stream == OutgoingRow::kNotSent; };
  size_t delivered = settled - outcome.refused.size();
  for (size_t row = 0; row < outcome.settled; ++row) delivered -= not_sent(row) ? 1 : 0;
  for (const size_t row : outcome.ahead) delivered -= not_sent(row) ? 1 : 0;
  delivered_rows_.Increment(static_cast<double>(delivered));
  refused_rows_.Increment(static_cast<double>(outcome.refused.size()));
  if (outcome.settled > 0) lag_.Set(absl::ToDoubleSeconds(clock_.Now() - rows[outcome.settled - 1].time));
  // What is settled without the other side says nothing about it.
  if (delivered + outcome.refused.size() == 0) return absl::OkStatus();
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
    ++attempts_;
    changed_.NotifyAll();
  }
  gives_way_ = options_.first != nullptr && (outcome.next != Next::kGoOn || last_next_ != Next::kGoOn);
  if (outcome.next != Next::kGoOn) failures_.Increment();
  blocked_.Set(outcome.next == Next::kWait ? 1 : 0);
  const std::optional<Reason> reason = ReasonOf(outcome.status);
  if (outcome.next == last_next_ && reason == last_reason_) return;
  switch (outcome.next) {
    case Next::kGoOn:
      Log(Severity::kInfo, "delivery works again", {{"table", queue_.table()}});
      break;
    case Next::kRetry:
      Log(Severity::kWarning, "delivery fails for now; rows are kept and sent again", {{"table", queue_.table()}, {"error", outcome.status}});
      break;
    case Next::kWait:
      Log(Severity::kError, "delivery stands still until somebody acts; rows are kept and tried slowly",
          {{"table", queue_.table()}, {"error", outcome.status}});
      break;
  }
  last_next_ = outcome.next;
  last_reason_ = reason;
}

}  // namespace zoomwatch::detector
