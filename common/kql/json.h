// JSON text <-> values of type dynamic. Pure functions; thread-safe.
// Integers that fit int64 become kLong, other numbers kReal; datetime, timespan, guid and decimal print as JSON strings
// (decimal as a number). Keys print in insertion order, without blanks.
// Limits: kMaxJsonDepth nested arrays and objects, and simdjson's 4 GiB; beyond them text counts as "not JSON".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/kql/value.h"

namespace zoomwatch::kql {

inline constexpr int kMaxJsonDepth = 256;

// The value of one whole JSON document; nullopt when the text is not JSON. A JSON null is the null value.
std::optional<Value> ParseJson(std::string_view text);

void AppendJson(const Value& value, std::string& out);
std::string ToJson(const Value& value);
void AppendJsonString(std::string_view text, std::string& out);  // quoted and escaped

}  // namespace zoomwatch::kql
