#include "common/status/reasons.h"

#include <array>

#include "absl/strings/cord.h"

namespace zoomwatch {
namespace {

using Code = absl::StatusCode;

constexpr char kPayloadUrl[] = "type.zoomwatch/reason";

constexpr ReasonRow kTable[] = {
    {Reason::kSignatureMissing, "SIGNATURE_MISSING", Code::kUnauthenticated, Retry::kNever, 401,
     "The request has no x-zm-signature or no x-zm-request-timestamp header."},
    {Reason::kSignatureMalformed, "SIGNATURE_MALFORMED", Code::kUnauthenticated, Retry::kNever, 401,
     "The x-zm-signature header is not \"v0=\" and 64 lower-case hexadecimal digits."},
    {Reason::kSignatureMismatch, "SIGNATURE_MISMATCH", Code::kUnauthenticated, Retry::kNever, 401,
     "No configured secret token yields the signature of the request: a forgery, or a wrong secret."},
    {Reason::kTimestampMalformed, "TIMESTAMP_MALFORMED", Code::kUnauthenticated, Retry::kNever, 401,
     "The x-zm-request-timestamp header is not a number of seconds in decimal digits."},
    {Reason::kTimestampTooOld, "TIMESTAMP_TOO_OLD", Code::kUnauthenticated, Retry::kNever, 401,
     "The request is signed, but its time stamp is older than replay.max_age."},
    {Reason::kTimestampAhead, "TIMESTAMP_AHEAD", Code::kUnauthenticated, Retry::kNever, 401,
     "The request is signed, but its time stamp is further ahead than replay.max_ahead."},
    {Reason::kReplayedRequest, "REPLAYED_REQUEST", Code::kAlreadyExists, Retry::kNever, 200,
     "The same signed request was accepted before; it is answered 200 and not stored again."},
    {Reason::kCredentialsMismatch, "CREDENTIALS_MISMATCH", Code::kUnauthenticated, Retry::kNever, 401,
     "The signature is right, but the account's additional header check failed."},
    {Reason::kChallengeTokenRefused, "CHALLENGE_TOKEN_REFUSED", Code::kInvalidArgument, Retry::kNever, 400,
     "A signed endpoint.url_validation holds no plainToken of 1 to 128 of [A-Za-z0-9_-]."},
    {Reason::kHeaderDuplicated, "HEADER_DUPLICATED", Code::kInvalidArgument, Retry::kNever, 400,
     "A header that decides about the request occurs more than once."},
    {Reason::kHeaderMalformed, "HEADER_MALFORMED", Code::kInvalidArgument, Retry::kNever, 400,
     "A header that decides about the request has an unusable value."},
    {Reason::kBodyEmpty, "BODY_EMPTY", Code::kInvalidArgument, Retry::kNever, 400, "The request has no body."},
    {Reason::kBodyTooLarge, "BODY_TOO_LARGE", Code::kInvalidArgument, Retry::kNever, 413,
     "The body is larger than webhook.max_body_bytes."},
    {Reason::kHeadersTooLarge, "HEADERS_TOO_LARGE", Code::kInvalidArgument, Retry::kNever, 431,
     "The header section is larger than webhook.max_header_bytes."},
    {Reason::kMethodNotAllowed, "METHOD_NOT_ALLOWED", Code::kUnimplemented, Retry::kNever, 405,
     "The webhook path accepts POST only."},
    {Reason::kPathUnknown, "PATH_UNKNOWN", Code::kNotFound, Retry::kNever, 404, "No account has this path."},
    {Reason::kRequestTimeout, "REQUEST_TIMEOUT", Code::kDeadlineExceeded, Retry::kNever, 408,
     "The request did not arrive whole within webhook.request_timeout."},
    {Reason::kRequestMalformed, "REQUEST_MALFORMED", Code::kInvalidArgument, Retry::kNever, 400,
     "The bytes are not a well-formed HTTP/1.1 request."},
    {Reason::kTooManyConnections, "TOO_MANY_CONNECTIONS", Code::kResourceExhausted, Retry::kLater, 503,
     "webhook.max_connections are open; the new connection is closed."},
    {Reason::kSpoolFull, "SPOOL_FULL", Code::kResourceExhausted, Retry::kLater, 503,
     "The spool has reached one of its bounds; Zoom will retry."},
    {Reason::kSpoolFailed, "SPOOL_FAILED", Code::kUnavailable, Retry::kLater, 503,
     "The spool could not be written or synced; nothing is accepted until a restart finds it sound."},
    {Reason::kAnswerDeadlineExceeded, "ANSWER_DEADLINE_EXCEEDED", Code::kDeadlineExceeded, Retry::kLater, 503,
     "The webhook was not durable within webhook.answer_deadline; Zoom will retry."},
    {Reason::kShuttingDown, "SHUTTING_DOWN", Code::kUnavailable, Retry::kLater, 503, "The service is stopping."},
    {Reason::kBodyNotJson, "BODY_NOT_JSON", Code::kInvalidArgument, Retry::kNever, 0,
     "The body is not one JSON object; the webhook is in quarantine."},
    {Reason::kBodyNotUtf8, "BODY_NOT_UTF8", Code::kInvalidArgument, Retry::kNever, 0,
     "The body is not valid UTF-8; the webhook is in quarantine."},
    {Reason::kJsonTooDeep, "JSON_TOO_DEEP", Code::kInvalidArgument, Retry::kNever, 0,
     "The body nests deeper than json.max_depth; the webhook is in quarantine."},
    {Reason::kJsonDuplicateKey, "JSON_DUPLICATE_KEY", Code::kInvalidArgument, Retry::kNever, 0,
     "An object of the body has a key twice, so that readers could disagree about it; the webhook is in quarantine."},
    {Reason::kEventNameMissing, "EVENT_NAME_MISSING", Code::kInvalidArgument, Retry::kNever, 0,
     "The body has no \"event\"; the webhook is in quarantine."},
    {Reason::kEventNameMalformed, "EVENT_NAME_MALFORMED", Code::kInvalidArgument, Retry::kNever, 0,
     "\"event\" is not a string of 1 to 200 characters without control characters; the webhook is in quarantine."},
    {Reason::kBatchTooLarge, "BATCH_TOO_LARGE", Code::kInvalidArgument, Retry::kNever, 0,
     "The batch has more items or bytes than the service accepts."},
    {Reason::kBatchMalformed, "BATCH_MALFORMED", Code::kInvalidArgument, Retry::kNever, 0,
     "The batch is empty or its batch_id is too long."},
    {Reason::kItemMalformed, "ITEM_MALFORMED", Code::kInvalidArgument, Retry::kNever, 0,
     "An item lacks a field that it must have; the other items of the batch were stored."},
    {Reason::kPeerNotAllowed, "PEER_NOT_ALLOWED", Code::kPermissionDenied, Retry::kFixSettings, 0,
     "The client's certificate names nobody who may call this; see grpc.allowed_client_names and api_client_names."},
    {Reason::kOverloaded, "OVERLOADED", Code::kResourceExhausted, Retry::kLater, 0,
     "The service works on as many batches as it may."},
    {Reason::kStoreFull, "STORE_FULL", Code::kResourceExhausted, Retry::kLater, 0,
     "Events that wait for delivery fill store.max_disk_bytes; the receiver keeps what it has."},
    {Reason::kStorageFailed, "STORAGE_FAILED", Code::kInternal, Retry::kLater, 0,
     "A write to or a read from the store failed; see the message for the system's error."},
    {Reason::kStorageCorrupt, "STORAGE_CORRUPT", Code::kDataLoss, Retry::kFixSettings, 0,
     "A record on disk fails its checksum or cannot be read; its place is in the message."},
    {Reason::kStoreLocked, "STORE_LOCKED", Code::kFailedPrecondition, Retry::kFixSettings, 0,
     "Another process has the folder open."},
    {Reason::kTokenRefused, "TOKEN_REFUSED", Code::kUnauthenticated, Retry::kFixSettings, 0,
     "The identity provider refused the credentials; its error code is in the message."},
    {Reason::kDeliveryForbidden, "DELIVERY_FORBIDDEN", Code::kPermissionDenied, Retry::kLater, 0,
     "Azure answered 401 or 403: the role on the data collection rule, or for incidents on the workspace, is missing or not yet in force (up to 30 minutes)."},
    {Reason::kDeliveryThrottled, "DELIVERY_THROTTLED", Code::kResourceExhausted, Retry::kLater, 0,
     "Azure answered 429 or 503 with a time to wait."},
    {Reason::kDeliveryRejected, "DELIVERY_REJECTED", Code::kInvalidArgument, Retry::kNever, 0,
     "Azure refused this row or incident for good (400); a row is in quarantine, an alert stays in the store and says so, and its neighbours were delivered."},
    {Reason::kDeliveryTooLarge, "DELIVERY_TOO_LARGE", Code::kInvalidArgument, Retry::kNever, 0,
     "The row or incident alone exceeds what one call may carry (413); it is kept as with DELIVERY_REJECTED."},
    {Reason::kDeliveryRuleUnknown, "DELIVERY_RULE_UNKNOWN", Code::kNotFound, Retry::kFixSettings, 0,
     "Azure answered 404: endpoint, rule_id or stream is wrong. Delivery waits, intake goes on."},
    {Reason::kDeliveryUnreachable, "DELIVERY_UNREACHABLE", Code::kUnavailable, Retry::kLater, 0,
     "No answer, a cut connection or 5xx from Azure."},
    {Reason::kDeliveryUnexpectedAnswer, "DELIVERY_UNEXPECTED_ANSWER", Code::kFailedPrecondition, Retry::kLater, 0,
     "An answer that Azure's interface does not know, for example a redirect: something else may stand at the address or between."},
    {Reason::kDeliveryAllRefused, "DELIVERY_ALL_REFUSED", Code::kFailedPrecondition, Retry::kLater, 0,
     "Azure refuses every row (400): stream, table or transformation may be wrong; or ten incidents in a row. Nothing more is given up; delivery waits, intake goes on."},
    {Reason::kIncidentWorkspaceUnknown, "INCIDENT_WORKSPACE_UNKNOWN", Code::kNotFound, Retry::kFixSettings, 0,
     "Azure does not know the subscription, resource group or workspace of delivery.logs_ingestion.incidents, or Sentinel is not switched on for it. Incidents wait, rows go on."},
    {Reason::kIncidentLimitReached, "INCIDENT_LIMIT_REACHED", Code::kResourceExhausted, Retry::kLater, 0,
     "As many incidents as delivery.logs_ingestion.incidents.max_per_hour were made in the last hour; alerts wait for their turn, rows go on."},
    {Reason::kSinkFailed, "SINK_FAILED", Code::kUnavailable, Retry::kLater, 0,
     "The file of the JSON-lines sink could not be written."},
    {Reason::kQueryInvalid, "QUERY_INVALID", Code::kInvalidArgument, Retry::kNever, 0,
     "The query, or what was said beside it, is wrong; the message shows every mistake with its place."},
    {Reason::kQueryLimit, "QUERY_LIMIT", Code::kResourceExhausted, Retry::kNever, 0,
     "The query needs more rows or memory than it may; the message names the limit. Filter or summarize earlier."},
    {Reason::kHttpCallFailed, "HTTP_CALL_FAILED", Code::kUnavailable, Retry::kLater, 0,
     "An HTTP server that we called gave no whole answer: name, connection, TLS, a cut connection or a time-out."},
    {Reason::kHttpServerUntrusted, "HTTP_SERVER_UNTRUSTED", Code::kFailedPrecondition, Retry::kFixSettings, 0,
     "The certificate of an HTTPS server that we called does not chain to a configured authority or is for another name."},
    {Reason::kConfigUnreadable, "CONFIG_UNREADABLE", Code::kNotFound, Retry::kFixSettings, 0,
     "The configuration file cannot be read."},
    {Reason::kConfigMalformed, "CONFIG_MALFORMED", Code::kInvalidArgument, Retry::kFixSettings, 0,
     "The configuration file is not YAML of the expected shape."},
    {Reason::kConfigUnknownKey, "CONFIG_UNKNOWN_KEY", Code::kInvalidArgument, Retry::kFixSettings, 0,
     "A key that no option has; the nearest valid name is in the message."},
    {Reason::kConfigDuplicateKey, "CONFIG_DUPLICATE_KEY", Code::kInvalidArgument, Retry::kFixSettings, 0,
     "A key stands twice in the same mapping."},
    {Reason::kConfigInvalidValue, "CONFIG_INVALID_VALUE", Code::kInvalidArgument, Retry::kFixSettings, 0,
     "A value has the wrong form, is outside its limits, or cannot be honoured together with another."},
    {Reason::kConfigMissingKey, "CONFIG_MISSING_KEY", Code::kInvalidArgument, Retry::kFixSettings, 0,
     "A required option is absent or empty."},
    {Reason::kSecretUnreadable, "SECRET_UNREADABLE", Code::kNotFound, Retry::kFixSettings, 0,
     "The file that holds a secret cannot be read."},
    {Reason::kSecretEmpty, "SECRET_EMPTY", Code::kInvalidArgument, Retry::kFixSettings, 0,
     "The file that holds a secret is empty. The service does not start without it."},
    {Reason::kCertificateInvalid, "CERTIFICATE_INVALID", Code::kInvalidArgument, Retry::kFixSettings, 0,
     "A certificate or key file is not PEM, is expired, or the two do not belong together."},
    {Reason::kAddressUnusable, "ADDRESS_UNUSABLE", Code::kUnavailable, Retry::kFixSettings, 0,
     "A listening address is malformed or taken."},
    {Reason::kUsage, "USAGE", Code::kInvalidArgument, Retry::kFixSettings, 0,
     "The command line is not one that the program accepts; see --help."},
};

}  // namespace

std::span<const ReasonRow> ReasonTable() { return kTable; }

const ReasonRow& RowOf(Reason reason) {
  for (const ReasonRow& row : kTable) {
    if (row.reason == reason) return row;
  }
  __builtin_unreachable();  // the test of the table covers every enumerator
}

const ReasonRow* FindReason(std::string_view name) {
  for (const ReasonRow& row : kTable) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

absl::Status Error(Reason reason, std::string_view message) {
  const ReasonRow& row = RowOf(reason);
  absl::Status status(row.code, absl::string_view(message.data(), message.size()));
  status.SetPayload(kPayloadUrl, absl::Cord(absl::string_view(row.name.data(), row.name.size())));
  return status;
}

std::optional<Reason> ReasonOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return std::nullopt;
  const ReasonRow* row = FindReason(std::string(*payload));
  if (row == nullptr) return std::nullopt;
  return row->reason;
}

absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  std::string message(context);
  message += ": ";
  message += std::string(status.message());
  absl::Status annotated(status.code(), message);
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { annotated.SetPayload(url, payload); });
  return annotated;
}

std::string Describe(const absl::Status& status) {
  if (status.ok()) return "OK";
  const auto reason = ReasonOf(status);
  std::string text = reason.has_value() ? std::string(NameOf(*reason)) : absl::StatusCodeToString(status.code());
  text += ": ";
  text += std::string(status.message());
  return text;
}

}  // namespace zoomwatch
