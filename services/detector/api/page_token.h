// Pages of lists: their size, and positions as opaque texts, for page and resume tokens. Pure.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zoomwatch::detector {

// Most bytes of a page. Below the default limit of gRPC clients for one message, 4 MiB.
inline constexpr std::size_t kMaxPageBytes = 3 << 20;

// Of which list: the token of one is none of another, where the same number is another place. Clients keep those that resume.
enum class TokenOf : char { kAlertStream = 'p', kAlertPages = 'a', kRulePages = 'r' };

inline std::string MakePageToken(TokenOf list, std::uint64_t position) { return static_cast<char>(list) + std::to_string(position); }

// None: not a text that MakePageToken() makes of that list.
inline std::optional<std::uint64_t> ParsePageToken(TokenOf list, std::string_view token) {
  if (!token.starts_with(static_cast<char>(list))) return std::nullopt;
  std::uint64_t position = 0;
  const auto [end, error] = std::from_chars(token.data() + 1, token.data() + token.size(), position);
  if (error != std::errc() || end != token.data() + token.size() || MakePageToken(list, position) != token) return std::nullopt;
  return position;
}

}  // namespace zoomwatch::detector
