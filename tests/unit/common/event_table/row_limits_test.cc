// The row encoder at and around its limits, and under hostile events.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/reflection.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>

#include "common/event_table/columns.h"
#include "common/event_table/event_row.h"

namespace zoomwatch::event_table {
namespace {

using event::v1::Event;

std::string Encode(const Event& event, RowLimits limits = {}) {
  RowEncoder encoder(limits);
  std::string row;
  encoder.Append(event, row);
  return row;
}

simdjson::dom::element Parse(simdjson::dom::parser& parser, const std::string& row) {
  auto result = parser.parse(row);
  EXPECT_EQ(result.error(), simdjson::SUCCESS) << row.substr(0, 2000);
  return result.value();
}

std::string Text(simdjson::dom::element row, std::string_view key) {
  std::string_view text;
  return row[key].get_string().get(text) == simdjson::SUCCESS ? std::string(text) : "(absent)";
}

// {"x":"aaa..."} of exactly `size` bytes.
std::string PayloadOf(size_t size) { return "{\"x\":\"" + std::string(size - 8, 'a') + "\"}"; }

std::string Joined(simdjson::dom::element row) {
  std::string joined;
  for (const Column& column : EventColumns()) {
    if (column.name.substr(0, 11) != "PayloadPart") continue;
    const std::string part = Text(row, column.name);
    if (part != "(absent)") joined += part;
  }
  return joined;
}

TEST(RowLimits, PayloadAtTheFieldLimitIsOneColumn) {
  for (const size_t size : {size_t{63'999}, size_t{64'000}}) {
    Event event;
    event.set_payload(PayloadOf(size));
    const std::string row = Encode(event);
    simdjson::dom::parser parser;
    EXPECT_TRUE(Parse(parser, row)["Payload"].is_object()) << size;
    EXPECT_EQ(row.find("PayloadPart"), std::string::npos) << size;
  }
}

TEST(RowLimits, PayloadOneByteAboveTheFieldLimitIsInParts) {
  Event event;
  event.set_payload(PayloadOf(64'001));
  simdjson::dom::parser parser;
  const auto row = Parse(parser, Encode(event));
  EXPECT_EQ(row["Payload"].error(), simdjson::NO_SUCH_FIELD);
  EXPECT_EQ(Joined(row), event.payload());
  EXPECT_EQ(row["PayloadBytes"].get_int64().value(), 64'001);
  EXPECT_EQ(Text(row, "PayloadSha256"), Sha256Hex(event.payload()));
  EXPECT_EQ(row["PayloadCutBytes"].error(), simdjson::NO_SUCH_FIELD);
}

TEST(RowLimits, LargePayloadIsWholeWhenItFitsIntoTheRow) {
  Event event;
  event.set_payload(PayloadOf(900'000));
  const std::string row = Encode(event);
  EXPECT_LE(row.size(), 999'998u);
  simdjson::dom::parser parser;
  EXPECT_EQ(Joined(Parse(parser, row)), event.payload());
}

TEST(RowLimits, PayloadBeyondTheRowIsCutAndCounted) {
  Event event;
  event.set_payload(PayloadOf(1'500'000));
  const std::string row = Encode(event);
  EXPECT_LE(row.size(), 999'998u);
  EXPECT_GT(row.size(), 950'000u);
  simdjson::dom::parser parser;
  const auto parsed = Parse(parser, row);
  const std::string joined = Joined(parsed);
  EXPECT_EQ(joined, event.payload().substr(0, joined.size()));
  EXPECT_EQ(parsed["PayloadCutBytes"].get_int64().value(), static_cast<int64_t>(1'500'000 - joined.size()));
  EXPECT_EQ(Text(parsed, "PayloadSha256"), Sha256Hex(event.payload()));
}

TEST(RowLimits, PartsEndBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "\xE2\x82\xAC";
  Event event;
  event.set_payload("[\"" + text + "\"]");
  simdjson::dom::parser parser;
  EXPECT_EQ(Joined(Parse(parser, Encode(event))), event.payload());
}

TEST(RowLimits, LongMessageIsCutAndTheBodyKeepsItWhole) {
  Event event;
  event.mutable_chat()->set_message(std::string(70'000, 'm'));
  event.mutable_chat()->set_channel("ops");
  event.set_payload("{}");
  simdjson::dom::parser parser;
  const auto row = Parse(parser, Encode(event));
  const std::string message(row["ChatEvents"]["Message"].get_string().value());
  EXPECT_NE(message.find("...[cut: 70000 bytes, sha256 " + Sha256Hex(std::string(70'000, 'm')) + "]"), std::string::npos);
  EXPECT_EQ(std::string(row["ChatEvents"]["Channel"].get_string().value()), "ops");
  EXPECT_LE(simdjson::minify(row["ChatEvents"]).size(), 64'000u);
}

// Fills every string of the event with text of one kind and size.
void Fill(google::protobuf::Message& message, const std::string& text, int repeat) {
  const auto* reflection = message.GetReflection();
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    if (field->real_containing_oneof() != nullptr) continue;
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
      if (field->is_repeated()) {
        for (int n = 0; n < repeat; ++n) reflection->AddString(&message, field, text);
      } else {
        reflection->SetString(&message, field, text);
      }
    } else if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_INT64) {
      reflection->SetInt64(&message, field, std::numeric_limits<int64_t>::min());
    } else if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated()) {
      Fill(*reflection->MutableMessage(&message, field), text, repeat);
    }
  }
}

TEST(RowLimits, NoEventMakesARowOrFieldAboveItsLimit) {
  const auto* descriptor = Event::descriptor();
  const auto* families = descriptor->FindOneofByName("family");
  for (const size_t row_limit : {kMinRowBytes, size_t{999'998}}) {
    for (int family = 0; family < families->field_count(); ++family) {
      for (const size_t size : {size_t{100}, size_t{70'000}}) {
        for (const char byte : {'x', '\x01', '\xFF'}) {
          Event event;
          const std::string text(size, byte);
          Fill(event, text, 20);
          Fill(*event.GetReflection()->MutableMessage(&event, families->field(family)), text, 20);
          event.set_payload("[\"" + std::string(size * 20, 'p') + "\"]");
          const std::string row = Encode(event, {.max_row_bytes = row_limit});
          ASSERT_LE(row.size(), row_limit) << families->field(family)->name() << " " << size << " byte " << int{byte};
          simdjson::dom::parser parser;
          for (const auto& [name, value] : simdjson::dom::object(Parse(parser, row))) {
            ASSERT_LE(simdjson::minify(value).size(), 64'002u) << name;
          }
        }
      }
    }
  }
}

TEST(RowLimits, RowsBelowAtAndAboveTheRowLimitFit) {
  for (size_t size = 9'000; size < 10'400; size += 7) {
    Event event;
    event.set_payload(PayloadOf(size));
    const std::string row = Encode(event, {.max_row_bytes = kMinRowBytes});
    ASSERT_LE(row.size(), kMinRowBytes) << size;
  }
}

}  // namespace
}  // namespace zoomwatch::event_table
