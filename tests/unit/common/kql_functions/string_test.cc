#include <gtest/gtest.h>

#include "tests/unit/common/kql_functions/call_function.h"

namespace zoomwatch::kql {
namespace {

TEST(StringFunctions, LengthCountsCodePointsAndSizeCountsBytes) {
  ExpectAll({
      {"strlen", {S("")}, "0"},
      {"strlen", {S("héllo")}, "5"},
      {"strlen", {S("😀a")}, "2"},
      {"strlen", {S("\xFF\xFE")}, "2"},
      {"string_size", {S("héllo")}, "6"},
      {"string_size", {S("😀")}, "4"},
      {"strlen", {J("[1,2]")}, "5"},
      {"strlen", {Value()}, "null"},
  });
}

TEST(StringFunctions, CaseIsUnicode) {
  ExpectAll({
      {"tolower", {S("ÄÖÜ ΑΒΓ ЖИЯ Zoom")}, "\"äöü αβγ жия zoom\""},
      {"toupper", {S("äöü αβγ жия straße")}, "\"ÄÖÜ ΑΒΓ ЖИЯ STRAßE\""},
      {"toupper", {S("ǆ")}, "\"Ǆ\""},
      {"tolower", {B(true)}, "\"true\""},
      {"tolower", {Value()}, "\"\""},
  });
  EXPECT_EQ(CallFunction("tolower", {S("A\xFF")}).AsString(), "a\xFF");
}

TEST(StringFunctions, Joining) {
  ExpectAll({
      {"strcat", {S("a"), L(1), B(false), Value(), R(2)}, "\"a1false2.0\""},
      {"strcat", {Span("1h")}, "\"01:00:00\""},
      {"strcat_delim", {S("-"), L(1), S(""), Value(), S("z")}, "\"1---z\""},
      {"strcat_array", {J("[1,\"b\",null,[2]]"), S(", ")}, "\"1, b, , [2]\""},
      {"strcat_array", {J("[]"), S(",")}, "\"\""},
      {"strcat_array", {S("no array"), S(",")}, "\"\""},
      {"strrep", {S("ab"), L(3)}, "\"ababab\""},
      {"strrep", {S("ab"), L(3), S("|")}, "\"ab|ab|ab\""},
      {"strrep", {S("ab"), L(0)}, "\"\""},
      {"strrep", {S("ab"), L(-1)}, "\"\""},
      {"strrep", {S(""), L(1'000'000'000)}, "\"\""},
  });
}

TEST(StringFunctions, RepeatingBeyondTheLimitWarns) {
  Warning warning = Warning::kOverflow;
  EXPECT_EQ(Text("strrep", {S("abc"), L(INT64_MAX)}, {.warning = &warning}), "\"\"");
  EXPECT_EQ(warning, Warning::kTruncated);
}

TEST(StringFunctions, CompareGivesSignOnly) {
  ExpectAll({
      {"strcmp", {S("a"), S("a")}, "0"},
      {"strcmp", {S("a"), S("z")}, "-1"},
      {"strcmp", {S("z"), S("a")}, "1"},
      {"strcmp", {S(""), S("a")}, "-1"},
      {"strcmp", {S("é"), S("z")}, "1"},
      {"strcmp", {L(10), S("9")}, "-1"},
  });
}

TEST(StringFunctions, Substring) {
  ExpectAll({
      {"substring", {S("123456"), L(1)}, "\"23456\""},
      {"substring", {S("123456"), L(2), L(2)}, "\"34\""},
      {"substring", {S("123456"), L(-2)}, "\"56\""},
      {"substring", {S("123456"), L(-2), L(1)}, "\"5\""},
      {"substring", {S("123456"), L(-9), L(2)}, "\"12\""},
      {"substring", {S("123456"), L(6)}, "\"\""},
      {"substring", {S("123456"), L(99)}, "\"\""},
      {"substring", {S("123456"), L(0), L(0)}, "\"\""},
      {"substring", {S("123456"), L(0), L(-1)}, "\"\""},
      {"substring", {S("äöü"), L(1), L(1)}, "\"ö\""},
      {"substring", {S("abc"), L(INT64_MIN), L(INT64_MAX)}, "\"abc\""},
      {"substring", {L(12345), L(3)}, "\"45\""},
      {"substring", {S("abc"), Value()}, "\"\""},
  });
}

TEST(StringFunctions, IndexOf) {
  ExpectAll({
      {"indexof", {S("banana"), S("an")}, "1"},
      {"indexof", {S("banana"), S("an"), L(2)}, "3"},
      {"indexof", {S("banana"), S("an"), L(1), L(2)}, "1"},
      {"indexof", {S("banana"), S("an"), L(1), L(1)}, "-1"},
      {"indexof", {S("banana"), S("an"), L(0), L(-1), L(2)}, "3"},
      {"indexof", {S("banana"), S("an"), L(0), L(-1), L(3)}, "-1"},
      {"indexof", {S("banana"), S("an"), L(0), L(3), L(2)}, "3"},
      {"indexof", {S("abc"), S(""), L(0), L(-1), L(9)}, "-1"},
      {"indexof", {S("banana"), S("an"), L(-3)}, "3"},
      {"indexof", {S("banana"), S("an"), L(-99)}, "1"},
      {"indexof", {S("banana"), S("x")}, "-1"},
      {"indexof", {S("banana"), S("a"), L(0), L(-2)}, "null"},
      {"indexof", {S("banana"), S("a"), L(0), L(-1), L(-1)}, "null"},
      {"indexof", {S("äöüß"), S("ß")}, "3"},
      {"indexof", {S(""), S("")}, "0"},
      {"indexof", {S("abc"), S(""), L(3)}, "3"},
      {"indexof", {S("abc"), S("c"), L(INT64_MAX)}, "-1"},
      {"indexof", {L(1234567), L(5), L(1), L(4)}, "4"},
  });
}

TEST(StringFunctions, ReverseKeepsCodePointsWhole) {
  ExpectAll({
      {"reverse", {S("äb😀")}, "\"😀bä\""},
      {"reverse", {S("")}, "\"\""},
      {"reverse", {L(-12)}, "\"21-\""},
  });
}

TEST(StringFunctions, Split) {
  ExpectAll({
      {"split", {S("a,b,,c"), S(",")}, R"(["a","b","","c"])"},
      {"split", {S(""), S(",")}, R"([""])"},
      {"split", {S("abc"), S("")}, R"(["abc"])"},
      {"split", {S("abc"), S("abc")}, R"(["",""])"},
      {"split", {S("a--b"), S("--"), L(1)}, R"(["b"])"},
      {"split", {S("a--b"), S("--"), L(2)}, "[]"},
      {"split", {S("a--b"), S("--"), L(-1)}, "[]"},
      {"split", {J("\"x@meet.example\""), S("@"), L(1)}, R"(["meet.example"])"},
      {"split", {Value(), S(",")}, "null"},
  });
}

TEST(StringFunctions, Replace) {
  ExpectAll({
      {"replace_string", {S("aaa"), S("aa"), S("b")}, "\"ba\""},
      {"replace_string", {S("abc"), S(""), S("x")}, "\"abc\""},
      {"replace_string", {S("a.c"), S("."), S("\\1")}, R"("a\\1c")"},
      {"replace_strings", {S("one two"), J(R"(["one","two"])"), J(R"(["two","three"])")}, "\"two three\""},
      {"replace_strings", {S("one two"), J(R"(["one",7,"two"])"), J(R"(["1","x"])")}, "\"1 two\""},
      {"replace_strings", {S("abab"), J(R"(["ab","b"])"), J(R"([null,"c"])")}, "\"abab\""},
      {"replace_strings", {S("abc"), J("[]"), J("[]")}, "\"abc\""},
      {"replace_strings", {S("abc"), J("{}"), J("[]")}, "\"\""},
  });
}

TEST(StringFunctions, Translate) {
  ExpectAll({
      {"translate", {S("abc"), S("x"), S("cab!")}, "\"xxx!\""},
      {"translate", {S("abc"), S(""), S("cab!")}, "\"!\""},
      {"translate", {S("äö"), S("ao"), S("öä")}, "\"oa\""},
      {"translate", {S(""), S("x"), S("abc")}, "\"abc\""},
  });
}

TEST(StringFunctions, CodePoints) {
  ExpectAll({
      {"isascii", {S("plain")}, "true"},
      {"isascii", {S("naïve")}, "false"},
      {"unicode_codepoints_from_string", {S("a€")}, "[97,8364]"},
  });
}

}  // namespace
}  // namespace zoomwatch::kql
