#include "common/event_table/columns.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace zoomwatch::event_table {
namespace {

// The generated part of docs/table-schema.md.
std::string SchemaTables() {
  std::string text = "| Column | Type | Holds |\n|---|---|---|\n";
  const auto line = [&text](std::string_view a, std::string_view b, std::string_view c) {
    ((((((text += "| ") += a) += " | ") += b) += " | ") += c) += " |\n";
  };
  for (const Column& column : EventColumns()) line(column.name, NameOf(column.type), column.text);
  for (const Column& column : EventColumns()) {
    if (column.keys == nullptr) continue;
    text += "\n### " + std::string(column.name) + "\n\n| Key | Type | Field of the event |\n|---|---|---|\n";
    for (const Key& key : column.keys()) line(key.name, NameOf(key.type), key.source);
  }
  return text;
}

TEST(EventColumns, BeginWithTheColumnsOfThePublishedParser) {
  const std::vector<std::string_view> expected = {"TimeGenerated", "Event",      "EventTime",  "User",            "UserId",    "MeetingEvents",
                                                  "WebinarEvents", "ChannelEvents", "ChatEvents", "UserEvents", "RecordingEvents", "RoomEvents"};
  std::vector<std::string_view> actual;
  for (const Column& column : EventColumns().first(expected.size())) actual.push_back(column.name);
  EXPECT_EQ(actual, expected);
}

TEST(EventColumns, FamilyObjectsBeginWithTheKeysOfThePublishedParser) {
  const auto first = [](std::span<const Key> keys, size_t count) {
    std::vector<std::string_view> names;
    for (const Key& key : keys.first(count)) names.push_back(key.name);
    return names;
  };
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(first(MeetingKeys(), 6), (Names{"MeetingName", "MeetingId", "Timezone", "Start", "End", "Participant"}));
  EXPECT_EQ(first(WebinarKeys(), 6), (Names{"WebinarName", "WebinarId", "Timezone", "Start", "End", "Participant"}));
  EXPECT_EQ(first(ChannelKeys(), 3), (Names{"Channel", "ChannelId", "Member"}));
  EXPECT_EQ(first(ChatKeys(), 4), (Names{"Channel", "ChannelId", "Type", "Message"}));
  EXPECT_EQ(first(UserKeys(), 5), (Names{"UserId", "UserEmail", "UserFirstName", "UserLastName", "UserType"}));
  EXPECT_EQ(first(RecordingKeys(), 3), (Names{"RecordingName", "RecordingURL", "RecordingSize"}));
  EXPECT_EQ(first(RoomKeys(), 5), (Names{"RoomName", "RoomEmail", "RoomEvent", "AlertType", "AlertKind"}));
}

TEST(EventColumns, KeysAreDistinctAndEveryRowHasATextAndAWriter) {
  int written_elsewhere = 0;
  for (const Column& column : EventColumns()) {
    EXPECT_FALSE(column.text.empty()) << column.name;
    if (column.append == nullptr) {
      EXPECT_EQ(column.name.substr(0, 7), "Payload");
      ++written_elsewhere;
    }
    if (column.keys == nullptr) continue;
    std::set<std::string_view> names;
    for (const Key& key : column.keys()) {
      EXPECT_TRUE(names.insert(key.name).second) << column.name << "." << key.name;
      EXPECT_NE(key.append, nullptr);
    }
  }
  EXPECT_EQ(written_elsewhere, 4 + kPayloadParts);
}

TEST(EventColumns, DocumentationHasTheSameColumns) {
  const char* source_dir = std::getenv("ZOOMWATCH_SOURCE_DIR");
  ASSERT_NE(source_dir, nullptr);
  std::ifstream file(std::string(source_dir) + "/docs/table-schema.md");
  std::stringstream text;
  text << file.rdbuf();
  const bool same = text.str().find(SchemaTables()) != std::string::npos;
  EXPECT_TRUE(same) << "docs/table-schema.md must contain exactly:\n" << SchemaTables();
}

}  // namespace
}  // namespace zoomwatch::event_table
