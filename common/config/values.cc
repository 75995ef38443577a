#include "common/config/values.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <utility>

namespace zoomwatch::config {
namespace {

constexpr std::pair<std::string_view, int64_t> kDurationUnits[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};  // "ms" before "m"
constexpr std::pair<std::string_view, int64_t> kSizeUnits[] = {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
constexpr int64_t kMaxDurationMs = int64_t{100} * 366 * 86'400'000;

}  // namespace

std::optional<absl::Duration> ParseDuration(std::string_view text) {
  if (text == "0") return absl::ZeroDuration();
  if (text.empty()) return std::nullopt;
  int64_t total_ms = 0;
  while (!text.empty()) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0 || text[0] == '-') return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    bool found = false;
    for (const auto& [unit, ms] : kDurationUnits) {
      if (!text.starts_with(unit)) continue;
      if (number > (kMaxDurationMs - total_ms) / ms) return std::nullopt;
      total_ms += number * ms;
      text.remove_prefix(unit.size());
      found = true;
      break;
    }
    if (!found) return std::nullopt;
  }
  return absl::Milliseconds(total_ms);
}

std::string FormatDuration(absl::Duration duration) {
  int64_t ms = absl::ToInt64Milliseconds(duration);
  if (ms % 1000 != 0) return fmt::format("{}ms", ms);
  std::string text;
  for (const auto& [unit, unit_ms] : {std::pair<std::string_view, int64_t>{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}}) {
    if (ms >= unit_ms) text += fmt::format("{}{}", ms / unit_ms, unit);
    ms %= unit_ms;
  }
  return text.empty() ? "0s" : text;
}

std::optional<int64_t> ParseInteger(std::string_view text, bool is_size) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view rest = text.substr(static_cast<size_t>(end - text.data()));
  if (rest.empty()) return number;
  if (!is_size || number < 0) return std::nullopt;
  for (const auto& [unit, bytes] : kSizeUnits) {
    if (rest != unit) continue;
    if (number > std::numeric_limits<int64_t>::max() / bytes) return std::nullopt;
    return number * bytes;
  }
  return std::nullopt;
}

}  // namespace zoomwatch::config
