#include "services/receiver/webhook_handler.h"

#include "common/http/error_response.h"
#include "common/log/log.h"
#include "common/log/trace_id.h"
#include "common/status/status_macros.h"
#include "common/time/timestamp.h"
#include "services/receiver/metrics.h"
#include "services/receiver/trace_context.h"

namespace zoomwatch::receiver {
namespace {

constexpr std::string_view kSignatureHeader = "x-zm-signature";
constexpr std::string_view kTimestampHeader = "x-zm-request-timestamp";
constexpr std::string_view kRequestIdHeader = "x-zm-request-id";
constexpr std::string_view kTrackingIdHeader = "x-zm-trackingid";
constexpr std::string_view kTraceparentHeader = "traceparent";
constexpr std::string_view kUnknownAccount = "unknown";
constexpr size_t kMaxIdBytes = 128;
// Bodies of refused requests above this are logged by size only: hashing must not multiply what an attacker can make us work.
constexpr size_t kMaxHashedBytes = 16 << 10;

absl::StatusOr<std::string_view> OneHeader(const http::Headers& headers, std::string_view name) {
  const auto value = headers.Find(name);
  if (!value.has_value()) return Error(Reason::kSignatureMissing, std::string(name) + ": absent");
  if (headers.Count(name) > 1) return Error(Reason::kHeaderDuplicated, std::string(name) + ": occurs more than once");
  return *value;
}

// The views point into the request.
absl::StatusOr<RequestSignature> ReadSignature(const http::Request& request) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::string_view signature, OneHeader(request.headers, kSignatureHeader));
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::string_view timestamp, OneHeader(request.headers, kTimestampHeader));
  return ParseSignature(signature, timestamp);
}

// A header that is only carried along. It is not signed, so anything can be in it: cut, and made printable ASCII, since a
// protobuf string must be UTF-8.
std::string CarriedId(const http::Headers& headers, std::string_view name) {
  std::string id(headers.Find(name).value_or("").substr(0, kMaxIdBytes));
  for (char& c : id) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  return id;
}

std::string TraceparentOf(const http::Headers& headers) {
  const auto sent = headers.Find(kTraceparentHeader);
  return sent.has_value() && IsTraceparent(*sent) ? std::string(*sent) : MakeTraceparent();
}

Reason ReasonOfStoreFailure(const absl::Status& outcome) {
  const auto reason = ReasonOf(outcome);
  // Whatever a store fails with, Zoom must be told to retry.
  return reason.has_value() && RowOf(*reason).http_status == 503 ? *reason : Reason::kSpoolFailed;
}

}  // namespace

WebhookHandler::WebhookHandler(WebhookHandlerOptions options, const AccountRegistry& accounts, ReplayCache& replays,
                               ChallengeWatch& challenges, WebhookStore& store, const Clock& clock, Metrics& metrics)
    : options_(std::move(options)),
      accounts_(accounts),
      replays_(replays),
      challenges_(challenges),
      store_(store),
      clock_(clock),
      metrics_(metrics),
      latency_(metrics.Histogram(kIntakeLatency)) {
  for (const std::string& name : accounts.names()) {
    series_.emplace(name, AccountSeries{metrics.Counter(kWebhooks, {name, "accepted"}),
                                        metrics.Counter(kWebhooks, {name, "challenge"}),
                                        metrics.Counter(kWebhooks, {name, NameOf(Reason::kReplayedRequest)}),
                                        metrics.Counter(kWebhookBytes, {name})});
  }
}

std::optional<http::Response> WebhookHandler::OnHead(const http::Request& head) {
  const auto refuse = [&](Reason reason) {
    metrics_.Counter(kHeadRefusals, {NameOf(reason)}).Increment();
    return http::ErrorResponse(reason);
  };
  if (accounts_.Find(head.path()) == nullptr) return refuse(Reason::kPathUnknown);
  if (head.method != "POST") {
    http::Response response = refuse(Reason::kMethodNotAllowed);
    response.headers.emplace_back("Allow", "POST");
    return response;
  }
  if (const auto signature = ReadSignature(head); !signature.ok()) return refuse(*ReasonOf(signature.status()));
  return std::nullopt;
}

void WebhookHandler::Handle(http::Request request, http::Responder responder) {
  std::string account_name(kUnknownAccount);
  auto verified = Verify(request, &account_name);
  if (!verified.ok()) return responder.Send(Refuse(verified.status(), account_name, request));

  const RequestFingerprint fingerprint(verified->account->index, verified->mac);
  AccountSeries& series = series_.find(account_name)->second;
  const auto on_settled = [success = verified->success, &series, responder](const absl::Status& outcome) {
    if (!outcome.ok()) return responder.Send(http::ErrorResponse(ReasonOfStoreFailure(outcome)));
    series.replayed.Increment();
    responder.Send(success);
  };
  switch (replays_.Admit(fingerprint, clock_.Now(), on_settled)) {
    case ReplayCache::Admission::kNew: return Store(std::move(request), *std::move(verified), std::move(responder));
    case ReplayCache::Admission::kKnown: return on_settled(absl::OkStatus());
    case ReplayCache::Admission::kPending: return;
  }
}

absl::StatusOr<WebhookHandler::Verified> WebhookHandler::Verify(const http::Request& request, std::string* account_name) {
  Verified result{.accounts = accounts_.Find(request.path())};
  // OnHead() has refused what fails here, but nothing below may depend on a caller having called it.
  if (result.accounts == nullptr) return Error(Reason::kPathUnknown, "no account has this path");
  if (request.method != "POST") return Error(Reason::kMethodNotAllowed, "not POST");
  ZOOMWATCH_ASSIGN_OR_RETURN(const RequestSignature signature, ReadSignature(request));
  if (request.body.empty()) return Error(Reason::kBodyEmpty, "the request has no body");

  const auto key = FindSigningKey(result.accounts->keys, signature, request.body);
  if (!key.has_value()) return Error(Reason::kSignatureMismatch, "no secret of this path yields the signature");
  const PathAccounts::Owner& owner = result.accounts->owners[*key];
  result.account = owner.account;
  result.mac = signature.mac;
  result.timestamp_seconds = signature.timestamp_seconds;
  *account_name = owner.account->name;
  owner.uses->Increment();

  ZOOMWATCH_RETURN_IF_ERROR(
      CheckTimeWindow(signature.timestamp_seconds, clock_.Now(), options_.max_age, options_.max_ahead));
  ZOOMWATCH_RETURN_IF_ERROR(CheckHeaders(*owner.account, request.headers));
  ZOOMWATCH_ASSIGN_OR_RETURN(const auto token, FindPlainToken(request.body));
  if (token.has_value()) {
    result.is_challenge = true;
    result.success = {.content_type = "application/json", .body = ChallengeAnswer(*result.accounts->keys[*key], *token)};
  }
  return result;
}

void WebhookHandler::Store(http::Request request, Verified verified, http::Responder responder) {
  ingest::v1::RawWebhook webhook;
  webhook.set_source_address(options_.trusted_proxies.SourceAddress(request.peer_address, request.headers));
  webhook.set_account_name(verified.account->name);
  webhook.set_request_timestamp_seconds(verified.timestamp_seconds);
  webhook.set_request_id(CarriedId(request.headers, kRequestIdHeader));
  webhook.set_tracking_id(CarriedId(request.headers, kTrackingIdHeader));
  webhook.set_traceparent(TraceparentOf(request.headers));
  verified.trace_id = TraceIdOf(webhook.traceparent());
  *webhook.mutable_receive_time() = TimestampOf(request.receive_time);
  const size_t body_bytes = request.body.size();
  const absl::Time receive_time = request.receive_time;
  webhook.set_body(std::move(request.body));
  store_.Store(std::move(webhook), [this, body_bytes, receive_time, verified = std::move(verified),
                                    responder = std::move(responder)](const absl::Status& outcome) {
    OnStored(verified, body_bytes, receive_time, outcome, responder);
  });
}

void WebhookHandler::OnStored(const Verified& verified, size_t body_bytes, absl::Time receive_time, const absl::Status& outcome,
                              const http::Responder& responder) {
  const std::string& account = verified.account->name;
  AccountSeries& series = series_.find(account)->second;
  if (outcome.ok()) {
    series.accepted.Increment();
    series.bytes.Increment(static_cast<double>(body_bytes));
    latency_.Observe(absl::ToDoubleSeconds(clock_.Now() - receive_time));
    Log(Severity::kDebug, "webhook stored", {{"account", account}, {"trace_id", verified.trace_id}});
  } else {
    const Reason reason = ReasonOfStoreFailure(outcome);
    metrics_.Counter(kWebhooks, {account, NameOf(reason)}).Increment();
    Log(Severity::kWarning, "webhook not stored", {{"account", account}, {"trace_id", verified.trace_id}, {"error", outcome}});
  }
  if (verified.is_challenge) {
    series.challenges.Increment();
    challenges_.OnAnswered(account);
  }
  // Before the answer: a peer that retries at once must not meet its failed request.
  replays_.Settle(RequestFingerprint(verified.account->index, verified.mac), verified.timestamp_seconds, outcome);
  const bool answer_success = outcome.ok() || verified.is_challenge;
  responder.Send(answer_success ? verified.success : http::ErrorResponse(ReasonOfStoreFailure(outcome)));
}

http::Response WebhookHandler::Refuse(const absl::Status& why, std::string_view account, const http::Request& request) {
  const Reason reason = ReasonOf(why).value_or(Reason::kRequestMalformed);
  metrics_.Counter(kWebhooks, {account, NameOf(reason)}).Increment();
  const std::string traceparent = TraceparentOf(request.headers);
  const std::string hash = request.body.size() <= kMaxHashedBytes ? HexEncode(Sha256(request.body)) : std::string();
  Log(Severity::kWarning, "webhook refused",
      {{"account", account},
       {"error", why},
       {"trace_id", TraceIdOf(traceparent)},
       {"source_address", options_.trusted_proxies.SourceAddress(request.peer_address, request.headers)},
       {"request_id", CarriedId(request.headers, kRequestIdHeader)},
       {"body_bytes", request.body.size()},
       {"body_sha256", hash}});
  return http::ErrorResponse(reason);
}

}  // namespace zoomwatch::receiver
