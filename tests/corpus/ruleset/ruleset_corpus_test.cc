// The rule files that Microsoft published for Zoom load as they are, as a customer would bring them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include "common/ruleset/rule_set.h"
#include "tests/conformance/rules/case_runner.h"

namespace zoomwatch::ruleset {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RulesetCorpus : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* corpus = std::getenv("ZOOMWATCH_CORPUS");
    if (corpus == nullptr) GTEST_SKIP() << "ZOOMWATCH_CORPUS is not set: the published rule files did not run";
    const FolderRuleSource source(std::string(corpus) + "/sentinel-zoom");
    const event_table::EventCatalog catalog;
    reload = LoadRuleSet({&source}, BindingChecker(catalog), RuleSet({}));
  }

  const LoadedRule& Of(const std::string& file) {
    for (const auto& rule : reload.set->rules()) {
      if (rule->file == file) return *rule;
    }
    ADD_FAILURE() << file << " did not load";
    static const LoadedRule none;
    return none;
  }

  ReloadResult reload;
};

TEST_F(RulesetCorpus, LoadsEveryPublishedFile) {
  for (const FileResult& file : reload.files) {
    for (const LoadFinding& finding : file.result.findings) {
      EXPECT_EQ(finding.impact(), Impact::kWarning) << Explain(file.file, finding);
    }
  }
  EXPECT_EQ(reload.files.size(), 8u);
  EXPECT_EQ(reload.set->rules().size(), 8u);
}

// Older files lack keys of today's format, and nothing else is remarkable in any of them.
TEST_F(RulesetCorpus, WarnsOfMissingEnvelopeKeysOnly) {
  std::map<std::string, std::set<std::string>> warnings;
  for (const FileResult& file : reload.files) {
    for (const LoadFinding& finding : file.result.findings) {
      EXPECT_EQ(finding.code, LoadCode::kExpectedKeyMissing) << Explain(file.file, finding);
      warnings[file.file].insert(finding.message.substr(0, finding.message.find(':')));
    }
  }
  EXPECT_EQ(warnings, (std::map<std::string, std::set<std::string>>{
                          {"E2EEDisbaled.yaml", {"kind", "version", "requiredDataConnectors"}},
                          {"ExternalUserAccess.yaml", {"kind", "version", "requiredDataConnectors"}},
                          {"JoiningMeetingFromAnotherTimeZone.yaml", {"kind"}}}));
}

TEST_F(RulesetCorpus, TellsDetectionsFromHuntingQueries) {
  std::set<std::string> hunts;
  for (const auto& rule : reload.set->rules()) {
    if (rule->rule.kind == RuleKind::kHunting) hunts.insert(rule->file);
  }
  EXPECT_THAT(hunts, ElementsAre("HighCPURoom.yaml", "MultipleRegistrationDenies.yaml", "NewDomainAccess.yaml", "NewTZ.yaml"));
}

TEST_F(RulesetCorpus, ReadsTheSchedule) {
  const Rule& rule = Of("JoiningMeetingFromAnotherTimeZone.yaml").rule;
  EXPECT_EQ(rule.query_frequency, absl::Hours(24));
  EXPECT_EQ(rule.query_period, absl::Hours(14 * 24));
  EXPECT_EQ(rule.severity, AlertSeverity::kLow);
  EXPECT_THAT(rule.techniques, ElementsAre("T1078"));
  const Rule& links = Of("SupiciousLinkSharing.yaml").rule;
  ASSERT_EQ(links.entity_mappings.size(), 1u);
  EXPECT_THAT(links.entity_mappings[0].fields, ElementsAre(FieldMapping{"FullName", "User"}, FieldMapping{"Name", "AccountName"},
                                                           FieldMapping{"UPNSuffix", "AccountUPNSuffix"}));
  EXPECT_THAT(Of("E2EEDisbaled.yaml").rule.entity_mappings, IsEmpty());
}

// What they say, mistakes included: what they were meant to say is in rules/zoom.
TEST_F(RulesetCorpus, GivesTheAlertsThatTheTextsImply) {
  const char* directory = std::getenv("ZOOMWATCH_SOURCE_DIR");
  const std::string folder = std::string(directory == nullptr ? "." : directory) + "/tests/corpus/ruleset/cases/";
  for (const auto& rule : reload.set->rules()) {
    EXPECT_GT(ExpectAlertsOfFile(rule->rule, folder + rule->file.substr(0, rule->file.size() - 5) + ".test.yaml"), 0) << rule->file;
  }
}

}  // namespace
}  // namespace zoomwatch::ruleset
