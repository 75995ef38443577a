#include "common/event_table/legacy_columns.h"

#include <algorithm>
#include <cctype>

#include "common/kql/convert.h"
#include "common/kql/json.h"

namespace zoomwatch::event_table {
namespace {

using kql::Type;
using kql::Value;

constexpr std::size_t kMaxKeys = 17;  // of a path

bool LooksLikeGuid(std::string_view text) {
  if (text.size() != 32 && text.size() != 36) return false;
  std::size_t digits = 0, dashes = 0;
  for (const char c : text) {
    if (c == '-') {
      ++dashes;
    } else if (std::isxdigit(static_cast<unsigned char>(c)) != 0) {
      ++digits;
    } else {
      return false;
    }
  }
  return digits == 32 && (dashes == 0 || (dashes == 4 && kql::ParseGuid(text).has_value()));
}

// A full date and time: "2021-07-13T21:44:51Z". Dates alone and numbers stayed texts.
bool LooksLikeTime(std::string_view text) {
  return text.size() >= 19 && text[4] == '-' && text[7] == '-' && (text[10] == 'T' || text[10] == ' ') && text[13] == ':' &&
         kql::ParseDateTime(text).has_value();
}

// The type under which a value was stored; none for null and objects, which have columns of their own for what is in them. `text`: of
// a string.
std::optional<Type> StoredType(kql::Kind kind, std::string_view text) {
  switch (kind) {
    case kql::Kind::kBool: return Type::kBool;
    case kql::Kind::kLong:
    case kql::Kind::kReal: return Type::kReal;
    case kql::Kind::kArray: return Type::kString;
    case kql::Kind::kString:
      if (LooksLikeGuid(text)) return Type::kGuid;
      return LooksLikeTime(text) ? Type::kDateTime : Type::kString;
    default: return std::nullopt;
  }
}
std::optional<Type> StoredType(const Value& value) {
  return StoredType(value.kind(), value.kind() == kql::Kind::kString ? value.AsString() : std::string_view());
}

char SuffixOf(Type type) {
  switch (type) {
    case Type::kBool: return 'b';
    case Type::kReal: return 'd';
    case Type::kDateTime: return 't';
    case Type::kGuid: return 'g';
    default: return 's';
  }
}

// Keys hold underscores themselves, so every way to read the name as a path is tried; the first value of the type wins.
Value Find(std::string_view path, Type type, const Value& object, std::size_t depth) {
  if (!object.is_bag() || depth == kMaxKeys) return Value();
  for (const auto& [key, value] : object.AsBag().entries()) {
    if (key.empty() || !path.starts_with(key)) continue;
    if (path.size() == key.size()) {
      if (StoredType(value) == type) return value;
    } else if (path[key.size()] == '_') {
      Value found = Find(path.substr(key.size() + 1), type, value, depth + 1);
      if (!found.is_null()) return found;
    }
  }
  return Value();
}

}  // namespace

std::optional<LegacyColumn> ParseLegacyColumn(std::string_view name) {
  if (name.size() < 3 || name[name.size() - 2] != '_') return std::nullopt;
  LegacyColumn column{.path = std::string(name.substr(0, name.size() - 2))};
  switch (name.back()) {
    case 's': column.type = Type::kString; break;
    case 'b': column.type = Type::kBool; break;
    case 'd': column.type = Type::kReal; break;
    case 't': column.type = Type::kDateTime; break;
    case 'g': column.type = Type::kGuid; break;
    default: return std::nullopt;
  }
  return column;
}

Value ReadLegacyColumn(const LegacyColumn& column, const Value& body) {
  const Value value = Find(column.path, column.type, body, 0);
  if (value.is_array()) return Value::String(kql::ToJson(value));
  return value.is_null() ? value : kql::ConvertTo(column.type, value);
}

void VisitLegacyNames(std::string_view body, const std::function<void(std::string_view name)>& visit) {
  std::string name;
  kql::VisitJsonLeaves(body, kMaxKeys, [&](const kql::JsonLeaf& leaf) {
    const auto type = StoredType(leaf.kind, leaf.text);
    std::size_t length = 1;  // of the suffix
    for (const std::string_view key : leaf.path) length += key.size() + 1;
    if (!type || length > kMaxLegacyNameBytes) return;
    name.clear();
    for (const std::string_view key : leaf.path) name.append(key).push_back('_');
    name.push_back(SuffixOf(*type));
    visit(name);
  });
}

const std::vector<std::string>& AlwaysDeclaredLegacyNames() {
  static const std::vector<std::string> kNames = {
      "event_s",
      "payload_object_email_s",
      "payload_object_participant_user_name_s",
      "payload_object_registrant_email_s",
      "payload_object_room_name_s",
      "payload_object_uuid_s",
  };
  return kNames;
}

}  // namespace zoomwatch::event_table
