// Positions in a list as opaque texts, for page and resume tokens. Pure.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zoomwatch::detector {

inline std::string MakePageToken(std::uint64_t position) { return "p" + std::to_string(position); }

// None: not a text that MakePageToken() makes.
inline std::optional<std::uint64_t> ParsePageToken(std::string_view token) {
  if (!token.starts_with('p')) return std::nullopt;
  std::uint64_t position = 0;
  const auto [end, error] = std::from_chars(token.data() + 1, token.data() + token.size(), position);
  if (error != std::errc() || end != token.data() + token.size() || MakePageToken(position) != token) return std::nullopt;
  return position;
}

}  // namespace zoomwatch::detector
