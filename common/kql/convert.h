// Conversions between types, as the to...() functions do them, and the text forms of every type. Pure; thread-safe.
// A conversion that fails yields null ("" for string): the language has no conversion errors at run time.
// Source of truth: the Kusto pages tobool() ... toguid(), and the pages of the data types for literal forms.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/kql/types.h"
#include "common/kql/value.h"

namespace zoomwatch::kql {

// The to<type>() functions; works on any kind. To kDynamic: the identity (parse_json is another function, see json.h).
Value ConvertTo(Type type, const Value& value);

// tostring(): null is "", a string itself, a dynamic array or bag its JSON text. Reals keep ".0" and are the shortest text
// that reads back as the same number.
std::string ToText(const Value& value);
void AppendText(const Value& value, std::string& out);
std::string RealToText(double value);

// Text forms.
std::string DateTimeToText(Ticks ticks);  // 2017-10-15T12:00:00.0000000Z
std::string TimeSpanToText(Ticks ticks);  // [-][d.]hh:mm:ss[.fffffff]
std::string GuidToText(const Guid& guid);

// What todatetime(), totimespan(), toguid(), ... and literals accept; nullopt when the text is not of the type.
std::optional<Ticks> ParseDateTime(std::string_view text);
std::optional<Ticks> ParseTimeSpan(std::string_view text);  // "1.02:03:04.5", "02:03", "1d", "2" (days), "15 seconds"
std::optional<Guid> ParseGuid(std::string_view text);
std::optional<double> ParseReal(std::string_view text);
std::optional<std::int64_t> ParseLong(std::string_view text);  // decimal or 0x...

// Calendar arithmetic on ticks. year 1..9999, month 1..12, day 1..31.
struct CivilTime {
  int year = 1, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  Ticks fraction = 0;  // ticks within the second
};
CivilTime ToCivil(Ticks ticks);                             // REQUIRES: kMinDateTime <= ticks <= kMaxDateTime
std::optional<Ticks> FromCivil(const CivilTime& civil);      // nullopt when a field is out of range
int DaysInMonth(int year, int month);
std::optional<Value> CheckedDateTime(Ticks ticks);           // nullopt outside the range of datetime

}  // namespace zoomwatch::kql
