// Zoom's challenge endpoint.url_validation: the proof that we know the secret token. Thread-safe.
//
// The answer is a MAC under the key that also signs events, without any separation of the two: whoever gets plainToken =
// "v0:<time>:{event}" answered holds a signed event. So a challenge is answered only when the request itself is signed, and only
// for tokens of an alphabet without ":" (Zoom's are 22 characters of Base64url).
// Source: Zoom "Validate your webhook endpoint". Zoom repeats the challenge every 72 hours and stops delivery after six failures.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/hmac.h"
#include "common/metrics/metrics.h"
#include "common/sync/mutex.h"
#include "common/time/clock.h"

namespace zoomwatch::receiver {

// A real challenge has about 110 bytes; a larger body is taken for an ordinary webhook.
inline constexpr size_t kMaxChallengeBytes = 4096;

// The plainToken when the body is a challenge; nullopt when it is anything else, JSON or not. REQUIRES: the signature of the body
// was verified. Errors: CHALLENGE_TOKEN_REFUSED (a challenge whose payload.plainToken is not 1 to 128 of [A-Za-z0-9_-]).
absl::StatusOr<std::optional<std::string>> FindPlainToken(std::string_view body);

// The body of the answer. REQUIRES: a token that FindPlainToken() returned.
std::string ChallengeAnswer(const HmacSha256Key& key, std::string_view plain_token);

// When each account was challenged last since the start; nothing is kept across restarts.
class ChallengeWatch {
 public:
  // `warn_after` counts from the start until the first challenge.
  ChallengeWatch(const std::vector<std::string>& accounts, absl::Duration warn_after, const Clock& clock, Metrics& metrics);

  // The account's challenge was answered now. REQUIRES: a name that the constructor was given.
  void OnAnswered(std::string_view account);
  // Sets zoomwatch_receiver_challenge_overdue and warns about overdue accounts. To be called every minute or so.
  void Check();

 private:
  const absl::Duration warn_after_;
  const Clock& clock_;
  Metrics& metrics_;
  Mutex mutex_;
  std::map<std::string, absl::Time, std::less<>> last_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace zoomwatch::receiver
