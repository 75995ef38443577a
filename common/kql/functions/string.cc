// Strings: case, length, pieces, joining. Positions and lengths count code points unless a name says bytes.
#include <algorithm>

#include "common/kql/functions/arguments.h"
#include "common/kql/functions/registry.h"
#include "common/kql/functions/unicode_case.h"
#include "common/kql/functions/utf8.h"
#include "common/kql/text_operators.h"

namespace zoomwatch::kql {
namespace {

// What one call may build: the language's limit for a string.
constexpr std::size_t kMaxText = 1 << 20;

Value StrLen(Call&, Args args) { return Value::Long(Signed(CountCodePoints(TextArgument(args[0]).view()))); }
Value StringSize(Call&, Args args) { return Value::Long(Signed(TextArgument(args[0]).view().size())); }
Value ToLower(Call&, Args args) { return Value::String(ToLowerCase(TextArgument(args[0]).view())); }
Value ToUpper(Call&, Args args) { return Value::String(ToUpperCase(TextArgument(args[0]).view())); }

Value StrCat(Call&, Args args) {
  std::string joined;
  for (const Value& arg : args) AppendText(arg, joined);
  return Value::String(joined);
}

Value StrCatDelim(Call&, Args args) {
  const TextArgument delimiter(args[0]);
  std::string joined;
  for (std::size_t i = 1; i < args.size(); ++i) {
    if (i > 1) joined += delimiter.view();
    AppendText(args[i], joined);
  }
  return Value::String(joined);
}

Value StrCatArray(Call&, Args args) {
  if (!args[0].is_array()) return Value();
  const TextArgument delimiter(args[1]);
  std::string joined;
  for (const Value& element : args[0].AsArray()) {
    if (joined.size() > kMaxTextBytes) break;  // the result is refused
    if (&element != &args[0].AsArray().front()) joined += delimiter.view();
    AppendText(element, joined);
  }
  return Value::String(joined);
}

Value StrCmp(Call&, Args args) {
  const int order = TextArgument(args[0]).view().compare(TextArgument(args[1]).view());
  return Value::Long(order < 0 ? -1 : order > 0 ? 1 : 0);
}

// strrep(value, multiplier [, delimiter]): the multiplier counts from 0 to 67,108,864 by the documentation; the text itself
// stays within the limit of a string.
Value StrRep(Call& call, Args args) {
  const auto times = WholeArgument(args[1]);
  if (!times || *times <= 0) return Value();
  const TextArgument text(args[0]);
  const std::string delimiter = args.size() > 2 ? ToText(args[2]) : std::string();
  const std::size_t piece = text.view().size() + delimiter.size();
  if (piece > 0 && Unsigned(*times) > kMaxText / piece + 1) {
    call.Warn(Warning::kTruncated);
    return Value();
  }
  std::string result;
  for (std::int64_t i = 0; piece > 0 && i < *times; ++i) {
    if (i > 0) result += delimiter;
    result += text.view();
  }
  return Value::String(result);
}

// A negative start counts from the end; one before the beginning is the beginning.
Value Substring(Call&, Args args) {
  const TextArgument text(args[0]);
  const std::string_view view = text.view();
  auto start = WholeArgument(args[1]);
  const auto length = WholeArgumentOr(args, 2, std::numeric_limits<std::int64_t>::max());
  if (!start || !length || *length <= 0) return Value();
  if (*start < 0) {
    const std::int64_t count = Signed(CountCodePoints(view));
    start = *start < -count ? 0 : *start + count;
  }
  const std::size_t from = OffsetOfCodePoint(view, Unsigned(*start));
  const std::string_view rest = view.substr(from);
  return Value::String(rest.substr(0, OffsetOfCodePoint(rest, Unsigned(*length))));
}

// The byte offset of the match that lies within `length` characters (-1: all) from byte `from`; npos when there is none.
std::size_t FindWithin(std::string_view text, std::string_view match, std::size_t from, std::int64_t length) {
  if (length >= 0 && from <= text.size()) text = text.substr(0, from + OffsetOfCodePoint(text.substr(from), Unsigned(length)));
  return text.find(match, from);
}

// indexof(text, match [, start [, length [, occurrence]]]): the match lies within the window [start, start + length). As in
// the page's example, the search for each further occurrence has a window of that length of its own.
Value IndexOf(Call&, Args args) {
  const TextArgument text(args[0]);
  const TextArgument match(args[1]);
  auto start = WholeArgumentOr(args, 2, 0);
  const auto length = WholeArgumentOr(args, 3, -1);
  auto occurrence = WholeArgumentOr(args, 4, 1);
  if (!start || !length || !occurrence || *length < -1 || *occurrence < 0) return Value();
  const std::string_view view = text.view();
  if (*start < 0) {
    const std::int64_t count = Signed(CountCodePoints(view));
    start = *start < -count ? 0 : *start + count;
  }
  std::size_t at = FindWithin(view, match.view(), OffsetOfCodePoint(view, Unsigned(*start)), *length);
  for (; at != std::string_view::npos && *occurrence > 1; --*occurrence) {
    if (at < view.size()) {
      NextCodePoint(view, at);
      at = FindWithin(view, match.view(), at, *length);
    } else {
      at = std::string_view::npos;
    }
  }
  if (at == std::string_view::npos || *occurrence == 0) return Value::Long(-1);
  return Value::Long(Signed(CountCodePoints(view.substr(0, at))));
}

Value Reverse(Call&, Args args) {
  const TextArgument text(args[0]);
  std::string result(text.view().size(), '\0');
  std::size_t end = result.size();
  for (std::size_t at = 0; at < text.view().size();) {
    const std::size_t start = at;
    NextCodePoint(text.view(), at);
    end -= at - start;
    std::copy_n(text.view().data() + start, at - start, result.data() + end);
  }
  return Value::String(result);
}

// split(text, delimiter [, index]): empty parts stay. An index outside the parts gives an empty array.
Value Split(Call&, Args args) {
  const TextArgument text(args[0]);
  const TextArgument delimiter(args[1]);
  Value::Array parts;
  std::size_t start = 0;
  while (!delimiter.view().empty()) {
    const std::size_t end = text.view().find(delimiter.view(), start);
    if (end == std::string_view::npos) break;
    parts.push_back(Value::String(text.view().substr(start, end - start)));
    start = end + delimiter.view().size();
  }
  parts.push_back(Value::String(text.view().substr(start)));
  if (args.size() < 3) return Value::OfArray(std::move(parts));
  const auto index = WholeArgument(args[2]);
  if (!index) return Value();
  if (*index < 0 || *index >= Signed(parts.size())) return Value::OfArray({});
  return Value::OfArray({parts[Unsigned(*index)]});
}

std::string ReplaceAll(std::string_view text, std::string_view lookup, std::string_view rewrite) {
  std::string result;
  std::size_t start = 0;
  for (std::size_t at = text.find(lookup); !lookup.empty() && at != std::string_view::npos; at = text.find(lookup, start)) {
    if (result.size() > kMaxTextBytes) break;  // the result is refused
    result += text.substr(start, at - start);
    result += rewrite;
    start = at + lookup.size();
  }
  result += text.substr(start);
  return result;
}

Value ReplaceString(Call&, Args args) {
  return Value::String(
      ReplaceAll(TextArgument(args[0]).view(), TextArgument(args[1]).view(), TextArgument(args[2]).view()));
}

// A part of the text that replace_strings has or has not decided yet.
struct Segment {
  std::string_view text;
  bool done = false;
};

// Lookups take their matches in the order of the array, from what earlier lookups left. A lookup that is not a string is
// ignored; a rewrite that is not a string leaves its matches as they are, but they are taken.
Value ReplaceStrings(Call&, Args args) {
  if (!args[1].is_array() || !args[2].is_array()) return Value();
  const Value::Array& lookups = args[1].AsArray();
  const Value::Array& rewrites = args[2].AsArray();
  const TextArgument source(args[0]);
  std::vector<Segment> segments = {{source.view(), false}};
  for (std::size_t i = 0; i < lookups.size(); ++i) {
    if (!lookups[i].is_string() || lookups[i].AsString().empty()) continue;
    const std::string_view lookup = lookups[i].AsString();
    const bool rewritten = i < rewrites.size() && rewrites[i].is_string();
    std::vector<Segment> next;
    for (Segment& segment : segments) {
      std::size_t start = 0;
      std::size_t at = segment.done ? std::string_view::npos : segment.text.find(lookup);
      for (; at != std::string_view::npos; at = segment.text.find(lookup, start)) {
        next.push_back({segment.text.substr(start, at - start), false});
        next.push_back({rewritten ? rewrites[i].AsString() : lookup, true});
        start = at + lookup.size();
      }
      next.push_back({segment.text.substr(start), segment.done});
    }
    segments = std::move(next);
  }
  std::string result;
  for (const Segment& segment : segments) {
    if (result.size() <= kMaxTextBytes) result += segment.text;  // beyond, the result is refused
  }
  return Value::String(result);
}

std::vector<char32_t> CodePoints(std::string_view text) {
  std::vector<char32_t> points;
  for (std::size_t at = 0; at < text.size();) points.push_back(NextCodePoint(text, at));
  return points;
}

// translate(search, replacement, source): characters of `search` become those at the same place of `replacement`, whose
// last character stands for all that follow; with no replacement at all they are dropped.
Value Translate(Call&, Args args) {
  const std::vector<char32_t> search = CodePoints(TextArgument(args[0]).view());
  const std::vector<char32_t> replacement = CodePoints(TextArgument(args[1]).view());
  const TextArgument source(args[2]);
  std::string result;
  for (std::size_t at = 0; at < source.view().size();) {
    const std::size_t start = at;
    const char32_t point = NextCodePoint(source.view(), at);
    const auto found = std::find(search.begin(), search.end(), point);
    if (found == search.end()) {
      result += source.view().substr(start, at - start);
    } else if (!replacement.empty()) {
      const auto place = static_cast<std::size_t>(found - search.begin());
      AppendCodePoint(replacement[std::min(place, replacement.size() - 1)], result);
    }
  }
  return Value::String(result);
}

Value HasAnyIndex(Call&, Args args) {
  if (!args[1].is_array()) return Value();
  const TextArgument text(args[0]);
  const Value::Array& terms = args[1].AsArray();
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (TextNeedle(TextOp::kHas, TextArgument(terms[i]).view()).Matches(text.view())) return Value::Long(Signed(i));
  }
  return Value::Long(-1);
}

Value IsAscii(Call&, Args args) {
  const TextArgument text(args[0]);
  return Value::Bool(std::all_of(text.view().begin(), text.view().end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
}

Value CodePointsFromString(Call&, Args args) {
  Value::Array points;
  for (const char32_t point : CodePoints(TextArgument(args[0]).view())) points.push_back(Value::Long(point));
  return Value::OfArray(std::move(points));
}

}  // namespace

void RegisterStringFunctions(FunctionRegistry& registry) {
  using enum NullRule;
  registry.Add({.name = "strlen",
                .naming = Naming::kNameAndFirstArgument,
                .overloads = {{"string|dynamic", "long", StrLen}}});
  registry.Add({.name = "string_size",
                .naming = Naming::kNameAndFirstArgument,
                .overloads = {{"string|dynamic", "long", StringSize}}});
  registry.Add({.name = "tolower", .overloads = {{"scalar", "string", ToLower}}});
  registry.Add({.name = "toupper", .overloads = {{"scalar", "string", ToUpper}}});
  registry.Add({.name = "strcat", .overloads = {{"scalar{1..64}", "string", StrCat}}, .nulls = kSeesNulls});
  registry.Add({.name = "strcat_delim", .overloads = {{"scalar, scalar{2..64}", "string", StrCatDelim}}, .nulls = kSeesNulls});
  registry.Add({.name = "strcat_array",
                .aliases = {"array_strcat"},
                .overloads = {{"array, scalar", "string", StrCatArray}},
                .nulls = kSeesNulls});
  registry.Add({.name = "strcmp", .overloads = {{"scalar, scalar", "long", StrCmp}}});
  registry.Add({.name = "strrep", .overloads = {{"scalar, long, scalar?", "string", StrRep}}});
  registry.Add({.name = "substring", .overloads = {{"scalar, integer, integer?", "string", Substring}}});
  registry.Add({.name = "indexof",
                .overloads = {{"scalar, scalar, integer?, integer?, integer? const", "long", IndexOf}}});
  registry.Add({.name = "reverse", .overloads = {{"scalar", "string", Reverse}}});
  registry.Add({.name = "split",
                .naming = Naming::kFirstArgument,
                .overloads = {{"scalar, string, integer?", "dynamic", Split}}});
  registry.Add({.name = "replace_string", .overloads = {{"string, string, string", "string", ReplaceString}}});
  registry.Add({.name = "replace_strings", .overloads = {{"string, array, array", "string", ReplaceStrings}}});
  registry.Add({.name = "translate", .overloads = {{"string, string, string", "string", Translate}}});
  registry.Add({.name = "has_any_index", .overloads = {{"string|dynamic, array", "long", HasAnyIndex}}});
  registry.Add({.name = "isascii", .overloads = {{"scalar", "bool", IsAscii}}});
  registry.Add({.name = "unicode_codepoints_from_string",
                .aliases = {"to_utf8"},
                .overloads = {{"scalar", "dynamic", CodePointsFromString}}});
}

}  // namespace zoomwatch::kql
