#include "common/event_table/json_writer.h"

#include <gtest/gtest.h>

namespace zoomwatch::event_table {
namespace {

std::string Encoded(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

std::string OneText(std::string_view text, size_t max_value_bytes) {
  std::string out;
  ObjectWriter writer(out, max_value_bytes);
  writer.Text("K", text);
  writer.End();
  return out;
}

TEST(JsonWriter, EscapesWhatJsonRequires) {
  EXPECT_EQ(Encoded("a\"b\\c\nd\re\tf\x01g\x7fh"), "\"a\\\"b\\\\c\\nd\\re\\tf\\u0001g\x7fh\"");
}

TEST(JsonWriter, KeepsWellFormedUtf8) {
  EXPECT_EQ(Encoded("J\xC3\xBCrgen \xE2\x82\xAC \xF0\x9F\x98\x80"), "\"J\xC3\xBCrgen \xE2\x82\xAC \xF0\x9F\x98\x80\"");
}

TEST(JsonWriter, ReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(Encoded("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(Encoded("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");                      // overlong
  EXPECT_EQ(Encoded("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");      // surrogate
  EXPECT_EQ(Encoded("\xF4\x90\x80\x80").size(), 2 + 4 * 3u);                           // beyond U+10FFFF
  EXPECT_EQ(Encoded("x\xE2\x82"), "\"x\xEF\xBF\xBD\xEF\xBF\xBD\"");                    // cut sequence
}

TEST(JsonWriter, TextBelowAtAndAboveTheLimit) {
  EXPECT_EQ(OneText(std::string(199, 'x'), 200), "{\"K\":\"" + std::string(199, 'x') + "\"}");
  EXPECT_EQ(OneText(std::string(200, 'x'), 200), "{\"K\":\"" + std::string(200, 'x') + "\"}");
  const std::string cut = OneText(std::string(201, 'x'), 200);
  EXPECT_EQ(cut.size(), std::string("{\"K\":\"\"}").size() + 200);
  EXPECT_EQ(cut.substr(cut.find("...")),
            "...[cut: 201 bytes, sha256 " + Sha256Hex(std::string(201, 'x')) + "]\"}");
}

TEST(JsonWriter, LimitCountsTheEncodedForm) {
  EXPECT_EQ(OneText(std::string(100, '"'), 200).find("cut"), std::string::npos);
  EXPECT_NE(OneText(std::string(101, '"'), 200).find("cut: 101 bytes"), std::string::npos);
}

TEST(JsonWriter, CutsBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "\xE2\x82\xAC";
  const std::string cut = OneText(text, 200);
  const std::string kept = cut.substr(6, cut.find("...") - 6);
  EXPECT_EQ(kept.size() % 3, 0u);
  EXPECT_EQ(Encoded(kept), "\"" + kept + "\"");
}

TEST(JsonWriter, IntegersBeyondExactDoublesBecomeStrings) {
  std::string out;
  ObjectWriter writer(out, 200);
  writer.Number("A", 9007199254740991);
  writer.Number("B", 9007199254740992);
  writer.Number("C", -9007199254740991);
  writer.Number("D", -9007199254740992);
  writer.End();
  EXPECT_EQ(out, R"({"A":9007199254740991,"B":"9007199254740992","C":-9007199254740991,"D":"-9007199254740992"})");
}

TEST(JsonWriter, TimesHaveSixDecimalsInUtc) {
  const auto text = [](int64_t seconds, int nanos) {
    google::protobuf::Timestamp time;
    time.set_seconds(seconds);
    time.set_nanos(nanos);
    std::string out;
    ObjectWriter writer(out, 200);
    writer.Time("T", time);
    return out.substr(6, out.size() - 7);
  };
  EXPECT_EQ(text(0, 0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(text(1777888800, 123456789), "2026-05-04T10:00:00.123456Z");
  EXPECT_EQ(text(951782399, 999999999), "2000-02-28T23:59:59.999999Z");
  EXPECT_EQ(text(951782400, 0), "2000-02-29T00:00:00.000000Z");
  EXPECT_EQ(text(-1, 0), "1969-12-31T23:59:59.000000Z");
  EXPECT_EQ(text(253402300800, 0), "9999-12-31T23:59:59.000000Z");
  EXPECT_EQ(text(-62135596801, 0), "0001-01-01T00:00:00.000000Z");
}

TEST(JsonWriter, ListIsCutWithTheNumberOfItsValues) {
  google::protobuf::RepeatedPtrField<std::string> values;
  for (int i = 0; i < 100; ++i) values.Add(std::string(50, 'v'));
  std::string out;
  ObjectWriter writer(out, kMinValueBytes);
  writer.List("L", values);
  writer.End();
  EXPECT_LE(out.size(), kMinListBytes + 10);
  EXPECT_NE(out.find("\"...[cut: 100 values]\"]}"), std::string::npos);
}

}  // namespace
}  // namespace zoomwatch::event_table
