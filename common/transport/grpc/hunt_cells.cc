#include "common/transport/grpc/hunt_cells.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/kql/convert.h"
#include "common/kql/functions/utf8.h"
#include "common/kql/json.h"

namespace zoomwatch {
namespace {

using hunt::v1::Cell;
using kql::Kind;
using kql::Type;
using kql::Value;

// Functions of the language may cut text inside a character, which a protobuf string must not hold: U+FFFD stands for such bytes.
std::string WellFormed(std::string text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return text;
  std::string out;
  for (std::size_t at = 0; at < text.size();) kql::AppendCodePoint(kql::NextCodePoint(text, at), out);
  return out;
}

// Not null when the text reads as a value of the type.
std::optional<Value> FromText(Type type, const std::string& text) {
  if (type == Type::kString) return Value::String(text);
  Value value = kql::ConvertTo(type, Value::String(text));
  if (value.is_null()) return std::nullopt;
  return value;
}

}  // namespace

Cell ToCell(Type type, const Value& value) {
  Cell cell;
  if (value.is_null()) return cell;
  if (type == Type::kDynamic) {
    cell.set_json_value(WellFormed(kql::ToJson(value)));
    return cell;
  }
  switch (value.kind()) {
    case Kind::kNull: break;
    case Kind::kBool: cell.set_bool_value(value.AsBool()); break;
    case Kind::kLong: cell.set_long_value(value.AsLong()); break;
    case Kind::kReal: cell.set_real_value(value.AsReal()); break;
    case Kind::kDateTime: cell.set_datetime_ticks(value.AsTicks()); break;
    case Kind::kTimeSpan: cell.set_timespan_ticks(value.AsTicks()); break;
    case Kind::kString:
    case Kind::kDecimal:
    case Kind::kGuid: cell.set_text_value(WellFormed(kql::ToText(value))); break;
    case Kind::kArray:
    case Kind::kBag: cell.set_json_value(WellFormed(kql::ToJson(value))); break;
  }
  return cell;
}

std::optional<Value> FromCell(Type type, const Cell& cell) {
  switch (cell.value_case()) {
    case Cell::VALUE_NOT_SET: return Value();
    case Cell::kBoolValue: return type == Type::kBool ? std::optional(Value::Bool(cell.bool_value())) : std::nullopt;
    case Cell::kLongValue: return kql::IsInteger(type) ? std::optional(Value::Long(cell.long_value())) : std::nullopt;
    case Cell::kRealValue: return type == Type::kReal ? std::optional(Value::Real(cell.real_value())) : std::nullopt;
    case Cell::kDatetimeTicks:
      return type == Type::kDateTime ? kql::CheckedDateTime(cell.datetime_ticks()) : std::nullopt;
    case Cell::kTimespanTicks: return type == Type::kTimeSpan ? std::optional(Value::TimeSpan(cell.timespan_ticks())) : std::nullopt;
    case Cell::kTextValue:
      return type == Type::kString || type == Type::kDecimal || type == Type::kGuid ? FromText(type, cell.text_value()) : std::nullopt;
    case Cell::kJsonValue: return type == Type::kDynamic ? kql::ParseJson(cell.json_value()) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace zoomwatch
