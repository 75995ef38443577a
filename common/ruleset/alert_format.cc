#include "common/ruleset/alert_format.h"

#include <fmt/format.h>

#include <algorithm>

namespace zoomwatch::ruleset {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsWordCharacter(char c) { return IsLetter(c) || (c >= '0' && c <= '9'); }

std::string_view Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// Calls `text` for each stretch between placeholders and `column` for what stands in each. False at one that is not closed.
bool Scan(std::string_view format, const std::function<void(std::string_view)>& text,
          const std::function<void(std::string_view)>& column) {
  while (true) {
    const std::size_t open = format.find("{{");
    text(format.substr(0, open));
    if (open == std::string_view::npos) return true;
    const std::size_t close = format.find("}}", open + 2);
    if (close == std::string_view::npos) return false;
    column(Trimmed(format.substr(open + 2, close - open - 2)));
    format.remove_prefix(close + 2);
  }
}

}  // namespace

bool IsColumnName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxColumnName && IsLetter(name[0]) && std::all_of(name.begin(), name.end(), IsWordCharacter);
}

Placeholders FindPlaceholders(std::string_view format) {
  Placeholders found;
  const auto take = [&](std::string_view column) {
    found.columns.emplace_back(column);
    if (!IsColumnName(column) && found.problem.empty()) found.problem = fmt::format("'{{{{{}}}}}' names no column", column);
  };
  if (!Scan(format, [](std::string_view) {}, take)) found.problem = "a '{{' is not closed";
  return found;
}

std::string FillPlaceholders(std::string_view format, const std::function<std::string(std::string_view)>& value) {
  std::string filled;
  Scan(format, [&](std::string_view text) { filled += text; }, [&](std::string_view column) { filled += value(column); });
  return filled;
}

}  // namespace zoomwatch::ruleset
