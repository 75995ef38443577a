// Reading answers of Azure's HTTP interfaces. Pure and thread-safe.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/http_client/http_client.h"
#include "common/status/reasons.h"

namespace zoomwatch::detector {

// Most bytes of a peer's message that go into an error.
inline constexpr size_t kMaxPeerMessageBytes = 500;

// The wait that "Retry-After" (seconds, or an HTTP date seen from `now`) asks for; 0 when there is none or it cannot be
// read. Source: RFC 9110 section 10.2.3.
absl::Duration RetryAfterOf(const HttpResponse& response, absl::Time now);

// What an answer says about an error, on one line, for logs and quarantine: "code: message" of
// {"error":{"code","message"}} or {"error","error_description"}, otherwise the start of the body; with the status in
// front. Never longer than kMaxPeerMessageBytes and a little; each of `secrets` that the peer sent back is replaced by
// "[redacted]".
std::string ErrorTextOf(const HttpResponse& response, std::initializer_list<std::string_view> secrets);

// What an answer means where the interface gives its status no meaning of its own.
struct FailedAnswer {
  bool needs_a_person = false;  // otherwise it passes by itself
  Reason reason = Reason::kDeliveryUnexpectedAnswer;
  std::string_view result;  // label of metrics: forbidden, throttled, unreachable, unexpected
};
FailedAnswer FailureOf(const HttpResponse& response);

// Whether a failure to have a token or to reach a server we trust lasts until somebody acts.
bool NeedsAPerson(const absl::Status& status);

}  // namespace zoomwatch::detector
