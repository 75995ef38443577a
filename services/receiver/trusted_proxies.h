// Which client a request comes from when proxies stand in front. Pure and thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/http/message.h"

namespace zoomwatch::receiver {

class TrustedProxies {
 public:
  // Each is an address or a CIDR, IPv4 or IPv6. Errors: CONFIG_INVALID_VALUE.
  template <typename Texts>
  static absl::StatusOr<TrustedProxies> Parse(const Texts& texts) {
    TrustedProxies proxies;
    for (const auto& text : texts) {
      if (const absl::Status added = proxies.Add(text); !added.ok()) return added;
    }
    return proxies;
  }

  bool Trusts(std::string_view address) const;

  // The peer, unless it is a trusted proxy: then the last address of X-Forwarded-For that is not one itself. Whatever stands
  // before that may be invented by the client. An entry that is no address ends the walk.
  std::string SourceAddress(std::string_view peer, const http::Headers& headers) const;

 private:
  using Address = std::array<uint8_t, 16>;  // IPv4 as ::ffff:a.b.c.d
  struct Range {
    Address address;
    int prefix_bits;
  };
  absl::Status Add(const std::string& text);
  static bool ParseAddress(std::string_view text, Address& address);
  static bool Contains(const Range& range, const Address& address);

  std::vector<Range> ranges_;
};

}  // namespace zoomwatch::receiver
