#include "common/event_table/legacy_columns.h"

#include <algorithm>
#include <cctype>

#include "common/kql/convert.h"
#include "common/kql/json.h"

namespace zoomwatch::event_table {
namespace {

using kql::Type;
using kql::Value;

constexpr int kMaxDepth = 16;

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

// The type under which a value was stored; none for null and objects, which have columns of their own for what is in them.
std::optional<Type> StoredType(const Value& value) {
  switch (value.kind()) {
    case kql::Kind::kBool: return Type::kBool;
    case kql::Kind::kLong:
    case kql::Kind::kReal: return Type::kReal;
    case kql::Kind::kArray: return Type::kString;
    case kql::Kind::kString:
      if (LooksLikeGuid(value.AsString())) return Type::kGuid;
      return LooksLikeTime(value.AsString()) ? Type::kDateTime : Type::kString;
    default: return std::nullopt;
  }
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
Value Find(std::string_view path, Type type, const Value& object, int depth) {
  if (!object.is_bag() || depth > kMaxDepth) return Value();
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

// `name` holds the path so far, and does again when the call ends.
void Visit(const Value& object, int depth, std::string& name, const std::function<void(std::string_view)>& visit) {
  if (depth > kMaxDepth) return;
  const std::size_t before = name.size();
  for (const auto& [key, value] : object.AsBag().entries()) {
    if (before + key.size() + 2 > kMaxLegacyNameBytes) continue;
    name.append(key).push_back('_');
    if (value.is_bag()) {
      Visit(value, depth + 1, name, visit);
    } else if (const auto type = StoredType(value)) {
      name.push_back(SuffixOf(*type));
      visit(name);
    }
    name.resize(before);
  }
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

void VisitLegacyNames(const Value& body, const std::function<void(std::string_view name)>& visit) {
  std::string name;
  if (body.is_bag()) Visit(body, 0, name, visit);
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
