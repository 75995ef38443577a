#include "services/receiver/trusted_proxies.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/numbers.h"
#include "common/status/reasons.h"

namespace zoomwatch::receiver {
namespace {

constexpr std::string_view kForwardedFor = "x-forwarded-for";
constexpr int kIpv4Offset = 96;  // bits of ::ffff:0:0/96
// More hops than any set-up has; bounds the work for a header full of commas.
constexpr int kMaxHops = 32;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool TrustedProxies::ParseAddress(std::string_view text, Address& address) {
  char buffer[INET6_ADDRSTRLEN] = {};
  if (text.empty() || text.size() >= sizeof(buffer)) return false;
  std::memcpy(buffer, text.data(), text.size());
  address.fill(0);
  if (inet_pton(AF_INET, buffer, address.data() + 12) == 1) {
    address[10] = address[11] = 0xFF;
    return true;
  }
  return inet_pton(AF_INET6, buffer, address.data()) == 1;
}

absl::Status TrustedProxies::Add(const std::string& text) {
  const size_t slash = text.find('/');
  Range range{};
  const std::string host = text.substr(0, slash);
  if (!ParseAddress(host, range.address)) {
    return Error(Reason::kConfigInvalidValue, "trusted_proxies: \"" + text + "\" is no address or CIDR");
  }
  const bool is_ipv4 = host.find(':') == std::string::npos;
  const int max_bits = is_ipv4 ? 32 : 128;
  int bits = max_bits;
  if (slash != std::string::npos &&
      (!absl::SimpleAtoi(text.substr(slash + 1), &bits) || bits < 0 || bits > max_bits)) {
    return Error(Reason::kConfigInvalidValue, "trusted_proxies: \"" + text + "\" has no prefix length of 0 to " +
                                                  std::to_string(max_bits));
  }
  range.prefix_bits = is_ipv4 ? bits + kIpv4Offset : bits;
  ranges_.push_back(range);
  return absl::OkStatus();
}

bool TrustedProxies::Contains(const Range& range, const Address& address) {
  const auto whole_bytes = static_cast<size_t>(range.prefix_bits / 8);
  if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole_bytes), range.address.begin())) return false;
  const int rest = range.prefix_bits % 8;
  if (rest == 0) return true;
  return ((address[whole_bytes] ^ range.address[whole_bytes]) >> (8 - rest)) == 0;
}

bool TrustedProxies::Trusts(std::string_view text) const {
  Address address;
  if (!ParseAddress(text, address)) return false;
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) { return Contains(range, address); });
}

std::string TrustedProxies::SourceAddress(std::string_view peer, const http::Headers& headers) const {
  std::string source(peer);
  if (ranges_.empty() || !Trusts(peer)) return source;
  int hops = 0;
  // Several fields are one list (RFC 9110 section 5.3); it is read from its end.
  for (size_t i = headers.size(); i-- > 0;) {
    if (!http::EqualsIgnoreCase(headers.name(i), kForwardedFor)) continue;
    std::string_view list = headers.value(i);
    while (true) {
      const size_t comma = list.rfind(',');
      const std::string_view hop = Trim(comma == std::string_view::npos ? list : list.substr(comma + 1));
      Address address;
      if (++hops > kMaxHops || !ParseAddress(hop, address)) return source;
      source = hop;
      if (!Trusts(hop)) return source;
      if (comma == std::string_view::npos) break;
      list = list.substr(0, comma);
    }
  }
  return source;
}

}  // namespace zoomwatch::receiver
