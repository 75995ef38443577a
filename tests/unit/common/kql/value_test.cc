#include "common/kql/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "common/kql/compare.h"
#include "common/kql/convert.h"
#include "common/kql/json.h"

namespace zoomwatch::kql {
namespace {

Value Text(std::string_view text) { return Value::String(text); }

TEST(Value, CopiesShareAndMovesLeaveNull) {
  Value a = Text("shared text");
  const Value b = a;
  EXPECT_EQ(a.AsString().data(), b.AsString().data());
  const Value c = std::move(a);
  EXPECT_EQ(c.AsString(), "shared text");
}

TEST(Bag, LastOfEqualKeysStandsAtTheFirstPlace) {
  const Bag small({{"a", Value::Long(1)}, {"b", Value::Long(2)}, {"a", Value::Long(3)}});
  EXPECT_EQ(ToJson(Value::OfBag(small)), R"({"a":3,"b":2})");
  std::vector<Bag::Entry> entries;
  for (int i = 0; i < 40; ++i) entries.emplace_back("k" + std::to_string(i % 30), Value::Long(i));
  const Bag large(std::move(entries));
  ASSERT_EQ(large.size(), 30u);
  EXPECT_EQ(large.Find("k5")->AsLong(), 35);
  EXPECT_EQ(large.Find("k29")->AsLong(), 29);
  EXPECT_EQ(large.Find("k30"), nullptr);
  EXPECT_EQ(large.entries()[5].first, "k5");
}

TEST(Compare, NullIsUnequalToEverythingButNull) {
  EXPECT_TRUE(EqualTo(Value(), Value::Long(1)).is_false());
  EXPECT_TRUE(NotEqualTo(Value(), Value::Long(1)).is_true());
  EXPECT_TRUE(EqualTo(Value(), Value()).is_null());
  EXPECT_TRUE(NotEqualTo(Value(), Value()).is_null());
}

TEST(Compare, NumbersCompareByMathematicalValue) {
  EXPECT_TRUE(EqualTo(Value::Long(5), Value::Real(5.0)).is_true());
  // 2^53 + 1 is not representable as a real: a comparison by conversion would call these equal.
  EXPECT_TRUE(EqualTo(Value::Long(9007199254740993), Value::Real(9007199254740992.0)).is_false());
  EXPECT_EQ(Compare(Value::Long(1), Value::Real(std::nan(""))), std::partial_ordering::unordered);
  EXPECT_EQ(Compare(Value::OfDecimal(*Decimal::Parse("1.5")), Value::Long(1)), std::partial_ordering::greater);
}

TEST(Compare, StringAgainstScalarComparesTheScalarItStandsFor) {
  EXPECT_TRUE(EqualTo(Value::Bool(true), Text("True")).is_true());
  EXPECT_TRUE(EqualTo(Value::Bool(true), Text("yes")).is_false());
  EXPECT_TRUE(EqualTo(Text("1.5"), Value::Long(1)).is_false());
  EXPECT_TRUE(EqualTo(Value::DateTime(*ParseDateTime("2020-01-01")), Text("2020-01-01")).is_true());
}

TEST(Compare, KeysThatAreTheSameHashAlike) {
  const std::pair<Value, Value> same[] = {
      {Value::Long(3), Value::Real(3.0)},
      {Value::Real(std::nan("")), Value::Real(std::nan("1"))},
      {*ParseJson(R"({"a":1,"b":[2]})"), *ParseJson(R"({"b":[2.0],"a":1})")},
      {Value(), Value()},
      {Value::Real(0.0), Value::Real(-0.0)},
  };
  for (const auto& [a, b] : same) {
    EXPECT_TRUE(SameKey(a, b)) << ToJson(a);
    EXPECT_EQ(HashKey(a), HashKey(b)) << ToJson(a);
  }
  EXPECT_FALSE(SameKey(Text("1"), Value::Long(1)));
}

struct TextCase {
  std::string_view text;
  std::string_view canonical;  // "" when the text is refused
};

TEST(Convert, DateTimeForms) {
  const TextCase cases[] = {
      {"2031-05-25T08:20:03.123456Z", "2031-05-25T08:20:03.1234560Z"},
      {"2031-05-25 08:20", "2031-05-25T08:20:00.0000000Z"},
      {"2031-05-25", "2031-05-25T00:00:00.0000000Z"},
      {"2031/05/25 08:20:03", "2031-05-25T08:20:03.0000000Z"},
      {"2031-05-25T08:20:03+02:00", "2031-05-25T06:20:03.0000000Z"},
      {"Sun, 25 May 31 08:20:03 GMT", "2031-05-25T08:20:03.0000000Z"},
      {"25-May-31 08:20:03", "2031-05-25T08:20:03.0000000Z"},
      {"05/25/2031 8:20:03 PM", "2031-05-25T20:20:03.0000000Z"},
      {"0001-01-01", "0001-01-01T00:00:00.0000000Z"},
      {"9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"},
      {"0001-01-01T00:00:00+01:00", ""},
      {"2031-02-29", ""},
      {"2031-13-01", ""},
      {"2031-05-25T24:00:00", ""},
      {"yesterday", ""},
      {"", ""},
  };
  for (const TextCase& c : cases) {
    const auto ticks = ParseDateTime(c.text);
    EXPECT_EQ(ticks ? DateTimeToText(*ticks) : "", c.canonical) << c.text;
  }
}

TEST(Convert, TimeSpanForms) {
  const TextCase cases[] = {
      {"2", "2.00:00:00"},       {"1.5h", "01:30:00"},    {"15 seconds", "00:00:15"},
      {"1.02:03:04.5", "1.02:03:04.5000000"},             {"-01:00", "-01:00:00"},
      {"00:00:00.0000001", "00:00:00.0000001"},           {"3tick", "00:00:00.0000003"},
      {"500ms", "00:00:00.5000000"},                      {"24:00", ""},
      {"1week", ""},             {"", ""},                {"12:60", ""},
  };
  for (const TextCase& c : cases) {
    const auto ticks = ParseTimeSpan(c.text);
    EXPECT_EQ(ticks ? TimeSpanToText(*ticks) : "", c.canonical) << c.text;
  }
}

TEST(Convert, TheLongestTimeSpanIsReadAndALongerOneIsNot) {
  EXPECT_EQ(ParseTimeSpan("10675199.02:48:05.4775807"), INT64_MAX);
  EXPECT_EQ(ParseTimeSpan("-10675199.02:48:05.4775807"), -INT64_MAX);
  EXPECT_FALSE(ParseTimeSpan("10675199.02:48:05.4775808"));
  EXPECT_FALSE(ParseTimeSpan("99999999.00:00:00"));
}

TEST(Convert, TimeSpanTextOfTheExtremes) {
  EXPECT_EQ(TimeSpanToText(INT64_MIN), "-10675199.02:48:05.4775808");
  EXPECT_EQ(TimeSpanToText(INT64_MAX), "10675199.02:48:05.4775807");
}

TEST(Convert, NumbersFromText) {
  EXPECT_EQ(ConvertTo(Type::kInt, Text("2147483647")).AsLong(), 2147483647);
  EXPECT_TRUE(ConvertTo(Type::kInt, Text("2147483648")).is_null());
  EXPECT_EQ(ConvertTo(Type::kLong, Text("0xff")).AsLong(), 255);
  EXPECT_EQ(ConvertTo(Type::kLong, Text("-9223372036854775808")).AsLong(), INT64_MIN);
  EXPECT_TRUE(ConvertTo(Type::kLong, Text("9223372036854775808")).is_null());
  EXPECT_TRUE(ConvertTo(Type::kLong, Text("twelve")).is_null());
  EXPECT_TRUE(ConvertTo(Type::kLong, Value::Real(1e300)).is_null());
  EXPECT_TRUE(ConvertTo(Type::kReal, Text("")).is_null());
  EXPECT_EQ(ConvertTo(Type::kReal, Text("1e400")).AsReal(), INFINITY);
  EXPECT_EQ(ConvertTo(Type::kReal, Text("1e-400")).AsReal(), 0.0);
}

TEST(Convert, RealText) {
  EXPECT_EQ(RealToText(1.0), "1.0");
  EXPECT_EQ(RealToText(0.1), "0.1");
  EXPECT_EQ(RealToText(-2.5e-7), "-2.5e-07");
  EXPECT_EQ(RealToText(-INFINITY), "-Infinity");
  EXPECT_EQ(RealToText(-0.0), "-0.0");
  EXPECT_EQ(RealToText(100000), "100000.0");
  EXPECT_EQ(RealToText(-20000000), "-20000000.0");
  EXPECT_EQ(RealToText(999999999999999.9), "999999999999999.9");
  EXPECT_EQ(RealToText(1e15), "1e+15");
  EXPECT_EQ(RealToText(0.0001), "0.0001");
  EXPECT_EQ(RealToText(0.00012345678901234567), "0.00012345678901234567");
  EXPECT_EQ(RealToText(0.00001), "1e-05");
  EXPECT_EQ(ToJson(Value::OfArray({Value::Real(300000)})), "[300000.0]");
}

// One number that is too long, or a text that was cut within an emoji, does not make a text of the whole document.
TEST(Json, ReadsLongNumbersAndHalvesOfSurrogatePairs) {
  const auto of = [](std::string_view text) {
    const auto value = ParseJson(text);
    return value ? ToJson(*value) : "";
  };
  EXPECT_EQ(of(R"({"a":123456789012345678901234567890,"b":1234567890123456789})"), R"({"a":1.2345678901234568e+29,"b":1234567890123456789})");
  EXPECT_EQ(of("[-123456789012345678901]"), "[-1.2345678901234568e+20]");
  EXPECT_EQ(of(R"(["123456789012345678901",123456789012345678901.5,1E3])"), R"(["123456789012345678901",1.2345678901234568e+20,1000.0])");
  EXPECT_EQ(of(R"({"topic":"x \ud83d","id":5})"), "{\"topic\":\"x \uFFFD\",\"id\":5}");
  EXPECT_EQ(of(R"(["\ude00\ud83d\ude00\ud83d\u0041\"\\"])"), "[\"\uFFFD\U0001F600\uFFFDA\\\"\\\\\"]");
  EXPECT_EQ(of(R"(["\ud83d)"), "");
  EXPECT_EQ(of(R"(["\ud8)"), "");
  EXPECT_EQ(of(R"(["\x"])"), "");
  EXPECT_EQ(of("[0123456789012345678901]"), "");
  EXPECT_EQ(of("[1e400]"), "");
}

TEST(Json, ParsesAndPrintsInInsertionOrder) {
  const std::string text = R"({"z":1,"a":[true,null,2.5,"x\n"],"e":{},"f":[]})";
  const auto value = ParseJson(text);
  ASSERT_TRUE(value);
  EXPECT_EQ(ToJson(*value), text);
  EXPECT_FALSE(ParseJson("{'a':1}"));
  EXPECT_FALSE(ParseJson(""));
  EXPECT_FALSE(ParseJson("nonsense"));
}

TEST(Json, RefusesNestingBeyondTheLimit) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(ParseJson(nested(kMaxJsonDepth - 1)));
  EXPECT_FALSE(ParseJson(nested(kMaxJsonDepth + 1)));
  EXPECT_FALSE(ParseJson(nested(100000)));
}

std::string LeafOf(const std::string& path, Kind kind, std::string_view text) {
  return path + '=' + std::to_string(static_cast<int>(kind)) + std::string(text);
}

std::vector<std::string> LeavesOf(std::string_view text, std::size_t max_keys) {
  std::vector<std::string> leaves;
  const bool is_json = VisitJsonLeaves(text, max_keys, [&leaves](const JsonLeaf& leaf) {
    std::string path;
    for (const std::string_view key : leaf.path) path.append("/").append(key);
    leaves.push_back(LeafOf(path, leaf.kind, leaf.text));
  });
  EXPECT_EQ(is_json, ParseJson(text).has_value()) << text;
  return leaves;
}

// The other way to them: through the bags.
void WalkBag(const Value& bag, std::size_t max_keys, const std::string& path, std::vector<std::string>& leaves) {
  if (max_keys == 0) return;
  for (const auto& [key, value] : bag.AsBag().entries()) {
    if (value.is_bag()) {
      WalkBag(value, max_keys - 1, path + '/' + key, leaves);
    } else {
      leaves.push_back(LeafOf(path + '/' + key, value.kind(), value.kind() == Kind::kString ? value.AsString() : std::string_view()));
    }
  }
}

TEST(Json, VisitsLeavesWithTheirPathsAndKinds) {
  const std::vector<std::string> expected = {"/a=" + std::to_string(static_cast<int>(Kind::kLong)),
                                             "/b/c=" + std::to_string(static_cast<int>(Kind::kString)) + "x",
                                             "/f=" + std::to_string(static_cast<int>(Kind::kArray))};
  EXPECT_EQ(LeavesOf(R"({"a":1,"b":{"c":"x","d":{"e":1}},"f":[{"g":1}],"h":{}})", 2), expected);
  EXPECT_TRUE(LeavesOf("[1]", 2).empty());
  EXPECT_TRUE(LeavesOf("{'a':1}", 2).empty());
}

// Keys come again in one object, small and large, texts need mending, and some are cut, so that they are no JSON.
std::string RandomObject(std::mt19937& random, int depth) {
  const std::vector<std::string> scalars = {"null", "true", "7", "-2.5", "18446744073709551615", "123456789012345678901234567890", R"("x")",
                                            R"("\ud83d cut")", "[1,{\"k0\":2}]", R"("2026-11-24T10:00:00Z")"};
  std::string text = "{";
  const std::size_t members = random() % 10 == 0 ? 40 : random() % 6;
  for (std::size_t i = 0; i < members; ++i) {
    text += (i == 0 ? "\"k" : ",\"k") + std::to_string(random() % (members + 1)) + "\":";
    text += depth > 0 && random() % 3 == 0 ? RandomObject(random, depth - 1) : scalars[random() % scalars.size()];
  }
  return text + "}";
}

TEST(Json, LeavesAreThoseOfTheBags) {
  std::mt19937 random(20261130);
  std::size_t visited = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = RandomObject(random, 4);
    if (random() % 20 == 0) text.resize(random() % text.size());
    const std::size_t max_keys = random() % 6;
    std::vector<std::string> expected;
    if (const auto value = ParseJson(text); value && value->is_bag()) WalkBag(*value, max_keys, "", expected);
    EXPECT_EQ(LeavesOf(text, max_keys), expected) << text;
    visited += expected.size();
  }
  EXPECT_GT(visited, 3000u);
}

TEST(Decimal, ArithmeticKeepsThirtyFourDigits) {
  const auto parse = [](std::string_view text) { return *Decimal::Parse(text); };
  EXPECT_EQ(parse("1.1").Add(parse("2.2"))->ToString(), "3.3");
  EXPECT_EQ(parse("1").Divide(parse("3"))->ToString(), "0.3333333333333333333333333333333333");
  EXPECT_EQ(parse("1.5").Multiply(parse("-2.0"))->ToString(), "-3");
  EXPECT_FALSE(parse("1").Divide(parse("0")));
  EXPECT_FALSE(parse("9999999999999999999999999999999999").Add(parse("1")));
  EXPECT_EQ(parse("3.14159").Round(2)->ToString(), "3.14");
  EXPECT_EQ(parse("-2.5").Floor()->ToString(), "-3");
  EXPECT_TRUE(parse("0.10") == parse("0.1"));
  EXPECT_TRUE(parse("-0.2") < parse("-0.1"));
  EXPECT_FALSE(Decimal::Parse("1.2.3"));
  EXPECT_FALSE(Decimal::Parse("1e99"));
}

}  // namespace
}  // namespace zoomwatch::kql
