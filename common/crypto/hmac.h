// HMAC-SHA256, SHA-256, hexadecimal and Base64.
// Source: FIPS 180-4, RFC 2104, RFC 4648.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/crypto/secret.h"

namespace zoomwatch {

using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(std::string_view bytes);

// A key, ready for use. Thread-safe: concurrent calls use contexts of their own, which are kept keyed for the next call, because
// keying costs as much as hashing a webhook. As many contexts are kept as calls ever ran at once. They are wiped with the key.
class HmacSha256Key {
 public:
  // REQUIRES: the secret is not empty.
  explicit HmacSha256Key(const Secret& secret);
  ~HmacSha256Key();
  HmacSha256Key(const HmacSha256Key&) = delete;
  HmacSha256Key& operator=(const HmacSha256Key&) = delete;

  // The MAC over the parts, one after the other.
  Sha256Digest Sign(std::initializer_list<std::string_view> parts) const;

 private:
  class Contexts;
  const std::unique_ptr<Contexts> contexts_;
};

// Lower-case hexadecimal digits, two per byte.
std::string HexEncode(std::string_view bytes);
inline std::string HexEncode(const Sha256Digest& digest) {
  return HexEncode(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

// Standard alphabet with padding.
std::string Base64Encode(std::string_view bytes);

}  // namespace zoomwatch
