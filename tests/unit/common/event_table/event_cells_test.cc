#include "common/event_table/event_cells.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "common/event_table/event_row.h"
#include "common/kql/convert.h"
#include "common/kql/json.h"

namespace zoomwatch::event_table {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using kql::Type;
using kql::Value;

event::v1::Event Joined() {
  event::v1::Event event;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(event_id: '00112233445566778899aabbccddeeff' event: 'meeting.participant_joined' category: 'meeting' account_name: 'main'
         receive_time { seconds: 1777888800 nanos: 250000900 } event_time { seconds: 1777888799 } time_source: TIME_SOURCE_EVENT_TS
         user: 'ann@corp.example' redacted_paths: 'payload.object.password'
         payload: '{"event":"meeting.participant_joined","payload":{"object":{"timezone":"Europe/Zurich","id":91234567890,'
                  '"uuid":"abc","start_time":"2026-05-04T09:00:00Z","ids":[1,2],"participant":{"user_name":"Ann","on":true,'
                  '"g":"0a1b2c3d-0000-1111-2222-333344445555"}},"object_old":{"x":"shadow"}}}'
         meeting { topic: 'Weekly' type: 8 participant { name: 'Ann' } })",
      &event));
  return event;
}

Value Cell(const std::string& column, Type type) {
  EventCells cells({{column, type}}, {true});
  std::vector<Value> row;
  cells.Append(Joined(), row);
  EXPECT_EQ(row.size(), 1U);
  return row[0];
}

TEST(EventCells, HoldWhatTheDeliveredRowHolds) {
  RowEncoder encoder;
  std::string json;
  encoder.Append(Joined(), json);
  const Value row = kql::ParseJson(json).value();
  EventCells cells(EventSchema(), std::vector<bool>(EventSchema().size(), true));
  std::vector<Value> values;
  cells.Append(Joined(), values);
  ASSERT_EQ(values.size(), EventSchema().size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const kql::Column& column = EventSchema()[i];
    const Value* delivered = row.AsBag().Find(column.name);
    const Value expected = delivered == nullptr ? column.type == Type::kString ? Value::String("") : Value()
                                                : kql::ConvertTo(column.type, *delivered);
    EXPECT_EQ(kql::ToJson(values[i]), kql::ToJson(expected)) << column.name;
  }
}

TEST(EventCells, TextsAreWhateverTheyHold) {
  for (const std::string text : {"plain", "", "a \"quoted\" one", "\"", "\\", "ends with \\\"", "two\nlines", "Zürich 東京", "{\"v\":\"x\"}", "a/b"}) {
    event::v1::Event event;
    event.set_user(text);
    EventCells cells({{"User", Type::kString}, {"UserId", Type::kString}}, {true, true});
    std::vector<Value> row;
    cells.Append(event, row);
    EXPECT_EQ(row[0].AsString(), text);
    EXPECT_EQ(row[1].AsString(), "");
  }
}

TEST(EventCells, LeaveOutWhatIsNotNeeded) {
  EventCells cells({{"Event", Type::kString}, {"Payload", Type::kDynamic}}, {true, false});
  std::vector<Value> row;
  cells.Append(Joined(), row);
  EXPECT_EQ(row[0].AsString(), "meeting.participant_joined");
  EXPECT_TRUE(row[1].is_null());
}

TEST(EventCells, GiveOneAtATimeWhatTheRowHolds) {
  event::v1::Event other = Joined();
  other.set_event("other.event");
  other.set_payload(R"({"kind":"other"})");
  EventCells row({{"Event", Type::kString}, {"Payload", Type::kDynamic}, {"kind_s", Type::kString}}, {true, true, true});
  EventCells cells;
  EXPECT_EQ(cells.AddColumn({"Event", Type::kString}), 0U);
  EXPECT_EQ(cells.AddColumn({"Payload", Type::kDynamic}), 1U);
  EXPECT_EQ(cells.AddColumn({"kind_s", Type::kString}), 2U);
  for (const event::v1::Event& event : {Joined(), other}) {
    std::vector<Value> expected;
    row.Append(event, expected);
    cells.Begin();
    for (const std::size_t column : {2U, 0U, 1U}) EXPECT_EQ(kql::ToText(cells.Cell(column, event)), kql::ToText(expected[column])) << column;
  }
}

TEST(EventCells, ReadTheNamesOfTheDataCollectorApi) {
  EXPECT_EQ(Cell("event_s", Type::kString).AsString(), "meeting.participant_joined");
  EXPECT_EQ(Cell("payload_object_timezone_s", Type::kString).AsString(), "Europe/Zurich");
  EXPECT_EQ(Cell("payload_object_participant_user_name_s", Type::kString).AsString(), "Ann");
  EXPECT_EQ(Cell("payload_object_id_d", Type::kReal).AsReal(), 91234567890.0);
  EXPECT_EQ(Cell("payload_object_participant_on_b", Type::kBool).AsBool(), true);
  EXPECT_EQ(kql::DateTimeToText(Cell("payload_object_start_time_t", Type::kDateTime).AsTicks()), "2026-05-04T09:00:00.0000000Z");
  EXPECT_EQ(Cell("payload_object_participant_g_g", Type::kGuid).kind(), kql::Kind::kGuid);
  EXPECT_EQ(Cell("payload_object_ids_s", Type::kString).AsString(), "[1,2]");
  EXPECT_EQ(Cell("payload_object_old_x_s", Type::kString).AsString(), "shadow");  // payload.object_old.x
}

TEST(EventCells, GiveALegacyNameOnlyValuesOfItsType) {
  EXPECT_EQ(Cell("payload_object_id_s", Type::kString).AsString(), "");          // a number
  EXPECT_EQ(Cell("payload_object_start_time_s", Type::kString).AsString(), "");  // looks like a time
  EXPECT_TRUE(Cell("payload_object_timezone_d", Type::kReal).is_null());
  EXPECT_EQ(Cell("payload_object_nothing_s", Type::kString).AsString(), "");
}

std::vector<std::string> NamesOf(const std::string& body) {
  std::vector<std::string> names;
  VisitLegacyNames(body, [&names](std::string_view name) { names.emplace_back(name); });
  return names;
}

TEST(LegacyColumns, EveryValueHasAName) {
  EXPECT_THAT(NamesOf(R"({"a":"x","b":{"c":1,"d":null,"e":{}},"f":[],"g":true})"), ElementsAre("a_s", "b_c_d", "f_s", "g_b"));
  EXPECT_THAT(NamesOf("[1]"), IsEmpty());
  EXPECT_THAT(NamesOf(R"({"a":1,"a":"x"})"), ElementsAre("a_s")) << "of a key that comes twice, the last value stands";
}

TEST(LegacyColumns, ANameThatIsTooLongIsNone) {
  const std::string longest(kMaxLegacyNameBytes - 2, 'k');
  EXPECT_THAT(NamesOf(R"({")" + longest + R"(":1,"b":2})"), ElementsAre(longest + "_d", "b_d"));
  EXPECT_THAT(NamesOf(R"({"x)" + longest + R"(":1,"b":2})"), ElementsAre("b_d"));
  EXPECT_THAT(NamesOf(R"({"x":{")" + longest + R"(":1,"b":2}})"), ElementsAre("x_b_d"));
}

TEST(LegacyColumns, NamesWithoutASuffixAreNone) {
  EXPECT_FALSE(ParseLegacyColumn("payload_object_enforce_logon_domains").has_value());
  EXPECT_FALSE(ParseLegacyColumn("_s").has_value());
  EXPECT_FALSE(ParseLegacyColumn("event_x").has_value());
  EXPECT_EQ(ParseLegacyColumn("event_s")->path, "event");
}

}  // namespace
}  // namespace zoomwatch::event_table
