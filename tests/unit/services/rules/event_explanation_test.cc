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

TEST_F(EventExplanationTest, AnEventThatIsNotThereIsSaidToBeSo) {
  EXPECT_THAT(Explain("ZoomLogs | where Event == 'a'", ann_),
              ElementsAre("ZoomLogs at line 1, column 1: stopped: the event is not in the table at this time"));
}

}  // namespace
}  // namespace zoomwatch::detector
