#include "services/detector/routing/event_predicate.h"

#include <gmock/gmock.h>

#include <string>

#include "common/status/reasons.h"
#include "common/testing/status_matchers.h"

namespace zoomwatch::detector {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::HasReason;

event::v1::Event Event(const std::string& name, const std::string& payload = "{}") {
  event::v1::Event event;
  event.set_event_id("id");
  event.set_event(name);
  event.set_category(name.substr(0, name.find('.')));
  event.set_account_name("northwind");
  event.set_payload(payload);
  event.mutable_receive_time()->set_seconds(1'795'512'600);  // 2026-11-24T10:10:00Z
  return event;
}

std::vector<std::size_t> Select(const std::string& condition, const std::vector<event::v1::Event>& events) {
  auto predicate = EventPredicate::Compile("where", condition);
  EXPECT_OK(predicate);
  if (!predicate.ok()) return {};
  std::vector<const event::v1::Event*> pointers;
  for (const event::v1::Event& event : events) pointers.push_back(&event);
  const std::vector<std::size_t> first = predicate->Select(pointers);
  EXPECT_EQ(predicate->Select(pointers), first) << "asked again";
  return first;
}

void ExpectRefused(const std::string& condition, const std::string& message) {
  const auto predicate = EventPredicate::Compile("routes[3].where", condition);
  ASSERT_THAT(predicate.status(), HasReason(Reason::kConfigInvalidValue)) << condition;
  EXPECT_THAT(std::string(predicate.status().message()), HasSubstr(message)) << condition;
}

TEST(EventPredicate, SelectsByColumns) {
  const std::vector<event::v1::Event> events = {Event("meeting.started"), Event("user.signed_in"), Event("meeting.ended")};
  EXPECT_THAT(Select("Event startswith \"meeting.\"", events), ElementsAre(0, 2));
  EXPECT_THAT(Select("Category == 'user' or Event == \"meeting.ended\"", events), ElementsAre(1, 2));
  EXPECT_THAT(Select("AccountName =~ \"NorthWind\" and TimeGenerated > datetime(2026-11-24)", events), ElementsAre(0, 1, 2));
  EXPECT_THAT(Select("false", events), IsEmpty());
}

TEST(EventPredicate, SelectsByTheBodyAndByColumnsOfTheRetiredConnector) {
  const std::vector<event::v1::Event> events = {Event("meeting.started", R"({"payload":{"object":{"duration":61,"timezone":"UTC"}}})"),
                                                Event("meeting.started", R"({"payload":{"object":{"duration":59}}})"),
                                                Event("meeting.started", R"({"payload":{}})")};
  EXPECT_THAT(Select("toint(Payload.payload.object.duration) > 60", events), ElementsAre(0));
  EXPECT_THAT(Select("payload_object_timezone_s == \"UTC\"", events), ElementsAre(0));
  EXPECT_THAT(Select("isnull(Payload.payload.object)", events), ElementsAre(2));
}

TEST(EventPredicate, AValueThatIsNullFulfilsNothing) {
  const std::vector<event::v1::Event> events = {Event("meeting.started")};
  EXPECT_THAT(Select("toint(Payload.missing) > 0", events), IsEmpty());
  EXPECT_THAT(Select("not(toint(Payload.missing) > 0)", events), IsEmpty());
}

TEST(EventPredicate, SelectsAcrossBlocks) {
  std::vector<event::v1::Event> events(3000, Event("meeting.started"));
  std::vector<std::size_t> expected;
  for (std::size_t i = 0; i < events.size(); i += 700) {
    events[i].set_event("user.created");
    expected.push_back(i);
  }
  EXPECT_EQ(Select("Event == \"user.created\"", events), expected);
}

TEST(EventPredicate, MayHaveSeveralLinesAndComments) {
  const std::vector<event::v1::Event> events = {Event("meeting.started")};
  EXPECT_THAT(Select("Event has \"meeting\" // why\n  and Category == \"meeting\"\n// end", events), ElementsAre(0));
}

TEST(EventPredicate, NamesMistakesWithTheirPlaceInTheCondition) {
  ExpectRefused("Evnt == \"x\"", "routes[3].where:1:1: error KS142");
  ExpectRefused("Event == \"x\"\n  and Categry == \"y\"", "routes[3].where:2:7: error KS142");
  ExpectRefused("Event == \"x\" and", "routes[3].where:1:");
  ExpectRefused("Event", "routes[3].where:1:1");
  ExpectRefused("", "routes[3].where:1:1");
  ExpectRefused("Evnt == \"x\" or Categry == \"y\"", "Categry");
}

TEST(EventPredicate, RefusesMoreThanACondition) {
  ExpectRefused("Event == \"x\" | project Event", "routes[3].where:1:16: error ZW002: one condition is expected");
  ExpectRefused("Event == \"x\";\nZoomLogs | where true", "routes[3].where:2:1: error ZW002: one condition is expected");
  ExpectRefused("Event == \"x\" | where true", "one condition is expected");
}

TEST(EventPredicate, RefusesByNameWhatMayChangeBetweenTwoReadings) {
  ExpectRefused("TimeGenerated > ago(1h)", "routes[3].where:1:17: error ZW002: ago() may be another value");
  ExpectRefused("Event == \"x\" and\n startofday(now()) < EventTime", "routes[3].where:2:13: error ZW002: now() may be another value");
  ExpectRefused("isempty(Event) and hourofday(now(-1h)) == 3", "now() may be");
  ExpectRefused("rand() < 0.5", "'rand'");
  ExpectRefused("tostring(new_guid()) has \"0\"", "'new_guid'");
  ExpectRefused("row_number() > 5", "routes[3].where:1:1");
  ExpectRefused("prev(Event) == Event", "routes[3].where:1:1");
}

TEST(EventPredicate, RefusesOtherRowsAndTables) {
  ExpectRefused("Event in (ZoomLogs | distinct Event)", "reads other rows");
  ExpectRefused("Event == toscalar(ZoomLogs | summarize max(Event))", "reads other rows");
  ExpectRefused("Event in (SigninLogs)", "routes[3].where:1:");
}

}  // namespace
}  // namespace zoomwatch::detector
