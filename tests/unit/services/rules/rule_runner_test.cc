#include "services/detector/rules/rule_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/detector/event_log/event_format.h"
#include "tests/unit/services/event_log/event_log_items.h"
#include "tests/unit/services/rules/rule_text.h"

namespace zoomwatch::detector {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RuleRunnerTest : public ::testing::Test {
 protected:
  void WriteRule(const std::string& query) const {
    std::ofstream(dir_.file("rules/every-meeting.yaml")) << RuleText("11111111-2222-4333-8444-555555555555", "Every meeting", query);
  }
  void SetUp() override {
    std::filesystem::create_directory(dir_.file("rules"));
    WriteRule("ZoomLogs | where Event == 'meeting.started' | project TimeGenerated, EventId");
    OpenLog();
    auto alerts = AlertStore::Open({.directory = dir_.file("alerts")}, clock_);
    ASSERT_OK(alerts);
    alerts_ = *std::move(alerts);
  }
  void OpenLog() {
    log_.reset();
    auto log = EventLog::Open(Options(), clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
  }
  EventLogOptions Options() { return {.directory = dir_.file("log")}; }
  void StoreMeetings(int first, int last) {
    std::vector<detect::v1::EventItem> items;
    for (int i = first; i <= last; ++i) {
      items.push_back(EventOf("w-" + std::to_string(i), "e-" + std::to_string(i), clock_.Now()));
      items.back().mutable_event()->set_payload("{}");
    }
    ASSERT_OK(Append(*log_, std::move(items)));
  }
  // Changes what is stored of events behind the log's back.
  void Damage(const std::map<uint64_t, std::function<void(std::string&)>>& changes) {
    log_.reset();
    {
      auto store = storage::OpenKeyedStore({.folder = Options().directory, .families = EventLogFamilies(Options(), clock_)});
      ASSERT_OK(store);
      storage::KeyedBatch batch;
      for (const auto& [sequence, change] : changes) {
        std::string value = (*store)->Get(kEvents, NumberKey(sequence)).value();
        change(value);
        batch.Put(kEvents, NumberKey(sequence), value);
      }
      ASSERT_OK((*store)->Write(batch));
    }
    OpenLog();
  }
  // Runs the rules until they have made `alerts` alerts altogether, or half a minute is over. Returns the metrics of the run.
  std::string RunUntil(uint64_t alerts) {
    Metrics metrics;  // those of a runner end with it
    RuleRunner runner({.folders = {dir_.file("rules")}}, *log_, *alerts_, clock_, metrics);
    EXPECT_OK(runner.Start());
    EXPECT_TRUE(alerts == 0 || alerts_->WaitForAlerts(alerts, absl::Seconds(30), {})) << runner.health();
    EXPECT_OK(runner.health());
    runner.Stop();
    EXPECT_OK(runner.health());
    return metrics.Text();
  }
  std::vector<std::string> Alerts() {
    std::vector<std::string> texts;
    const auto alerts = alerts_->ReadFrom(1, 100);
    EXPECT_OK(alerts);
    for (const alert::v1::Alert& alert : *alerts) texts.push_back(alert.DebugString());
    return texts;
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  Metrics metrics_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<AlertStore> alerts_;
};

TEST_F(RuleRunnerTest, GoesOnBehindEventsThatCannotBeReadBack) {
  RunUntil(0);
  StoreMeetings(1, 4);
  Damage({{1, [](std::string& value) { value.clear(); }}, {3, [](std::string& value) { value.resize(value.size() - 1); }}});
  EXPECT_THAT(RunUntil(2), HasSubstr("zoomwatch_detector_rule_skipped_events_total 2\n"));
  // A restart reads the history of the rules again, the damaged events too.
  StoreMeetings(5, 5);
  RunUntil(3);
  EXPECT_THAT(Alerts(), ElementsAre(HasSubstr("\"e-2\""), HasSubstr("\"e-4\""), HasSubstr("\"e-5\"")));
}

TEST_F(RuleRunnerTest, WhatIsAbsentIsHeldUntilThePeriodSinceTheFirstEventIsOver) {
  WriteRule("ZoomLogs | where Event == 'meeting.started' | join kind=leftanti (ZoomLogs | where Event == 'meeting.ended') on EventId "
            "| project TimeGenerated, EventId");
  EXPECT_THAT(RunUntil(0), HasSubstr("zoomwatch_detector_rules{state=\"warming_up\"} 1\n"));
  StoreMeetings(1, 1);
  clock_.Advance(absl::Minutes(59));
  StoreMeetings(2, 2);
  RunUntil(0);  // a restart, wherever it was
  clock_.Advance(absl::Minutes(2));
  StoreMeetings(3, 3);
  EXPECT_THAT(RunUntil(2), HasSubstr("zoomwatch_detector_rules{state=\"warming_up\"} 0\n"));
  EXPECT_THAT(Alerts(), ElementsAre(AllOf(HasSubstr("\"e-2\""), HasSubstr("CAUSE_COVERAGE")), AllOf(HasSubstr("\"e-3\""), HasSubstr("CAUSE_EVENT"))));
}

TEST_F(RuleRunnerTest, ARuleKnowsHowLongItsAlertsTake) {
  RunUntil(0);
  StoreMeetings(1, 1);
  clock_.Advance(absl::Seconds(3));
  StoreMeetings(2, 2);
  clock_.Advance(absl::Seconds(1));
  Metrics metrics;
  RuleRunner runner({.folders = {dir_.file("rules")}}, *log_, *alerts_, clock_, metrics);
  ASSERT_OK(runner.Start());
  EXPECT_TRUE(alerts_->WaitForAlerts(2, absl::Seconds(30), {}));
  runner.Stop();
  const std::vector<RuleStatus> rules = runner.Rules();
  ASSERT_THAT(rules, ::testing::SizeIs(1));
  EXPECT_EQ(rules[0].mean_latency, absl::Seconds(2.5));
  EXPECT_EQ(rules[0].longest_latency, absl::Seconds(4));
}

// A long history is read for minutes, and a pod has seconds to end.
TEST_F(RuleRunnerTest, StopsWhileAHistoryIsRead) {
  WriteRule("ZoomLogs | summarize Count = count() by EventId | where Count > 1");
  StoreMeetings(1, 20'000);
  bool stopped = false;
  for (int i = 0; i < 20 && !stopped; ++i) {
    Metrics metrics;
    RuleRunner runner({.folders = {dir_.file("rules")}}, *log_, *alerts_, clock_, metrics);
    ASSERT_OK(runner.Start());
    runner.Stop();
    EXPECT_OK(runner.health());
    stopped = runner.Rules().at(0).state_bytes == 0;  // it has its state when the history was read
  }
  EXPECT_TRUE(stopped);
  WriteRule("ZoomLogs | where Event == 'meeting.started' | project TimeGenerated, EventId");
  StoreMeetings(20'001, 20'002);
  RunUntil(2);
  EXPECT_THAT(Alerts(), ElementsAre(HasSubstr("\"e-20001\""), HasSubstr("\"e-20002\"")));
}

TEST_F(RuleRunnerTest, GoesOnInALogThatBeginsAnew) {
  RunUntil(0);
  StoreMeetings(1, 3);
  RunUntil(3);
  log_.reset();
  std::filesystem::remove_all(Options().directory);
  OpenLog();
  RunUntil(0);
  clock_.Advance(absl::Seconds(10));
  StoreMeetings(4, 5);
  RunUntil(5);
  EXPECT_THAT(Alerts(), ::testing::SizeIs(5));
}

// Text of an event through url_decode() may be any bytes, and an alert is a message, which holds UTF-8 only.
TEST_F(RuleRunnerTest, AlertsOfTextsThatAreNoUtf8CanBeReadBack) {
  WriteRule(
      "ZoomLogs | where Event == 'meeting.started' | extend EventId = strcat(EventId, url_decode('%ff%c3')), AccountName = url_decode('%80') "
      "| project TimeGenerated, EventId, AccountName");
  RunUntil(0);
  StoreMeetings(1, 2);
  RunUntil(2);
  EXPECT_THAT(Alerts(), ElementsAre(HasSubstr("e-1\\357\\277\\275\\357\\277\\275"), HasSubstr("e-2\\357\\277\\275\\357\\277\\275")));
}

// Whether its webhooks came together or one by one, with a restart of the rules and of the log between them.
TEST_F(RuleRunnerTest, ALegacyColumnExistsFromTheFirstEventOnThatHadIt) {
  WriteRule(
      "ZoomLogs | extend Zone = column_ifexists('payload_object_zone_s', 'no such column') | where Event == 'meeting.started' "
      "| project TimeGenerated, EventId, Zone");
  RunUntil(0);
  const auto meeting = [&](const std::string& id, const std::string& payload) {
    detect::v1::EventItem item = EventOf("w-" + id, "e-" + id, clock_.Now());
    item.mutable_event()->set_payload(payload);
    return item;
  };
  const std::string with = R"({"event":"meeting.started","payload":{"object":{"zone":"UTC"}}})";
  const std::string without = R"({"event":"meeting.started","payload":{"object":{}}})";
  ASSERT_OK(Append(*log_, {meeting("1", without), meeting("2", with), meeting("3", without)}));
  RunUntil(3);
  ASSERT_OK(Append(*log_, {meeting("4", without)}));
  OpenLog();
  RunUntil(4);
  // A row has no empty text.
  EXPECT_THAT(Alerts(), ElementsAre(HasSubstr(R"(\"EventId\":\"e-1\",\"Zone\":\"no such column\"})"),
                                    HasSubstr(R"(\"EventId\":\"e-2\",\"Zone\":\"UTC\"})"), HasSubstr(R"(\"EventId\":\"e-3\"})"),
                                    HasSubstr(R"(\"EventId\":\"e-4\"})")));
}

TEST_F(RuleRunnerTest, ALegacyColumnExistsForARuleThatComesLater) {
  RunUntil(0);
  detect::v1::EventItem item = EventOf("w-1", "e-1", clock_.Now());
  item.mutable_event()->set_payload(R"({"event":"meeting.started","payload":{"object":{"zone":"UTC"}}})");
  ASSERT_OK(Append(*log_, {item}));
  RunUntil(1);
  clock_.Advance(absl::Hours(2));  // beyond the period of the rule, which reads nothing of that event
  WriteRule("ZoomLogs | where Event == 'meeting.started' | project TimeGenerated, EventId, HasZone = isnotempty(payload_object_zone_s)");
  StoreMeetings(2, 2);
  RunUntil(2);
  EXPECT_THAT(Alerts().back(), HasSubstr(R"(\"EventId\":\"e-2\",\"HasZone\":false})"));
}

}  // namespace
}  // namespace zoomwatch::detector
