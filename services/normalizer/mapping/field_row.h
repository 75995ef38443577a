// Tables that say which key of a JSON object becomes which field of a typed message.
// Several rows may name one field: then the first of them, in table order, that has a value other than "" wins.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/document.h"
#include "services/normalizer/mapping/reader.h"

namespace zoomwatch {

template <typename Message>
struct FieldRow {
  using TextField = std::string* (Message::*)();
  using NumberField = void (Message::*)(int64_t);
  using FlagField = void (Message::*)(bool);

  constexpr FieldRow(const char* json_key, const char* field_name, TextField f) : key(json_key), field(field_name), text(f) {}
  constexpr FieldRow(const char* json_key, const char* field_name, NumberField f)
      : key(json_key), field(field_name), number(f) {}
  constexpr FieldRow(const char* json_key, const char* field_name, FlagField f) : key(json_key), field(field_name), flag(f) {}

  json::Key key;
  std::string_view field;  // name in event.proto
  // Exactly one is set.
  TextField text = nullptr;
  NumberField number = nullptr;
  FlagField flag = nullptr;
};

// Sets the fields of `message` from the members of `parent`. A missing or null member, or one of another type, sets nothing.
template <typename Message>
void FillFields(const Reader& reader, json::NodeIndex parent, std::span<const FieldRow<Message>> rows, Message& message) {
  if (parent == json::kNoNode) return;
  std::string_view filled;
  for (const FieldRow<Message>& row : rows) {
    if (row.field == filled) continue;
    const json::NodeIndex value = reader.Find(parent, row.key);
    if (value == json::kNoNode) continue;
    if (row.text != nullptr) {
      if (!reader.IsScalar(value)) continue;
      reader.Text(value, *(message.*row.text)());
      if (reader.HasText(value)) filled = row.field;
    } else if (row.number != nullptr) {
      if (const auto number = reader.Integer(value)) {
        (message.*row.number)(*number);
        filled = row.field;
      }
    } else if (const auto flag = reader.Flag(value)) {
      (message.*row.flag)(*flag);
      filled = row.field;
    }
  }
}

// One line of docs/event-model.md: where a field comes from.
struct FieldDoc {
  std::string zoom_path;         // "payload.object.topic"
  std::string_view message;      // "Meeting"
  std::string_view field;        // "topic"
  std::string_view note;         // how, where it is more than a copy
};

template <typename Message>
void AppendDocs(std::string_view prefix, std::string_view message, std::span<const FieldRow<Message>> rows,
                std::vector<FieldDoc>& docs) {
  for (const FieldRow<Message>& row : rows) {
    docs.push_back({std::string(prefix) + std::string(row.key.name), message, row.field, {}});
  }
}

}  // namespace zoomwatch
