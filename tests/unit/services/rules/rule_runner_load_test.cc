// The rules under load from all sides at once: events come, files change and are read again, and clients list and explain. Run under
// ThreadSanitizer, and everywhere for what must hold: each event that a rule concerns makes one alert, whatever is read anew meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/detector/api/rule_service.h"
#include "tests/unit/services/event_log/event_log_items.h"
#include "tests/unit/services/rules/rule_text.h"

namespace zoomwatch::detector {
namespace {

constexpr int kBatches = 40, kBatchEvents = 25, kEvents = kBatches * kBatchEvents;
constexpr const char* kEveryId = "11111111-2222-4333-8444-555555555555";
constexpr const char* kCountId = "11111111-2222-4333-8444-666666666666";

class RuleRunnerLoadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(dir_.file("rules"));
    Write(0);
    auto log = EventLog::Open({.directory = dir_.file("log")}, clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
    auto alerts = AlertStore::Open({.directory = dir_.file("alerts")}, clock_);
    ASSERT_OK(alerts);
    alerts_ = *std::move(alerts);
    runner_ = std::make_unique<RuleRunner>(RuleRunnerOptions{.folders = {dir_.file("rules")}}, *log_, *alerts_, clock_, metrics_);
    service_ = std::make_unique<RuleService>(*runner_, *log_);
    ASSERT_OK(runner_->Start());
  }
  // One rule whose text changes, so that its state stays, and one whose query changes, so that it begins anew.
  void Write(int version) {
    Replace("every.yaml", RuleText(kEveryId, fmt::format("Every meeting, version {}", version),
                                   "ZoomLogs | where Event == 'meeting.started' | project TimeGenerated, EventId"));
    Replace("count.yaml", RuleText(kCountId, "Many", fmt::format("ZoomLogs | where Event != 'x{}' | summarize Count = count() by EventId | where Count > 1", version)));
  }
  // As an editor or a mounted folder does it: a file is never half there.
  void Replace(const std::string& name, const std::string& text) {
    std::ofstream(dir_.file(name)) << text;
    std::filesystem::rename(dir_.file(name), dir_.file("rules/" + name));
  }
  void AppendBatch(int batch) {
    std::vector<detect::v1::EventItem> items;
    for (int i = batch * kBatchEvents; i < (batch + 1) * kBatchEvents; ++i) {
      items.push_back(EventOf(fmt::format("w-{}", i), fmt::format("e-{}", i), clock_.Now()));
      items.back().mutable_event()->set_payload("{}");
    }
    ASSERT_OK(Append(*log_, std::move(items)));
    clock_.Advance(absl::Seconds(1));
  }
  void ListRules() {
    rule::v1::ListRulesResponse listed;
    ASSERT_TRUE(service_->ListRules(nullptr, &list_, &listed).ok());
    ASSERT_EQ(listed.rules_size(), 2);
  }
  void ExplainFirstEvent() {
    rule::v1::ExplainRuleRequest request;
    request.set_rule_id(kEveryId);
    request.set_event_id("e-0");
    rule::v1::ExplainRuleResponse explained;
    const grpc::Status status = service_->ExplainRule(nullptr, &request, &explained);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_GT(explained.event_steps_size(), 0);
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  Metrics metrics_;
  const rule::v1::ListRulesRequest list_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<AlertStore> alerts_;
  std::unique_ptr<RuleRunner> runner_;
  std::unique_ptr<RuleService> service_;
};

TEST_F(RuleRunnerLoadTest, EachEventMakesOneAlertWhileRulesAreReadAnewListedAndExplained) {
  AppendBatch(0);
  ASSERT_TRUE(alerts_->WaitForAlerts(kBatchEvents, absl::Seconds(60), {})) << runner_->health();
  std::atomic<bool> done = false;
  std::atomic<int> reloads = 0, lists = 0, explanations = 0;
  std::vector<std::jthread> threads;
  threads.emplace_back([&] {
    for (int version = 1; !done; ++version, ++reloads) {
      Write(version);
      ASSERT_OK(runner_->Reload());
    }
  });
  threads.emplace_back([&] { for (; !done; ++lists) ListRules(); });
  threads.emplace_back([&] { for (; !done; ++explanations) ExplainFirstEvent(); });
  for (int batch = 1; batch < kBatches; ++batch) AppendBatch(batch);
  EXPECT_TRUE(alerts_->WaitForAlerts(kEvents, absl::Seconds(120), {})) << runner_->health();
  done = true;
  threads.clear();
  EXPECT_OK(runner_->health());
  runner_->Stop();

  EXPECT_GT(reloads, 0);
  EXPECT_GT(lists, 0);
  EXPECT_GT(explanations, 0);
  EXPECT_EQ(alerts_->EndSequence() - 1, static_cast<std::uint64_t>(kEvents)) << "one alert an event; none of them twice";
  std::set<std::string> rows;
  for (std::uint64_t next = 1; next < alerts_->EndSequence();) {
    const auto alerts = alerts_->ReadFrom(next, 100);
    ASSERT_OK(alerts);
    ASSERT_FALSE(alerts->empty());
    for (const alert::v1::Alert& alert : *alerts) {
      EXPECT_EQ(alert.rule_id(), kEveryId);
      rows.insert(alert.alert_id());
    }
    next = alerts->back().sequence() + 1;
  }
  EXPECT_EQ(rows.size(), static_cast<std::size_t>(kEvents));
}

// Somebody else's reload may have begun before the file was there.
TEST_F(RuleRunnerLoadTest, AReloadKnowsWhatWasThereWhenItWasAskedFor) {
  for (int i = 0; i < 1500; ++i) {  // reading them takes a while, in which the next command comes
    Replace(fmt::format("z{}.yaml", i), RuleText(fmt::format("22222222-2222-4333-8444-{:012}", i), "Off", "ZoomLogs | take 0") + "enabled: false\n");
  }
  std::atomic<bool> stop = false;
  std::vector<std::thread> others;
  for (int i = 0; i < 3; ++i) {
    others.emplace_back([&] {
      while (!stop) EXPECT_OK(runner_->Reload());
    });
  }
  for (int version = 1; version <= 20; ++version) {
    std::this_thread::sleep_for(std::chrono::milliseconds(version * 7 % 150));
    Write(version);
    const auto load = runner_->Reload();
    ASSERT_OK(load);
    EXPECT_EQ((*load)->set->Find(kEveryId)->rule.name, fmt::format("Every meeting, version {}", version));
  }
  stop = true;
  for (std::thread& other : others) other.join();
}

}  // namespace
}  // namespace zoomwatch::detector
