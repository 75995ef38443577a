#include "common/event_table/payload_text.h"

#include <gtest/gtest.h>

#include <random>

#include "common/json/parser.h"

namespace zoomwatch::event_table {
namespace {

std::string Row(std::string_view payload) {
  std::string scratch = "old";
  return std::string(RowPayload(payload, scratch));
}

TEST(RowPayload, CleanPayloadIsNotCopied) {
  const std::string payload = R"({"event":"meeting.started","payload":{"id":91234567890,"x":1.50,"t":"a\u00e9\ud83d\ude00"}})";
  std::string scratch;
  EXPECT_EQ(RowPayload(payload, scratch).size(), payload.size());
  EXPECT_EQ(Row(payload), payload);
  EXPECT_EQ(RowPayload(R"({"a":1})", scratch).data(), std::string_view(R"({"a":1})").data());
}

TEST(RowPayload, BecomesOneLine) {
  EXPECT_EQ(Row("{\n  \"a\" : [1,\r\n\t2],\n  \"b c\": \"d e\"\n}\n"), R"({"a":[1,2],"b c":"d e"})");
}

TEST(RowPayload, IntegersBelowAtAndAboveTheExactLimit) {
  EXPECT_EQ(Row(R"({"n":9007199254740990})"), R"({"n":9007199254740990})");
  EXPECT_EQ(Row(R"({"n":9007199254740991})"), R"({"n":9007199254740991})");
  EXPECT_EQ(Row(R"({"n":9007199254740992})"), R"({"n":"9007199254740992"})");
  EXPECT_EQ(Row(R"({"n":-9007199254740991})"), R"({"n":-9007199254740991})");
  EXPECT_EQ(Row(R"({"n":-9007199254740992})"), R"({"n":"-9007199254740992"})");
  EXPECT_EQ(Row(R"([12345678901234567890123])"), R"(["12345678901234567890123"])");
}

TEST(RowPayload, DigitsInStringsAndFractionsStay) {
  EXPECT_EQ(Row(R"({"s":"99999999999999999999","f":0.12345678901234567890,"e":12345678901234567e3})"),
            R"({"s":"99999999999999999999","f":0.12345678901234567890,"e":12345678901234567e3})");
}

TEST(RowPayload, NumbersBeyondADoubleBecomeStrings) {
  EXPECT_EQ(Row(R"({"n":1e999,"m":-1.5E+400,"l": 2e0000309})"), R"({"n":"1e999","m":"-1.5E+400","l":"2e0000309"})");
  EXPECT_EQ(Row(R"([1.7976931348623157e308,1.8e308])"), R"([1.7976931348623157e308,"1.8e308"])");
  EXPECT_EQ(Row("[1" + std::string(310, '0') + ".5]"), "[\"1" + std::string(310, '0') + ".5\"]");
  EXPECT_EQ(Row("[1" + std::string(300, '0') + "e9]"), "[\"1" + std::string(300, '0') + "e9\"]");
  EXPECT_EQ(Row(R"([1e-999,0e999,1e30])"), R"([1e-999,0e999,1e30])");
  EXPECT_EQ(Row(R"({"id":"2e456","t":"see 1e999"})"), R"({"id":"2e456","t":"see 1e999"})");
}

TEST(RowPayload, FindsALongNumberAtEveryOffset) {
  for (size_t offset = 0; offset < 40; ++offset) {
    const std::string key(offset, 'k');
    EXPECT_EQ(Row("{\"" + key + "\":9007199254740992}"), "{\"" + key + "\":\"9007199254740992\"}") << offset;
  }
}

TEST(RowPayload, LoneSurrogateEscapesBecomeTheReplacementCharacter) {
  EXPECT_EQ(Row(R"(["\ud800"])"), R"(["\ufffd"])");
  EXPECT_EQ(Row(R"(["\uDC00x"])"), R"(["\ufffdx"])");
  EXPECT_EQ(Row(R"(["\ud800\ud83d\ude00"])"), R"(["\ufffd\ud83d\ude00"])");
  EXPECT_EQ(Row(R"(["\ud83d\u0041"])"), R"(["\ufffd\u0041"])");
  EXPECT_EQ(Row(R"(["\\ud800"])"), R"(["\\ud800"])");
}

TEST(RowPayload, KeysThatDifferInSuchCharactersAloneStayDifferent) {
  const std::string row = Row(R"({"\ud800":1, "\ud801" :2,"\udc00x":"\ud800","a":"\ud800"})");
  EXPECT_EQ(row.size(), std::string(R"({"\ufffd":1,"\ufffd":2,"\ufffdx":"\ufffd","a":"\ufffd"})").size() + std::size_t{3 * 17});
  json::Document document;
  EXPECT_TRUE(json::Parser().Parse(row, document).ok()) << row;
  EXPECT_EQ(Row("{\"\xff\":1,\"\xfe\":2}").substr(0, 6), "{\"\xEF\xBF\xBD~");
  EXPECT_TRUE(json::Parser().Parse(Row("{\"\xff\":1,\"\xfe\":2}"), document).ok());
}

TEST(RowPayload, InvalidBytesAndRawControlCharactersAreReplaced) {
  EXPECT_EQ(Row("[\"a\xFF\x02z\"]"), "[\"a\xEF\xBF\xBD\\u0002z\"]");
}

TEST(RowPayload, AnyBytesEndAsOneLineOfUtf8AndStayTheSameTheSecondTime) {
  constexpr uint64_t kSeed = 20261124;
  std::mt19937_64 random(kSeed);
  constexpr std::string_view kAlphabet = "\"\\ud8DC09{}[]:,\n\r\t\x01\xFF\xC3\xA9-.eE ";
  for (int round = 0; round < 20000; ++round) {
    std::string payload;
    for (size_t size = random() % 60; payload.size() < size;) payload += kAlphabet[random() % kAlphabet.size()];
    const std::string once = Row(payload);
    ASSERT_EQ(once.find('\n'), std::string::npos) << "seed " << kSeed << " round " << round;
    ASSERT_EQ(once.find('\xFF'), std::string::npos) << "seed " << kSeed << " round " << round;
    ASSERT_EQ(Row(once), once) << "seed " << kSeed << " round " << round;
  }
}

}  // namespace
}  // namespace zoomwatch::event_table
