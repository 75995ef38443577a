#include "common/chart/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/kql/convert.h"
#include "common/kql/types.h"

namespace zoomwatch::chart {
namespace {

constexpr double kMinute = 60, kHour = 3600, kDay = 86400;
constexpr double kTimeSteps[] = {1, 2, 5, 10, 15, 30, kMinute, 2 * kMinute, 5 * kMinute, 10 * kMinute, 15 * kMinute, 30 * kMinute,
                                 kHour, 2 * kHour, 3 * kHour, 6 * kHour, 12 * kHour, kDay, 2 * kDay, 7 * kDay, 14 * kDay};
constexpr int kMonthSteps[] = {1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 12000};

// 1, 2 or 5 times a power of ten: the smallest step that makes at most `count` marks.
double RoundStep(double range, std::size_t count) {
  const double rough = range / static_cast<double>(count);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

// As many digits as tell a mark from its neighbours.
std::string MarkLabel(double value, double step) {
  const double digits = value == 0 ? 0 : std::ceil(std::log10(std::fabs(value) / step)) + 1;
  if (digits <= 6 || (std::fabs(value) < 1e15 && value == std::trunc(value))) return NumberLabel(value);
  return fmt::format("{:.{}g}", value, static_cast<int>(std::min(digits, 17.0)));
}

kql::CivilTime CivilOf(double seconds) {
  const double ticks = seconds * static_cast<double>(kql::kTicksPerSecond) + static_cast<double>(kql::kUnixEpoch);
  // Within 64 bits before the limits are applied exactly.
  const auto whole = static_cast<kql::Ticks>(std::llround(std::clamp(ticks, 0.0, 4e18)));
  return kql::ToCivil(std::clamp(whole, kql::kMinDateTime, kql::kMaxDateTime));
}

std::string TimeLabel(double seconds, double step, bool one_day) {
  const kql::CivilTime t = CivilOf(seconds);
  const std::string date = fmt::format("{:04}-{:02}-{:02}", t.year, t.month, t.day);
  if (step >= kDay) return date;
  const std::string time = step >= kMinute ? fmt::format("{:02}:{:02}", t.hour, t.minute)
                                           : fmt::format("{:02}:{:02}:{:02}", t.hour, t.minute, t.second);
  return one_day ? time : date.substr(5) + " " + time;
}

std::vector<Tick> MonthTicks(double from, double to, int months) {
  std::vector<Tick> ticks;
  const kql::CivilTime first = CivilOf(from);
  int month = (first.year * 12 + first.month - 1 + months - 1) / months * months;
  if (month > first.year * 12 + first.month - 1 + months) month -= months;
  for (; ticks.size() < 1000; month += months) {
    const auto at = kql::FromCivil({.year = month / 12, .month = month % 12 + 1});
    if (!at) break;
    const double seconds = static_cast<double>(*at - kql::kUnixEpoch) / static_cast<double>(kql::kTicksPerSecond);
    if (seconds > to) break;
    if (seconds < from) continue;
    std::string label = fmt::format("{:04}", month / 12);
    if (months % 12 != 0) label += fmt::format("-{:02}", month % 12 + 1);
    ticks.push_back({seconds, std::move(label)});
  }
  return ticks;
}

}  // namespace

std::string NumberLabel(double value) {
  if (value == 0) return "0";
  const double size = std::fabs(value);
  if (size < 1e15 && value == std::trunc(value)) return fmt::format("{}", static_cast<long long>(value));
  if (size < 1e5 || size >= 1e15) return fmt::format("{:.6g}", value);
  std::string text = fmt::format("{:.2f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::vector<Tick> NumberTicks(double from, double to, std::size_t count) {
  if (!(to > from)) return {{from, NumberLabel(from)}};
  const double step = RoundStep(to - from, count);
  std::vector<Tick> ticks;
  for (double index = std::ceil(from / step - 1e-9); index * step <= to + step * 1e-9 && ticks.size() < 2 * count; ++index) {
    ticks.push_back({index * step, MarkLabel(index * step, step)});
  }
  return ticks;
}

std::vector<Tick> TimeTicks(double from, double to, std::size_t count) {
  const bool one_day = std::floor(from / kDay) == std::floor(to / kDay);
  if (!(to > from)) return {{from, TimeLabel(from, 1, false)}};
  for (const double step : kTimeSteps) {
    if ((to - from) / step > static_cast<double>(count)) continue;
    std::vector<Tick> ticks;
    for (double at = std::ceil(from / step) * step; at <= to; at += step) ticks.push_back({at, TimeLabel(at, step, one_day)});
    return ticks.empty() ? std::vector<Tick>{{from, TimeLabel(from, 1, one_day)}} : ticks;
  }
  for (const int months : kMonthSteps) {
    if ((to - from) / (30.4 * kDay * months) <= static_cast<double>(count)) return MonthTicks(from, to, months);
  }
  return MonthTicks(from, to, kMonthSteps[std::size(kMonthSteps) - 1]);
}

std::string TimeRangeLabel(double from, double to) {
  const std::string first = TimeLabel(from, kDay, false);
  const std::string last = TimeLabel(to, kDay, false);
  return first == last ? first + " UTC" : fmt::format("{} to {} UTC", first, last);
}

AxisRange ValueRange(double least, double most, std::size_t count) {
  AxisRange range{.from = std::min(0.0, least), .to = std::max(0.0, most)};
  if (range.from == range.to) return {};
  const double step = RoundStep(range.to - range.from, count);
  return {.from = std::floor(range.from / step + 1e-9) * step, .to = std::ceil(range.to / step - 1e-9) * step, .step = step};
}

std::vector<Tick> RangeTicks(const AxisRange& range) {
  std::vector<Tick> ticks;
  const double first = std::round(range.from / range.step);
  for (double index = first; index * range.step <= range.to + range.step * 1e-6; ++index) {
    ticks.push_back({index * range.step, NumberLabel(index * range.step)});
  }
  return ticks;
}

}  // namespace zoomwatch::chart
