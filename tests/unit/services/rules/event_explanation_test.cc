#include "services/detector/rules/event_explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/event_table/event_catalog.h"
#include "common/kql/binder.h"
#include "common/testing/status_matchers.h"
#include "tests/unit/services/rules/memory_tables.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;

class EventExplanationTest : public ::testing::Test {
 protected:
  std::vector<std::string> Explain(const std::string& text, const event::v1::Event& event) {
    const kql::BoundQuery query = kql::Compile(text, event_table::EventCatalog());
    EXPECT_NE(query.root, nullptr) << text;
    if (query.root == nullptr) return {};
    const auto lines = ExplainEvent(query, text, tables_, event.event_id(), ReceiveTicks(event));
    EXPECT_OK(lines);
    return lines.ok() ? *lines : std::vector<std::string>();
  }

  const event::v1::Event ann_ = UserEvent("a", "ann", 10);
  MemoryTables tables_;
};

TEST_F(EventExplanationTest, NamesTheConditionThatStoppedItAndItsValues) {
  tables_.Add(UserEvent("b", "ann", 5));
  tables_.Add(ann_);
  EXPECT_THAT(Explain("ZoomLogs | where Event == 'a' and User == 'ben'\n| summarize count() by User", ann_),
              ElementsAre("ZoomLogs at line 1, column 1: the event is read", "  passed: Event == 'a'", "  stopped by: User == 'ben'; here User = ann"));
}

TEST_F(EventExplanationTest, FollowsEachPlaceWhereTheTableIsRead) {
  tables_.Add(UserEvent("b", "ann", 5));
  tables_.Add(ann_);
  const auto lines = Explain(
      "ZoomLogs | where Event == 'a'\n"
      "| join kind=inner (ZoomLogs | where Event == 'b') on User\n"
      "| where User in ((ZoomLogs | where Event == 'b' | project User))",
      ann_);
  EXPECT_THAT(lines, ::testing::Contains("  stopped by: Event == 'b'; here Event = a").Times(2));
  EXPECT_THAT(lines, ::testing::Contains("  passed: Event == 'a'"));
  EXPECT_THAT(lines, ::testing::Contains("ZoomLogs at line 1, column 1: the event is read"));
}

TEST_F(EventExplanationTest, ASubqueryOfAConditionSeesAllEvents) {
  tables_.Add(UserEvent("b", "ann", 5));
  tables_.Add(ann_);
  const auto lines = Explain("ZoomLogs | where User in ((ZoomLogs | where Event == 'b' | project User))", ann_);
  EXPECT_THAT(lines, ::testing::Contains(::testing::StartsWith("  passed: User in")));
}

TEST_F(EventExplanationTest, FollowsTheGroupThatItJoins) {
  tables_.Add(UserEvent("a", "ben", 4));
  tables_.Add(UserEvent("a", "ann", 5));
  tables_.Add(ann_);
  EXPECT_THAT(Explain("ZoomLogs | where Event == 'a'\n| summarize Count = count(), Names = dcount(Event) by User\n| where Count > 2 and Names > 0", ann_),
              ElementsAre("ZoomLogs at line 1, column 1: the event is read", "  passed: Event == 'a'",
                          "  joins the group User = ann; then it has Count = 2, Names = 1", "  stopped by: Count > 2; here Count = 2"));
  EXPECT_THAT(Explain("ZoomLogs | summarize Count = count() | where Count >= 3", ann_),
              ElementsAre("ZoomLogs at line 1, column 1: the event is read", "  joins the group of all rows; then it has Count = 3",
                          "  passed: Count >= 3", "  passed: it is in the result"));
}

TEST_F(EventExplanationTest, SaysWhichSideOfAJoinHasNoPartner) {
  tables_.Add(UserEvent("b", "ben", 5));
  tables_.Add(ann_);
  const auto join = [&](const std::string& kind, const std::string& left, const std::string& right) {
    return Explain("ZoomLogs | where Event == '" + left + "'\n| join kind=" + kind + " (ZoomLogs | where Event == '" + right + "') on User", ann_);
  };
  const std::string none = "join at line 2, column 3: no row of the right side has User = ann";
  EXPECT_THAT(join("inner", "a", "b"), ::testing::Contains("  stopped by: " + none));
  EXPECT_THAT(join("leftsemi", "a", "b"), ::testing::Contains("  stopped by: " + none));
  EXPECT_THAT(join("leftouter", "a", "b"), ::testing::IsSupersetOf({std::string("  passed: ") + none, std::string("  passed: it is in the result")}));
  EXPECT_THAT(join("leftanti", "a", "b"), ::testing::IsSupersetOf({std::string("  passed: ") + none, std::string("  passed: it is in the result")}));
  EXPECT_THAT(join("inner", "b", "a"), ::testing::Contains("  stopped by: join at line 2, column 3: no row of the left side has User = ann"));
  EXPECT_THAT(join("leftanti", "b", "a"), ::testing::Contains("  join at line 2, column 3: no row of the left side has User = ann; it decides nothing"));

  tables_.Add(UserEvent("b", "ann", 6));
  EXPECT_THAT(join("leftanti", "a", "b"), ::testing::Contains("  stopped by: join at line 2, column 3: a row of the right side has User = ann"));
  EXPECT_THAT(join("leftanti", "b", "a"), ::testing::Contains("  join at line 2, column 3: a row of the left side has User = ann; it takes that row away"));
  EXPECT_THAT(join("inner", "a", "b"), ::testing::Contains("  passed: it is in the result"));
}

TEST_F(EventExplanationTest, OfAJoinThatTakesOneRowOfEachKeySaysWhetherItWasTaken) {
  tables_.Add(UserEvent("a", "ann", 5));
  tables_.Add(ann_);
  tables_.Add(UserEvent("b", "ann", 6));
  const std::string query = "ZoomLogs | where Event == 'a'\n| join (ZoomLogs | where Event == 'b') on User";
  EXPECT_THAT(Explain(query, ann_), ::testing::Contains("  stopped by: join at line 2, column 3: of the rows of the left side that have User = ann "
                                                        "it takes the earliest only, which is another"));
  EXPECT_THAT(Explain(query + "\n| where Event1 == 'b'", ann_), ::testing::Not(::testing::Contains("  passed: it is in the result")));
  EXPECT_THAT(Explain("ZoomLogs | where Event == 'a' and EventId == 'a/ann/10'\n| join (ZoomLogs | where Event == 'b') on User", ann_),
              ::testing::Contains("  passed: it is in the result"));
}

TEST_F(EventExplanationTest, FollowsAGroupOfPairsThroughAUnion) {
  tables_.Add(UserEvent("b", "ann", 5));
  tables_.Add(ann_);
  const auto lines = Explain(
      "ZoomLogs | where Event == 'a'\n"
      "| join kind=inner (ZoomLogs | where Event == 'b') on User\n"
      "| union (ZoomLogs | where Event == 'c')\n"
      "| summarize Pairs = count() by User\n"
      "| where Pairs > 1",
      ann_);
  EXPECT_THAT(lines, ::testing::Contains("  stopped by: Pairs > 1; here Pairs = 1"));
  EXPECT_THAT(lines, ::testing::Contains("  stopped by: Event == 'c'; here Event = a"));
}

TEST_F(EventExplanationTest, AnEventThatIsNotThereIsSaidToBeSo) {
  EXPECT_THAT(Explain("ZoomLogs | where Event == 'a'", ann_),
              ElementsAre("ZoomLogs at line 1, column 1: stopped: the event is not in the table at this time"));
}

}  // namespace
}  // namespace zoomwatch::detector
