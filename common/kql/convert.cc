#include "common/kql/convert.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "common/kql/json.h"

namespace zoomwatch::kql {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (absl::ascii_tolower(static_cast<unsigned char>(a[i])) != lower[i]) return false;
  }
  return true;
}

std::optional<std::int64_t> TruncateReal(double value) {
  if (!(value > -9.3e18 && value < 9.3e18)) return std::nullopt;
  const double whole = std::trunc(value);
  if (whole < -9223372036854775808.0 || whole >= 9223372036854775808.0) return std::nullopt;
  return static_cast<std::int64_t>(whole);
}

Value ToBool(const Value& value) {
  switch (value.kind()) {
    case Kind::kBool: return value;
    case Kind::kLong: return Value::Bool(value.AsLong() != 0);
    case Kind::kReal: return std::isnan(value.AsReal()) ? Value() : Value::Bool(value.AsReal() != 0);
    case Kind::kDecimal: return Value::Bool(!value.AsDecimal().IsZero());
    case Kind::kString: {
      const std::string_view text = Trim(value.AsString());
      if (EqualsIgnoringCase(text, "true")) return Value::Bool(true);
      if (EqualsIgnoringCase(text, "false")) return Value::Bool(false);
      // Only true, false and numbers are documented; a text that is a number counts as that number.
      const auto number = ParseReal(text);
      return number && !std::isnan(*number) ? Value::Bool(*number != 0) : Value();
    }
    case Kind::kNull:
    case Kind::kDateTime:
    case Kind::kTimeSpan:
    case Kind::kGuid:
    case Kind::kArray:
    case Kind::kBag: return Value();
  }
  return Value();
}

std::optional<std::int64_t> ToInteger(const Value& value) {
  switch (value.kind()) {
    case Kind::kBool: return value.AsBool() ? 1 : 0;
    case Kind::kLong: return value.AsLong();
    case Kind::kReal: return TruncateReal(value.AsReal());
    case Kind::kDecimal: return value.AsDecimal().ToLong();
    case Kind::kDateTime:
    case Kind::kTimeSpan: return value.AsTicks();
    case Kind::kString: {
      const std::string_view text = Trim(value.AsString());
      if (const auto whole = ParseLong(text)) return whole;
      const auto real = ParseReal(text);
      return real ? TruncateReal(*real) : std::nullopt;
    }
    case Kind::kNull:
    case Kind::kGuid:
    case Kind::kArray:
    case Kind::kBag: return std::nullopt;
  }
  return std::nullopt;
}

Value ToInt(const Value& value) {
  const auto whole = ToInteger(value);
  if (!whole || *whole < std::numeric_limits<std::int32_t>::min() || *whole > std::numeric_limits<std::int32_t>::max()) {
    return Value();
  }
  return Value::Long(*whole);
}

Value ToReal(const Value& value) {
  switch (value.kind()) {
    case Kind::kBool: return Value::Real(value.AsBool() ? 1 : 0);
    case Kind::kLong: return Value::Real(static_cast<double>(value.AsLong()));
    case Kind::kReal: return value;
    case Kind::kDecimal: return Value::Real(value.AsDecimal().ToReal());
    case Kind::kDateTime:
    case Kind::kTimeSpan: return Value::Real(static_cast<double>(value.AsTicks()));
    case Kind::kString: {
      const auto real = ParseReal(Trim(value.AsString()));
      return real ? Value::Real(*real) : Value();
    }
    case Kind::kNull:
    case Kind::kGuid:
    case Kind::kArray:
    case Kind::kBag: return Value();
  }
  return Value();
}

Value ToDecimal(const Value& value) {
  std::optional<Decimal> result;
  switch (value.kind()) {
    case Kind::kBool: result = Decimal::FromLong(value.AsBool() ? 1 : 0); break;
    case Kind::kLong: result = Decimal::FromLong(value.AsLong()); break;
    case Kind::kReal: result = Decimal::FromReal(value.AsReal()); break;
    case Kind::kDecimal: return value;
    case Kind::kDateTime:
    case Kind::kTimeSpan: result = Decimal::FromLong(value.AsTicks()); break;
    case Kind::kString: result = Decimal::Parse(Trim(value.AsString())); break;
    case Kind::kNull:
    case Kind::kGuid:
    case Kind::kArray:
    case Kind::kBag: break;
  }
  return result ? Value::OfDecimal(*result) : Value();
}

Value ToDateTime(const Value& value) {
  if (value.kind() == Kind::kDateTime) return value;
  if (value.kind() == Kind::kLong) return CheckedDateTime(value.AsLong()).value_or(Value());
  if (value.kind() != Kind::kString) return Value();
  const auto ticks = ParseDateTime(value.AsString());
  return ticks ? Value::DateTime(*ticks) : Value();
}

Value ToTimeSpan(const Value& value) {
  if (value.kind() == Kind::kTimeSpan) return value;
  if (value.kind() == Kind::kLong) return Value::TimeSpan(value.AsLong());
  if (value.kind() != Kind::kString) return Value();
  const auto ticks = ParseTimeSpan(value.AsString());
  return ticks ? Value::TimeSpan(*ticks) : Value();
}

Value ToGuid(const Value& value) {
  if (value.kind() == Kind::kGuid) return value;
  if (value.kind() != Kind::kString) return Value();
  const auto guid = ParseGuid(value.AsString());
  return guid ? Value::OfGuid(*guid) : Value();
}

}  // namespace

Value ConvertTo(Type type, const Value& value) {
  switch (type) {
    case Type::kBool: return ToBool(value);
    case Type::kInt: return ToInt(value);
    case Type::kLong: {
      if (value.kind() == Kind::kLong) return value;
      const auto whole = ToInteger(value);
      return whole ? Value::Long(*whole) : Value();
    }
    case Type::kReal: return ToReal(value);
    case Type::kDecimal: return ToDecimal(value);
    case Type::kString: return value.is_string() ? value : Value::String(ToText(value));
    case Type::kDateTime: return ToDateTime(value);
    case Type::kTimeSpan: return ToTimeSpan(value);
    case Type::kGuid: return ToGuid(value);
    case Type::kDynamic:
    case Type::kUnknown: return value;
  }
  return Value();
}

std::string RealToText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  // As .NET writes them: an exponent only below 0.0001 and from 1e15 on. to_chars() alone takes the shorter one, 1e+05 for 100000.
  const double size = std::fabs(value);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e15);
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value, plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string result(text, end.ptr);
  if (result.find_first_of(".e") == std::string::npos) result += ".0";
  return result;
}

void AppendText(const Value& value, std::string& out) {
  switch (value.kind()) {
    case Kind::kNull: return;
    case Kind::kBool: out += value.AsBool() ? "true" : "false"; return;
    case Kind::kLong: out += std::to_string(value.AsLong()); return;
    case Kind::kReal: out += RealToText(value.AsReal()); return;
    case Kind::kDateTime: out += DateTimeToText(value.AsTicks()); return;
    case Kind::kTimeSpan: out += TimeSpanToText(value.AsTicks()); return;
    case Kind::kString: out += value.AsString(); return;
    case Kind::kDecimal: out += value.AsDecimal().ToString(); return;
    case Kind::kGuid: out += GuidToText(value.AsGuid()); return;
    case Kind::kArray:
    case Kind::kBag: AppendJson(value, out); return;
  }
}

std::string ToText(const Value& value) {
  std::string text;
  AppendText(value, text);
  return text;
}

std::string GuidToText(const Guid& guid) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < guid.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text.push_back(kHex[guid.bytes[i] >> 4]);
    text.push_back(kHex[guid.bytes[i] & 15]);
  }
  return text;
}

std::optional<Guid> ParseGuid(std::string_view text) {
  text = Trim(text);
  if (text.size() >= 2 && ((text.front() == '{' && text.back() == '}') || (text.front() == '(' && text.back() == ')'))) {
    text = text.substr(1, text.size() - 2);
  }
  Guid guid;
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c)) || digits == 32) return std::nullopt;
    const int digit = absl::ascii_isdigit(static_cast<unsigned char>(c))
                          ? c - '0'
                          : absl::ascii_tolower(static_cast<unsigned char>(c)) - 'a' + 10;
    guid.bytes[digits / 2] = static_cast<std::uint8_t>(guid.bytes[digits / 2] << 4 | digit);
    ++digits;
  }
  if (digits != 32) return std::nullopt;
  return guid;
}

std::optional<double> ParseReal(std::string_view text) {
  if (EqualsIgnoringCase(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  bool negative = false;
  std::string_view digits = text;
  if (digits.starts_with('+') || digits.starts_with('-')) {
    negative = digits.front() == '-';
    digits.remove_prefix(1);
  }
  if (EqualsIgnoringCase(digits, "inf") || EqualsIgnoringCase(digits, "infinity")) {
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  if (digits.empty() || !(absl::ascii_isdigit(static_cast<unsigned char>(digits.front())) || digits.front() == '.')) {
    return std::nullopt;
  }
  double value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end.ptr != digits.data() + digits.size()) return std::nullopt;
  if (end.ec == std::errc::result_out_of_range) {
    // from_chars does not say which way: a negative exponent underflows.
    const std::size_t exponent = digits.find_first_of("eE");
    const bool small = (exponent != std::string_view::npos && digits.substr(exponent + 1).starts_with('-')) ||
                       digits.starts_with("0.");
    value = small ? 0.0 : std::numeric_limits<double>::infinity();
  } else if (end.ec != std::errc()) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

std::optional<std::int64_t> ParseLong(std::string_view text) {
  bool negative = false;
  if (text.starts_with('+') || text.starts_with('-')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  std::uint64_t magnitude = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), magnitude, hex ? 16 : 10);
  if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  if (hex && !negative) return static_cast<std::int64_t>(magnitude);  // 0xffffffffffffffff is -1
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (magnitude > (negative ? kMax + 1 : kMax)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
}

}  // namespace zoomwatch::kql
