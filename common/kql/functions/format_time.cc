// format_datetime and format_timespan: runs of one letter are replaced, documented delimiters stand for themselves, and
// anything else in a format is refused when the query is bound.
#include <algorithm>

#include "common/kql/functions/arguments.h"
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {
namespace {

constexpr std::string_view kDelimiters = " /-:,._[]";

struct Specifier {
  char letter;
  int longest;  // run
};

constexpr Specifier kDateLetters[] = {{'d', 2}, {'f', 7}, {'F', 7}, {'h', 2}, {'H', 2}, {'m', 2}, {'M', 2}, {'s', 2}, {'y', 4}, {'t', 2}};
constexpr Specifier kSpanLetters[] = {{'d', 8}, {'f', 7}, {'F', 7}, {'h', 2}, {'H', 2}, {'m', 2}, {'s', 2}};

std::size_t RunLength(std::string_view format, std::size_t at) {
  const std::size_t end = format.find_first_not_of(format[at], at);
  return (end == std::string_view::npos ? format.size() : end) - at;
}

std::optional<std::string> FormatProblem(std::string_view format, std::span<const Specifier> letters) {
  for (std::size_t at = 0; at < format.size();) {
    const char c = format[at];
    if (kDelimiters.find(c) != std::string_view::npos) {
      ++at;
      continue;
    }
    const std::size_t run = RunLength(format, at);
    const auto known = std::find_if(letters.begin(), letters.end(), [c](const Specifier& s) { return s.letter == c; });
    const bool bad_year = c == 'y' && run == 3;
    if (known == letters.end() || run > Unsigned(known->longest) || bad_year || (c == 't' && run != 2)) {
      return "the format element '" + std::string(format.substr(at, run)) + "' is not supported";
    }
    at += run;
  }
  return std::nullopt;
}

template <const auto& kLetters>
std::optional<ConstantError> CheckFormat(std::span<const Value* const> constants) {
  if (constants.size() < 2 || constants[1] == nullptr || !constants[1]->is_string()) return std::nullopt;
  auto problem = FormatProblem(constants[1]->AsString(), kLetters);
  if (!problem) return std::nullopt;
  return ConstantError{1, std::move(*problem)};
}

void AppendPadded(std::uint64_t number, std::size_t width, std::string& out) {
  const std::string digits = std::to_string(number);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

// The first `run` digits of seven. 'F' drops zeros at the end.
void AppendFraction(std::uint64_t fraction, std::size_t run, bool trim, std::string& out) {
  std::string digits;
  AppendPadded(fraction, 7, digits);
  digits.resize(run);
  if (trim) digits.erase(digits.find_last_not_of('0') + 1);
  out += digits;
}

struct Fields {
  std::uint64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, fraction = 0;
  bool twelve_hours = false;  // what 'h' means
};

void AppendElement(char letter, std::size_t run, const Fields& fields, std::string& out) {
  switch (letter) {
    case 'd': AppendPadded(fields.day, run, out); return;
    case 'f': AppendFraction(fields.fraction, run, false, out); return;
    case 'F': AppendFraction(fields.fraction, run, true, out); return;
    case 'H': AppendPadded(fields.hour, run, out); return;
    case 'h': AppendPadded(fields.twelve_hours ? (fields.hour + 11) % 12 + 1 : fields.hour, run, out); return;
    case 'm': AppendPadded(fields.minute, run, out); return;
    case 'M': AppendPadded(fields.month, run, out); return;
    case 's': AppendPadded(fields.second, run, out); return;
    case 'y': AppendPadded(run <= 2 ? fields.year % 100 : fields.year, run, out); return;
    case 't': out += fields.hour < 12 ? "AM" : "PM"; return;
    default: out.append(run, letter); return;
  }
}

std::string Format(std::string_view format, const Fields& fields) {
  std::string out;
  for (std::size_t at = 0; at < format.size();) {
    const std::size_t run = RunLength(format, at);
    AppendElement(format[at], run, fields, out);
    at += run;
  }
  return out;
}

Value FormatDateTime(Call&, Args args) {
  const Value date = ConvertTo(Type::kDateTime, args[0]);
  if (date.is_null()) return Value();
  const CivilTime civil = ToCivil(date.AsTicks());
  const auto field = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  return Value::String(Format(TextArgument(args[1]).view(),
                              {field(civil.year), field(civil.month), field(civil.day), field(civil.hour), field(civil.minute),
                               field(civil.second), field(civil.fraction), true}));
}

// A negative span formats as its magnitude with a minus sign before it.
Value FormatTimeSpan(Call&, Args args) {
  const Value span = ConvertTo(Type::kTimeSpan, args[0]);
  if (span.is_null()) return Value();
  const bool negative = span.AsTicks() < 0;
  std::uint64_t ticks = static_cast<std::uint64_t>(span.AsTicks());
  if (negative) ticks = ~ticks + 1;
  const auto unit = [](Ticks length) { return static_cast<std::uint64_t>(length); };
  Fields fields;
  fields.day = ticks / unit(kTicksPerDay);
  fields.hour = ticks / unit(kTicksPerHour) % 24;
  fields.minute = ticks / unit(kTicksPerMinute) % 60;
  fields.second = ticks / unit(kTicksPerSecond) % 60;
  fields.fraction = ticks % unit(kTicksPerSecond);
  return Value::String((negative ? "-" : "") + Format(TextArgument(args[1]).view(), fields));
}

}  // namespace

void RegisterFormatTimeFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "format_datetime",
                .naming = Naming::kFirstArgument,
                .overloads = {{"datetime, string nonempty", "string", FormatDateTime}},
                .check = CheckFormat<kDateLetters>});
  registry.Add({.name = "format_timespan",
                .naming = Naming::kFirstArgument,
                .overloads = {{"timespan, string nonempty", "string", FormatTimeSpan}},
                .check = CheckFormat<kSpanLetters>});
}

}  // namespace zoomwatch::kql
