#include "services/receiver/forwarder.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "common/log/log.h"
#include "common/status/reasons.h"
#include "services/receiver/forwarder_metrics.h"

namespace zoomwatch::receiver {
namespace {

// How long the reading thread waits at most before it looks for a stop or a batch that is due again.
constexpr absl::Duration kPoll = absl::Milliseconds(100);

// Codes that pass by themselves; after any other a person has to change something, so the longest delay applies.
bool IsTransient(absl::StatusCode code) {
  return code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kDeadlineExceeded ||
         code == absl::StatusCode::kResourceExhausted || code == absl::StatusCode::kAborted ||
         code == absl::StatusCode::kInternal || code == absl::StatusCode::kCancelled || code == absl::StatusCode::kUnknown;
}

}  // namespace

Forwarder::Forwarder(ForwarderOptions options, Spool& spool, Sink& sink, const Clock& clock, Metrics& metrics)
    : options_(options),
      spool_(spool),
      sink_(sink),
      clock_(clock),
      sent_webhooks_(metrics.Counter(kForwarded)),
      failed_batches_(metrics.Counter(kForwardFailures)),
      in_flight_gauge_(metrics.Gauge(kForwardInFlight)),
      backoff_(options.backoff, std::random_device{}()) {}

Forwarder::~Forwarder() { Stop(absl::InfinitePast()); }

void Forwarder::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void Forwarder::Stop(absl::Time deadline) {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  MutexLock lock(mutex_);
  while (in_flight_ > 0 && clock_.Now() < deadline) changed_.WaitFor(mutex_, kPoll);
}

absl::Status Forwarder::health() const {
  MutexLock lock(mutex_);
  return waiting_.empty() ? absl::OkStatus() : health_;
}

void Forwarder::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (const std::shared_ptr<Sending> sending = Next(stop)) Send(sending);
  }
}

std::shared_ptr<Forwarder::Sending> Forwarder::Next(const std::stop_token& stop) {
  {
    MutexLock lock(mutex_);
    if (in_flight_ >= options_.max_in_flight) {
      changed_.WaitFor(mutex_, kPoll);
      return nullptr;
    }
    if (!waiting_.empty()) {
      const absl::Duration left = waiting_.front()->due - clock_.Monotonic();
      if (left > absl::ZeroDuration()) {
        changed_.WaitFor(mutex_, std::min(left, kPoll));
        return nullptr;
      }
      std::shared_ptr<Sending> sending = waiting_.front();
      waiting_.pop_front();
      return sending;
    }
  }
  auto batch = spool_.ReadBatch(options_.max_items, options_.max_bytes, kPoll, stop);
  if (!batch.ok()) {
    Log(Severity::kError, "spool cannot be read", {{"error", batch.status()}});
    MutexLock lock(mutex_);
    health_ = batch.status();
    changed_.WaitFor(mutex_, options_.backoff.longest);
    return nullptr;
  }
  if (batch->webhooks.empty()) return nullptr;
  std::string id = fmt::format("{}-{}", spool_.id(), batch->first_position);
  return std::make_shared<Sending>(Sending{.batch = *std::move(batch), .id = std::move(id), .due = {}});
}

void Forwarder::Send(const std::shared_ptr<Sending>& sending) {
  {
    MutexLock lock(mutex_);
    ++in_flight_;
    in_flight_gauge_.Set(in_flight_);
  }
  sink_.Send(sending->id, sending->batch.webhooks,
             [this, sending](const absl::StatusOr<BatchResult>& result) { OnDone(sending, result); });
}

void Forwarder::OnDone(const std::shared_ptr<Sending>& sending, const absl::StatusOr<BatchResult>& result) {
  if (result.ok()) {
    spool_.Acknowledge(sending->batch, result->rejected);
    sent_webhooks_.Increment(static_cast<double>(sending->batch.webhooks.size() - result->rejected.size()));
  } else {
    failed_batches_.Increment();
    Log(Severity::kWarning, "batch not forwarded, it will be sent again",
        {{"batch", sending->id}, {"webhooks", sending->batch.webhooks.size()}, {"error", result.status()}});
  }
  MutexLock lock(mutex_);
  --in_flight_;
  in_flight_gauge_.Set(in_flight_);
  if (result.ok()) {
    backoff_.Reset();
  } else {
    health_ = result.status();
    const absl::Duration delay = IsTransient(result.status().code()) ? backoff_.Next() : options_.backoff.longest;
    sending->due = clock_.Monotonic() + delay;
    // Batches on the way may fail in any order; the oldest goes first again.
    const auto place = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& other) {
      return other->batch.first_position > sending->batch.first_position;
    });
    waiting_.insert(place, sending);
  }
  changed_.NotifyAll();
}

}  // namespace zoomwatch::receiver
