// The table of events as every reader sees it, in Log Analytics and in the JSON-lines file: one row per column, with its type and
// where it comes from. docs/table-schema.md, the templates of the Azure side and the row encoder all follow it.
// Pure and thread-safe; everything here has static lifetime.
//
// Rules of the Logs Ingestion API that hold by construction (column_name.h, static_assert in columns.cc): a name starts with a letter, has at
// most 45 characters of letters, digits and underscore, is not reserved, and occurs once (compared without case).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "common/event_table/column_name.h"
#include "common/event_table/json_writer.h"
#include "zoomwatch/event/v1/event.pb.h"

namespace zoomwatch::event_table {

// Types of KQL. In a stream declaration they have the same names.
enum class ColumnType { kString, kLong, kBool, kDateTime, kDynamic };

std::string_view NameOf(ColumnType type);

// Appends the value under that key, or nothing when the event has none.
using AppendValue = void (*)(const event::v1::Event& event, std::string_view key, ObjectWriter& out);

// A key inside the object of a family column.
struct Key {
  std::string_view name;
  ColumnType type;
  std::string_view source;  // field of the message in proto/zoomwatch/event/v1/event.proto
  AppendValue append;
};

struct Column {
  std::string_view name;
  ColumnType type;
  std::string_view text;                     // one sentence: what it holds, and when it is absent
  AppendValue append = nullptr;              // null: written by event_row.cc, which knows the space that is left
  std::span<const Key> (*keys)() = nullptr;  // of a family column; otherwise null
};

// All columns in the order in which they stand in a row. A column without a value is left out of the row.
std::span<const Column> EventColumns();

// How many columns "PayloadPart01" ... there are.
inline constexpr int kPayloadParts = 15;

// The keys of the family columns, in order (families.cc).
std::span<const Key> MeetingKeys();
std::span<const Key> WebinarKeys();
std::span<const Key> ChannelKeys();
std::span<const Key> ChatKeys();
std::span<const Key> UserKeys();
std::span<const Key> SignInKeys();
std::span<const Key> RecordingKeys();
std::span<const Key> RoomKeys();
std::span<const Key> AccountKeys();
std::span<const Key> ChatbotKeys();

}  // namespace zoomwatch::event_table
