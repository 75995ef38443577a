// The operators over text: =~ contains startswith endswith has hasprefix hassuffix has_any has_all matches regex. Pure;
// thread-safe. Case-insensitive ones fold the letters A to Z only. A term of `has` is a maximal run of letters and
// digits; what is searched may hold several terms and then has to begin and end where terms do. Source of truth: the
// Kusto page "String operators"; docs/kql.md, "Text".
#pragma once

#include <string>
#include <string_view>

#include "common/kql/plan.h"

namespace zoomwatch::kql {

// One right side, prepared for many left sides. REQUIRES: op is not kNone, kMatchesRegex.
class TextNeedle {
 public:
  TextNeedle(TextOp op, std::string_view text);
  bool Matches(std::string_view haystack) const;

 private:
  bool MatchesAt(std::string_view haystack, std::size_t at) const;
  bool Found(std::string_view haystack) const;

  bool ignore_case_;
  enum class Place { kWhole, kStart, kEnd, kAnywhere } place_ = Place::kAnywhere;
  bool starts_term_ = false;  // only where a term starts
  bool ends_term_ = false;
  std::string text_;          // folded when the case is ignored
};

}  // namespace zoomwatch::kql
