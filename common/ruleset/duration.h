// Durations as rule files write them. Pure; thread-safe.
//
//   duration  = shorthand | iso
//   shorthand = digits ( "s" | "m" | "h" | "d" )                        5m, 1h, 14d: the form of Sentinel's YAML files
//   iso       = "P" [ digits "W" ] [ digits "D" ] [ "T" [ digits "H" ] [ digits "M" ] [ digits "S" ] ]   PT1H, P14D: the form of its API
//
// Letters in any case, at most kMaxDigits digits a number. Years and months are refused: they have no fixed length.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace zoomwatch::ruleset {

inline constexpr std::size_t kMaxDurationDigits = 6;

// Error: INVALID_ARGUMENT with a message that says what is wrong with the text.
absl::StatusOr<absl::Duration> ParseRuleDuration(std::string_view text);

// The shorthand with the largest unit that divides it: 90m, 1d. Fractions of a second are dropped. REQUIRES: not negative.
std::string RuleDurationText(absl::Duration duration);

}  // namespace zoomwatch::ruleset
