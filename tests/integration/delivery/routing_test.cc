// Events to several streams of one rule at the fake Azure: each row goes where its route says and nowhere else, a stream that takes nothing
// neither loses nor doubles what is for others, and the ledger counts every event by its route.
#include <gmock/gmock.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/delivery/azure_delivery_fixture.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kLake[] = "Custom-ZoomLake_CL";
constexpr char kRoutes[] = R"(    routes:
      - {name: lake, events: ["chat_message.*", phone.callee_answered], stream: Custom-ZoomLake_CL}
      - {name: away, where: 'Category == "whiteboard"', not_sent: true}
)";

class RoutingTest : public AzureDeliveryFixture {
 protected:
  void SetUp() override {
    AzureDeliveryFixture::SetUp();
    options_.streams.push_back(fakes::EventStream(kLake));
    options_.streams.back().auxiliary = true;
  }

  static std::string NameOf(int number) {
    static const char* const names[] = {"meeting.started", "chat_message.sent", "user.created", "phone.callee_answered", "whiteboard.shared"};
    return names[number % 5];
  }
  void AppendMixed(int first, int count, size_t payload_bytes = 100) {
    std::vector<event::v1::Event> events;
    for (int i = first; i < first + count; ++i) {
      event::v1::Event event = MakeEvent(i, payload_bytes);
      event.set_event(NameOf(i));
      event.set_category(NameOf(i).substr(0, NameOf(i).find('.')));
      events.push_back(std::move(event));
    }
    Append(std::move(events));
  }
  // As after a crash: only what is on disk is left.
  void Restart() {
    worker_->Stop(absl::Seconds(30));
    worker_.reset();
    queue_.reset();
    log_.reset();
    auto log = EventLog::Open({.directory = dir_.file("log")}, clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
  }
  // How often each event is in the stream's table.
  std::map<int, int> In(const char* stream) const {
    std::map<int, int> arrived;
    for (const std::string& row : azure_->Rows(stream)) ++arrived[std::atoi(row.c_str() + row.find("\"EventId\":\"id-") + 14)];
    return arrived;
  }
  // Those of the first `count` events that have this remainder by five, each once.
  static std::map<int, int> Once(int count, std::set<int> remainders) {
    std::map<int, int> expected;
    for (int i = 0; i < count; ++i) {
      if (remainders.contains(i % 5)) expected[i] = 1;
    }
    return expected;
  }
  ledger::v1::AccountLedger Ledger() const { return log_->GetLedger().at(0); }
  std::map<std::string, int64_t> RowsByRoute() const {
    std::map<std::string, int64_t> rows;
    const ledger::v1::AccountLedger entry = Ledger();
    for (const ledger::v1::RouteCount& route : entry.routes()) rows[route.name()] = route.row_count();
    return rows;
  }
  void ExpectAllWhereTheyBelong(int count) const {
    EXPECT_EQ(In(kStream), Once(count, {0, 2}));
    EXPECT_EQ(In(kLake), Once(count, {1, 3}));
    const ledger::v1::AccountLedger entry = Ledger();
    EXPECT_EQ(entry.delivered_count(), count / 5 * 4);
    EXPECT_EQ(entry.not_sent_count(), count / 5);
    EXPECT_EQ(entry.pending_count(), 0);
    EXPECT_EQ(entry.forwarded_count(), count);
    EXPECT_THAT(RowsByRoute(), ElementsAre(Pair("away", count / 5), Pair("lake", count / 5 * 2), Pair("main", count / 5 * 2)));
    EXPECT_THAT(log_->SettledAhead(), IsEmpty());
  }
  // Waits until the condition holds.
  template <typename Condition>
  static void Await(Condition condition) {
    while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  // From now on the table behind the stream takes no row.
  void BlockLake() {
    ASSERT_OK(azure_->AddFault({.action = fakes::FaultAction::kRefuseRows, .count = 0, .status = 400, .message = "no such column",
                                .column = "Event", .matches = "^(chat_message|phone)"}));
  }
};

TEST_F(RoutingTest, EachRowGoesWhereItsRouteSays) {
  StartAzure();
  AppendMixed(0, 5000, 600);
  Deliver("", kRoutes);
  AwaitAll();
  ExpectAllWhereTheyBelong(5000);
  ExpectNothingRefusedOrChanged();
  EXPECT_GT(azure_->state().largest_content_bytes, 990'000u) << "calls are full although routes alternate";
  const fakes::AzureState state = azure_->state();
  std::map<std::string, int64_t> bytes;
  const ledger::v1::AccountLedger entry = Ledger();
  for (const ledger::v1::RouteCount& route : entry.routes()) bytes[route.name()] = route.byte_count();
  const auto received = [&](const char* stream) {  // without brackets and commas
    const fakes::StreamState& seen = state.streams.at(stream);
    return static_cast<int64_t>(seen.bytes - seen.rows - seen.calls);
  };
  EXPECT_EQ(bytes["main"], received(kStream));
  EXPECT_EQ(bytes["lake"], received(kLake));
  EXPECT_GT(bytes["away"], 1000 * 600);
}

TEST_F(RoutingTest, RowsFarApartInTimeGoInCallsOfTheirOwnForEachStream) {
  StartAzure();
  for (int block = 0; block < 4; ++block) {
    AppendMixed(block * 10, 10);
    clock_.Advance(absl::Minutes(25));
  }
  Deliver("", kRoutes);
  AwaitAll();
  ExpectAllWhereTheyBelong(40);
  ExpectNothingRefusedOrChanged();
  EXPECT_EQ(azure_->state().streams.at(kLake).calls, 2u);
}

TEST_F(RoutingTest, ABlockedStreamHoldsThePositionAndNothingIsLostOrDoubled) {
  StartAzure();
  BlockLake();
  AppendMixed(0, 500);
  auto health = HealthAtFirstSleep();
  Deliver("", kRoutes);
  EXPECT_THAT(health.get(), testing::HasReason(Reason::kDeliveryAllRefused));
  Await([this] { return In(kStream).size() == 200; });
  AppendMixed(500, 500);
  Await([this] { return In(kStream).size() == 400; });
  Await([this] { return Ledger().not_sent_count() == 200; });
  EXPECT_EQ(log_->DeliveredPosition(), 1u) << "the first event is delivered, the second waits";
  EXPECT_EQ(Ledger().delivered_count(), 400);
  EXPECT_EQ(Ledger().pending_count(), 400);
  EXPECT_THAT(In(kLake), IsEmpty());
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_detector_delivery_blocked{table=\"events\"} 1\n"));
  azure_->ClearFaults();
  AwaitAll();
  ExpectAllWhereTheyBelong(1000);
}

TEST_F(RoutingTest, WhatOtherStreamsTookIsNotSentAgainAfterARestart) {
  StartAzure();
  BlockLake();
  AppendMixed(0, 500);
  auto health = HealthAtFirstSleep();
  Deliver("", kRoutes);
  EXPECT_THAT(health.get(), testing::HasReason(Reason::kDeliveryAllRefused));
  Await([this] { return Ledger().delivered_count() == 200; });
  ASSERT_NO_FATAL_FAILURE(Restart());
  EXPECT_EQ(log_->SettledAhead().size(), 299u) << "200 delivered and 100 not sent, of which one is passed";
  azure_->ClearFaults();
  AppendMixed(500, 100);
  Deliver("", kRoutes);
  AwaitAll();
  ExpectAllWhereTheyBelong(600);
}

TEST_F(RoutingTest, APoisonedRowInOneStreamGoesToQuarantineAlone) {
  StartAzure();
  ASSERT_OK(azure_->AddFault({.action = fakes::FaultAction::kRefuseRows, .count = 0, .status = 400, .column = "EventId", .matches = "^id-(11|13)$"}));
  AppendMixed(0, 100);
  Deliver("", kRoutes);
  AwaitAll();
  std::map<int, int> lake = Once(100, {1, 3});
  lake.erase(11);
  lake.erase(13);
  EXPECT_EQ(In(kLake), lake);
  EXPECT_EQ(In(kStream), Once(100, {0, 2}));
  EXPECT_EQ(Ledger().quarantined_count(), 2);
  EXPECT_EQ(Ledger().delivered_count(), 78);
  EXPECT_THAT(RowsByRoute(), ElementsAre(Pair("away", 20), Pair("lake", 38), Pair("main", 40)));
}

TEST_F(RoutingTest, AnOutageOfTheRuleIsRetriedWithoutDoubles) {
  StartAzure();
  for (int i = 0; i < 6; ++i) {
    ASSERT_OK(azure_->AddFault({.action = i % 2 == 0 ? fakes::FaultAction::kAnswer : fakes::FaultAction::kCutBeforeCommit,
                                .skip = i % 3, .count = 1, .status = i % 4 == 0 ? 503 : 429}));
  }
  AppendMixed(0, 3000, 800);
  Deliver("", kRoutes);
  AwaitAll();
  ExpectAllWhereTheyBelong(3000);
}

TEST_F(RoutingTest, WithNothingToSendAzureIsNotCalled) {
  StartAzure();
  AppendMixed(0, 50);
  Deliver("", "    routes: [{name: all, where: 'true', not_sent: true}]\n");
  AwaitAll();
  EXPECT_EQ(Ledger().not_sent_count(), 50);
  EXPECT_EQ(azure_->connections(), 0u);
}

}  // namespace
}  // namespace zoomwatch::detector
