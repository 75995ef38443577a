// The static types of KQL, as the binder assigns them to expressions and columns.
// Source of truth: the Kusto page "Scalar data types". Pure declarations; no threading concerns.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace zoomwatch::kql {

// kUnknown is the type of an expression that already has an error: it suppresses follow-up errors and is never evaluated.
enum class Type : std::uint8_t {
  kBool, kInt, kLong, kReal, kDecimal, kString, kDateTime, kTimeSpan, kGuid, kDynamic, kUnknown
};

inline constexpr Type kAllTypes[] = {Type::kBool,   Type::kInt,      Type::kLong,     Type::kReal, Type::kDecimal,
                                     Type::kString, Type::kDateTime, Type::kTimeSpan, Type::kGuid, Type::kDynamic};

// "bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid", "dynamic", "unknown".
std::string_view TypeName(Type type);

// The type that a name in a schema, typeof() or literal stands for; accepts the other names boolean, double, date, time,
// uniqueid and uuid. Names are case-sensitive, as in the language.
std::optional<Type> TypeFromName(std::string_view name);

inline bool IsInteger(Type type) { return type == Type::kInt || type == Type::kLong; }
inline bool IsNumeric(Type type) { return IsInteger(type) || type == Type::kReal || type == Type::kDecimal; }
inline bool IsSummable(Type type) {
  return IsNumeric(type) || type == Type::kDateTime || type == Type::kTimeSpan;
}
inline bool IsOrderable(Type type) { return IsSummable(type) || type == Type::kBool || type == Type::kString; }

// int < long < real < decimal. REQUIRES: both numeric.
inline Type WiderNumber(Type a, Type b) { return a < b ? b : a; }

// Time is counted in ticks of 100 ns; a datetime counts from 0001-01-01T00:00:00Z.
using Ticks = std::int64_t;
inline constexpr Ticks kTicksPerMicrosecond = 10;
inline constexpr Ticks kTicksPerMillisecond = 10'000;
inline constexpr Ticks kTicksPerSecond = 10'000'000;
inline constexpr Ticks kTicksPerMinute = 60 * kTicksPerSecond;
inline constexpr Ticks kTicksPerHour = 60 * kTicksPerMinute;
inline constexpr Ticks kTicksPerDay = 24 * kTicksPerHour;
inline constexpr Ticks kMinDateTime = 0;
inline constexpr Ticks kMaxDateTime = 3'155'378'975'999'999'999;  // 9999-12-31T23:59:59.9999999Z
inline constexpr Ticks kUnixEpoch = 621'355'968'000'000'000;      // 1970-01-01T00:00:00Z

}  // namespace zoomwatch::kql
