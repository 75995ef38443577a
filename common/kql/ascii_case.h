// Case folding of the case-insensitive operators: the language folds the letters A to Z and nothing else. Pure; thread-safe.
// Source of truth: the Kusto page "String operators".
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace zoomwatch::kql {

inline char FoldAsciiCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

inline std::string FoldAsciiCase(std::string_view text) {
  std::string folded(text);
  std::transform(folded.begin(), folded.end(), folded.begin(), [](char c) { return FoldAsciiCase(c); });
  return folded;
}

}  // namespace zoomwatch::kql
