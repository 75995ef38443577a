// Every reason for which zoomwatch refuses, delays or fails something, as one table: the part of an error that programs act on.
// Pure and thread-safe. The table is docs/error-reasons.md's source; a test covers every row.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace zoomwatch {

// Order is free; names on the wire are the strings of the table, never these numbers.
enum class Reason {
  // Webhook edge (services/receiver).
  kSignatureMissing,
  kSignatureMalformed,
  kSignatureMismatch,
  kTimestampMalformed,
  kTimestampTooOld,
  kTimestampAhead,
  kReplayedRequest,
  kCredentialsMismatch,
  kChallengeTokenRefused,
  kHeaderDuplicated,
  kHeaderMalformed,
  kBodyEmpty,
  kBodyTooLarge,
  kHeadersTooLarge,
  kMethodNotAllowed,
  kPathUnknown,
  kRequestTimeout,
  kRequestMalformed,
  kTooManyConnections,
  kSpoolFull,
  kSpoolFailed,
  kAnswerDeadlineExceeded,
  kShuttingDown,
  // Reading a body as an event (services/normalizer, common/json).
  kBodyNotJson,
  kBodyNotUtf8,
  kJsonTooDeep,
  kJsonDuplicateKey,
  kEventNameMissing,
  kEventNameMalformed,
  // Batches between services.
  kBatchTooLarge,
  kBatchMalformed,
  kItemMalformed,
  kPeerNotAllowed,
  kOverloaded,
  // Detector store and delivery.
  kStoreFull,
  kStorageFailed,
  kStorageCorrupt,
  kStoreLocked,
  kTokenRefused,
  kDeliveryForbidden,
  kDeliveryThrottled,
  kDeliveryRejected,
  kDeliveryTooLarge,
  kDeliveryRuleUnknown,
  kDeliveryUnreachable,
  kDeliveryUnexpectedAnswer,
  kDeliveryAllRefused,
  kIncidentWorkspaceUnknown,
  kIncidentLimitReached,
  kSinkFailed,
  // Queries over the stored events (services/detector/hunt).
  kQueryInvalid,
  kQueryLimit,
  // Calls of HTTP servers (common/http_client).
  kHttpCallFailed,
  kHttpServerUntrusted,
  // Configuration and start-up.
  kConfigUnreadable,
  kConfigMalformed,
  kConfigUnknownKey,
  kConfigDuplicateKey,
  kConfigInvalidValue,
  kConfigMissingKey,
  kSecretUnreadable,
  kSecretEmpty,
  kCertificateInvalid,
  kAddressUnusable,
  kUsage,
};

// What a caller who holds the failed item should do with it.
enum class Retry {
  kNever,       // the same item will fail again
  kLater,       // resend the same item after a delay
  kFixSettings  // a person must change settings or environment; resend is pointless until then
};

struct ReasonRow {
  Reason reason;
  std::string_view name;   // UPPER_SNAKE, on the wire, in logs and in metric labels
  absl::StatusCode code;   // of the status that carries it
  Retry retry;
  int http_status;         // at the webhook port; 0: does not occur there
  std::string_view text;   // one sentence for docs/error-reasons.md
};

// All rows, each Reason once.
std::span<const ReasonRow> ReasonTable();

const ReasonRow& RowOf(Reason reason);
inline std::string_view NameOf(Reason reason) { return RowOf(reason).name; }

// The row with that name, or nullptr.
const ReasonRow* FindReason(std::string_view name);

// A status with the row's code, the message (lower case: what, where, limit and actual), and the reason attached.
absl::Status Error(Reason reason, std::string_view message);

// The reason attached by Error() or by a zoomwatch peer. nullopt: a status of other origin, or OK.
std::optional<Reason> ReasonOf(const absl::Status& status);

// The same status with "<context>: " in front of its message; the reason stays.
absl::Status Annotate(const absl::Status& status, std::string_view context);

// "REASON: message" for logs; the code's name where there is no reason.
std::string Describe(const absl::Status& status);

}  // namespace zoomwatch
