#include "common/ruleset/rule_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "tests/unit/common/ruleset/rule_text.h"

namespace zoomwatch::ruleset {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Outcome = FileResult::Outcome;

constexpr char kA[] = "aaaaaaaa-0000-4000-8000-000000000001";
constexpr char kB[] = "bbbbbbbb-0000-4000-8000-000000000002";
constexpr char kBad[] = "id: [";

// Files in memory.
class FakeSource final : public RuleSource {
 public:
  explicit FakeSource(std::string name) : name_(std::move(name)) {}
  const std::string& name() const override { return name_; }
  absl::StatusOr<std::vector<RuleFile>> Read() const override {
    if (!status.ok()) return status;
    std::vector<RuleFile> read;
    for (const auto& [file, text] : files) read.push_back({.name = file, .text = text});
    return read;
  }

  std::map<std::string, std::string> files;
  absl::Status status;

 private:
  const std::string name_;
};

std::string RuleWith(const std::string& id, const std::string& name = "a rule") { return RuleText().Set("id", id).Set("name", name).Yaml(); }

class RuleSetTest : public ::testing::Test {
 protected:
  std::vector<std::string> Ids() {
    std::vector<std::string> ids;
    for (const auto& rule : holder.Current()->rules()) ids.push_back(rule->rule.id);
    return ids;
  }

  FakeSource shipped{"shipped"};
  FakeSource own{"own"};
  SyntaxChecker checker;
  RuleSetHolder holder{{&shipped, &own}, checker};
};

TEST_F(RuleSetTest, IsEmptyUntilItIsLoaded) { EXPECT_THAT(Ids(), IsEmpty()); }

TEST_F(RuleSetTest, LoadsAFolderAndSaysWhatIsNew) {
  shipped.files = {{"b.yaml", RuleWith(kB)}, {"a.yaml", RuleWith(kA)}};
  const ReloadResult reload = holder.Reload();
  EXPECT_FALSE(reload.HasErrors());
  EXPECT_THAT(Ids(), ElementsAre(kA, kB));
  EXPECT_THAT(reload.diff.added, ElementsAre(kA, kB));
  EXPECT_EQ(holder.Current()->Find(kA)->file, "a.yaml");
  EXPECT_EQ(holder.Current()->Find("cccccccc"), nullptr);
  EXPECT_TRUE(holder.Reload().diff.empty());
}

TEST_F(RuleSetTest, SaysWhetherTheQueryOrOnlyTheTextChanged) {
  RuleText text;
  text.Set("id", kA);
  shipped.files["a.yaml"] = text.Yaml();
  holder.Reload();
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{{"name", "other"}, {"triggerThreshold", "5"}, {"queryFrequency", "2h"}}) {
    shipped.files["a.yaml"] = text.Set(key, value).Yaml();
    const RuleSetDiff diff = holder.Reload().diff;
    EXPECT_THAT(diff.changed_text, ElementsAre(kA)) << key;
    EXPECT_THAT(diff.changed_query, IsEmpty()) << key;
  }
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{{"query", "ZoomLogs"}, {"queryPeriod", "3d"}, {"kind", "NRT"}}) {
    shipped.files["a.yaml"] = text.Set(key, value).Yaml();
    const RuleSetDiff diff = holder.Reload().diff;
    EXPECT_THAT(diff.changed_query, ElementsAre(kA)) << key;
    EXPECT_THAT(diff.changed_text, IsEmpty()) << key;
  }
}

TEST_F(RuleSetTest, MovingAQueryInItsFileIsNoChange) {
  shipped.files["a.yaml"] = RuleWith(kA);
  holder.Reload();
  shipped.files["a.yaml"] = "# a comment\n" + RuleWith(kA);
  EXPECT_TRUE(holder.Reload().diff.empty());
}

TEST_F(RuleSetTest, RemovesTheRuleOfAFileThatIsGone) {
  shipped.files = {{"a.yaml", RuleWith(kA)}, {"b.yaml", RuleWith(kB)}};
  holder.Reload();
  shipped.files.erase("a.yaml");
  EXPECT_THAT(holder.Reload().diff.removed, ElementsAre(kA));
  EXPECT_THAT(Ids(), ElementsAre(kB));
}

TEST_F(RuleSetTest, CountsADisabledRuleAsAbsent) {
  shipped.files["a.yaml"] = RuleWith(kA);
  holder.Reload();
  shipped.files["a.yaml"] = RuleWith(kA) + "enabled: false\n";
  EXPECT_THAT(holder.Reload().diff.removed, ElementsAre(kA));
  EXPECT_THAT(Ids(), ElementsAre(kA));
  shipped.files["a.yaml"] = RuleWith(kA);
  EXPECT_THAT(holder.Reload().diff.added, ElementsAre(kA));
}

TEST_F(RuleSetTest, ABadFileDoesNotReplaceAGoodOne) {
  shipped.files["a.yaml"] = RuleWith(kA, "good");
  holder.Reload();
  shipped.files["a.yaml"] = kBad;
  const ReloadResult reload = holder.Reload();
  EXPECT_TRUE(reload.HasErrors());
  EXPECT_TRUE(reload.diff.empty());
  EXPECT_EQ(reload.files[0].outcome, Outcome::kKept);
  EXPECT_EQ(reload.files[0].rule_id, kA);
  EXPECT_EQ(holder.Current()->Find(kA)->rule.name, "good");
  EXPECT_TRUE(holder.Current()->Find(kA)->stale);
  // However often it stays bad.
  holder.Reload();
  EXPECT_EQ(holder.Current()->Find(kA)->rule.name, "good");
  shipped.files["a.yaml"] = RuleWith(kA, "mended");
  EXPECT_THAT(holder.Reload().diff.changed_text, ElementsAre(kA));
  EXPECT_FALSE(holder.Current()->Find(kA)->stale);
}

TEST_F(RuleSetTest, ABadNewFileIsRefusedAndTheOthersLoad) {
  shipped.files = {{"a.yaml", RuleWith(kA)}, {"b.yaml", kBad}};
  const ReloadResult reload = holder.Reload();
  EXPECT_THAT(Ids(), ElementsAre(kA));
  EXPECT_EQ(reload.files[0].outcome, Outcome::kLoaded);
  EXPECT_EQ(reload.files[1].outcome, Outcome::kRefused);
  EXPECT_EQ(reload.files[1].rule_id, "");
}

TEST_F(RuleSetTest, OfTwoFilesWithOneIdTheFirstLoads) {
  shipped.files = {{"a.yaml", RuleWith(kA, "first")}, {"b.yaml", RuleWith(kA, "second")}};
  const ReloadResult reload = holder.Reload();
  EXPECT_EQ(holder.Current()->Find(kA)->rule.name, "first");
  EXPECT_THAT(Texts(reload.files[1].result), ElementsAre(std::string("DUPLICATE_ID id: ") + kA + " is the id of a.yaml"));
  EXPECT_EQ(reload.files[1].outcome, Outcome::kRefused);
}

TEST_F(RuleSetTest, ANewFileDoesNotTakeTheIdOfAnOldOne) {
  shipped.files = {{"b.yaml", RuleWith(kA, "old")}};
  holder.Reload();
  shipped.files["a.yaml"] = RuleWith(kA, "new");
  const ReloadResult reload = holder.Reload();
  EXPECT_EQ(holder.Current()->Find(kA)->rule.name, "old");
  EXPECT_THAT(Texts(reload.files[0].result), ElementsAre(std::string("DUPLICATE_ID id: ") + kA + " is the id of b.yaml"));
}

TEST_F(RuleSetTest, AFileThatTakesAnothersIdKeepsItsOldRule) {
  shipped.files = {{"a.yaml", RuleWith(kA)}, {"b.yaml", RuleWith(kB, "before")}};
  holder.Reload();
  shipped.files["b.yaml"] = RuleWith(kA, "copied and not renamed");
  const ReloadResult reload = holder.Reload();
  EXPECT_THAT(Ids(), ElementsAre(kA, kB));
  EXPECT_EQ(reload.files[1].outcome, Outcome::kKept);
  EXPECT_EQ(holder.Current()->Find(kB)->rule.name, "before");
}

TEST_F(RuleSetTest, ARuleThatMovedToAnotherFileIsNotKeptTwice) {
  shipped.files = {{"a.yaml", RuleWith(kA)}};
  holder.Reload();
  shipped.files = {{"a.yaml", kBad}, {"b.yaml", RuleWith(kA)}};
  const ReloadResult reload = holder.Reload();
  EXPECT_THAT(Ids(), ElementsAre(kA));
  EXPECT_EQ(holder.Current()->Find(kA)->file, "b.yaml");
  EXPECT_EQ(reload.files[0].outcome, Outcome::kRefused);
}

TEST_F(RuleSetTest, ALaterSourceOverridesAnEarlierOne) {
  shipped.files = {{"a.yaml", RuleWith(kA, "shipped")}};
  own.files = {{"mine.yaml", RuleWith(kA, "mine")}};
  const ReloadResult reload = holder.Reload();
  EXPECT_FALSE(reload.HasErrors());
  EXPECT_EQ(holder.Current()->Find(kA)->rule.name, "mine");
  EXPECT_THAT(Texts(reload.files[0].result), ElementsAre(std::string("OVERRIDDEN id: ") + kA + " is taken from mine.yaml in own"));
  own.files.clear();
  EXPECT_THAT(holder.Reload().diff.changed_text, ElementsAre(kA));
  EXPECT_EQ(holder.Current()->Find(kA)->rule.name, "shipped");
}

TEST_F(RuleSetTest, ASourceThatCannotBeReadKeepsItsRules) {
  shipped.files = {{"a.yaml", RuleWith(kA)}};
  own.files = {{"b.yaml", RuleWith(kB)}};
  holder.Reload();
  own.status = absl::NotFoundError("own: gone");
  const ReloadResult reload = holder.Reload();
  EXPECT_TRUE(reload.HasErrors());
  EXPECT_TRUE(reload.diff.empty());
  EXPECT_THAT(Ids(), ElementsAre(kA, kB));
  EXPECT_TRUE(holder.Current()->Find(kB)->stale);
  EXPECT_THAT(Texts(reload.files[1].result), ElementsAre("FILE_UNREADABLE own: gone"));
}

// Counts what it is asked.
class CountingChecker final : public QueryChecker {
 public:
  QueryFindings Check(std::string_view) const override {
    ++count;
    return {};
  }
  std::uint64_t version() const override { return version_now; }
  mutable int count = 0;
  std::uint64_t version_now = 0;
};

TEST(RuleSetHolder, ChecksWhatChangedOnly) {
  FakeSource source("folder");
  source.files = {{"a.yaml", RuleText().Set("id", kA).Yaml()}, {"b.yaml", RuleText().Set("id", kB).Yaml()}, {"bad.yaml", kBad}};
  CountingChecker checker;
  RuleSetHolder holder({&source}, checker);
  holder.Reload();
  EXPECT_EQ(checker.count, 2);
  const ReloadResult same = holder.Reload();
  EXPECT_EQ(checker.count, 2);
  EXPECT_TRUE(same.diff.empty());
  EXPECT_TRUE(same.HasErrors()) << "a bad file stays bad";
  EXPECT_EQ(same.set->rules().size(), 2u);
  source.files["a.yaml"] = RuleText().Set("id", kA).Set("severity", "High").Yaml();
  EXPECT_THAT(holder.Reload().diff.changed_text, ElementsAre(kA));
  EXPECT_EQ(checker.count, 3);
  checker.version_now = 1;
  EXPECT_TRUE(holder.Reload().diff.empty());
  EXPECT_EQ(checker.count, 5) << "it may find something else now";
  source.files.erase("b.yaml");
  EXPECT_THAT(holder.Reload().diff.removed, ElementsAre(kB));
}

TEST_F(RuleSetTest, ASetInUseOutlivesTheNext) {
  shipped.files = {{"a.yaml", RuleWith(kA)}};
  holder.Reload();
  const std::shared_ptr<const RuleSet> before = holder.Current();
  shipped.files.clear();
  holder.Reload();
  EXPECT_EQ(before->rules().size(), 1u);
  EXPECT_THAT(Ids(), IsEmpty());
}

TEST_F(RuleSetTest, ReadersSeeWholeSetsOnly) {
  shipped.files = {{"a.yaml", RuleWith(kA)}, {"b.yaml", RuleWith(kB)}};
  holder.Reload();
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  std::thread reader([&] {
    while (!done) torn += holder.Current()->rules().size() == 2 ? 0 : 1;
  });
  for (int i = 0; i < 20; ++i) holder.Reload();
  done = true;
  reader.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace zoomwatch::ruleset
