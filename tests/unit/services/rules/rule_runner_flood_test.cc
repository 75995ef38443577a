// Thousands of findings at one moment, and a disk that is full when they are stored: each becomes one alert, or none does and all do
// when the store is opened anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/format.h>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/detector/rules/rule_runner.h"
#include "tests/unit/services/alerts/faulty_store.h"
#include "tests/unit/services/event_log/event_log_items.h"
#include "tests/unit/services/rules/rule_text.h"

namespace zoomwatch::detector {
namespace {

using ::testing::HasSubstr;
using testing::HasReason;
using Write = StoreFaults::Write;

constexpr char kId[] = "11111111-2222-4333-8444-555555555555";
constexpr std::uint64_t kMany = 20'000;

class RuleRunnerFloodTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(dir_.file("rules"));
    auto log = EventLog::Open({.directory = dir_.file("log")}, clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
    OpenAlerts();
  }
  void OpenAlerts() {
    alerts_.reset();
    auto store = storage::OpenKeyedStore({.folder = dir_.file("alerts"), .families = AlertStoreFamilies()});
    ASSERT_OK(store);
    auto alerts = AlertStore::Open({}, std::make_unique<FaultyStore>(*std::move(store), faults_), clock_);
    ASSERT_OK(alerts);
    alerts_ = *std::move(alerts);
  }
  // A rule that finds so many rows in each meeting.
  void WriteRule(std::uint64_t rows, const std::string& rest = "project TimeGenerated, EventId, N") const {
    std::ofstream(dir_.file("rules/rule.yaml")) << RuleText(
        kId, "Flood", fmt::format("ZoomLogs | where Event == 'meeting.started' | mv-expand N = range(1, {}) to typeof(long) | {}", rows, rest));
  }
  std::unique_ptr<RuleRunner> Run(Metrics& metrics) {
    auto runner = std::make_unique<RuleRunner>(RuleRunnerOptions{.folders = {dir_.file("rules")}}, *log_, *alerts_, clock_, metrics);
    EXPECT_OK(runner->Start());
    return runner;
  }
  // Runs the rules until there are so many alerts altogether. Returns the metrics of the run.
  std::string RunUntil(std::uint64_t alerts) {
    Metrics metrics;
    const auto runner = Run(metrics);
    EXPECT_TRUE(alerts == 0 || alerts_->WaitForAlerts(alerts, absl::Seconds(120), {})) << runner->health();
    runner->Stop();
    EXPECT_OK(runner->health());
    return metrics.Text();
  }
  // Runs the rules until they stand still.
  absl::Status RunUntilTheyFail() {
    Metrics metrics;
    const auto runner = Run(metrics);
    while (runner->health().ok()) alerts_->WaitForAlerts(UINT64_MAX, absl::Milliseconds(10), {});
    EXPECT_TRUE(absl::IsCancelled(runner->Reload().status()));
    return runner->health();
  }
  void StoreMeetings(int count) {
    std::vector<detect::v1::EventItem> items;
    for (int i = 0; i < count; ++i) {
      ++stored_;
      items.push_back(EventOf(fmt::format("w-{}", stored_), fmt::format("e-{}", stored_), clock_.Now()));
      items.back().mutable_event()->set_payload("{}");
    }
    ASSERT_OK(Append(*log_, std::move(items)));
  }
  // Fails unless the alerts are as many as that, each once by id and by sequence, and all first of their findings but `again`.
  void ExpectAlerts(std::uint64_t count, std::uint64_t again = 0) {
    EXPECT_EQ(alerts_->EndSequence() - 1, count);
    std::set<std::string> ids;
    std::uint64_t repeated = 0;
    for (std::uint64_t next = 1; next < alerts_->EndSequence();) {
      const auto alerts = alerts_->ReadFrom(next, 1000);
      ASSERT_OK(alerts);
      ASSERT_FALSE(alerts->empty());
      for (const alert::v1::Alert& alert : *alerts) {
        ASSERT_EQ(alert.sequence(), static_cast<std::int64_t>(next++));
        ids.insert(alert.alert_id());
        repeated += alert.revision() > 1 ? 1 : 0;
      }
    }
    EXPECT_EQ(ids.size(), count);
    EXPECT_EQ(repeated, again);
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  Metrics metrics_;
  const std::shared_ptr<StoreFaults> faults_ = std::make_shared<StoreFaults>();
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<AlertStore> alerts_;
  int stored_ = 0;
};

TEST_F(RuleRunnerFloodTest, EachOfThousandsOfFindingsOfOneEventIsAnAlert) {
  WriteRule(kMany);
  RunUntil(0);
  StoreMeetings(1);
  EXPECT_THAT(RunUntil(kMany), HasSubstr(fmt::format("zoomwatch_detector_alerts_total{{severity=\"Low\"}} {}\n", kMany)));
  EXPECT_EQ(alerts_->position().sequence, 1u);
  ExpectAlerts(kMany);
  OpenAlerts();
  StoreMeetings(1);
  RunUntil(2 * kMany);
  ExpectAlerts(2 * kMany);
}

// Together with the position in one write: whatever is left of a write that failed, the alerts are those of a run without failures.
TEST_F(RuleRunnerFloodTest, AFullDiskLeavesAllAlertsOfAnEventOrNone) {
  WriteRule(kMany / 10);
  RunUntil(0);
  std::uint64_t all = 0;
  for (const Write fault : {Write::kFails, Write::kFailsAfterItWasDone}) {
    const std::uint64_t before = all;
    StoreMeetings(1);
    all += kMany / 10;
    faults_->write = fault;
    EXPECT_THAT(RunUntilTheyFail(), HasReason(Reason::kStorageFailed));
    ExpectAlerts(before);
    EXPECT_THAT(alerts_->health(), HasReason(Reason::kStorageFailed));
    StoreMeetings(1);  // events go on
    all += kMany / 10;
    // The disk has space again: the store that failed knows not what it holds, and a new one does.
    faults_->write = Write::kWorks;
    EXPECT_THAT(RunUntilTheyFail(), HasReason(Reason::kStorageFailed));
    ExpectAlerts(before);
    OpenAlerts();
    ExpectAlerts(fault == Write::kFails ? before : before + kMany / 10);
    RunUntil(all);
    ExpectAlerts(all);
  }
}

TEST_F(RuleRunnerFloodTest, EachOfThousandsOfFindingsOfOneExpiryIsAnAlert) {
  constexpr std::uint64_t kRows = kMany / 10;
  WriteRule(kRows, "summarize Count = count(), TimeGenerated = max(TimeGenerated) by N | where Count == 1");
  RunUntil(0);
  StoreMeetings(1);
  RunUntil(kRows);
  clock_.Advance(absl::Minutes(30));
  StoreMeetings(1);
  RunUntil(0);
  ExpectAlerts(kRows);
  clock_.Advance(absl::Minutes(31));  // the first meeting leaves the window: each row appears again
  faults_->write = Write::kFails;
  EXPECT_THAT(RunUntilTheyFail(), HasReason(Reason::kStorageFailed));
  ExpectAlerts(kRows);
  faults_->write = Write::kWorks;
  OpenAlerts();
  RunUntil(2 * kRows);
  ExpectAlerts(2 * kRows, kRows);
  EXPECT_EQ(alerts_->ReadFrom(2 * kRows, 1)->at(0).cause(), alert::v1::CAUSE_EXPIRY);
}

// What one step finds is stored event by event when it is much.
TEST_F(RuleRunnerFloodTest, AWriteHoldsTheFindingsOfFewEvents) {
  constexpr std::uint64_t kEvents = 100, kRows = 400;
  WriteRule(kRows);
  RunUntil(0);
  StoreMeetings(kEvents);
  faults_->largest_batch = 0;
  RunUntil(kEvents * kRows);
  ExpectAlerts(kEvents * kRows);
  constexpr std::size_t kPutsOfAnAlert = 3, kPutsOfState = 2;
  EXPECT_LE(faults_->largest_batch, (RuleRunner::kFindingsPerCommit + kRows) * kPutsOfAnAlert + kPutsOfState);
}

}  // namespace
}  // namespace zoomwatch::detector
