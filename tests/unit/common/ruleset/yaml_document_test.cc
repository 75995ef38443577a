#include "common/ruleset/yaml_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/ruleset/rule_text.h"

namespace zoomwatch::ruleset {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

// The query of a document that has one, with its place.
QueryText Located(std::string_view text) {
  LoadResult result;
  const auto root = ParseYaml(text, result);
  EXPECT_TRUE(root.has_value()) << text;
  const yaml::Node* query = root->Find("query");
  EXPECT_NE(query, nullptr) << text;
  return LocateText(text, *query);
}

std::string At(const QueryText& query, std::uint32_t line, std::uint32_t column) {
  const Place place = query.PlaceOf(line, column);
  return std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::vector<std::string> Refusal(std::string_view text) {
  LoadResult result;
  EXPECT_FALSE(ParseYaml(text, result).has_value()) << text;
  return Texts(result);
}

TEST(RuleYaml, MapsPlacesInALiteralBlockToTheFile) {
  const QueryText query = Located("id: 1\nquery: |\n  ZoomLogs\n  | where A\n");
  EXPECT_EQ(query.text, "ZoomLogs\n| where A\n");
  EXPECT_EQ(At(query, 1, 1), "3:3");
  EXPECT_EQ(At(query, 2, 9), "4:11");
}

TEST(RuleYaml, CountsLeadingBlankLinesOfABlock) {
  const QueryText query = Located("query: |\n\n\n    ZoomLogs\n      | where A\n");
  EXPECT_EQ(query.text, "\n\nZoomLogs\n  | where A\n");
  EXPECT_EQ(At(query, 3, 1), "4:5");
  EXPECT_EQ(At(query, 4, 3), "5:7");
}

TEST(RuleYaml, UnderstandsBlockHeaders) {
  const QueryText indented = Located("query: |2- # as it is\n    ZoomLogs\n  | count\n");
  EXPECT_EQ(indented.text, "  ZoomLogs\n| count");
  EXPECT_EQ(At(indented, 1, 3), "2:5");
  EXPECT_EQ(At(indented, 2, 3), "3:5");
  EXPECT_EQ(At(Located("query: |+\n  a\n\n"), 1, 1), "2:3");
}

TEST(RuleYaml, MapsPlacesInOneLine) {
  EXPECT_EQ(At(Located("query: ZoomLogs | count"), 1, 12), "1:19");
  EXPECT_EQ(At(Located("query: \"ZoomLogs | count\""), 1, 12), "1:20");
  EXPECT_EQ(At(Located("query: 'ZoomLogs'"), 1, 1), "1:9");
}

TEST(RuleYaml, GivesTheStartWhereLinesAreNotThoseOfTheFile) {
  EXPECT_EQ(At(Located("query: >\n  ZoomLogs\n  | count\n"), 1, 12), "1:8");
  EXPECT_EQ(At(Located("query: \"a\\nb\""), 2, 1), "1:9");
}

TEST(RuleYaml, ReadsWindowsLineEnds) {
  const QueryText query = Located("id: 1\r\nquery: |\r\n  ZoomLogs\r\n  | count\r\n");
  EXPECT_EQ(At(query, 2, 3), "4:5");
}

TEST(RuleYaml, ReportsEveryDuplicateKeyAndKeepsTheFirst) {
  LoadResult result;
  const auto root = ParseYaml("a: 1\nb: 2\na: 3\nb: {c: 1, c: 2}\n", result);
  ASSERT_TRUE(root.has_value());
  EXPECT_EQ(root->Find("a")->text, "1");
  EXPECT_THAT(Texts(result), ElementsAre("DUPLICATE_KEY a: stands twice, first at line 1", "DUPLICATE_KEY c: stands twice, first at line 4",
                                         "DUPLICATE_KEY b: stands twice, first at line 2"));
}

// With a search through all keys before it for each, this would take seconds, and tens of them under the sanitizers.
TEST(RuleYaml, FindsADuplicateAmongAsManyKeysAsFit) {
  std::string text;
  int keys = 0;
  while (text.size() < kMaxRuleFileBytes - 20) text += "k" + std::to_string(++keys) + ":\n";
  text += "k1:\n";
  LoadResult result;
  const auto root = ParseYaml(text, result);
  ASSERT_TRUE(root.has_value());
  EXPECT_EQ(root->entries.size(), static_cast<std::size_t>(keys));
  EXPECT_THAT(Texts(result), ElementsAre("DUPLICATE_KEY k1: stands twice, first at line 1"));
}

TEST(RuleYaml, RefusesWhatRulesDoNotNeed) {
  EXPECT_THAT(Refusal("a: &x 1"), ElementsAre("YAML_MALFORMED anchors are not supported"));
  EXPECT_THAT(Refusal("a: *x"), ElementsAre(StartsWith("YAML_MALFORMED")));
  EXPECT_THAT(Refusal("a: !!str 1"), ElementsAre("YAML_MALFORMED tags are not supported"));
  EXPECT_THAT(Refusal("<<: 1"), ElementsAre("YAML_MALFORMED merge keys are not supported"));
  EXPECT_THAT(Refusal("[a]: 1"), ElementsAre("YAML_MALFORMED a key must be a plain name"));
  EXPECT_THAT(Refusal("a: 1\n---\nb: 2\n"), ElementsAre("YAML_MALFORMED a file must be one document"));
  EXPECT_THAT(Refusal(std::string_view("a: \0b", 5)), ElementsAre("YAML_MALFORMED control character 0x00"));
  EXPECT_THAT(Refusal("a: [1"), ElementsAre(StartsWith("YAML_MALFORMED")));
}

TEST(RuleYaml, RefusesOtherEncodingsThanUtf8WithTheirPlace) {
  EXPECT_THAT(Refusal("a: F\xFCr"), ElementsAre("YAML_MALFORMED byte 0xfc is no UTF-8; save the file as UTF-8"));
  EXPECT_THAT(Refusal(std::string_view("\xFF\xFE" "a\0:\0", 6)), ElementsAre("YAML_MALFORMED byte 0xff is no UTF-8; save the file as UTF-8"));
  LoadResult result;
  ParseYaml("a: 1\nb: 12\xFC\n", result);
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].place.line, 2);
  EXPECT_EQ(result.findings[0].place.column, 6);
}

TEST(RuleYaml, NamesTheUsualSlips) {
  EXPECT_THAT(Refusal("a:\n\t- b\n"), ElementsAre("YAML_MALFORMED a tab stands in the indentation, where YAML wants spaces"));
  EXPECT_THAT(Refusal("a: |\n  b\n\tc\n"), ElementsAre("YAML_MALFORMED a tab stands in the indentation, where YAML wants spaces"));
  EXPECT_THAT(Refusal("a: b: c\n"), ElementsAre("YAML_MALFORMED a value with ': ' in it must stand in quotes, or in a '|' block"));
}

TEST(RuleYaml, SaysWhereItStopped) {
  LoadResult result;
  ParseYaml("a: 1\nb: [1, 2\nc: 3\n", result);
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_GE(result.findings[0].place.line, 2);
}

TEST(RuleYaml, EndsDeepNestingAtItsLimit) {
  const auto nested = [](int depth) { return std::string(static_cast<std::size_t>(depth), '[') + "1" + std::string(static_cast<std::size_t>(depth), ']'); };
  LoadResult result;
  EXPECT_TRUE(ParseYaml(nested(yaml::kMaxDepth), result).has_value());
  EXPECT_THAT(Refusal(nested(yaml::kMaxDepth + 1)), ElementsAre("YAML_MALFORMED nesting is deeper than 32"));
}

TEST(RuleYaml, ReadsUpToItsSize) {
  LoadResult result;
  EXPECT_TRUE(ParseYaml(std::string(kMaxRuleFileBytes, ' '), result).has_value());
  EXPECT_THAT(Refusal(std::string(kMaxRuleFileBytes + 1, ' ')), ElementsAre("FILE_TOO_LARGE 262145 bytes exceed 262144"));
}

}  // namespace
}  // namespace zoomwatch::ruleset
