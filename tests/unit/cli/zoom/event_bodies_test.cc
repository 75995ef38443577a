#include "cli/zoom/event_bodies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "common/json/parser.h"
#include "common/testing/status_matchers.h"
#include "services/normalizer/mapping/mapping_table.h"

namespace zoomwatch::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const absl::Time kStart = absl::FromUnixMillis(1777888800000);  // 2026-05-04T10:00:00Z

EventBodies Make(std::vector<std::string> families = {}, uint64_t seed = 1) {
  return *EventBodies::Make({.seed = seed, .start = kStart, .families = std::move(families)});
}

std::string EventOf(const std::string& body) {
  json::Parser parser;
  json::Document document;
  EXPECT_TRUE(parser.Parse(body, document).ok()) << body;
  const json::NodeIndex event = document.Find(json::Document::root(), "event");
  EXPECT_NE(event, json::kNoNode) << body;
  std::string name;
  if (event != json::kNoNode) document.AppendString(event, name);
  return name;
}

TEST(EventBodies, AreJsonWithAnEventNameAndWithoutPlaceholdersLeft) {
  const EventBodies bodies = Make();
  for (uint64_t i = 0; i < 3 * bodies.events(); ++i) {
    const std::string body = bodies.Body(i);
    EXPECT_NE(EventOf(body), "");
    for (const char* name :
         {"@ts@", "@time@", "@number@", "@id@", "@uuid@", "@name@", "@email@", "@user@", "@guest", "@ip@"}) {
      EXPECT_EQ(body.find(name), std::string::npos) << body;
    }
  }
}

TEST(EventBodies, CoverEveryTypedFamilyOfTheEventModel) {
  const EventBodies bodies = Make();
  std::set<Family> families;
  for (uint64_t i = 0; i < bodies.events(); ++i) families.insert(FindMapping(EventOf(bodies.Body(i))).family);
  std::set<Family> expected;
  for (const MappingRow& row : MappingTable()) expected.insert(row.family);
  EXPECT_EQ(families, expected);
}

TEST(EventBodies, AreTheSameForTheSameSeedAndDifferForEachNumberAndSeed) {
  const EventBodies bodies = Make();
  std::set<std::string> all;
  for (uint64_t i = 0; i < 2000; ++i) {
    all.insert(bodies.Body(i));
    EXPECT_EQ(bodies.Body(i), Make().Body(i));
  }
  EXPECT_EQ(all.size(), 2000u);
  EXPECT_NE(Make({}, 1).Body(4), Make({}, 2).Body(4));
}

TEST(EventBodies, AreAMillisecondApart) {
  EXPECT_THAT(Make({"sign_in"}).Body(0), HasSubstr(R"("event_ts":1777888800000,)"));
  EXPECT_THAT(Make({"sign_in"}).Body(1), HasSubstr(R"("event_ts":1777888800001,)"));
  EXPECT_THAT(Make({"sign_in"}).Body(0), HasSubstr(R"("date_time":"2026-05-04T10:00:00Z")"));
}

TEST(EventBodies, AreOfTheFamiliesAskedFor) {
  const EventBodies bodies = Make({"room", "sign_in"});
  EXPECT_EQ(bodies.events(), 3u);
  EXPECT_EQ(EventOf(bodies.Body(0)), "zoomroom.alert");
  EXPECT_EQ(EventOf(bodies.Body(1)), "user.signed_in");
  EXPECT_EQ(EventOf(bodies.Body(2)), "user.signed_out");
  EXPECT_EQ(EventOf(bodies.Body(3)), "zoomroom.alert");
}

TEST(EventBodies, NameTheNearestFamily) {
  const auto bodies = EventBodies::Make({.seed = 1, .start = kStart, .families = {"meting"}});
  EXPECT_EQ(ReasonOf(bodies.status()), Reason::kUsage);
  EXPECT_EQ(bodies.status().message(), "no such family: meting; did you mean meeting?");
}

// The list is also written out in the help of `zoomwatch send`.
TEST(EventBodies, ListsItsFamilies) {
  EXPECT_THAT(EventBodies::FamilyNames(),
              ElementsAre("account", "app", "channel", "chat", "chatbot", "contact_center", "meeting", "phone",
                          "recording", "room", "sign_in", "unknown", "user", "webinar", "whiteboard"));
}

}  // namespace
}  // namespace zoomwatch::cli
