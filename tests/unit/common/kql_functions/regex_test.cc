#include <gtest/gtest.h>

#include "tests/unit/common/kql_functions/call_function.h"

namespace zoomwatch::kql {
namespace {

TEST(RegexFunctions, Extract) {
  ExpectAll({
      {"extract", {S("(\\d+)-(\\d+)"), L(2), S("a 12-34 b")}, "\"34\""},
      {"extract", {S("(\\d+)-(\\d+)"), L(0), S("a 12-34 b")}, "\"12-34\""},
      {"extract", {S("(\\d+)"), L(2), S("12")}, "\"\""},
      {"extract", {S("(\\d+)"), L(-1), S("12")}, "\"\""},
      {"extract", {S("(a)|(b)"), L(1), S("b")}, "\"\""},
      {"extract", {S("x"), L(0), S("")}, "\"\""},
      {"extract", {S("(?i)ZOOM"), L(0), S("a zoom b")}, "\"zoom\""},
  });
  EXPECT_EQ(Text("extract", {S("\\d+"), L(0), S("x42")}, {.as = Type::kLong}), "42");
  EXPECT_EQ(Text("extract", {S("\\w+"), L(0), S("x")}, {.as = Type::kLong}), "null");
}

TEST(RegexFunctions, ExtractAll) {
  ExpectAll({
      {"extract_all", {S("(\\d)"), S("a1b2")}, R"(["1","2"])"},
      {"extract_all", {S("(\\w)(\\d)"), S("a1 b2")}, R"([["a","1"],["b","2"]])"},
      {"extract_all", {S("(\\w)(\\d)"), J("[2]"), S("a1 b2")}, R"(["1","2"])"},
      {"extract_all", {S("(?P<letter>\\w)(\\d)"), J(R"(["letter",1])"), S("a1")}, R"([["a","a"]])"},
      {"extract_all", {S("(\\w)"), J("[2]"), S("a")}, "null"},
      {"extract_all", {S("(x)"), S("abc")}, "null"},
      {"extract_all", {S("(a*)"), S("baa")}, R"(["","aa"])"},
      {"extractall", {S("(é)"), S("éxé")}, R"(["é","é"])"},
  });
}

TEST(RegexFunctions, Replace) {
  ExpectAll({
      {"replace_regex", {S("a1b2"), S("([a-z])(\\d)"), S("\\2\\1")}, "\"1a2b\""},
      {"replace_regex", {S("abc"), S("b"), S("[\\0]")}, "\"a[b]c\""},
      {"replace_regex", {S("abc"), S("b"), S("\\7")}, "\"ac\""},
      {"replace_regex", {S("äb"), S("x*"), S("-")}, "\"-ä-b-\""},
      {"replace_regex", {S("baac"), S("a*"), S("x")}, "\"xbxcx\""},
      {"replace_regex", {S("abc"), S("b"), S("\\\\")}, R"("a\\c")"},
      {"replace", {S("\\s+"), S(" "), S("a   b")}, "\"a b\""},
  });
}

TEST(RegexFunctions, TrimTakesOneMatchAtEachEnd) {
  ExpectAll({
      {"trim", {S("--"), S("--a--b----")}, "\"a--b--\""},
      {"trim", {S("a|b"), S("abxab")}, "\"bxa\""},
      {"trim", {S("\\s+"), S("  x y  ")}, "\"x y\""},
      {"trim_start", {S("\\W+"), S("- x -")}, "\"x -\""},
      {"trim_end", {S("\\W+"), S("- x -")}, "\"- x\""},
      {"trim", {S("a*"), S("")}, "\"\""},
      {"trim", {S("a+"), S("aaaa")}, "\"\""},
  });
}

TEST(RegexFunctions, CountOf) {
  ExpectAll({
      {"countof", {S("aaaa"), S("aa")}, "3"},
      {"countof", {S("aaaa"), S("aa"), S("regex")}, "2"},
      {"countof", {S("aaaa"), S("a."), S("normal")}, "0"},
      {"countof", {S("abc"), S("")}, "0"},
      {"countof", {S(""), S("a")}, "0"},
  });
}

TEST(RegexFunctions, BadPatternsAreFoundWhenBinding) {
  const Value bad = S("(");
  const std::vector<const Value*> constants = {&bad, nullptr};
  EXPECT_TRUE(FunctionRegistry::Default().Find("trim")->check(constants));
  Warning warning = Warning::kOverflow;
  EXPECT_EQ(Text("countof", {S("a"), bad, S("regex")}, {.warning = &warning}), "0");
  EXPECT_EQ(warning, Warning::kBadRegex);
}

}  // namespace
}  // namespace zoomwatch::kql
