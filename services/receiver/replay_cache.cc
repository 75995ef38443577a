#include "services/receiver/replay_cache.h"

#include <algorithm>

#include "common/status/check.h"
#include "services/receiver/metrics.h"

namespace zoomwatch::receiver {
namespace {

// A table that grows under load stalls all threads while it is copied.
constexpr size_t kMaxReserve = 1 << 20;

}  // namespace

ReplayCache::ReplayCache(const ReplayCacheOptions& options, Metrics& metrics)
    : options_(options), entries_(metrics.Gauge(kReplayEntries)), evictions_(metrics.Counter(kReplayEvictions)) {
  MutexLock lock(mutex_);
  known_.reserve(std::min(options.max_entries, kMaxReserve));
}

ReplayCache::Admission ReplayCache::Admit(const RequestFingerprint& fingerprint, absl::Time now, OnSettled on_settled) {
  MutexLock lock(mutex_);
  ForgetExpired(now);
  if (known_.contains(fingerprint)) return Admission::kKnown;
  const auto [entry, is_new] = pending_.try_emplace(fingerprint);
  if (is_new) return Admission::kNew;
  entry->second.push_back(std::move(on_settled));
  return Admission::kPending;
}

void ReplayCache::Settle(const RequestFingerprint& fingerprint, int64_t timestamp_seconds, const absl::Status& outcome) {
  std::vector<OnSettled> waiting;
  {
    MutexLock lock(mutex_);
    const auto found = pending_.find(fingerprint);
    ZOOMWATCH_CHECK(found != pending_.end());
    waiting = std::move(found->second);
    pending_.erase(found);
    if (outcome.ok()) {
      if (order_.size() >= options_.max_entries) {
        known_.erase(order_.front().fingerprint);
        order_.pop_front();
        evictions_.Increment();
      }
      known_.insert(fingerprint);
      order_.push_back({timestamp_seconds + absl::ToInt64Seconds(options_.max_age), fingerprint});
    }
    entries_.Set(static_cast<double>(order_.size()));
  }
  for (const OnSettled& on_settled : waiting) on_settled(outcome);
}

// From the oldest on, so an entry with a time stamp ahead holds back those behind it, by max_ahead at most.
void ReplayCache::ForgetExpired(absl::Time now) {
  const int64_t second = absl::ToUnixSeconds(now);
  while (!order_.empty() && order_.front().last_second < second) {
    known_.erase(order_.front().fingerprint);
    order_.pop_front();
  }
}

}  // namespace zoomwatch::receiver
