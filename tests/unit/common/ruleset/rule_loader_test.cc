#include "common/ruleset/rule_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/ruleset/rule_text.h"

namespace zoomwatch::ruleset {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Says what it is told to say.
class FixedChecker final : public QueryChecker {
 public:
  explicit FixedChecker(QueryFindings findings) : findings_(std::move(findings)) {}
  QueryFindings Check(std::string_view) const override { return findings_; }

 private:
  const QueryFindings findings_;
};

TEST(RuleLoader, LoadsAGoodRule) {
  LoadResult result;
  const auto rule = LoadRule(RuleText().Yaml(), SyntaxChecker(), result);
  ASSERT_TRUE(rule.has_value());
  EXPECT_EQ(rule->name, "Recording deleted");
  EXPECT_THAT(Texts(result), IsEmpty());
}

TEST(RuleLoader, TellsPlacesInTheQueryAsPlacesInTheFile) {
  LoadResult result;
  const std::string text = RuleText().Set("query", "|\n  ZoomLogs\n  | where >=W ago(1d)").Yaml();
  EXPECT_FALSE(LoadRule(text, SyntaxChecker(), result).has_value());
  ASSERT_FALSE(result.findings.empty());
  EXPECT_THAT(Explain("a.yaml", result.findings[0]), StartsWith("a.yaml:16:11: error QUERY_ERROR: ZW001: "));
}

TEST(RuleLoader, ReportsEverythingAtOnceInTheOrderOfTheFile) {
  LoadResult result;
  const std::string text = RuleText().Set("id", "x").Set("severity", "Hig").Set("queryPeriod", "5m").Set("query", "|\n  ZoomLogs | wher A").Set("colour", "red").Yaml();
  EXPECT_FALSE(LoadRule(text, SyntaxChecker(), result).has_value());
  std::vector<std::string> codes;
  for (const LoadFinding& finding : result.findings) codes.emplace_back(RowOf(finding.code).name);
  EXPECT_THAT(codes, ElementsAre("MALFORMED_VALUE", "UNKNOWN_VALUE", "PERIOD_TOO_SHORT", "QUERY_ERROR", "UNKNOWN_KEY"));
}

TEST(RuleLoader, WarningsOfTheQueryDoNotRefuseIt) {
  const kql::Diagnostic warning{.severity = kql::Severity::kWarning, .code = "ZW005", .line = 2, .column = 3, .message = "compares bool with text"};
  LoadResult result;
  EXPECT_TRUE(LoadRule(RuleText().Yaml(), FixedChecker({{warning}, {}}), result).has_value());
  EXPECT_THAT(Texts(result), ElementsAre("QUERY_WARNING ZW005: compares bool with text"));
  EXPECT_EQ(result.findings[0].place.line, 16);
  EXPECT_EQ(result.findings[0].place.column, 5);
}

TEST(RuleLoader, ComparesMappedColumnsWithTheResult) {
  const RuleText text = RuleText().Set("customDetails", "{A: Usr, B: User, C: Elsewhere}");
  LoadResult result;
  EXPECT_TRUE(LoadRule(text.Yaml(), FixedChecker({{}, std::vector<std::string>{"TimeGenerated", "User"}}), result).has_value());
  EXPECT_THAT(Texts(result), ElementsAre("COLUMN_UNKNOWN customDetails.A: the query's result has no column 'Usr', did you mean 'User'?",
                                         "COLUMN_UNKNOWN customDetails.C: the query's result has no column 'Elsewhere', it has TimeGenerated, User"));
  LoadResult unknown;
  EXPECT_TRUE(LoadRule(text.Yaml(), SyntaxChecker(), unknown).has_value());
  EXPECT_THAT(Texts(unknown), IsEmpty());
}

TEST(RuleLoader, WarnsOfALookbackBeyondThePeriod) {
  const auto texts = [](const std::string& query, const std::string& period) {
    LoadResult result;
    EXPECT_TRUE(LoadRule(RuleText().Set("query", "|\n  " + query).Set("queryPeriod", period).Yaml(), SyntaxChecker(), result).has_value());
    std::vector<std::string> found;
    for (const LoadFinding& finding : result.findings) found.push_back(Explain("a", finding));
    return found;
  };
  EXPECT_THAT(texts("ZoomLogs | where TimeGenerated > ago(14d)", "1d"),
              ElementsAre("a:15:36: warning LOOKBACK_BEYOND_PERIOD: query: asks for 14d, and a rule with a queryPeriod of 1d sees no more than that"));
  EXPECT_THAT(texts("ZoomLogs | where TimeGenerated > ago(14d)", "14d"), IsEmpty());
  EXPECT_THAT(texts("let x = 25h;\n  ZoomLogs | where TimeGenerated between (ago(x) .. ago(1d))", "1d"),
              ElementsAre("a:16:43: warning LOOKBACK_BEYOND_PERIOD: query: asks for 25h, and a rule with a queryPeriod of 1d sees no more than that"));
  EXPECT_THAT(texts("ZoomLogs | where TimeGenerated > ago(x) and Message == 'ago(14d)' // ago(14d)", "1d"), IsEmpty());
}

TEST(RuleLoader, SaysOnceThatAValueHasTheWrongType) {
  LoadResult result;
  EXPECT_FALSE(LoadRule(RuleText().Set("id", "[a]").Set("entityMappings", "{entityType: Account}").Yaml(), SyntaxChecker(), result).has_value());
  EXPECT_THAT(Texts(result), ElementsAre("WRONG_TYPE id: must be a value, not a list", "WRONG_TYPE entityMappings: must be a list, not a mapping"));
}

TEST(RuleLoader, SaysOnceThatAQueryIsEmpty) {
  LoadResult result;
  EXPECT_FALSE(LoadRule(RuleText().Set("query", "' '").Yaml(), SyntaxChecker(), result).has_value());
  EXPECT_THAT(Texts(result), ElementsAre("MISSING_KEY query: is empty"));
}

}  // namespace
}  // namespace zoomwatch::ruleset
