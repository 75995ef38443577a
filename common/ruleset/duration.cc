#include "common/ruleset/duration.h"

#include <fmt/format.h>

#include <cctype>
#include <cstdint>
#include <optional>

namespace zoomwatch::ruleset {
namespace {

constexpr std::string_view kForms = "write 5m, 1h, 14d or PT5M, PT1H, P14D";

absl::Status Malformed(std::string_view text, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("'{}' is not a duration: {}", text, what));
}

char Upper(char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); }

// Takes digits off the front; nothing when there are none or too many.
std::optional<std::int64_t> TakeNumber(std::string_view& rest) {
  std::size_t digits = 0;
  std::int64_t number = 0;
  while (digits < rest.size() && std::isdigit(static_cast<unsigned char>(rest[digits])) != 0) {
    if (digits == kMaxDurationDigits) return std::nullopt;
    number = number * 10 + (rest[digits++] - '0');
  }
  if (digits == 0) return std::nullopt;
  rest.remove_prefix(digits);
  return number;
}

absl::StatusOr<absl::Duration> ParseShorthand(std::string_view text) {
  std::string_view rest = text;
  const auto number = TakeNumber(rest);
  if (!number.has_value() || rest.size() != 1) return Malformed(text, kForms);
  switch (Upper(rest[0])) {
    case 'S': return absl::Seconds(*number);
    case 'M': return absl::Minutes(*number);
    case 'H': return absl::Hours(*number);
    case 'D': return absl::Hours(24 * *number);
    default: return Malformed(text, kForms);
  }
}

struct IsoUnit {
  char letter;
  bool time_part;
  absl::Duration length;
};
// In the order in which ISO 8601 lets them stand.
const IsoUnit kIsoUnits[] = {{'W', false, absl::Hours(168)}, {'D', false, absl::Hours(24)}, {'H', true, absl::Hours(1)},
                             {'M', true, absl::Minutes(1)},  {'S', true, absl::Seconds(1)}};

absl::StatusOr<absl::Duration> ParseIso(std::string_view text) {
  std::string_view rest = text.substr(1);
  absl::Duration sum;
  bool time_part = false;
  std::size_t next_unit = 0;
  std::size_t parts = 0, parts_after_t = 0;
  while (!rest.empty()) {
    if (!time_part && Upper(rest[0]) == 'T') {
      time_part = true;
      rest.remove_prefix(1);
      continue;
    }
    const auto number = TakeNumber(rest);
    if (!number.has_value() || rest.empty()) return Malformed(text, kForms);
    const char letter = Upper(rest[0]);
    rest.remove_prefix(1);
    if (!time_part && (letter == 'Y' || letter == 'M')) return Malformed(text, "years and months have no fixed length, use days");
    std::size_t unit = next_unit;
    while (unit < std::size(kIsoUnits) && (kIsoUnits[unit].letter != letter || kIsoUnits[unit].time_part != time_part)) ++unit;
    if (unit == std::size(kIsoUnits)) return Malformed(text, kForms);
    sum += *number * kIsoUnits[unit].length;
    next_unit = unit + 1;
    ++parts;
    parts_after_t += time_part ? 1 : 0;
  }
  if (parts == 0 || (time_part && parts_after_t == 0)) return Malformed(text, kForms);
  return sum;
}

}  // namespace

absl::StatusOr<absl::Duration> ParseRuleDuration(std::string_view text) {
  if (text.empty()) return Malformed(text, kForms);
  return Upper(text[0]) == 'P' ? ParseIso(text) : ParseShorthand(text);
}

std::string RuleDurationText(absl::Duration duration) {
  const std::int64_t seconds = absl::ToInt64Seconds(duration);
  if (seconds != 0 && seconds % 86400 == 0) return fmt::format("{}d", seconds / 86400);
  if (seconds != 0 && seconds % 3600 == 0) return fmt::format("{}h", seconds / 3600);
  if (seconds != 0 && seconds % 60 == 0) return fmt::format("{}m", seconds / 60);
  return fmt::format("{}s", seconds);
}

}  // namespace zoomwatch::ruleset
