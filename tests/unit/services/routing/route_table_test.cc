#include "services/detector/routing/route_table.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "common/config/config.h"
#include "common/status/reasons.h"
#include "common/testing/status_matchers.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HasReason;
using testing::HasReasonAndMessage;

absl::StatusOr<RouteTable> TableOf(const std::string& yaml) {
  config::v1::RouteList list;
  if (const absl::Status status = ParseConfig(yaml, "routes.yaml", "/", &list); !status.ok()) return status;
  return RouteTable::Make(list.routes(), "Custom-ZoomLogs_CL", "Custom-ZoomAlerts_CL", "routes");
}

// The names of the routes that events of these names take.
std::vector<std::string> Ways(const std::string& yaml, const std::vector<std::string>& names) {
  auto table = TableOf(yaml);
  EXPECT_OK(table);
  if (!table.ok()) return {};
  std::vector<event::v1::Event> events(names.size());
  std::vector<const event::v1::Event*> pointers;
  for (std::size_t i = 0; i < names.size(); ++i) {
    events[i].set_event(names[i]);
    events[i].set_category(names[i].substr(0, names[i].find('.')));
    pointers.push_back(&events[i]);
  }
  std::vector<std::string> ways;
  for (const std::size_t way : table->Choose(pointers)) ways.push_back(table->routes()[way].name);
  return ways;
}

TEST(RouteTable, EverythingIsMainWithoutRoutes) {
  RouteTable table;
  event::v1::Event event;
  event.set_event("meeting.started");
  const event::v1::Event* const one[] = {&event, &event};
  EXPECT_THAT(table.Choose(one), ElementsAre(0, 0));
  EXPECT_EQ(table.routes().front().name, "main");
  EXPECT_EQ(table.routes().front().stream, 0u);
  EXPECT_THAT(table.streams(), ElementsAre(""));
}

TEST(RouteTable, TheFirstConditionThatHoldsDecides) {
  const std::string yaml = R"(
routes:
  - {name: joins, events: [meeting.participant_joined], stream: Custom-ZoomLogs_CL}
  - {name: lake, events: ["meeting.*", phone.callee_answered], stream: Custom-ZoomLake_CL}
  - {name: never, where: Category == "chat_message" or Event == "meeting.ended", not_sent: true}
  - {name: late, where: Event endswith "d", stream: Custom-ZoomLake_CL}
)";
  EXPECT_THAT(Ways(yaml, {"meeting.participant_joined", "meeting.ended", "meetings.ended", "phone.callee_answered", "phone.callee_ended",
                          "chat_message.sent", "user.created", "user.x", "Meeting.started"}),
              ElementsAre("joins", "lake", "late", "lake", "late", "never", "late", "main", "late"));
}

TEST(RouteTable, AStreamOfSeveralRoutesIsOneStream) {
  const auto table = TableOf(R"(
routes:
  - {name: a, events: [a.b], stream: Custom-Lake_CL}
  - {name: b, events: [b.c], not_sent: true}
  - {name: c, events: [c.d], stream: Custom-Lake_CL}
  - {name: d, events: [d.e], stream: Custom-ZoomLogs_CL}
)");
  ASSERT_OK(table);
  EXPECT_THAT(table->streams(), ElementsAre("Custom-ZoomLogs_CL", "Custom-Lake_CL"));
  ASSERT_EQ(table->routes().size(), 5u);
  EXPECT_EQ(table->routes()[0].stream, 0u);
  EXPECT_EQ(table->routes()[1].stream, 1u);
  EXPECT_EQ(table->routes()[2].stream, std::nullopt);
  EXPECT_EQ(table->routes()[3].stream, 1u);
  EXPECT_EQ(table->routes()[4].stream, 0u);
  EXPECT_EQ(table->StreamOf(table->routes()[1]), "Custom-Lake_CL");
  EXPECT_EQ(table->StreamOf(table->routes()[2]), "");
}

TEST(RouteTable, RefusesWhatCannotBeMeant) {
  const auto expect = [](const std::string& route, Reason reason, const std::string& message) {
    const auto table = TableOf("routes:\n  - {name: first, events: [a.b], not_sent: true}\n  - {" + route + "}\n");
    ASSERT_THAT(table.status(), HasReason(reason)) << route;
    EXPECT_THAT(std::string(table.status().message()), HasSubstr(message)) << route;
  };
  const std::string events = "events: [x.y]";
  expect("name: first, not_sent: true, " + events, Reason::kConfigInvalidValue, "routes[1].name: \"first\" is taken");
  expect("name: main, not_sent: true, " + events, Reason::kConfigInvalidValue, "routes[1].name: \"main\" is the name of the way without");
  expect("name: b, not_sent: true", Reason::kConfigMissingKey, "routes[1]: exactly one of events and where");
  expect("name: b, not_sent: true, where: 'true', " + events, Reason::kConfigInvalidValue, "routes[1]: exactly one of events and where");
  expect("name: b, not_sent: false, " + events, Reason::kConfigInvalidValue, "routes[1]: needs a stream, or not_sent: true");
  expect("name: b, stream: '', " + events, Reason::kConfigInvalidValue, "routes[1]: needs a stream, or not_sent: true");
  expect("name: b, stream: Custom-ZoomAlerts_CL, " + events, Reason::kConfigInvalidValue, "is that of the alerts");
  expect("name: b, " + events, Reason::kConfigMissingKey, "exactly one of stream, not_sent must be present");
  expect("name: b, stream: Custom-X_CL, not_sent: true, " + events, Reason::kConfigInvalidValue, "exactly one of stream, not_sent");
  expect("name: b, stream: Nothing, " + events, Reason::kConfigInvalidValue, "does not match");
  expect("name: B b, not_sent: true, " + events, Reason::kConfigInvalidValue, "does not match");
  expect("name: b, not_sent: true, events: ['*']", Reason::kConfigInvalidValue, "does not match");
  expect("name: b, not_sent: true, events: ['a*b']", Reason::kConfigInvalidValue, "does not match");
  expect("name: b, not_sent: true, where: Event == ", Reason::kConfigInvalidValue, "routes[1].where:1:");
  expect("name: b, not_sent: true, where: TimeGenerated < now()", Reason::kConfigInvalidValue, "routes[1].where:1:17: error ZW002: now()");
}

TEST(RouteTable, TheExampleOfTheGuideHolds) {
  std::ifstream file(std::string(std::getenv("ZOOMWATCH_SOURCE_DIR")) + "/docs/delivery.md");
  std::string yaml;
  for (std::string line; std::getline(file, line);) {
    const bool begins = line == "        routes:";
    if (begins || (!yaml.empty() && line.starts_with("          "))) yaml += line.substr(8) + "\n";
    else if (!yaml.empty()) break;
  }
  const auto table = TableOf(yaml);
  ASSERT_OK(table);
  EXPECT_EQ(table->routes().size(), 4u);
  EXPECT_THAT(table->streams(), ElementsAre("Custom-ZoomLogs_CL", "Custom-ZoomLogsLake_CL"));
}

TEST(RouteTable, TakesAtMost32Routes) {
  std::string yaml = "routes:\n";
  for (int i = 0; i < 32; ++i) yaml += "  - {name: r" + std::to_string(i) + ", events: [a.b], not_sent: true}\n";
  EXPECT_OK(TableOf(yaml));
  EXPECT_THAT(TableOf(yaml + "  - {name: one-more, events: [a.b], not_sent: true}\n").status(),
              HasReasonAndMessage(Reason::kConfigInvalidValue, "routes.yaml:2:3: routes: 33 items exceed 32"));
}

}  // namespace
}  // namespace zoomwatch::detector
