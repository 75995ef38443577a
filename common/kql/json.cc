#include "common/kql/json.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/kql/convert.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

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

// The root of the document; it lives until the thread's next call. nullopt: the text is not JSON.
std::optional<element> ParseElement(std::string_view text) {
  if (text.empty()) return std::nullopt;
  // The parser owns buffers worth keeping; a thread's buffers are at most as large as its longest text.
  thread_local simdjson::dom::parser parser;
  thread_local const bool depth_set = parser.allocate(0, kMaxJsonDepth) == simdjson::SUCCESS;
  if (!depth_set) return std::nullopt;
  element root;
  const simdjson::error_code error = parser.parse(text.data(), text.size()).get(root);
  if (error == simdjson::SUCCESS) return root;
  if (error != simdjson::NUMBER_ERROR && error != simdjson::STRING_ERROR) return std::nullopt;
  if (parser.parse(Mended(text)).get(root) != simdjson::SUCCESS) return std::nullopt;
  return root;
}

Kind KindOf(element_type type) {
  switch (type) {
    case element_type::NULL_VALUE: return Kind::kNull;
    case element_type::BOOL: return Kind::kBool;
    case element_type::INT64: return Kind::kLong;
    case element_type::UINT64:
    case element_type::DOUBLE: return Kind::kReal;
    case element_type::STRING: return Kind::kString;
    case element_type::ARRAY: return Kind::kArray;
    case element_type::OBJECT: return Kind::kBag;
  }
  return Kind::kNull;
}

class LeafVisitor {
 public:
  LeafVisitor(std::size_t max_keys, const std::function<void(const JsonLeaf&)>& visit) : max_keys_(max_keys), visit_(visit) {}

  void Visit(const object& from) {
    if (path_.size() == max_keys_) return;
    for (const auto& [key, value] : Members(from)) {
      path_.push_back(key);
      if (value.type() == element_type::OBJECT) {
        Visit(value.get_object().value_unsafe());
      } else {
        const bool is_text = value.type() == element_type::STRING;
        visit_({.path = path_, .kind = KindOf(value.type()), .text = is_text ? value.get_string().value_unsafe() : std::string_view()});
      }
      path_.pop_back();
    }
  }

 private:
  using Member = std::pair<std::string_view, element>;

  // As a Bag has them: of members with one key, the last one's value stands, at the first one's place.
  static std::vector<Member> Members(const object& from) {
    std::vector<Member> members;
    members.reserve(from.size());
    absl::flat_hash_map<std::string_view, std::size_t> places;  // of the keys, in an object of many members
    const bool is_large = from.size() > kSmallObject;
    for (const auto field : from) {
      const std::size_t end = members.size();
      std::size_t place = 0;
      if (is_large) {
        place = places.try_emplace(field.key, end).first->second;
      } else {
        while (place < end && members[place].first != field.key) ++place;
      }
      if (place < end) {
        members[place].second = field.value;
      } else {
        members.emplace_back(field.key, field.value);
      }
    }
    return members;
  }

  static constexpr std::size_t kSmallObject = 16;

  const std::size_t max_keys_;
  const std::function<void(const JsonLeaf&)>& visit_;
  std::vector<std::string_view> path_;
};

}  // namespace

std::optional<Value> ParseJson(std::string_view text) {
  const std::optional<element> root = ParseElement(text);
  return root ? std::optional(FromElement(*root)) : std::nullopt;
}

bool VisitJsonLeaves(std::string_view text, std::size_t max_keys, const std::function<void(const JsonLeaf&)>& visit) {
  const std::optional<element> root = ParseElement(text);
  if (!root) return false;
  if (root->type() == element_type::OBJECT) LeafVisitor(max_keys, visit).Visit(root->get_object().value_unsafe());
  return true;
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
