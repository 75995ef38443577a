#include "common/kql/json.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>

#include "common/kql/convert.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

Value FromElement(const element& from) {
  switch (from.type()) {
    case element_type::NULL_VALUE: return Value();
    case element_type::BOOL: return Value::Bool(from.get_bool().value_unsafe());
    case element_type::INT64: return Value::Long(from.get_int64().value_unsafe());
    case element_type::UINT64: return Value::Real(static_cast<double>(from.get_uint64().value_unsafe()));
    case element_type::DOUBLE: return Value::Real(from.get_double().value_unsafe());
    case element_type::STRING: return Value::String(from.get_string().value_unsafe());
    case element_type::ARRAY: {
      const auto array = from.get_array().value_unsafe();
      Value::Array values;
      values.reserve(array.size());
      for (const element child : array) values.push_back(FromElement(child));
      return Value::OfArray(std::move(values));
    }
    case element_type::OBJECT: {
      const auto object = from.get_object().value_unsafe();
      std::vector<Bag::Entry> entries;
      entries.reserve(object.size());
      for (const auto field : object) entries.emplace_back(std::string(field.key), FromElement(field.value));
      return Value::OfBag(Bag(std::move(entries)));
    }
  }
  return Value();
}

// The number behind "\u" at `at`; nullopt when no four hexadecimal digits stand there.
std::optional<unsigned> EscapedUnit(std::string_view text, std::size_t at) {
  if (text.size() < at + 6 || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  unsigned unit = 0;
  const char* end = text.data() + at + 6;
  const auto read = std::from_chars(text.data() + at + 2, end, unit, 16);
  return read.ec == std::errc() && read.ptr == end ? std::optional(unit) : std::nullopt;
}

// The escape sequence at `at`, which is as long as its text: half of a surrogate pair becomes U+FFFD.
std::string_view MendedEscape(std::string_view text, std::size_t at, std::size_t& length) {
  const auto unit = EscapedUnit(text, at);
  length = unit ? 6 : 2;
  if (!unit || *unit < 0xD800 || *unit > 0xDFFF) return text.substr(at, length);
  const auto next = EscapedUnit(text, at + 6);
  if (*unit > 0xDBFF || !next || *next < 0xDC00 || *next > 0xDFFF) return "\\ufffd";
  length = 12;
  return text.substr(at, length);
}

// JSON that simdjson refuses though others read it: whole numbers beyond 64 bits are made reals, and halves of surrogate pairs, as a
// text has that was cut in the middle of an emoji, U+FFFD. Everything else stays as it is, right or wrong.
std::string Mended(std::string_view text) {
  std::string mended;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    std::size_t length = 1;
    if (in_string && c == '\\') {
      mended += MendedEscape(text, at, length);
    } else if (!in_string && c >= '0' && c <= '9') {
      const std::string_view number = text.substr(at, text.find_first_not_of("0123456789.eE+-", at) - at);
      length = number.size();
      mended += number;
      if (length > 18 && number.find_first_not_of("0123456789") == std::string_view::npos && !ParseLong(number)) mended += ".0";
    } else {
      in_string = (c == '"') != in_string;
      mended.push_back(c);
    }
    at += length;
  }
  return mended;
}

}  // namespace

std::optional<Value> ParseJson(std::string_view text) {
  if (text.empty()) return std::nullopt;
  // The parser owns buffers worth keeping; a thread's buffers are at most as large as its longest text.
  thread_local simdjson::dom::parser parser;
  thread_local const bool depth_set = parser.allocate(0, kMaxJsonDepth) == simdjson::SUCCESS;
  if (!depth_set) return std::nullopt;
  element root;
  const simdjson::error_code error = parser.parse(text.data(), text.size()).get(root);
  if (error == simdjson::SUCCESS) return FromElement(root);
  if (error != simdjson::NUMBER_ERROR && error != simdjson::STRING_ERROR) return std::nullopt;
  if (parser.parse(Mended(text)).get(root) != simdjson::SUCCESS) return std::nullopt;
  return FromElement(root);
}

void AppendJsonString(std::string_view text, std::string& out) {
  out.push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
}

void AppendJson(const Value& value, std::string& out) {
  switch (value.kind()) {
    case Kind::kNull: out += "null"; return;
    case Kind::kReal:
      if (!std::isfinite(value.AsReal())) {
        AppendJsonString(RealToText(value.AsReal()), out);
        return;
      }
      AppendText(value, out);
      return;
    case Kind::kBool:
    case Kind::kLong:
    case Kind::kDecimal: AppendText(value, out); return;
    case Kind::kDateTime:
    case Kind::kTimeSpan:
    case Kind::kGuid: AppendJsonString(ToText(value), out); return;
    case Kind::kString: AppendJsonString(value.AsString(), out); return;
    case Kind::kArray: {
      char separator = '[';
      for (const Value& element : value.AsArray()) {
        out.push_back(separator);
        AppendJson(element, out);
        separator = ',';
      }
      if (separator == '[') out.push_back('[');
      out.push_back(']');
      return;
    }
    case Kind::kBag: {
      char separator = '{';
      for (const auto& [key, child] : value.AsBag().entries()) {
        out.push_back(separator);
        AppendJsonString(key, out);
        out.push_back(':');
        AppendJson(child, out);
        separator = ',';
      }
      if (separator == '{') out.push_back('{');
      out.push_back('}');
      return;
    }
  }
}

std::string ToJson(const Value& value) {
  std::string out;
  AppendJson(value, out);
  return out;
}

}  // namespace zoomwatch::kql
