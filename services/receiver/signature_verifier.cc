#include "services/receiver/signature_verifier.h"

#include <openssl/crypto.h>

#include "common/status/reasons.h"

namespace zoomwatch::receiver {
namespace {

constexpr std::string_view kVersion = "v0";
constexpr std::string_view kSignaturePrefix = "v0=";
constexpr size_t kMaxTimestampDigits = 11;  // until the year 5138

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool DecodeMac(std::string_view hex, Sha256Digest& mac) {
  if (hex.size() != 2 * mac.size()) return false;
  for (size_t i = 0; i < mac.size(); ++i) {
    const int high = HexValue(hex[2 * i]);
    const int low = HexValue(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    mac[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

Sha256Digest Mac(const HmacSha256Key& key, std::string_view timestamp, std::string_view body) {
  return key.Sign({kVersion, ":", timestamp, ":", body});
}

}  // namespace

absl::StatusOr<RequestSignature> ParseSignature(std::string_view signature, std::string_view timestamp) {
  RequestSignature result{.timestamp = timestamp};
  if (!signature.starts_with(kSignaturePrefix) || !DecodeMac(signature.substr(kSignaturePrefix.size()), result.mac)) {
    return Error(Reason::kSignatureMalformed, "x-zm-signature: not \"v0=\" and 64 lower-case hexadecimal digits");
  }
  for (const char c : timestamp) {
    if (c < '0' || c > '9' || timestamp.size() > kMaxTimestampDigits) {
      return Error(Reason::kTimestampMalformed, "x-zm-request-timestamp: not 1 to 11 decimal digits");
    }
    result.timestamp_seconds = result.timestamp_seconds * 10 + (c - '0');
  }
  if (result.timestamp_seconds == 0) return Error(Reason::kTimestampMalformed, "x-zm-request-timestamp: empty or 0");
  return result;
}

std::optional<size_t> FindSigningKey(std::span<const HmacSha256Key* const> keys, const RequestSignature& signature,
                                     std::string_view body) {
  std::optional<size_t> found;
  for (size_t i = 0; i < keys.size(); ++i) {
    const Sha256Digest mac = Mac(*keys[i], signature.timestamp, body);
    if (CRYPTO_memcmp(mac.data(), signature.mac.data(), mac.size()) == 0) found = i;
  }
  return found;
}

absl::Status CheckTimeWindow(int64_t timestamp_seconds, absl::Time now, absl::Duration max_age, absl::Duration max_ahead) {
  const absl::Time timestamp = absl::FromUnixSeconds(timestamp_seconds);
  if (now - timestamp > max_age) {
    return Error(Reason::kTimestampTooOld, "x-zm-request-timestamp: " + absl::FormatDuration(now - timestamp) +
                                               " old, limit " + absl::FormatDuration(max_age));
  }
  if (timestamp - now > max_ahead) {
    return Error(Reason::kTimestampAhead, "x-zm-request-timestamp: " + absl::FormatDuration(timestamp - now) +
                                              " ahead, limit " + absl::FormatDuration(max_ahead));
  }
  return absl::OkStatus();
}

std::string Sign(const HmacSha256Key& key, std::string_view timestamp, std::string_view body) {
  return std::string(kSignaturePrefix) + HexEncode(Mac(key, timestamp, body));
}

}  // namespace zoomwatch::receiver
