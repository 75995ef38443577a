// Which signed requests were accepted within the replay window. Thread-safe.
//
// A request is identified by its account and the first half of its signature: the signature covers time stamp and body, and was
// verified before, so two requests with the same one are the same bytes.
// A request is pending until its store settled. An identical one that arrives meanwhile waits for the same outcome: it must be
// answered neither 200 before the first is durable, nor be stored a second time. A request whose store failed is forgotten, so
// that Zoom's retry is taken.
// Limits: max_entries settled requests; at the limit the oldest are forgotten early, which zoomwatch_receiver_replay_evictions_total
// counts. Entries end when their time stamp alone would be refused. Pending ones are bounded by the store's own limits, and those
// that wait by the server's connections. About 60 bytes per entry.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/crypto/hmac.h"
#include "common/metrics/metrics.h"
#include "common/sync/mutex.h"

namespace zoomwatch::receiver {

struct RequestFingerprint {
  std::array<uint64_t, 2> mac;
  uint32_t account = 0;

  RequestFingerprint(uint32_t account_index, const Sha256Digest& digest) : account(account_index) {
    std::memcpy(mac.data(), digest.data(), sizeof(mac));
  }
  bool operator==(const RequestFingerprint&) const = default;
  // A verified MAC is uniformly distributed and cannot be chosen by a peer: its own bits are the best hash.
  struct Hash {
    size_t operator()(const RequestFingerprint& fingerprint) const { return fingerprint.mac[0]; }
  };
};

struct ReplayCacheOptions {
  absl::Duration max_age = absl::Minutes(90);  // of a time stamp, as in CheckTimeWindow()
  size_t max_entries = 1'000'000;
};

class ReplayCache {
 public:
  enum class Admission {
    kNew,     // the caller stores it and must call Settle()
    kKnown,   // stored before
    kPending  // being stored: `on_settled` will be called
  };
  using OnSettled = std::function<void(const absl::Status&)>;

  ReplayCache(const ReplayCacheOptions& options, Metrics& metrics);

  // `on_settled` is kept in the case kPending only, and called once, from the thread of the first request's Settle().
  Admission Admit(const RequestFingerprint& fingerprint, absl::Time now, OnSettled on_settled);

  // The outcome of the store of a kNew request: OK makes it known, anything else forgets it.
  void Settle(const RequestFingerprint& fingerprint, int64_t timestamp_seconds, const absl::Status& outcome);

 private:
  struct Entry {
    int64_t last_second;  // the last one at which the time stamp is still acceptable
    RequestFingerprint fingerprint;
  };
  void ForgetExpired(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ReplayCacheOptions options_;
  prometheus::Gauge& entries_;
  prometheus::Counter& evictions_;
  Mutex mutex_;
  absl::flat_hash_map<RequestFingerprint, std::vector<OnSettled>, RequestFingerprint::Hash> pending_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<RequestFingerprint, RequestFingerprint::Hash> known_ ABSL_GUARDED_BY(mutex_);
  std::deque<Entry> order_ ABSL_GUARDED_BY(mutex_);  // of known_, oldest first
};

}  // namespace zoomwatch::receiver
