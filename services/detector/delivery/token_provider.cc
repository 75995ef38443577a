#include "services/detector/delivery/token_provider.h"

#include <algorithm>
#include <utility>

#include "common/log/log.h"
#include "common/status/reasons.h"
#include "services/detector/delivery/delivery_metrics.h"

namespace zoomwatch::detector {
namespace {

// How often a thread that waits for another's request looks whether it must stop.
constexpr absl::Duration kPoll = absl::Milliseconds(100);

}  // namespace

TokenProvider::TokenProvider(std::unique_ptr<CredentialSource> source, const Clock& clock, Metrics& metrics)
    : source_(std::move(source)),
      clock_(clock),
      issued_(metrics.Counter(kTokenRequests, {"issued"})),
      failed_(metrics.Counter(kTokenRequests, {"failed"})) {}

TokenProvider::Result TokenProvider::Get(const std::stop_token& stop) {
  MutexLock lock(mutex_);
  while (renewing_) {
    if (token_ != nullptr && clock_.Monotonic() < expires_at_) return {.token = token_};
    if (stop.stop_requested()) return {.status = Error(Reason::kShuttingDown, "token request ended by a stop")};
    renewed_.WaitFor(mutex_, kPoll);
  }
  if (token_ != nullptr && clock_.Monotonic() < renew_at_) return {.token = token_};
  TokenAnswer answer = Renew(stop);
  if (answer.status.ok()) return {.token = token_};
  if (token_ != nullptr && clock_.Monotonic() < expires_at_) {
    renew_at_ = clock_.Monotonic() + kRenewAgain;
    Log(Severity::kWarning, "token not renewed, the old one serves on", {{"error", answer.status}});
    return {.token = token_};
  }
  return {.status = std::move(answer.status), .retry_after = answer.retry_after};
}

TokenAnswer TokenProvider::Renew(const std::stop_token& stop) {
  renewing_ = true;
  const absl::Duration begin = clock_.Monotonic();
  mutex_.Unlock();
  TokenAnswer answer = source_->RequestToken(stop);
  mutex_.Lock();
  renewing_ = false;
  renewed_.NotifyAll();
  (answer.status.ok() ? issued_ : failed_).Increment();
  if (answer.status.ok()) {
    token_ = std::make_shared<const Secret>(std::move(answer.token));
    expires_at_ = begin + answer.lifetime;
    renew_at_ = expires_at_ - std::min(kRenewBefore, answer.lifetime / 2);
  }
  return answer;
}

void TokenProvider::Reject(const Token& token) {
  MutexLock lock(mutex_);
  if (token_ == token) token_ = nullptr;
}

}  // namespace zoomwatch::detector
