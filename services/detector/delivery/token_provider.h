// Bearer tokens for calls of Azure, kept until shortly before they expire.
//
// Threading: thread-safe. At most one request to the identity provider is under way; while the old token is good, the
// others go on with it, otherwise they wait. Ownership: the clock outlives the provider. A token is renewed
// kRenewBefore before its end (half of its life when that is shorter). When that fails, the old one serves on until its
// end, and a new attempt is made every kRenewAgain. Times are monotonic, so a clock that is wrong or set does no harm.
#pragma once

#include <memory>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/crypto/secret.h"
#include "common/metrics/metrics.h"
#include "common/sync/mutex.h"
#include "common/time/clock.h"
#include "services/detector/delivery/credential_source.h"

namespace zoomwatch::detector {

class TokenProvider {
 public:
  static constexpr absl::Duration kRenewBefore = absl::Minutes(5);
  static constexpr absl::Duration kRenewAgain = absl::Seconds(30);

  using Token = std::shared_ptr<const Secret>;
  struct Result {
    absl::Status status;         // as TokenAnswer::status, or SHUTTING_DOWN
    Token token;                 // set when the status is OK
    absl::Duration retry_after;  // as TokenAnswer::retry_after
  };

  TokenProvider(std::unique_ptr<CredentialSource> source, const Clock& clock, Metrics& metrics);

  // A token that was not rejected and has not expired. Blocks while one has to be requested.
  Result Get(const std::stop_token& stop);

  // A server refused this token (401): the next Get() requests another, unless that has happened already.
  void Reject(const Token& token);

 private:
  // Requests a token with the lock released.
  TokenAnswer Renew(const std::stop_token& stop) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unique_ptr<CredentialSource> source_;
  const Clock& clock_;
  prometheus::Counter& issued_;
  prometheus::Counter& failed_;
  Mutex mutex_;
  CondVar renewed_;
  bool renewing_ ABSL_GUARDED_BY(mutex_) = false;
  Token token_ ABSL_GUARDED_BY(mutex_);  // null: none, or rejected
  absl::Duration renew_at_ ABSL_GUARDED_BY(mutex_);
  absl::Duration expires_at_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace zoomwatch::detector
