#include "services/detector/incidents/incident_client.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <optional>
#include <utility>

#include "common/status/reasons.h"
#include "services/detector/delivery/azure_answer.h"
#include "services/detector/incidents/incident_metrics.h"

namespace zoomwatch::detector {
namespace {

using Kind = IncidentResult::Kind;

constexpr std::string_view kApiVersion = "2023-02-01";

// What an answer means that did not bring what the call was for.
struct Verdict {
  Kind kind;
  Reason reason;
  std::string_view result;  // label of the metric
};

// Azure says it with 400 or 409, and not in the code of the error alone.
bool IsAboutOnboarding(const HttpResponse& response) {
  return response.body.find("is not onboarded to Microsoft Sentinel") != std::string::npos ||
         response.body.find("MissingSubscriptionRegistration") != std::string::npos;
}

Verdict VerdictOn(const HttpResponse& response, bool write) {
  constexpr Verdict kUnknownWorkspace{Kind::kWait, Reason::kIncidentWorkspaceUnknown, "workspace_unknown"};
  switch (response.status) {
    case 400:
      if (IsAboutOnboarding(response)) return kUnknownWorkspace;
      if (write) return {Kind::kRefused, Reason::kDeliveryRejected, "refused"};
      break;
    case 413:
      if (write) return {Kind::kRefused, Reason::kDeliveryTooLarge, "refused"};
      break;
    case 404:
      return kUnknownWorkspace;
    case 409:
    case 412:
      if (IsAboutOnboarding(response)) return kUnknownWorkspace;
      return {Kind::kRetry, Reason::kDeliveryUnexpectedAnswer, "conflict"};
    default:
      break;
  }
  const FailedAnswer failed = FailureOf(response);
  return {failed.needs_a_person ? Kind::kWait : Kind::kRetry, failed.reason, failed.result};
}

// 200 is also what the page of a proxy between has; Azure answers with an object.
bool IsObject(const HttpResponse& response) {
  const size_t begin = response.body.find_first_not_of(" \t\r\n");
  return begin == std::string::npos || response.body[begin] == '{';
}

std::string_view LabelOf(bool write) { return write ? "write" : "read"; }

}  // namespace

struct IncidentClient::Answer {
  absl::StatusOr<HttpResponse> response;
  TokenProvider::Token token;  // null: there was none, and `response` says why
  absl::Duration retry_after;  // of the identity provider

  int status() const { return response.ok() ? response->status : 0; }
};

IncidentClient::IncidentClient(Options options, HttpClient& http, TokenProvider& tokens, const Clock& clock, Metrics& metrics)
    : options_(std::move(options)), http_(http), tokens_(tokens), clock_(clock), metrics_(metrics) {}

IncidentClient::Answer IncidentClient::Call(HttpRequest request, const std::stop_token& stop, const std::stop_token& cancel) {
  request.timeout = options_.timeout;
  for (bool again = false;; again = true) {
    TokenProvider::Result token = tokens_.Get(stop);
    if (!token.status.ok()) return {.response = std::move(token.status), .token = nullptr, .retry_after = token.retry_after};
    request.headers.emplace_back("Authorization", fmt::format("Bearer {}", token.token->Reveal()));
    absl::StatusOr<HttpResponse> response = http_.Send(request, cancel);
    std::string& authorization = request.headers.back().second;
    OPENSSL_cleanse(authorization.data(), authorization.size());
    request.headers.pop_back();
    // A token can end before its time, for example when permissions change.
    if (response.ok() && response->status == 401 && !again) {
      tokens_.Reject(token.token);
      continue;
    }
    return {.response = std::move(response), .token = std::move(token.token), .retry_after = absl::ZeroDuration()};
  }
}

HttpRequest IncidentClient::Look(std::string_view name) const {
  return {.method = "GET", .url = fmt::format("{}/{}?api-version={}", options_.url, name, kApiVersion), .headers = {}, .body = {}};
}

IncidentResult IncidentClient::Create(std::string_view name, std::string_view body, const std::stop_token& stop,
                                      const std::stop_token& cancel) {
  std::optional<IncidentResult> conflict;
  for (;;) {
    const Answer look = Call(Look(name), stop, cancel);
    if (look.status() == 200 && IsObject(*look.response)) {
      Count(false, "answered");
      return {.kind = Kind::kExisting, .status = {}, .retry_after = {}};
    }
    // It is not there, or the workspace is not: the PUT will tell.
    if (look.status() != 404) return Failed(look, false);
    Count(false, "answered");
    if (conflict) return *std::move(conflict);
    const Answer answer = Call({.method = "PUT",
                                .url = fmt::format("{}/{}?api-version={}", options_.url, name, kApiVersion),
                                .headers = {{"Content-Type", "application/json"}, {"If-None-Match", "*"}},
                                .body = body,
                                .once = true},
                               stop, cancel);
    if ((answer.status() == 200 || answer.status() == 201) && IsObject(*answer.response)) {
      Count(true, "answered");
      return {};
    }
    IncidentResult failed = Failed(answer, true);
    if ((answer.status() != 409 && answer.status() != 412) || failed.kind != Kind::kRetry) return failed;
    conflict = std::move(failed);
  }
}

IncidentResult IncidentClient::Probe() {
  const Answer answer =
      Call({.method = "GET", .url = fmt::format("{}?api-version={}&$top=1", options_.url, kApiVersion), .headers = {}, .body = {}}, {}, {});
  if (answer.status() != 200 || !IsObject(*answer.response)) return Failed(answer, false);
  Count(false, "answered");
  return {.kind = Kind::kExisting, .status = {}, .retry_after = {}};
}

IncidentResult IncidentClient::Failed(const Answer& answer, bool write) {
  const absl::StatusOr<HttpResponse>& response = answer.response;
  if (answer.token == nullptr) {
    return {.kind = NeedsAPerson(response.status()) ? Kind::kWait : Kind::kRetry, .status = response.status(), .retry_after = answer.retry_after};
  }
  if (!response.ok()) {
    Count(write, "unreachable");
    if (ReasonOf(response.status()) == Reason::kHttpCallFailed) {
      return {.kind = Kind::kRetry, .status = Error(Reason::kDeliveryUnreachable, std::string(response.status().message())), .retry_after = {}};
    }
    return {.kind = NeedsAPerson(response.status()) ? Kind::kWait : Kind::kRetry, .status = response.status(), .retry_after = {}};
  }
  const Verdict verdict = VerdictOn(*response, write);
  Count(write, verdict.result);
  return {.kind = verdict.kind,
          .status = Error(verdict.reason, "incidents: " + ErrorTextOf(*response, {answer.token->Reveal()})),
          .retry_after = RetryAfterOf(*response, clock_.Now())};
}

void IncidentClient::Count(bool write, std::string_view result) { metrics_.Counter(kIncidentCalls, {LabelOf(write), result}).Increment(); }

}  // namespace zoomwatch::detector
