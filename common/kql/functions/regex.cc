// Functions that take a regular expression. The dialect is RE2's; docs/kql.md lists where Kusto's differs.
#include <re2/re2.h>

#include "common/kql/functions/arguments.h"
#include "common/kql/functions/registry.h"
#include "common/kql/functions/utf8.h"

namespace zoomwatch::kql {
namespace {

using Groups = std::vector<re2::StringPiece>;

re2::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }
std::string_view View(re2::StringPiece piece) { return {piece.data(), piece.size()}; }

template <std::size_t kPattern>
std::optional<ConstantError> CheckPattern(std::span<const Value* const> constants) {
  if (constants.size() <= kPattern || constants[kPattern] == nullptr || !constants[kPattern]->is_string()) return std::nullopt;
  std::string problem = CheckRegex(constants[kPattern]->AsString());
  if (problem.empty()) return std::nullopt;
  return ConstantError{kPattern, std::move(problem)};
}

// extract_all() yields groups, so without one it would never yield anything.
std::optional<ConstantError> CheckGroups(std::span<const Value* const> constants) {
  if (auto error = CheckPattern<0>(constants)) return error;
  if (constants.empty() || constants[0] == nullptr || !constants[0]->is_string()) return std::nullopt;
  if (re2::RE2(Piece(constants[0]->AsString())).NumberOfCapturingGroups() > 0) return std::nullopt;
  return ConstantError{0, "the regular expression has no group: put what is to be extracted in round brackets"};
}

const re2::RE2* Compile(Call& call, std::string_view pattern) {
  const re2::RE2* regex = call.Regex(pattern);
  if (regex == nullptr) call.Warn(Warning::kBadRegex);
  return regex;
}

// Calls visit(groups) for every match, from left to right, without overlaps; groups[0] is the whole match. Where a match ends no empty
// one follows: a* matches twice in "baac" before the c, not three times.
template <typename Visit>
void ForEachMatch(const re2::RE2& regex, std::string_view text, Visit visit) {
  Groups groups(static_cast<std::size_t>(regex.NumberOfCapturingGroups()) + 1);
  std::size_t last_end = std::string_view::npos;
  for (std::size_t at = 0; at <= text.size();) {
    if (!regex.Match(Piece(text), at, text.size(), re2::RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size()))) return;
    const auto start = static_cast<std::size_t>(groups[0].data() - text.data());
    at = start + groups[0].size();
    if (!groups[0].empty() || start != last_end) visit(groups);
    last_end = at;
    if (groups[0].empty()) {  // an empty match: go on behind the next character
      if (at == text.size()) return;
      NextCodePoint(text, at);
    }
  }
}

// extract(regex, group, source): the text of the group in the first match, "" when there is no match or no such group.
Value Extract(Call& call, Args args) {
  const re2::RE2* regex = Compile(call, TextArgument(args[0]).view());
  const auto group = WholeArgument(args[1]);
  if (regex == nullptr || !group || *group < 0 || *group > regex->NumberOfCapturingGroups()) return Value();
  const TextArgument source(args[2]);
  Groups groups(Unsigned(*group) + 1);
  if (!regex->Match(Piece(source.view()), 0, source.view().size(), re2::RE2::UNANCHORED, groups.data(),
                    static_cast<int>(groups.size()))) {
    return Value();
  }
  return ConvertTo(call.result_type(), Value::String(View(groups.back())));
}

// The numbers of the groups that an array names by number or by name; nullopt when one does not exist.
std::optional<std::vector<std::size_t>> ChosenGroups(const re2::RE2& regex, const Value& array) {
  if (!array.is_array()) return std::nullopt;
  std::vector<std::size_t> chosen;
  for (const Value& element : array.AsArray()) {
    if (element.is_string()) {
      const auto named = regex.NamedCapturingGroups().find(std::string(element.AsString()));
      if (named == regex.NamedCapturingGroups().end()) return std::nullopt;
      chosen.push_back(static_cast<std::size_t>(named->second));
    } else {
      const auto number = WholeArgument(element);
      if (!number || *number < 1 || *number > regex.NumberOfCapturingGroups()) return std::nullopt;
      chosen.push_back(Unsigned(*number));
    }
  }
  return chosen;
}

// extract_all(regex [, groups], source): null when nothing matches; a flat array for one group.
Value ExtractAll(Call& call, Args args) {
  const re2::RE2* regex = Compile(call, TextArgument(args[0]).view());
  if (regex == nullptr) return Value();
  std::vector<std::size_t> chosen;
  if (args.size() == 3) {
    auto named = ChosenGroups(*regex, args[1]);
    if (!named) return Value();
    chosen = std::move(*named);
  } else {
    for (int i = 1; i <= regex->NumberOfCapturingGroups(); ++i) chosen.push_back(static_cast<std::size_t>(i));
  }
  if (chosen.empty()) return Value();
  const TextArgument source(args.back());
  Value::Array matches;
  ForEachMatch(*regex, source.view(), [&](const Groups& groups) {
    Value::Array texts;
    for (const std::size_t group : chosen) texts.push_back(Value::String(View(groups[group])));
    matches.push_back(texts.size() == 1 ? texts[0] : Value::OfArray(std::move(texts)));
  });
  return matches.empty() ? Value() : Value::OfArray(std::move(matches));
}

// \0 is the whole match, \1 ... \9 a group (nothing when the regex has none of that number), \\ a backslash.
void AppendRewrite(std::string_view rewrite, const Groups& groups, std::string& out) {
  // A longer result is refused.
  for (std::size_t i = 0; i < rewrite.size() && out.size() <= kMaxTextBytes; ++i) {
    if (rewrite[i] != '\\' || i + 1 == rewrite.size()) {
      out.push_back(rewrite[i]);
      continue;
    }
    const char next = rewrite[++i];
    if (next >= '0' && next <= '9') {
      const auto group = static_cast<std::size_t>(next - '0');
      if (group < groups.size()) out += View(groups[group]);
    } else {
      if (next != '\\') out.push_back('\\');
      out.push_back(next);
    }
  }
}

Value Replace(Call& call, const Value& source_value, const Value& pattern, const Value& rewrite_value) {
  const TextArgument source(source_value), rewrite(rewrite_value);
  const re2::RE2* regex = Compile(call, TextArgument(pattern).view());
  if (regex == nullptr) return Value::String(source.view());
  std::string result;
  std::size_t copied = 0;
  ForEachMatch(*regex, source.view(), [&](const Groups& groups) {
    const auto start = static_cast<std::size_t>(groups[0].data() - source.view().data());
    result += source.view().substr(copied, start - copied);
    AppendRewrite(rewrite.view(), groups, result);
    copied = start + groups[0].size();
  });
  result += source.view().substr(copied);
  return Value::String(result);
}

Value ReplaceRegex(Call& call, Args args) { return Replace(call, args[0], args[1], args[2]); }
Value ReplaceOld(Call& call, Args args) { return Replace(call, args[2], args[0], args[1]); }

// One match at the start, one at the end.
template <bool kStart, bool kEnd>
Value Trim(Call& call, Args args) {
  const TextArgument source(args[1]);
  const std::string pattern = ToText(args[0]);
  std::string_view text = source.view();
  re2::StringPiece match;
  if (kStart) {
    const re2::RE2* regex = Compile(call, pattern);
    if (regex != nullptr && regex->Match(Piece(text), 0, text.size(), re2::RE2::ANCHOR_START, &match, 1)) {
      text.remove_prefix(match.size());
    }
  }
  if (kEnd) {
    const re2::RE2* regex = Compile(call, "(?:" + pattern + ")\\z");
    if (regex != nullptr && regex->Match(Piece(text), 0, text.size(), re2::RE2::UNANCHORED, &match, 1)) {
      text.remove_suffix(match.size());
    }
  }
  return Value::String(text);
}

// countof(source, search [, kind]): plain matches may overlap, those of a regex do not.
Value CountOf(Call& call, Args args) {
  const TextArgument source(args[0]), search(args[1]);
  std::int64_t count = 0;
  if (args.size() > 2 && ToText(args[2]) == "regex") {
    const re2::RE2* regex = Compile(call, search.view());
    if (regex != nullptr) ForEachMatch(*regex, source.view(), [&count](const Groups&) { ++count; });
    return Value::Long(count);
  }
  if (search.view().empty()) return Value::Long(0);
  for (std::size_t at = source.view().find(search.view()); at != std::string_view::npos;
       at = source.view().find(search.view(), at + 1)) {
    ++count;
  }
  return Value::Long(count);
}

}  // namespace

void RegisterRegexFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "extract",
                .overloads = {{"string const, long, string", "string", Extract},
                              {"string const, long, string, type literal", "typeof", Extract}},
                .check = CheckPattern<0>});
  registry.Add({.name = "extract_all",
                .aliases = {"extractall"},
                .overloads = {{"string const, string", "dynamic", ExtractAll},
                              {"string const, array, string", "dynamic", ExtractAll}},
                .check = CheckGroups});
  registry.Add({.name = "replace_regex",
                .overloads = {{"string, string const, string const", "string", ReplaceRegex}},
                .check = CheckPattern<1>});
  registry.Add({.name = "replace",
                .overloads = {{"string const, string const, string", "string", ReplaceOld}},
                .check = CheckPattern<0>});
  registry.Add({.name = "trim", .overloads = {{"string const, string", "string", Trim<true, true>}}, .check = CheckPattern<0>});
  registry.Add({.name = "trim_start",
                .overloads = {{"string const, string", "string", Trim<true, false>}},
                .check = CheckPattern<0>});
  registry.Add({.name = "trim_end",
                .overloads = {{"string const, string", "string", Trim<false, true>}},
                .check = CheckPattern<0>});
  registry.Add({.name = "countof",
                .overloads = {{"string, string, string? literal=normal/regex", "long", CountOf}}});
}

}  // namespace zoomwatch::kql
