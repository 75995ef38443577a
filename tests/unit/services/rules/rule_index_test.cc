// Which events come into a rule at all: never too few.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/event_table/event_source.h"
#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "tests/unit/services/rules/memory_tables.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;

std::shared_ptr<const ruleset::LoadedRule> MakeRule(std::size_t number, const std::string& query) {
  ruleset::Rule rule;
  rule.id = "r" + std::to_string(100 + number);
  rule.name = rule.id;
  rule.query.text = query;
  rule.query_frequency = absl::Hours(1);
  rule.query_period = absl::Hours(24);
  return std::make_shared<const ruleset::LoadedRule>(ruleset::LoadedRule{.rule = rule, .source = "", .file = "", .stale = false});
}

class RuleIndexTest : public ::testing::Test {
 protected:
  void Begin(const std::vector<std::string>& queries) {
    std::vector<std::shared_ptr<const ruleset::LoadedRule>> rules;
    for (std::size_t i = 0; i < queries.size(); ++i) rules.push_back(MakeRule(i, queries[i]));
    engine_.FinishReplay(engine_.SetRules(ruleset::RuleSet(std::move(rules)), event_table::EventCatalog()), kNewYear);
  }
  void Insert(const event::v1::Event& event) { engine_.Insert(event, ++order_, findings_); }
  // Of all rules, in their order: how many events came into them.
  std::vector<std::int64_t> Counts() const {
    std::vector<std::int64_t> counts;
    for (const RuleStatus& status : engine_.Status()) counts.push_back(status.event_count);
    return counts;
  }

  RuleEngine engine_{{}, nullptr};
  std::vector<EngineFinding> findings_;
  std::uint64_t order_ = 0;
};

// Every query is a choice of single events, or of pairs of them that nothing takes back, so that the rows of the batch query at the end
// are the findings on the way.
const char* const kQueries[] = {
    "ZoomLogs",
    "ZoomLogs | where Event == 'a'",
    "ZoomLogs | where Event =~ 'A'",
    "ZoomLogs | where Event != 'a'",
    "ZoomLogs | where 'a' == Event and 'ann' == User",
    "ZoomLogs | where Event in ('a', 'b') | where User == 'ann'",
    "ZoomLogs | where Event in~ ('A', 'b') and User in ('ann', 'ben')",
    "ZoomLogs | where Event == 'a' or User == 'ann'",
    "ZoomLogs | where (Event == 'a' and User == 'ann') or (Event == 'b' and User == 'ben')",
    "ZoomLogs | where Event startswith 'a' and User endswith 'n'",
    "ZoomLogs | where User == ''",
    "ZoomLogs | where isempty(User) or User == 'ann'",
    "ZoomLogs | where Event == 'a' and Event == 'b'",
    "ZoomLogs | where Event == 'a' and now() > TimeGenerated and User == 'ann'",
    "ZoomLogs | extend Who = strcat(User, '!') | where Who == 'ann!'",
    "ZoomLogs | extend Event = 'a' | where Event == 'a'",
    "ZoomLogs | extend User = Event | where User == 'a'",
    "ZoomLogs | project Name = Event, TimeGenerated, Who = tolower(User) | where Name == 'a' and Who has 'ann'",
    "ZoomLogs | extend Size = strlen(User) | extend Double = Size + Size | where Double > 4 and Size < 100",
    "ZoomLogs | extend A = coalesce(tostring(Payload.payload.kind), User) | where A == 'x'",
    "ZoomLogs | extend K = column_ifexists('payload_kind_s', 7) | where K == 7 or User == 'ann'",
    "ZoomLogs | sort by TimeGenerated asc | where User == 'ann'",
    "union (ZoomLogs | where Event == 'a'), (ZoomLogs | where User == 'ben')",
    "union ZoomLogs, (ZoomLogs | extend User = 'ann') | where User == 'ann' and Event == 'b'",
    "let All = ZoomLogs | where User != 'eve'; All | where Event == 'a' | join kind=inner (All | where Event == 'b') on User",
    "ZoomLogs | where Event == 'a' | join kind=inner (ZoomLogs | where Event == 'c' and User == 'ann') on User",
    "ZoomLogs | where Event == 'a' and User in ((ZoomLogs | where Event == 'b' | project User))",
    "ZoomLogs | where Event == 'a' | where User == 'ann' | extend N = toscalar(print 1) | where N == 1",
    "ZoomLogs | mv-expand Part = split(User, 'n') to typeof(string) | where Part == 'a' and Event == 'a'",
    "ZoomLogs | parse User with First 'n' * | where First == 'a' and Event == 'a'",
};

TEST_F(RuleIndexTest, FindsWhatTheBatchEvaluatorFinds) {
  Begin({std::begin(kQueries), std::end(kQueries)});
  std::vector<event::v1::Event> events;
  const char* const names[] = {"b", "c", "A", "a", "", "b", "a", "ab"};
  const char* const users[] = {"ann", "ben", "eve", "", "Ann", "n", "ann"};
  const char* const bodies[] = {"", R"({"payload":{"kind":"x"}})", R"({"payload":{"kind":7}})", R"({"payload":"x"})", "{"};
  for (std::int64_t i = 0; i < 8 * 7 * 5; ++i) {
    event::v1::Event& event = events.emplace_back(UserEvent(names[i % 8], users[i % 7], i));
    event.set_event_id("e" + std::to_string(i));
    event.set_payload(bodies[i % 5]);
  }
  std::vector<const event::v1::Event*> pointers;
  for (const event::v1::Event& event : events) {
    Insert(event);
    pointers.push_back(&event);
  }
  engine_.AdvanceTo(kNewYear + 400 * kql::kTicksPerSecond, findings_);
  const std::vector<RuleStatus> status = engine_.Status();
  for (std::size_t i = 0; i < std::size(kQueries); ++i) {
    ASSERT_TRUE(status[i].incremental) << kQueries[i] << status[i].not_incremental;
    ASSERT_EQ(status[i].message, "") << kQueries[i];
    event_table::EventSource source(pointers);
    const auto rows = kql::ExecuteToTable(kql::Compile(kQueries[i], event_table::EventCatalog()), source, {.now = engine_.clock()});
    ASSERT_TRUE(rows.ok()) << rows.status();
    std::int64_t found = 0;
    for (const EngineFinding& finding : findings_) found += finding.rule == status[i].rule ? finding.finding.row_count : 0;
    EXPECT_EQ(found, static_cast<std::int64_t>(rows->rows.size())) << kQueries[i];
  }
}

TEST_F(RuleIndexTest, AnEventComesIntoARuleOnlyWhenItCanChangeSomething) {
  Begin({"ZoomLogs | where Event =~ 'A'", "ZoomLogs | where Event == 'a' and User == 'ann'", "ZoomLogs | where Event == 'a' and User startswith 'b'",
         "ZoomLogs | extend Who = strcat(User, '!') | where Who == 'ann!'", "ZoomLogs | where Event == 'a' | summarize count() by User"});
  for (const char* const user : {"ann", "ben", "eve"}) {
    Insert(UserEvent("a", user, 1));
    Insert(UserEvent("b", user, 1));
  }
  EXPECT_THAT(Counts(), ElementsAre(3, 1, 1, 2, 3));
}

TEST_F(RuleIndexTest, RulesOfOneEventReportInTheirOrder) {
  Begin({"ZoomLogs", "ZoomLogs | where Event == 'a' and User == 'ann'", "ZoomLogs | where Event has 'a'", "ZoomLogs | where User == 'ann'"});
  Insert(UserEvent("a", "ann", 1));
  std::vector<std::string> ids;
  for (const EngineFinding& finding : findings_) ids.push_back(finding.rule->rule.id);
  EXPECT_THAT(ids, ElementsAre("r100", "r101", "r102", "r103"));
}

TEST_F(RuleIndexTest, ForgetsNamesWhenThereAreTooMany) {
  Begin({"ZoomLogs | where Event endswith '7' and User == 'ann'", "ZoomLogs | where Event == 'n17'"});
  const auto count = static_cast<std::int64_t>(RuleIndex::kMaxNames) + 50;
  for (const int round : {1, 2}) {
    for (std::int64_t i = 0; i < count; ++i) Insert(UserEvent("n" + std::to_string(i), "ann", round));
  }
  Insert(UserEvent(std::string(RuleIndex::kMaxNameBytes, 'n') + "7", "ann", 3));
  const std::int64_t of_seven = (count - 7 + 9) / 10;
  EXPECT_THAT(Counts(), ElementsAre(2 * of_seven + 1, 2));
}

TEST_F(RuleIndexTest, ARuleThatFailedIsPassedOver) {
  std::vector<std::shared_ptr<const ruleset::LoadedRule>> rules = {MakeRule(0, "ZoomLogs | where Event startswith 'a' | summarize make_set(EventId)"),
                                                                   MakeRule(1, "ZoomLogs | where Event startswith 'a' | where User == 'ann'")};
  RuleEngine engine({.max_state_bytes = 20'000}, nullptr);
  engine.FinishReplay(engine.SetRules(ruleset::RuleSet(std::move(rules)), event_table::EventCatalog()), kNewYear);
  for (int i = 0; i < 100; ++i) engine.Insert(UserEvent("a", "ben", i), ++order_, findings_);
  ASSERT_EQ(engine.Status()[0].state, RuleState::kFailed);
  findings_.clear();
  engine.Insert(UserEvent("a", "ann", 100), ++order_, findings_);   // a name that was seen before
  engine.Insert(UserEvent("a2", "ann", 101), ++order_, findings_);  // and a new one
  EXPECT_EQ(findings_.size(), 2U);
  EXPECT_EQ(engine.Status()[1].event_count, 2);
}

}  // namespace
}  // namespace zoomwatch::detector
