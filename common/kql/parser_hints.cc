#include "common/kql/parser_hints.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"

namespace zoomwatch::kql {
namespace {

struct Hint {
  std::string_view word, text;
};

// Of SQL and of English.
constexpr Hint kWords[] = {
    {"ascending", "; write 'asc'"},
    {"descending", "; write 'desc'"},
    {"group", "; keys follow 'by'"},
    {"is", "; there are isnull(), isempty() and '=='"},
    {"matches", "; write 'matches regex'"},
    {"not", "; there are '!in', '!has', '!contains' and not(...)"},
};
// Of SQL and Splunk's language.
constexpr Hint kOperatorNames[] = {{"dedup", "distinct"},     {"eval", "extend"},   {"fields", "project"}, {"group", "summarize"},
                                   {"having", "where"},       {"head", "take"},     {"rex", "parse"},      {"select", "project"},
                                   {"stats", "summarize"},    {"table", "project"}, {"tail", "top"},       {"timechart", "render"}};
constexpr std::string_view kSmallWords[] = {"and",        "or",       "in",   "has",   "has_any", "has_all", "contains", "startswith",
                                            "endswith",   "between",  "by",   "asc",   "desc",    "on",      "matches",  "nulls",
                                            "first",      "last",     "with", "kind",  "step",    "to",      "from"};

template <std::size_t kSize>
std::string_view Find(const Hint (&hints)[kSize], std::string_view word) {
  const auto found = std::find_if(std::begin(hints), std::end(hints), [word](const Hint& hint) { return hint.word == word; });
  return found == std::end(hints) ? "" : found->text;
}

}  // namespace

std::string WordHint(std::string_view word) {
  if (word.size() > 16) return "";
  const std::string small = absl::AsciiStrToLower(std::string(word));
  if (const std::string_view text = Find(kWords, small); !text.empty()) return std::string(text);
  const bool known = std::find(std::begin(kSmallWords), std::end(kSmallWords), small) != std::end(kSmallWords);
  return known && small != word ? fmt::format("; write '{}'", small) : "";
}

std::string OperatorHint(std::string_view name) {
  if (name.size() > 16) return "";
  const std::string_view ours = Find(kOperatorNames, absl::AsciiStrToLower(std::string(name)));
  return ours.empty() ? "" : fmt::format("; here it is '{}'", ours);
}

std::string_view CharacterHint(std::string_view character) {
  static constexpr Hint kCharacters[] = {{"&", "; write 'and'"},
                                         {"#", "; a comment begins with //"},
                                         {"`", "; a name with blanks is ['a name']"},
                                         {"\u201c", "; a text stands between straight quotes"},
                                         {"\u201d", "; a text stands between straight quotes"},
                                         {"\u201e", "; a text stands between straight quotes"},
                                         {"\u2018", "; a text stands between straight quotes"},
                                         {"\u2019", "; a text stands between straight quotes"},
                                         {"\u2013", "; write '-'"},
                                         {"\u00a0", ": it looks like a blank and is none"}};
  return Find(kCharacters, character);
}

}  // namespace zoomwatch::kql
