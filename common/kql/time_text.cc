// The text forms of datetime and timespan, and calendar arithmetic; declared in convert.h.
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "common/kql/convert.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

constexpr int kTickDigits = 7;

// Reads a text from left to right; every method leaves the position unchanged when it returns false or nullopt.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool AtEnd() const { return at_ == text_.size(); }
  std::size_t position() const { return at_; }
  void Return(std::size_t position) { at_ = position; }

  bool Take(char c) {
    if (AtEnd() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool TakeOneOf(std::string_view chars) {
    if (AtEnd() || chars.find(text_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
  }
  void SkipBlanks() {
    while (Take(' ')) {
    }
  }
  // A number of min to max digits.
  std::optional<int> Digits(int min, int max) {
    std::size_t end = at_;
    while (end < text_.size() && absl::ascii_isdigit(static_cast<unsigned char>(text_[end])) &&
           end - at_ < static_cast<std::size_t>(max)) {
      ++end;
    }
    if (end - at_ < static_cast<std::size_t>(min)) return std::nullopt;
    int value = 0;
    std::from_chars(text_.data() + at_, text_.data() + end, value);
    at_ = end;
    return value;
  }
  // A fraction of a second as ticks; digits beyond the seventh are dropped.
  Ticks FractionTicks() {
    Ticks value = 0;
    int digits = 0;
    while (!AtEnd() && absl::ascii_isdigit(static_cast<unsigned char>(text_[at_]))) {
      if (digits < kTickDigits) value = value * 10 + (text_[at_] - '0');
      digits = std::min(digits + 1, kTickDigits);
      ++at_;
    }
    for (; digits < kTickDigits; ++digits) value *= 10;
    return value;
  }
  std::string_view Word() {
    const std::size_t start = at_;
    while (!AtEnd() && absl::ascii_isalpha(static_cast<unsigned char>(text_[at_]))) ++at_;
    return text_.substr(start, at_ - start);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// The number 1..12 of an English month name or its first three letters; 0 when it is none.
int MonthFromName(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kMonths = {"january", "february", "march",     "april",   "may",      "june",
                                                               "july",    "august",   "september", "october", "november", "december"};
  std::string lower(name);
  for (char& c : lower) c = absl::ascii_tolower(static_cast<unsigned char>(c));
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (lower == kMonths[i] || (lower.size() == 3 && kMonths[i].starts_with(lower))) return static_cast<int>(i) + 1;
  }
  return 0;
}

// A two-digit year is in 1950..2049.
int FullYear(int year, std::size_t digits) {
  if (digits > 2) return year;
  return year < 50 ? 2000 + year : 1900 + year;
}

bool TakeTimeOfDay(Reader& in, CivilTime& civil) {
  const auto hour = in.Digits(1, 2);
  if (!hour || !in.Take(':')) return false;
  const auto minute = in.Digits(1, 2);
  if (!minute) return false;
  civil.hour = *hour;
  civil.minute = *minute;
  if (in.Take(':')) {
    const auto second = in.Digits(1, 2);
    if (!second) return false;
    civil.second = *second;
    if (in.TakeOneOf(".,")) civil.fraction = in.FractionTicks();
  }
  const std::size_t before = in.position();
  in.SkipBlanks();
  if (in.TakeOneOf("AaPp") && in.TakeOneOf("Mm")) {
    in.Return(before);
    in.SkipBlanks();
    const bool pm = in.TakeOneOf("Pp");
    if (!pm) in.TakeOneOf("Aa");
    in.TakeOneOf("Mm");
    if (civil.hour < 1 || civil.hour > 12) return false;
    civil.hour = civil.hour % 12 + (pm ? 12 : 0);
  } else {
    in.Return(before);
  }
  return true;
}

// Z, GMT, UTC, +hh:mm, +hhmm, +hh or nothing; the offset to subtract.
std::optional<Ticks> TakeZone(Reader& in) {
  in.SkipBlanks();
  if (in.AtEnd()) return 0;
  const std::string_view word = in.Word();
  if (word == "Z" || word == "z" || word == "GMT" || word == "UTC") return 0;
  if (!word.empty()) return std::nullopt;
  Ticks sign = 0;
  if (in.Take('+')) {
    sign = 1;
  } else if (in.Take('-')) {
    sign = -1;
  } else {
    return std::nullopt;
  }
  const auto hours = in.Digits(2, 2);
  if (!hours) return std::nullopt;
  in.Take(':');
  const int minutes = in.Digits(2, 2).value_or(0);
  if (*hours > 14 || minutes > 59) return std::nullopt;
  return sign * (*hours * kTicksPerHour + minutes * kTicksPerMinute);
}

// 2014-05-25, 2014/05/25, 2014-05 (a month's first day), 12-02-2022 and 12/02/2022 (month first; day first when the first
// number cannot be a month).
bool TakeNumericDate(Reader& in, CivilTime& civil) {
  const std::size_t start = in.position();
  const auto first = in.Digits(1, 4);
  if (!first) return false;
  const std::size_t first_digits = in.position() - start;
  const std::size_t separator_at = in.position();
  if (!in.TakeOneOf("-/")) return false;
  in.Return(separator_at);
  const char separator = in.Take('-') ? '-' : (in.Take('/'), '/');
  const auto second = in.Digits(1, 2);
  if (!second) return false;
  if (first_digits == 4) {
    civil.year = *first;
    civil.month = *second;
    civil.day = 1;
    if (!in.Take(separator)) return in.AtEnd();
    const auto day = in.Digits(1, 2);
    civil.day = day.value_or(0);
    return day.has_value();
  }
  if (first_digits > 2 || !in.Take(separator)) return false;
  const auto year = in.Digits(4, 4);
  if (!year) return false;
  civil.year = *year;
  civil.month = *first > 12 ? *second : *first;
  civil.day = *first > 12 ? *first : *second;
  return true;
}

// 8 Nov 14, 08-Nov-14, with a weekday before it or not.
bool TakeNamedDate(Reader& in, CivilTime& civil) {
  if (!in.Word().empty()) {
    in.Take(',');
    in.SkipBlanks();
  }
  const auto day = in.Digits(1, 2);
  if (!day || !in.TakeOneOf(" -")) return false;
  civil.day = *day;
  civil.month = MonthFromName(in.Word());
  if (civil.month == 0 || !in.TakeOneOf(" -")) return false;
  const std::size_t start = in.position();
  const auto year = in.Digits(2, 4);
  if (!year) return false;
  civil.year = FullYear(*year, in.position() - start);
  return true;
}

std::optional<Ticks> Finish(Reader& in, CivilTime& civil) {
  if (!in.AtEnd()) {
    if (!in.Take('T') && !in.Take('t') && !in.Take(' ')) return std::nullopt;
    in.SkipBlanks();
    if (!in.AtEnd() && !TakeTimeOfDay(in, civil)) return std::nullopt;
  }
  const auto zone = TakeZone(in);
  if (!zone || !in.AtEnd()) return std::nullopt;
  const auto ticks = FromCivil(civil);
  if (!ticks || *ticks - *zone < kMinDateTime || *ticks - *zone > kMaxDateTime) return std::nullopt;
  return *ticks - *zone;
}

Ticks UnitTicks(std::string_view unit) {
  static constexpr std::pair<std::string_view, Ticks> kUnits[] = {
      {"d", kTicksPerDay},          {"day", kTicksPerDay},           {"days", kTicksPerDay},
      {"h", kTicksPerHour},         {"hr", kTicksPerHour},           {"hrs", kTicksPerHour},
      {"hour", kTicksPerHour},      {"hours", kTicksPerHour},        {"m", kTicksPerMinute},
      {"min", kTicksPerMinute},     {"minute", kTicksPerMinute},     {"minutes", kTicksPerMinute},
      {"s", kTicksPerSecond},       {"sec", kTicksPerSecond},        {"second", kTicksPerSecond},
      {"seconds", kTicksPerSecond}, {"ms", kTicksPerMillisecond},    {"milli", kTicksPerMillisecond},
      {"millis", kTicksPerMillisecond}, {"millisec", kTicksPerMillisecond},
      {"millisecond", kTicksPerMillisecond}, {"milliseconds", kTicksPerMillisecond},
      {"micro", kTicksPerMicrosecond}, {"micros", kTicksPerMicrosecond}, {"microsec", kTicksPerMicrosecond},
      {"microsecond", kTicksPerMicrosecond}, {"microseconds", kTicksPerMicrosecond},
      {"tick", 1},                  {"ticks", 1},
  };
  for (const auto& [name, ticks] : kUnits) {
    if (name == unit) return ticks;
  }
  return 0;
}

// "1.5h", "15 seconds", "2" (days).
std::optional<Ticks> ParseUnitSpan(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && (absl::ascii_isdigit(static_cast<unsigned char>(text[end])) || text[end] == '.')) ++end;
  const auto number = Decimal::Parse(text.substr(0, end));
  if (!number) return std::nullopt;
  std::string_view unit = text.substr(end);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (unit == "nano" || unit == "nanos" || unit == "nanosecond" || unit == "nanoseconds") {
    const auto ticks = number->Divide(Decimal::FromLong(100));
    return ticks ? ticks->ToLong() : std::nullopt;
  }
  const Ticks ticks = unit.empty() ? kTicksPerDay : UnitTicks(unit);
  if (ticks == 0) return std::nullopt;
  const auto product = number->Multiply(Decimal::FromLong(ticks));
  return product ? product->ToLong() : std::nullopt;
}

// [d.]hh:mm[:ss[.fffffff]], without a sign.
std::optional<Ticks> ParseClockSpan(std::string_view text) {
  Reader in(text);
  Ticks days = 0;
  const std::size_t start = in.position();
  const auto first = in.Digits(1, 8);
  if (!first) return std::nullopt;
  if (in.Take('.')) {
    days = *first;
  } else {
    in.Return(start);
  }
  const auto hours = in.Digits(1, 2);
  if (!hours || !in.Take(':')) return std::nullopt;
  const auto minutes = in.Digits(1, 2);
  if (!minutes) return std::nullopt;
  int seconds = 0;
  Ticks fraction = 0;
  if (in.Take(':')) {
    const auto value = in.Digits(1, 2);
    if (!value) return std::nullopt;
    seconds = *value;
    if (in.Take('.')) fraction = in.FractionTicks();
  }
  if (!in.AtEnd() || *hours > 23 || *minutes > 59 || seconds > 59) return std::nullopt;
  const Ticks in_day = *hours * kTicksPerHour + *minutes * kTicksPerMinute + seconds * kTicksPerSecond + fraction;
  Ticks ticks = 0;
  if (__builtin_mul_overflow(days, kTicksPerDay, &ticks) || __builtin_add_overflow(ticks, in_day, &ticks)) return std::nullopt;
  return ticks;
}

}  // namespace

int DaysInMonth(int year, int month) {
  const auto last = std::chrono::year_month_day_last(std::chrono::year(year),
                                                     std::chrono::month_day_last(std::chrono::month(static_cast<unsigned>(month))));
  return static_cast<int>(static_cast<unsigned>(last.day()));
}

CivilTime ToCivil(Ticks ticks) {
  // std::chrono counts days from 1970.
  const Ticks days = ticks / kTicksPerDay;
  const Ticks in_day = ticks % kTicksPerDay;
  const std::chrono::year_month_day date(std::chrono::sys_days(std::chrono::days(days - kUnixEpoch / kTicksPerDay)));
  CivilTime civil;
  civil.year = static_cast<int>(date.year());
  civil.month = static_cast<int>(static_cast<unsigned>(date.month()));
  civil.day = static_cast<int>(static_cast<unsigned>(date.day()));
  civil.hour = static_cast<int>(in_day / kTicksPerHour);
  civil.minute = static_cast<int>(in_day / kTicksPerMinute % 60);
  civil.second = static_cast<int>(in_day / kTicksPerSecond % 60);
  civil.fraction = in_day % kTicksPerSecond;
  return civil;
}

std::optional<Ticks> FromCivil(const CivilTime& c) {
  if (c.year < 1 || c.year > 9999 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > DaysInMonth(c.year, c.month) ||
      c.hour < 0 || c.hour > 23 || c.minute < 0 || c.minute > 59 || c.second < 0 || c.second > 59 || c.fraction < 0 ||
      c.fraction >= kTicksPerSecond) {
    return std::nullopt;
  }
  const std::chrono::sys_days day = std::chrono::year_month_day(
      std::chrono::year(c.year), std::chrono::month(static_cast<unsigned>(c.month)), std::chrono::day(static_cast<unsigned>(c.day)));
  return day.time_since_epoch().count() * kTicksPerDay + kUnixEpoch + c.hour * kTicksPerHour + c.minute * kTicksPerMinute +
         c.second * kTicksPerSecond + c.fraction;
}

std::optional<Value> CheckedDateTime(Ticks ticks) {
  if (ticks < kMinDateTime || ticks > kMaxDateTime) return std::nullopt;
  return Value::DateTime(ticks);
}

std::optional<Ticks> ParseDateTime(std::string_view text) {
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  CivilTime civil;
  Reader numeric(text);
  if (TakeNumericDate(numeric, civil)) return Finish(numeric, civil);
  civil = CivilTime();
  Reader named(text);
  if (TakeNamedDate(named, civil)) return Finish(named, civil);
  if (text.size() == 4) {  // a year alone
    Reader year(text);
    civil = CivilTime();
    civil.year = year.Digits(4, 4).value_or(0);
    return FromCivil(civil);
  }
  return std::nullopt;
}

std::optional<Ticks> ParseTimeSpan(std::string_view text) {
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  bool negative = false;
  if (text.starts_with('-') || text.starts_with('+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const auto ticks = text.find(':') == std::string_view::npos ? ParseUnitSpan(text) : ParseClockSpan(text);
  if (!ticks) return std::nullopt;
  return negative ? -*ticks : *ticks;
}

std::string DateTimeToText(Ticks ticks) {
  const CivilTime c = ToCivil(ticks);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:07}Z", c.year, c.month, c.day, c.hour, c.minute, c.second, c.fraction);
}

std::string TimeSpanToText(Ticks ticks) {
  // The most negative span has no positive counterpart, so work on the unsigned magnitude.
  const std::uint64_t magnitude = ticks < 0 ? ~static_cast<std::uint64_t>(ticks) + 1 : static_cast<std::uint64_t>(ticks);
  const std::uint64_t day = static_cast<std::uint64_t>(kTicksPerDay);
  const std::uint64_t second = static_cast<std::uint64_t>(kTicksPerSecond);
  std::string text = ticks < 0 ? "-" : "";
  if (magnitude >= day) text += fmt::format("{}.", magnitude / day);
  const std::uint64_t seconds = magnitude % day / second;
  text += fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (magnitude % second != 0) text += fmt::format(".{:07}", magnitude % second);
  return text;
}

}  // namespace zoomwatch::kql
