#include "services/detector/delivery/logs_ingestion_client.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <utility>

#include "common/status/reasons.h"
#include "services/detector/delivery/azure_answer.h"
#include "services/detector/delivery/delivery_metrics.h"
#include "services/detector/delivery/entra_token_request.h"

namespace zoomwatch::detector {
namespace {

using Kind = CallResult::Kind;

// What an answer without rows stored means.
struct Verdict {
  Kind kind;
  Reason reason;
  std::string_view result;  // label of the metric
};

Verdict VerdictOn(const HttpResponse& response) {
  switch (response.status) {
    case 400:
      return {Kind::kRefused, Reason::kDeliveryRejected, "refused"};
    case 413:
      return {Kind::kRefused, Reason::kDeliveryTooLarge, "refused"};
    case 404:
      return {Kind::kWait, Reason::kDeliveryRuleUnknown, "rule_unknown"};
    default: {
      const FailedAnswer failed = FailureOf(response);
      return {failed.needs_a_person ? Kind::kWait : Kind::kRetry, failed.reason, failed.result};
    }
  }
}

}  // namespace

LogsIngestionClient::LogsIngestionClient(Options options, HttpClient& http, TokenProvider& tokens, RateBudget& budget,
                                         const Clock& clock, Sleeper& sleeper, Metrics& metrics)
    : options_(std::move(options)),
      http_(http),
      tokens_(tokens),
      budget_(budget),
      clock_(clock),
      sleeper_(sleeper),
      metrics_(metrics) {}

CallResult LogsIngestionClient::Post(const std::string& stream, const IngestionBody& body, const std::stop_token& stop,
                                     const std::stop_token& cancel) {
  for (bool again = false;; again = true) {
    if (!AwaitBudget(body, stop)) {
      return {.kind = Kind::kRetry, .status = Error(Reason::kShuttingDown, "delivery ended by a stop")};
    }
    TokenProvider::Result token = tokens_.Get(stop);
    if (!token.status.ok()) {
      return {.kind = NeedsAPerson(token.status) ? Kind::kWait : Kind::kRetry,
              .status = std::move(token.status),
              .retry_after = token.retry_after};
    }
    const auto response = Call(stream, body, *token.token, cancel);
    // A token can end before its time, for example when permissions change.
    if (response.ok() && response->status == 401 && !again) {
      tokens_.Reject(token.token);
      continue;
    }
    return Read(stream, response, *token.token);
  }
}

bool LogsIngestionClient::AwaitBudget(const IngestionBody& body, const std::stop_token& stop) {
  absl::Duration wait = budget_.Take(body.plain_bytes, body.urgent);
  if (wait > absl::ZeroDuration()) metrics_.Counter(kBudgetWaits).Increment();
  while (wait > absl::ZeroDuration()) {
    if (!sleeper_.Sleep(wait, stop)) return false;
    wait = budget_.Take(body.plain_bytes, body.urgent);
  }
  return true;
}

absl::StatusOr<HttpResponse> LogsIngestionClient::Call(const std::string& stream, const IngestionBody& body,
                                                       const Secret& token, const std::stop_token& cancel) {
  HttpRequest request{.method = "POST",
                      .url = fmt::format("{}/dataCollectionRules/{}/streams/{}?api-version=2023-01-01",
                                         options_.endpoint, PercentEncode(options_.rule_id), PercentEncode(stream)),
                      .headers = {{"Content-Type", "application/json"}},
                      .body = body.bytes,
                      .timeout = options_.timeout};
  if (body.gzip) request.headers.emplace_back("Content-Encoding", "gzip");
  request.headers.emplace_back("Authorization", fmt::format("Bearer {}", token.Reveal()));
  const absl::Duration begin = clock_.Monotonic();
  auto response = http_.Send(request, cancel);
  std::string& authorization = request.headers.back().second;
  OPENSSL_cleanse(authorization.data(), authorization.size());
  metrics_.Histogram(kIngestionCallSeconds, {stream}).Observe(absl::ToDoubleSeconds(clock_.Monotonic() - begin));
  metrics_.Counter(kIngestionBytes, {stream, "plain"}).Increment(static_cast<double>(body.plain_bytes));
  metrics_.Counter(kIngestionBytes, {stream, "sent"}).Increment(static_cast<double>(body.bytes.size()));
  return response;
}

CallResult LogsIngestionClient::Read(const std::string& stream, const absl::StatusOr<HttpResponse>& response,
                                     const Secret& token) {
  if (!response.ok()) {
    Count(stream, "unreachable");
    if (ReasonOf(response.status()) == Reason::kHttpCallFailed) {
      return {.kind = Kind::kRetry,
              .status = Error(Reason::kDeliveryUnreachable, std::string(response.status().message()))};
    }
    return {.kind = NeedsAPerson(response.status()) ? Kind::kWait : Kind::kRetry, .status = response.status()};
  }
  // The one answer that means it: 200 is what the page of a proxy between has.
  if (response->status == 204) {
    Count(stream, "stored");
    return {};
  }
  const Verdict verdict = VerdictOn(*response);
  Count(stream, verdict.result);
  return {
      .kind = verdict.kind,
      .status = Error(verdict.reason, fmt::format("stream {}: {}", stream, ErrorTextOf(*response, {token.Reveal()}))),
      .retry_after = RetryAfterOf(*response, clock_.Now())};
}

void LogsIngestionClient::Count(const std::string& stream, std::string_view result) {
  metrics_.Counter(kIngestionCalls, {stream, result}).Increment();
}

}  // namespace zoomwatch::detector
