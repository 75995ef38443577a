#include "services/detector/rules/rule_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/services/rules/memory_tables.h"

namespace zoomwatch::detector {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr kql::Ticks kSecond = kql::kTicksPerSecond;

ruleset::Rule MakeRule(const std::string& query) {
  ruleset::Rule rule;
  rule.id = "r1";
  rule.name = "Rule";
  rule.query.text = query;
  rule.query_frequency = absl::Hours(1);
  rule.query_period = absl::Hours(24);
  return rule;
}

class RuleEngineTest : public ::testing::Test {
 protected:
  // Puts the rule in force at `seconds`.
  void Begin(const ruleset::Rule& rule, std::int64_t seconds = 0) { BeginKnowing(rule, seconds, RuleEngine::kAlways, {}); }
  // The same where events are known since that time, those of `history` among them.
  void BeginKnowing(const ruleset::Rule& rule, std::int64_t seconds, kql::Ticks known_since, const std::vector<event::v1::Event>& history) {
    const auto loaded = std::make_shared<const ruleset::LoadedRule>(ruleset::LoadedRule{.rule = rule, .source = "", .file = "", .stale = false});
    const auto anew = engine_.SetRules(ruleset::RuleSet({loaded}), event_table::EventCatalog());
    engine_.FinishReplay({}, kNewYear + seconds * kSecond);
    for (const event::v1::Event& event : history) engine_.Replay(event, ++order_);
    engine_.FinishReplay(anew, kNewYear + seconds * kSecond, known_since);
  }
  void Insert(const event::v1::Event& event) {
    tables_.Add(event);
    engine_.Insert(event, ++order_, findings_);
  }
  // Seconds of the findings since the last call.
  std::vector<std::int64_t> Times() {
    std::vector<std::int64_t> times;
    for (const EngineFinding& found : findings_) times.push_back((found.finding.time - kNewYear) / kSecond);
    findings_.clear();
    return times;
  }
  RuleStatus Status() const { return engine_.Status().front(); }

  MemoryTables tables_;
  RuleEngine engine_{{}, &tables_};
  std::vector<EngineFinding> findings_;
  std::uint64_t order_ = 0;
};

TEST_F(RuleEngineTest, AFindingForEachNewRow) {
  Begin(MakeRule("ZoomLogs | where Event == 'a' | summarize Times = count() by User"));
  Insert(UserEvent("a", "ann", 10));
  Insert(UserEvent("b", "ben", 11));
  Insert(UserEvent("a", "ann", 12));
  Insert(UserEvent("a", "ben", 13));
  EXPECT_THAT(Times(), ElementsAre(10, 13));
  EXPECT_EQ(Status().event_count, 3) << "b does not concern it";
  EXPECT_EQ(Status().finding_count, 2);
}

TEST_F(RuleEngineTest, KnowsWhetherAccountNameIsTheTables) {
  const auto is_the_tables = [this](const std::string& query) {
    engine_.Forget({"r1"});
    Begin(MakeRule(query));
    Insert(UserEvent("a", "ann", 10));
    EXPECT_THAT(findings_, SizeIs(1)) << query;
    const bool is = !findings_.empty() && findings_[0].finding.has_account_names;
    findings_.clear();
    return is;
  };
  EXPECT_TRUE(is_the_tables("ZoomLogs"));
  EXPECT_TRUE(is_the_tables("ZoomLogs | where Event == 'a' | summarize count() by AccountName"));
  EXPECT_TRUE(is_the_tables("ZoomLogs | join kind=inner (ZoomLogs | project User) on User | project User, AccountName"));
  EXPECT_TRUE(is_the_tables("ZoomLogs | where Event == 'b' | union (ZoomLogs | where Event == 'a') | mv-expand X = pack_array(1) | project AccountName"));
  EXPECT_FALSE(is_the_tables("ZoomLogs | extend AccountName = tostring(split(User, '@')[0])"));
  EXPECT_FALSE(is_the_tables("ZoomLogs | summarize AccountName = max(User) by EventId"));
  EXPECT_FALSE(is_the_tables("ZoomLogs | project EventId, AccountName = User"));
}

TEST_F(RuleEngineTest, TimeAloneMakesAFindingAtItsMoment) {
  Begin(MakeRule("ZoomLogs | where Event == 'a' | join kind=leftanti (ZoomLogs | where Event == 'b' and TimeGenerated > ago(1h)) on User"));
  Insert(UserEvent("b", "ann", 0));
  Insert(UserEvent("a", "ann", 60));
  EXPECT_THAT(Times(), IsEmpty());
  engine_.AdvanceTo(kNewYear + 7200 * kSecond, findings_);
  ASSERT_THAT(findings_, SizeIs(1));
  EXPECT_EQ(findings_[0].finding.cause, FindingCause::kExpiry);
  EXPECT_THAT(Times(), ElementsAre(3600));
}

TEST_F(RuleEngineTest, AnEventAtTheMomentAtWhichAnotherLeavesIsSeenTogetherWithIt) {
  Begin(MakeRule("ZoomLogs | where Event == 'a' | join kind=leftanti (ZoomLogs | where Event == 'b' and TimeGenerated > ago(1h)) on User"));
  Insert(UserEvent("b", "ann", 0));
  Insert(UserEvent("a", "ann", 60));
  Insert(UserEvent("b", "ann", 3600));  // the first b leaves at this very moment
  EXPECT_THAT(Times(), IsEmpty());
}

TEST_F(RuleEngineTest, WhatIsDueAtTheMomentOfAnEventOfNoConcernIsFound) {
  Begin(MakeRule("ZoomLogs | where Event == 'a' | join kind=leftanti (ZoomLogs | where Event == 'b' and TimeGenerated > ago(1h)) on User"));
  Insert(UserEvent("b", "ann", 0));
  Insert(UserEvent("a", "ann", 60));
  Insert(UserEvent("c", "ann", 3600));
  EXPECT_THAT(Times(), ElementsAre(3600));
}

TEST_F(RuleEngineTest, SuppressionSilencesTheRuleAfterAnAlert) {
  ruleset::Rule rule = MakeRule("ZoomLogs | where Event == 'a' | summarize Times = count() by User");
  rule.suppression_enabled = true;
  rule.suppression_duration = absl::Hours(1);
  Begin(rule);
  for (const int seconds : {10, 20, 3609, 3610, 3700, 7210}) Insert(UserEvent("a", "user" + std::to_string(seconds), seconds));
  EXPECT_THAT(Times(), ElementsAre(10, 3610, 7210));
  EXPECT_EQ(Status().suppressed_count, 3);
  EXPECT_EQ(Status().finding_count, 3);
}

TEST_F(RuleEngineTest, SuppressionGoesOnAfterARestart) {
  ruleset::Rule rule = MakeRule("ZoomLogs | where Event == 'a' | summarize Times = count() by User");
  rule.suppression_enabled = true;
  rule.suppression_duration = absl::Hours(1);
  Begin(rule, 20);
  engine_.Remember("r1", 77, kNewYear + 10 * kSecond);
  Insert(UserEvent("a", "ann", 3609));
  Insert(UserEvent("a", "ben", 3610));
  EXPECT_THAT(Times(), ElementsAre(3610));
}

constexpr char kLastTenMinutes[] = "ZoomLogs | where Event == 'a' and TimeGenerated > ago(10m) | summarize Times = count() by User";

TEST_F(RuleEngineTest, WhatWasSuppressedIsFoundWhenItComesBackWithOrWithoutARestart) {
  ruleset::Rule rule = MakeRule(kLastTenMinutes);
  rule.suppression_enabled = true;
  rule.suppression_duration = absl::Hours(1);
  for (const int restart : {0, 1}) {
    const int day = restart * 200'000;
    engine_.Forget({"r1"});
    Begin(rule, day);
    Insert(UserEvent("a", "ann", day));
    ASSERT_THAT(findings_, SizeIs(1));
    const std::uint64_t ann = findings_[0].finding.identity;
    Insert(UserEvent("a", "ben", day + 10));
    EXPECT_THAT(Times(), ElementsAre(day));
    if (restart == 1) {
      engine_.Forget({"r1"});
      Begin(rule, day + 2000);
      engine_.Remember("r1", ann, kNewYear + day * kSecond);
    }
    Insert(UserEvent("a", "ben", day + 3700));
    Insert(UserEvent("a", "ann", day + 2 * 3700));
    EXPECT_THAT(Times(), ElementsAre(day + 3700)) << "ann had an alert within the period";
  }
}

TEST_F(RuleEngineTest, WhatAReplayShowedIsFoundWhenItComesBack) {
  const auto loaded = std::make_shared<const ruleset::LoadedRule>(ruleset::LoadedRule{.rule = MakeRule(kLastTenMinutes), .source = "", .file = "", .stale = false});
  const auto anew = engine_.SetRules(ruleset::RuleSet({loaded}), event_table::EventCatalog());
  engine_.Replay(UserEvent("a", "ann", 1), ++order_);
  engine_.FinishReplay(anew, kNewYear + 2 * kSecond);
  Insert(UserEvent("a", "ann", 500));
  EXPECT_THAT(Times(), IsEmpty());
  Insert(UserEvent("a", "ann", 5000));
  EXPECT_THAT(Times(), ElementsAre(5000)) << "it never had an alert";
}

TEST_F(RuleEngineTest, FindingsThatAreRememberedAreOfTheState) {
  Begin(MakeRule("ZoomLogs | where TimeGenerated > ago(1m) | project EventId"));
  for (int i = 0; i < 5000; ++i) Insert(UserEvent("a", "ann", i));
  EXPECT_GE(Status().state_bytes, 5000U * 40);
  engine_.AdvanceTo(kNewYear + 200'000 * kSecond, findings_);
  Insert(UserEvent("a", "ann", 200'000));
  EXPECT_LT(Status().state_bytes, 5000U);
}

TEST_F(RuleEngineTest, ATriggerRemembersNoRows) {
  ruleset::Rule rule = MakeRule("ZoomLogs | where TimeGenerated > ago(1m) | project EventId");
  rule.trigger_threshold = 10'000;
  Begin(rule);
  for (int i = 0; i < 5000; ++i) Insert(UserEvent("a", "ann", i));
  EXPECT_LT(Status().state_bytes, 5000U * 20);
}

TEST_F(RuleEngineTest, AThresholdThatIsFulfilledWhenItComesIsNoFinding) {
  ruleset::Rule rule = MakeRule("ZoomLogs | where Event == 'a' and TimeGenerated > ago(1h) | summarize Times = count() by User");
  rule.trigger_threshold = 10;
  Begin(rule);
  for (int i = 0; i < 3; ++i) Insert(UserEvent("a", "user" + std::to_string(i), i));
  rule.trigger_threshold = 1;
  Begin(rule);
  Insert(UserEvent("a", "user0", 4));
  EXPECT_THAT(Times(), IsEmpty()) << "as after a restart";
  Insert(UserEvent("a", "user0", 9000));
  Insert(UserEvent("a", "user1", 9001));
  EXPECT_THAT(Times(), ElementsAre(9001)) << "it begins again";
}

TEST_F(RuleEngineTest, WhatAReplayFindsIsNoFindingAndNotCounted) {
  const auto rule = MakeRule("ZoomLogs | where Event == 'a' | summarize Times = count() by User");
  const auto loaded = std::make_shared<const ruleset::LoadedRule>(ruleset::LoadedRule{.rule = rule, .source = "", .file = "", .stale = false});
  const auto anew = engine_.SetRules(ruleset::RuleSet({loaded}), event_table::EventCatalog());
  engine_.Replay(UserEvent("a", "ann", 1), ++order_);
  engine_.FinishReplay(anew, kNewYear + 2 * kSecond);
  EXPECT_EQ(Status().finding_count, 0);
  Insert(UserEvent("a", "ann", 3));
  EXPECT_THAT(Times(), IsEmpty()) << "ann is known";
  Insert(UserEvent("a", "ben", 4));
  EXPECT_THAT(Times(), ElementsAre(4));
}

// A user of whom the day before knows nothing.
constexpr char kNewUser[] = "ZoomLogs | where Event == 'a' and TimeGenerated > ago(1h) | join kind=leftanti (ZoomLogs | where Event == 'a' and "
                            "TimeGenerated <= ago(1h)) on User | summarize Times = count() by User";
constexpr std::int64_t kHour = 3600;

TEST_F(RuleEngineTest, WhatIsAbsentIsHeldUntilTheHistoryIsKnown) {
  BeginKnowing(MakeRule(kNewUser), 0, kNewYear, {});
  Insert(UserEvent("a", "ann", 10));          // gone from the result before the end of the day
  Insert(UserEvent("a", "ben", 23 * kHour + 1800));
  EXPECT_THAT(Times(), IsEmpty());
  EXPECT_EQ(Status().state, RuleState::kHolding);
  EXPECT_THAT(Status().message, HasSubstr("absent for 1d, and not all events of that time are known: holds its alerts until 2026-01-02 00:00:00 UTC"));
  EXPECT_EQ(Status().held_count, 1);
  engine_.AdvanceTo(kNewYear + 24 * kHour * kSecond - 1, findings_);
  EXPECT_THAT(Times(), IsEmpty());
  engine_.AdvanceTo(kNewYear + 24 * kHour * kSecond, findings_);
  ASSERT_THAT(findings_, SizeIs(1));
  EXPECT_EQ(findings_[0].finding.cause, FindingCause::kCoverage);
  EXPECT_THAT(Times(), ElementsAre(24 * kHour));
  EXPECT_EQ(Status().state, RuleState::kRunning);
  EXPECT_EQ(Status().held_count, 0);
  Insert(UserEvent("a", "ben", 24 * kHour + 5));  // the same finding
  Insert(UserEvent("a", "cat", 24 * kHour + 7));
  EXPECT_THAT(Times(), ElementsAre(24 * kHour + 7));
}

TEST_F(RuleEngineTest, AnEventAtTheMomentOfCoverageIsFoundOnce) {
  BeginKnowing(MakeRule(kNewUser), 0, kNewYear, {});
  Insert(UserEvent("a", "ben", 23 * kHour + 1800));
  Insert(UserEvent("a", "cat", 24 * kHour));
  ASSERT_THAT(findings_, SizeIs(2));
  EXPECT_THAT(Times(), ElementsAre(24 * kHour, 24 * kHour));
}

TEST_F(RuleEngineTest, ARestartHoldsWhatWasHeldAndNotWhatWasFound) {
  // It began at hour 20; its alert of ann was stored by an earlier run.
  BeginKnowing(MakeRule(kNewUser), 20 * kHour, kNewYear, {UserEvent("a", "ben", 19 * kHour + 3000)});
  EXPECT_EQ(Status().held_count, 1);
  Insert(UserEvent("a", "ben", 23 * kHour + 3000));
  EXPECT_EQ(Status().held_count, 0) << "ben is known since hour 19";
  Insert(UserEvent("a", "cat", 23 * kHour + 3001));
  engine_.AdvanceTo(kNewYear + 25 * kHour * kSecond, findings_);
  EXPECT_THAT(Times(), ElementsAre(24 * kHour));
}

TEST_F(RuleEngineTest, WithEnoughHistoryNothingIsHeld) {
  BeginKnowing(MakeRule(kNewUser), 30 * kHour, kNewYear, {UserEvent("a", "ben", 10 * kHour)});
  EXPECT_EQ(Status().state, RuleState::kRunning);
  Insert(UserEvent("a", "ben", 30 * kHour + 1));
  Insert(UserEvent("a", "cat", 30 * kHour + 2));
  EXPECT_THAT(Times(), ElementsAre(30 * kHour + 2));
}

TEST_F(RuleEngineTest, ATriggerOverAbsentRowsIsHeldToo) {
  ruleset::Rule rule = MakeRule(kNewUser);
  rule.trigger_threshold = 1;
  BeginKnowing(rule, 0, kNewYear, {});
  for (const char* const user : {"ann", "ben", "cat"}) Insert(UserEvent("a", user, 23 * kHour + 1800));
  EXPECT_THAT(Times(), IsEmpty());
  engine_.AdvanceTo(kNewYear + 24 * kHour * kSecond, findings_);
  ASSERT_THAT(findings_, SizeIs(1));
  EXPECT_EQ(findings_[0].finding.row_count, 3);
  EXPECT_EQ(findings_[0].finding.cause, FindingCause::kCoverage);
}

TEST_F(RuleEngineTest, ARuleInBatchHoldsToo) {
  BeginKnowing(MakeRule(std::string(kNewUser) + " | serialize Row = row_number()"), 0, kNewYear, {});
  EXPECT_FALSE(Status().incremental);
  Insert(UserEvent("a", "ann", 22 * kHour + 60));
  Insert(UserEvent("a", "ben", 23 * kHour + 60));
  engine_.AdvanceTo(kNewYear + 24 * kHour * kSecond - 1, findings_);
  EXPECT_THAT(Times(), IsEmpty());
  EXPECT_EQ(Status().state, RuleState::kHolding);
  engine_.AdvanceTo(kNewYear + 24 * kHour * kSecond, findings_);
  EXPECT_THAT(Times(), ElementsAre(24 * kHour));
  EXPECT_EQ(Status().state, RuleState::kRunning);
}

// More events than a rule takes in at once.
constexpr std::int64_t kLongReplay = 3000;

TEST_F(RuleEngineTest, ALongReplayIsTakenInPartByPart) {
  const auto rule = MakeRule("ZoomLogs | where Event == 'a' | summarize Times = count() by User");
  const auto loaded = std::make_shared<const ruleset::LoadedRule>(ruleset::LoadedRule{.rule = rule, .source = "", .file = "", .stale = false});
  engine_.FinishReplay({}, kNewYear + kLongReplay * kSecond);
  const auto anew = engine_.SetRules(ruleset::RuleSet({loaded}), event_table::EventCatalog());
  for (std::int64_t i = 0; i < kLongReplay; ++i) engine_.Replay(UserEvent("a", "user" + std::to_string(i), i), ++order_);
  engine_.FinishReplay(anew, kNewYear + kLongReplay * kSecond);
  for (std::int64_t i = 0; i < kLongReplay; i += 100) Insert(UserEvent("a", "user" + std::to_string(i), kLongReplay));
  EXPECT_THAT(Times(), IsEmpty()) << "all are known";
  Insert(UserEvent("a", "another", kLongReplay));
  EXPECT_THAT(Times(), ElementsAre(kLongReplay));
}

TEST_F(RuleEngineTest, WhatComesAndGoesWithinAReplayIsNotKnownAfterIt) {
  const auto rule = MakeRule("ZoomLogs | where Event == 'a' | summarize Times = count() by User | where Times < 2500");
  const auto loaded = std::make_shared<const ruleset::LoadedRule>(ruleset::LoadedRule{.rule = rule, .source = "", .file = "", .stale = false});
  engine_.FinishReplay({}, kNewYear + kLongReplay * kSecond);
  const auto anew = engine_.SetRules(ruleset::RuleSet({loaded}), event_table::EventCatalog());
  for (std::int64_t i = 1; i <= kLongReplay; ++i) engine_.Replay(UserEvent("a", "ann", i), ++order_);
  engine_.FinishReplay(anew, kNewYear + kLongReplay * kSecond);
  engine_.AdvanceTo(kNewYear + (86'400 + kLongReplay) * kSecond, findings_);
  EXPECT_THAT(Times(), ElementsAre(86'400 + 501)) << "the 501st has left, and 2499 are there";
}

TEST_F(RuleEngineTest, ARuleThatNeedsTooMuchStateFailsWhileAReplayGoesOn) {
  const auto rule = MakeRule("ZoomLogs | where Event == 'a' | summarize Times = count() by User");
  const auto loaded = std::make_shared<const ruleset::LoadedRule>(ruleset::LoadedRule{.rule = rule, .source = "", .file = "", .stale = false});
  RuleEngine engine({.max_state_bytes = 100'000}, nullptr);
  engine.FinishReplay({}, kNewYear + kLongReplay * kSecond);
  const auto anew = engine.SetRules(ruleset::RuleSet({loaded}), event_table::EventCatalog());
  for (std::int64_t i = 0; i < kLongReplay; ++i) engine.Replay(UserEvent("a", "user" + std::to_string(i), i), ++order_);
  EXPECT_EQ(engine.Status().front().state, RuleState::kFailed);
  engine.FinishReplay(anew, kNewYear + kLongReplay * kSecond);
  EXPECT_THAT(engine.Status().front().message, HasSubstr("limit"));
}

// A window function cannot be kept up to date.
constexpr char kBatch[] = "ZoomLogs | where Event == 'a' | serialize Number = row_number() | summarize Times = count() by User";

TEST_F(RuleEngineTest, ARuleInBatchRunsAtMultiplesOfItsFrequencyFromItsBeginOn) {
  Begin(MakeRule(kBatch), 1800);
  EXPECT_FALSE(Status().incremental);
  EXPECT_THAT(Status().not_incremental, HasSubstr("row_number"));
  EXPECT_EQ(engine_.NextDue(), kNewYear + 3600 * kSecond);
  Insert(UserEvent("a", "ann", 1900));
  EXPECT_THAT(Times(), IsEmpty());
  Insert(UserEvent("a", "ben", 3 * 3600 + 1));
  EXPECT_THAT(Times(), ElementsAre(3600));
  EXPECT_THAT(tables_.opened, ElementsAre(kNewYear, kNewYear + 3600 * kSecond, kNewYear + 7200 * kSecond, kNewYear + 10800 * kSecond))
      << "first what the run before its begin would have had";
}

TEST_F(RuleEngineTest, ARowOfARuleInBatchIsKnownByTheKeysOfItsSummarize) {
  Begin(MakeRule(kBatch));
  Insert(UserEvent("a", "ann", 1));
  engine_.AdvanceTo(kNewYear + 3600 * kSecond, findings_);
  Insert(UserEvent("a", "ann", 3700));
  engine_.AdvanceTo(kNewYear + 7200 * kSecond, findings_);
  EXPECT_THAT(Times(), ElementsAre(3600)) << "its count changed, it is the same row";
}

TEST_F(RuleEngineTest, ATriggerOfARuleInBatchIsFoundWhenItBeginsToBeFulfilled) {
  ruleset::Rule rule = MakeRule(kBatch);
  rule.trigger_threshold = 1;
  rule.query_period = absl::Hours(2);
  Insert(UserEvent("a", "ann", 1));
  Begin(rule, 10);
  Insert(UserEvent("a", "ben", 20));
  engine_.AdvanceTo(kNewYear + 10 * 3600 * kSecond, findings_);
  EXPECT_THAT(Times(), ElementsAre(3600)) << "at 7200 it still holds, at 10800 it has ceased";
  Insert(UserEvent("a", "ann", 10 * 3600 + 1));
  Insert(UserEvent("a", "ben", 10 * 3600 + 2));
  engine_.AdvanceTo(kNewYear + 11 * 3600 * kSecond, findings_);
  EXPECT_THAT(Times(), ElementsAre(11 * 3600)) << "it begins again";
}

TEST_F(RuleEngineTest, ATriggerOfARuleInBatchThatARestartCameBeforeIsFound) {
  ruleset::Rule rule = MakeRule(kBatch);
  rule.trigger_threshold = 1;
  Begin(rule);
  Insert(UserEvent("a", "ann", 1));
  Insert(UserEvent("a", "ben", 3700));
  EXPECT_THAT(Times(), IsEmpty());
  engine_.Forget({"r1"});
  Begin(rule, 3800);
  engine_.AdvanceTo(kNewYear + 5 * 3600 * kSecond, findings_);
  EXPECT_THAT(Times(), ElementsAre(7200)) << "the run at 3600 had one row";
}

TEST_F(RuleEngineTest, ARuleInBatchFindsNothingOfItsHistoryAndAllSinceItsLastRun) {
  Insert(UserEvent("a", "ann", 1));
  Insert(UserEvent("a", "ben", 3700));
  Begin(MakeRule(kBatch), 3800);
  Insert(UserEvent("a", "ann", 3900));
  engine_.AdvanceTo(kNewYear + 5 * 3600 * kSecond, findings_);
  EXPECT_THAT(Times(), ElementsAre(7200)) << "ben alone";
}

TEST_F(RuleEngineTest, ARowOfARuleInBatchThatStaysForLongerThanItsPeriodIsFoundOnce) {
  ruleset::Rule rule = MakeRule(kBatch);
  rule.query_period = absl::Hours(2);
  Begin(rule);
  for (int i = 0; i < 10; ++i) Insert(UserEvent("a", "ann", 1 + i * 3600));
  EXPECT_THAT(Times(), ElementsAre(3600));
  Insert(UserEvent("a", "ann", 20 * 3600));
  engine_.AdvanceTo(kNewYear + 21 * 3600 * kSecond, findings_);
  EXPECT_THAT(Times(), ElementsAre(20 * 3600)) << "it has left and come back";
}

TEST_F(RuleEngineTest, ARuleInBatchRemembersItsFindingsOverARestart) {
  Begin(MakeRule(kBatch));
  Insert(UserEvent("a", "ann", 1));
  engine_.AdvanceTo(kNewYear + 3600 * kSecond, findings_);
  ASSERT_THAT(findings_, SizeIs(1));
  const std::uint64_t identity = findings_[0].finding.identity;
  engine_.Forget({"r1"});
  Begin(MakeRule(kBatch), 3600);
  engine_.Remember("r1", identity, findings_[0].finding.time);
  findings_.clear();
  engine_.AdvanceTo(kNewYear + 20 * 3600 * kSecond, findings_);
  EXPECT_THAT(Times(), IsEmpty());
}

TEST_F(RuleEngineTest, TheRowsThatARuleShowsAreOfItsState) {
  Begin(MakeRule("ZoomLogs | where Event == 'a' | summarize Times = count() by User | extend Text = strrep(User, 1000)"));
  for (int i = 0; i < 20; ++i) Insert(UserEvent("a", "user" + std::to_string(i), i));
  const std::uint64_t shown = Status().state_bytes;
  EXPECT_GE(shown, 20U * 5000);
  engine_.AdvanceTo(kNewYear + 100'000 * kSecond, findings_);
  EXPECT_LT(Status().state_bytes, shown / 100) << "all have left";
}

TEST_F(RuleEngineTest, ARuleThatNeedsTooMuchStateFailsAloneAndStaysSo) {
  RuleEngine engine({.max_state_bytes = 20'000}, &tables_);
  const auto rule = MakeRule("ZoomLogs | summarize Times = count() by EventId");
  const auto loaded = std::make_shared<const ruleset::LoadedRule>(ruleset::LoadedRule{.rule = rule, .source = "", .file = "", .stale = false});
  const ruleset::RuleSet set({loaded});
  engine.FinishReplay(engine.SetRules(set, event_table::EventCatalog()), kNewYear);
  for (int i = 0; i < 2000; ++i) engine.Insert(UserEvent("a", "user" + std::to_string(i), i), static_cast<std::uint64_t>(i), findings_);
  ASSERT_EQ(engine.Status().front().state, RuleState::kFailed);
  EXPECT_THAT(engine.Status().front().message, ::testing::Not(IsEmpty()));
  EXPECT_THAT(engine.SetRules(set, event_table::EventCatalog()), IsEmpty()) << "it would fail again";
}

TEST_F(RuleEngineTest, TextsChangeWithoutStateAQueryBeginsAnew) {
  ruleset::Rule rule = MakeRule("ZoomLogs | where Event == 'a' | summarize Times = count() by User");
  Begin(rule);
  Insert(UserEvent("a", "ann", 1));
  rule.name = "Other name";
  Begin(rule);
  Insert(UserEvent("a", "ann", 2));
  EXPECT_THAT(Times(), ElementsAre(1));
  EXPECT_EQ(Status().rule->rule.name, "Other name");
  rule.query.text += " | where Times > 0";
  Begin(rule, 3);
  Insert(UserEvent("a", "ann", 4));
  EXPECT_THAT(Times(), ElementsAre(4)) << "nothing was replayed";
}

}  // namespace
}  // namespace zoomwatch::detector
