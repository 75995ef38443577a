// The texts of alertDetailsOverride: plain text with "{{Column}}" placeholders. Pure; thread-safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace zoomwatch::ruleset {

struct Placeholders {
  std::vector<std::string> columns;  // in order, repeated where the text repeats them
  std::string problem;               // "" when every "{{" is closed and names a column
};
Placeholders FindPlaceholders(std::string_view format);

// A letter or underscore, then letters, digits and underscores, at most kMaxColumnName.
inline constexpr std::size_t kMaxColumnName = 500;
bool IsColumnName(std::string_view name);

// The text with each placeholder replaced by value(column). REQUIRES: FindPlaceholders() has no problem with it.
std::string FillPlaceholders(std::string_view format, const std::function<std::string(std::string_view)>& value);

}  // namespace zoomwatch::ruleset
