// Zoom's webhook signature. Pure and thread-safe.
// Source: Zoom "Verify with Zoom's header": HMAC-SHA256 with the app's secret token over "v0:{x-zm-request-timestamp}:{body}", as
// "v0=" and lower-case hexadecimal. The body is the bytes as they arrived: a body that was parsed and written again differs.
// Errors: see the functions. The same time is spent whichever byte differs and whichever secret fits; no error text holds a
// secret, a signature or a body.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/hmac.h"

namespace zoomwatch::receiver {

// The headers that authenticate a request, well formed but not verified.
struct RequestSignature {
  std::string_view timestamp;  // as sent: this text is signed, not the number
  int64_t timestamp_seconds = 0;
  Sha256Digest mac;
};

// Errors: SIGNATURE_MALFORMED (not "v0=" and 64 of [0-9a-f]); TIMESTAMP_MALFORMED (not 1 to 11 digits, or 0). `timestamp` must
// outlive the result.
absl::StatusOr<RequestSignature> ParseSignature(std::string_view signature, std::string_view timestamp);

// The index of the key that yields the signature; nullopt: none does. Every key is tried, whichever fits.
std::optional<size_t> FindSigningKey(std::span<const HmacSha256Key* const> keys, const RequestSignature& signature,
                                     std::string_view body);

// Whether the time stamp is acceptable at `now`; both ends are inclusive. Errors: TIMESTAMP_TOO_OLD, TIMESTAMP_AHEAD.
absl::Status CheckTimeWindow(int64_t timestamp_seconds, absl::Time now, absl::Duration max_age, absl::Duration max_ahead);

// The value of x-zm-signature for a request: the inverse of the check.
std::string Sign(const HmacSha256Key& key, std::string_view timestamp, std::string_view body);

}  // namespace zoomwatch::receiver
