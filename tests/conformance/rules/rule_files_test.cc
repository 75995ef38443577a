// The shipped rules and their case files, as files: they load without a finding, keep our own conventions, and no rule is without
// cases of every kind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "common/ruleset/case_file.h"
#include "common/ruleset/rule_set.h"
#include "common/event_table/event_catalog.h"

namespace zoomwatch::ruleset {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Where Microsoft's older validator must pass too.
constexpr std::size_t kMaxShippedEntityMappings = 5;

std::string SourceDir() {
  const char* directory = std::getenv("ZOOMWATCH_SOURCE_DIR");
  return directory == nullptr ? "." : directory;
}

std::string Contents(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class RuleFiles : public ::testing::Test {
 protected:
  const std::string folder = SourceDir() + "/rules";
  const FolderRuleSource source{folder};
  const event_table::EventCatalog catalog;
  const ReloadResult reload = LoadRuleSet({&source}, BindingChecker(catalog), RuleSet({}));

  std::string CasePath(const std::string& file) { return folder + "/" + file.substr(0, file.size() - 5) + ".test.yaml"; }
  std::vector<RuleCase> CasesOf(const std::string& file) {
    LoadResult result;
    auto cases = ReadCaseFile(Contents(CasePath(file)), result);
    for (const LoadFinding& finding : result.findings) ADD_FAILURE() << Explain(CasePath(file), finding);
    return cases.value_or(std::vector<RuleCase>());
  }
};

TEST_F(RuleFiles, LoadWithoutAFinding) {
  for (const FileResult& file : reload.files) {
    for (const LoadFinding& finding : file.result.findings) ADD_FAILURE() << Explain(file.file, finding);
  }
  EXPECT_GE(reload.set->rules().size(), 23u);
}

TEST_F(RuleFiles, TellAnAnalystWhatToDo) {
  for (const auto& loaded : reload.set->rules()) {
    const Rule& rule = loaded->rule;
    EXPECT_THAT(rule.description, HasSubstr("What to do: ")) << loaded->file;
    EXPECT_THAT(rule.description, HasSubstr("False positives: ")) << loaded->file;
    EXPECT_FALSE(rule.techniques.empty()) << loaded->file;
    EXPECT_FALSE(rule.entity_mappings.empty()) << loaded->file;
    EXPECT_LE(rule.entity_mappings.size(), kMaxShippedEntityMappings) << loaded->file;
    EXPECT_NE(rule.name.back(), '.') << loaded->file;
    EXPECT_TRUE(rule.enabled) << loaded->file;
  }
}

TEST_F(RuleFiles, AreNamedInLowerCaseWithDashes) {
  for (const auto& loaded : reload.set->rules()) {
    EXPECT_TRUE(::testing::Value(loaded->file, ::testing::MatchesRegex("zoom/[a-z0-9]+(-[a-z0-9]+)*\\.yaml"))) << loaded->file;
  }
}

TEST_F(RuleFiles, HaveCasesOfEveryKind) {
  for (const auto& loaded : reload.set->rules()) {
    std::set<CaseKind> kinds;
    std::set<std::string> names;
    for (const RuleCase& one : CasesOf(loaded->file)) {
      kinds.insert(one.kind);
      EXPECT_TRUE(names.insert(one.name).second) << loaded->file << ": " << one.name << " stands twice";
      EXPECT_TRUE(one.kind != CaseKind::kFiring || !one.alerts.empty()) << loaded->file << ": " << one.name;
    }
    for (const CaseKind kind : {CaseKind::kFiring, CaseKind::kNearMiss, CaseKind::kDuplicate, CaseKind::kLate, CaseKind::kBoundary}) {
      EXPECT_TRUE(kinds.contains(kind)) << loaded->file << " has no case of the kind '" << CaseKindName(kind) << "'";
    }
  }
}

TEST_F(RuleFiles, HaveCasesWhoseAlertsComeInOrderAndWithinTheCase) {
  for (const auto& loaded : reload.set->rules()) {
    for (const RuleCase& one : CasesOf(loaded->file)) {
      absl::Duration before;
      for (const ExpectedAlert& alert : one.alerts) {
        EXPECT_GE(alert.at, before) << loaded->file << ": " << one.name;
        EXPECT_LE(alert.at, one.end + loaded->rule.query_period) << loaded->file << ": " << one.name;
        EXPECT_THAT(alert.row, ::testing::Not(IsEmpty())) << loaded->file << ": " << one.name;
        before = alert.at;
      }
    }
  }
}

TEST_F(RuleFiles, HaveCasesWhoseBodiesAreJsonWithAnEvent) {
  const absl::Time start = absl::FromUnixSeconds(1767571200);
  for (const auto& loaded : reload.set->rules()) {
    for (const RuleCase& one : CasesOf(loaded->file)) {
      for (const CaseWebhook& webhook : one.webhooks) {
        simdjson::dom::parser parser;
        simdjson::dom::element body;
        const std::string text = BodyText(webhook, start);
        ASSERT_EQ(parser.parse(text).get(body), simdjson::SUCCESS) << loaded->file << ": " << text;
        std::string_view event;
        EXPECT_EQ(body["event"].get(event), simdjson::SUCCESS) << text;
        std::int64_t event_ts = 0;
        EXPECT_EQ(body["event_ts"].get(event_ts), simdjson::SUCCESS) << text;
        EXPECT_EQ(event_ts, absl::ToUnixMillis(start + webhook.happened));
      }
    }
  }
}

TEST_F(RuleFiles, EveryCaseFileHasItsRule) {
  std::set<std::string> expected;
  for (const auto& loaded : reload.set->rules()) expected.insert(CasePath(loaded->file));
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().generic_string();
    if (path.size() > 10 && path.substr(path.size() - 10) == ".test.yaml") found.insert(path);
  }
  EXPECT_EQ(found, expected);
}

// What an author reads who brings a folder of broken files. When the texts change, read the difference as that author.
TEST(BrokenRules, AreExplained) {
  const std::string folder = SourceDir() + "/tests/conformance/rules/broken";
  const FolderRuleSource source(folder);
  const event_table::EventCatalog catalog;
  const ReloadResult reload = LoadRuleSet({&source}, BindingChecker(catalog), RuleSet({}));
  std::string findings;
  for (const FileResult& file : reload.files) {
    for (const LoadFinding& finding : file.result.findings) findings += Explain(file.file, finding) + "\n";
  }
  EXPECT_EQ(findings, Contents(folder + "/findings.txt"));
}

// The page lists the codes of the loader from its table.
TEST(RulesPage, NamesEveryLoadCodeAsTheTableDoes) {
  const std::string page = Contents(SourceDir() + "/docs/rules.md");
  for (const LoadCodeRow& row : LoadCodeTable()) {
    const std::string line = "| `" + std::string(row.name) + "` | " + (row.impact == Impact::kError ? "error" : "warning") + " | " + std::string(row.text) + " |";
    EXPECT_THAT(page, HasSubstr(line)) << "the page must have this line";
  }
}

}  // namespace
}  // namespace zoomwatch::ruleset
