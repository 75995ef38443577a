#include "services/receiver/url_validation.h"

#include <simdjson.h>

#include <algorithm>

#include "common/log/log.h"
#include "common/status/reasons.h"
#include "services/receiver/metrics.h"

namespace zoomwatch::receiver {
namespace {

constexpr std::string_view kEventName = "endpoint.url_validation";
constexpr size_t kMaxTokenBytes = 128;
constexpr size_t kMaxDepth = 16;  // a challenge has 2

bool IsTokenChar(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

absl::StatusOr<std::optional<std::string>> FindPlainToken(std::string_view body) {
  // Nearly every webhook ends here, unparsed. A challenge that spells its name with escapes is stored like any other event and
  // not answered, which is the safe side; Zoom escapes only characters outside the basic plane.
  if (body.size() > kMaxChallengeBytes || body.find(kEventName) == std::string_view::npos) return std::nullopt;

  simdjson::dom::parser parser(kMaxChallengeBytes);
  if (parser.allocate(kMaxChallengeBytes, kMaxDepth) != simdjson::SUCCESS) return std::nullopt;
  const simdjson::padded_string padded(body);
  simdjson::dom::element root;
  std::string_view event;
  if (parser.parse(padded).get(root) != simdjson::SUCCESS) return std::nullopt;
  if (root["event"].get(event) != simdjson::SUCCESS || event != kEventName) return std::nullopt;

  std::string_view token;
  if (root["payload"]["plainToken"].get(token) != simdjson::SUCCESS || token.empty() || token.size() > kMaxTokenBytes ||
      !std::all_of(token.begin(), token.end(), IsTokenChar)) {
    return Error(Reason::kChallengeTokenRefused, "payload.plainToken: not 1 to 128 of [A-Za-z0-9_-]");
  }
  return std::string(token);
}

std::string ChallengeAnswer(const HmacSha256Key& key, std::string_view plain_token) {
  std::string answer = "{\"plainToken\":\"";
  answer += plain_token;  // its alphabet needs no escapes
  answer += "\",\"encryptedToken\":\"";
  answer += HexEncode(key.Sign({plain_token}));
  answer += "\"}";
  return answer;
}

ChallengeWatch::ChallengeWatch(const std::vector<std::string>& accounts, absl::Duration warn_after, const Clock& clock,
                               Metrics& metrics)
    : warn_after_(warn_after), clock_(clock), metrics_(metrics) {
  for (const std::string& account : accounts) {
    last_[account] = clock.Now();
    metrics.Gauge(kChallengeOverdue, {account}).Set(0);
    metrics.Gauge(kChallengeLastSeen, {account}).Set(0);
  }
}

void ChallengeWatch::OnAnswered(std::string_view account) {
  const absl::Time now = clock_.Now();
  MutexLock lock(mutex_);
  if (const auto found = last_.find(account); found != last_.end()) found->second = now;
  metrics_.Gauge(kChallengeLastSeen, {account}).Set(static_cast<double>(absl::ToUnixSeconds(now)));
  metrics_.Gauge(kChallengeOverdue, {account}).Set(0);
}

void ChallengeWatch::Check() {
  const absl::Time now = clock_.Now();
  MutexLock lock(mutex_);
  for (const auto& [account, last] : last_) {
    const bool overdue = now - last > warn_after_;
    metrics_.Gauge(kChallengeOverdue, {account}).Set(overdue ? 1 : 0);
    if (!overdue) continue;
    Log(Severity::kWarning, "no challenge seen: Zoom may have stopped delivery, or the endpoint's settings do not reach us",
        {{"account", account}, {"hours", absl::ToInt64Hours(now - last)}});
  }
}

}  // namespace zoomwatch::receiver
