// When an event happened, by Zoom's clock. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "services/normalizer/mapping/mapping_table.h"
#include "services/normalizer/mapping/reader.h"
#include "zoomwatch/event/v1/event.pb.h"

namespace zoomwatch {

// A time is plausible from 2010-01-01 (before Zoom existed) to one day after the webhook was received, both inclusive: a body that
// says 1979 or 2099 is wrong, and a rule that compares times must not be misled by it.
inline constexpr int64_t kEarliestEventTimeMs = 1262304000000;
inline constexpr int64_t kMaxEventTimeAheadMs = 24 * 60 * 60 * 1000;

struct EventTime {
  int64_t unix_ms = 0;
  event::v1::TimeSource source = event::v1::TIME_SOURCE_RECEIVE_TIME;
};

// event_ts at the top of the body; else the first plausible of the rule's fields; else the receive time.
EventTime FindEventTime(const Reader& reader, TimeRule rule, int64_t receive_unix_ms);

// Unix time in ms of a number, or a text of digits: 13 digits are milliseconds, 10 are seconds. nullopt: anything else.
std::optional<int64_t> ParseEpoch(std::string_view digits);

// Unix time in ms of an RFC 3339 time with its zone, for example "2026-11-24T09:30:00Z". Fractions below 1 ms are dropped.
std::optional<int64_t> ParseRfc3339(std::string_view text);

}  // namespace zoomwatch
