// JSON text <-> values of type dynamic. Pure functions; thread-safe.
// Integers that fit int64 become kLong, other numbers kReal; datetime, timespan, guid and decimal print as JSON strings
// (decimal as a number). Keys print in insertion order, without blanks.
// Limits: kMaxJsonDepth nested arrays and objects, and simdjson's 4 GiB; beyond them text counts as "not JSON".
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/kql/value.h"

namespace zoomwatch::kql {

inline constexpr int kMaxJsonDepth = 256;

// The value of one whole JSON document; nullopt when the text is not JSON. A JSON null is the null value.
std::optional<Value> ParseJson(std::string_view text);

// A member of an object that is no object itself and stands in no array.
struct JsonLeaf {
  std::span<const std::string_view> path;  // of keys, from the root on
  Kind kind = Kind::kNull;                 // of the value that ParseJson() makes of it
  std::string_view text;                   // of a string
};

// Calls `visit` with the leaves of the document that are at most `max_keys` keys deep: those of the value that ParseJson() makes of it, in its
// order, without making it. What is visited lives as long as the call, in which no JSON is parsed. False: the text is not JSON.
bool VisitJsonLeaves(std::string_view text, std::size_t max_keys, const std::function<void(const JsonLeaf&)>& visit);

void AppendJson(const Value& value, std::string& out);
std::string ToJson(const Value& value);
void AppendJsonString(std::string_view text, std::string& out);  // quoted and escaped

}  // namespace zoomwatch::kql
