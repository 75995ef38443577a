// The cases of every shipped rule give the alerts that they expect.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "common/ruleset/rule_set.h"
#include "tests/conformance/rules/case_runner.h"

namespace zoomwatch::ruleset {
namespace {

TEST(RuleCases, GiveTheirAlertsInBatch) {
  const char* directory = std::getenv("ZOOMWATCH_SOURCE_DIR");
  const std::string folder = std::string(directory == nullptr ? "." : directory) + "/rules";
  const FolderRuleSource source(folder);
  const event_table::EventCatalog catalog;
  const ReloadResult reload = LoadRuleSet({&source}, BindingChecker(catalog), RuleSet({}));
  int cases = 0;
  for (const auto& loaded : reload.set->rules()) {
    cases += ExpectAlertsOfFile(loaded->rule, folder + "/" + loaded->file.substr(0, loaded->file.size() - 5) + ".test.yaml");
  }
  EXPECT_GE(cases, 150);
}

}  // namespace
}  // namespace zoomwatch::ruleset
