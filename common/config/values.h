// How durations and sizes are written in configuration. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace zoomwatch::config {

// "250ms", "3s", "90m", "24h", "30d", "1h30m"; "0" needs no unit. Not negative, at most 100 years. nullopt: malformed.
std::optional<absl::Duration> ParseDuration(std::string_view text);

// The shortest form that ParseDuration() reads back: "1h30m", "2500ms". REQUIRES: a whole number of milliseconds.
std::string FormatDuration(absl::Duration duration);

// Decimal digits with an optional "-"; for sizes also KiB, MiB, GiB. nullopt: malformed or beyond 64 bits.
std::optional<int64_t> ParseInteger(std::string_view text, bool is_size);

}  // namespace zoomwatch::config
