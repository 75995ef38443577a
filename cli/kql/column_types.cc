#include "cli/kql/column_types.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "common/kql/convert.h"
#include "common/kql/json.h"

namespace zoomwatch::cli {
namespace {

using kql::Kind;
using kql::Type;
using kql::Value;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes exactly `count` digits off the front.
bool TakeDigits(std::string_view& text, std::size_t count) {
  if (text.size() < count || !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(count), IsDigit)) return false;
  text.remove_prefix(count);
  return true;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::size_t TakeAllDigits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) ++count;
  text.remove_prefix(count);
  return count;
}

bool IsZone(std::string_view text) {
  if (text.empty() || text == "Z") return true;
  if (!Take(text, '+') && !Take(text, '-')) return false;
  return TakeDigits(text, 2) && (Take(text, ':') || true) && TakeDigits(text, 2) && text.empty();
}

bool HasIsoForm(std::string_view text) {
  if (!TakeDigits(text, 4) || !Take(text, '-') || !TakeDigits(text, 2) || !Take(text, '-') || !TakeDigits(text, 2)) return false;
  if (text.empty()) return true;
  if (!Take(text, 'T') && !Take(text, ' ')) return false;
  if (!TakeDigits(text, 2) || !Take(text, ':') || !TakeDigits(text, 2)) return false;
  if (Take(text, ':') && !TakeDigits(text, 2)) return false;
  if (Take(text, '.') && TakeAllDigits(text) == 0) return false;
  return IsZone(text);
}

bool LooksLikeInteger(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  if (text.size() > 1 && text.front() == '0') return false;
  return TakeAllDigits(text) > 0 && text.empty();
}

bool LooksLikeReal(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  if (text.size() > 1 && text.front() == '0' && IsDigit(text[1])) return false;
  if (TakeAllDigits(text) == 0) return false;
  if (Take(text, '.') && TakeAllDigits(text) == 0) return false;
  if (Take(text, 'e') || Take(text, 'E')) {
    if (!Take(text, '+')) Take(text, '-');
    if (TakeAllDigits(text) == 0) return false;
  }
  return text.empty();
}

Type TypeOfField(std::string_view text) {
  if (text == "true" || text == "false" || text == "True" || text == "False") return Type::kBool;
  if (LooksLikeInteger(text)) return kql::ParseLong(text) ? Type::kLong : Type::kReal;
  if (LooksLikeReal(text)) return Type::kReal;
  if (IsIsoTime(text)) return Type::kDateTime;
  if ((text.front() == '{' || text.front() == '[') && kql::ParseJson(text)) return Type::kDynamic;
  return Type::kString;
}

Type TypeOfJson(const Value& value) {
  switch (value.kind()) {
    case Kind::kBool: return Type::kBool;
    case Kind::kLong: return Type::kLong;
    case Kind::kReal: return Type::kReal;
    case Kind::kString: return IsIsoTime(value.AsString()) ? Type::kDateTime : Type::kString;
    case Kind::kNull:
    case Kind::kDateTime:
    case Kind::kTimeSpan:
    case Kind::kDecimal:
    case Kind::kGuid:
    case Kind::kArray:
    case Kind::kBag: return Type::kDynamic;
  }
  return Type::kDynamic;
}

// The type of a column with values of both; `mixed` where they have nothing in common.
Type Common(Type a, Type b, Type mixed) {
  if (a == b) return a;
  const auto both = [&](Type one, Type other) { return (a == one && b == other) || (a == other && b == one); };
  if (both(Type::kLong, Type::kReal)) return Type::kReal;
  if (both(Type::kString, Type::kDateTime)) return Type::kString;
  return mixed;
}

template <typename TypeOf>
Type Infer(const std::vector<Value>& cells, Type mixed, const TypeOf& type_of) {
  std::optional<Type> type;
  for (const Value& cell : cells) {
    if (cell.is_null()) continue;
    const Type own = type_of(cell);
    type = type ? Common(*type, own, mixed) : own;
    if (*type == mixed) break;
  }
  return type.value_or(Type::kString);
}

// Null when the value cannot be of the type.
Value Converted(Type type, bool parse_dynamic, const Value& cell) {
  if (type == Type::kDynamic && parse_dynamic && cell.is_string()) return kql::ParseJson(cell.AsString()).value_or(Value());
  // "yes" is no bool, a number no time, and 1.5 no long, though the conversions of the language see it otherwise.
  if (type == Type::kBool && cell.kind() != Kind::kBool && !cell.is_string()) return Value();
  if (type == Type::kDateTime && !cell.is_string() && cell.kind() != Kind::kDateTime) return Value();
  if (type == Type::kTimeSpan && !cell.is_string() && cell.kind() != Kind::kTimeSpan) return Value();
  if (kql::IsInteger(type)) {
    if (cell.kind() != Kind::kLong && !cell.is_string()) return Value();
    if (cell.is_string() && !kql::ParseLong(cell.AsString())) return Value();
  }
  return kql::ConvertTo(type, cell);
}

}  // namespace

bool IsIsoTime(std::string_view text) { return HasIsoForm(text) && kql::ParseDateTime(text).has_value(); }

Type InferJsonType(const std::vector<Value>& cells) { return Infer(cells, Type::kDynamic, TypeOfJson); }

Type InferCsvType(const std::vector<Value>& cells) {
  return Infer(cells, Type::kString, [](const Value& cell) { return TypeOfField(cell.AsString()); });
}

std::optional<std::size_t> ConvertColumn(Type type, bool parse_dynamic, std::vector<Value>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    Value& cell = cells[i];
    if (cell.is_null()) {
      if (type == Type::kString) cell = Value::String("");
      continue;
    }
    Value converted = Converted(type, parse_dynamic, cell);
    if (converted.is_null()) return i;
    cell = std::move(converted);
  }
  return std::nullopt;
}

}  // namespace zoomwatch::cli
