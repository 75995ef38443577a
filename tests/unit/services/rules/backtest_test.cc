// A rule run over stored events: what it finds, and how far it says that it has come.
#include "services/detector/rules/backtest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/kql/ticks.h"
#include "common/ruleset/rule_loader.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "tests/unit/services/event_log/event_log_items.h"
#include "tests/unit/services/rules/rule_text.h"

namespace zoomwatch::detector {
namespace {

class BacktestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto log = EventLog::Open({.directory = dir_.file("log")}, clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
    const event_table::EventCatalog catalog;
    ruleset::LoadResult findings;
    auto rule = ruleset::LoadRule(RuleText("11111111-2222-4333-8444-555555555555", "Every meeting", "ZoomLogs | project TimeGenerated, EventId"),
                                  ruleset::BindingChecker(catalog), findings);
    ASSERT_TRUE(rule.has_value());
    rule_ = std::make_shared<const ruleset::LoadedRule>(ruleset::LoadedRule{.rule = *std::move(rule), .source = "", .file = "rule", .stale = false});
  }
  // One a second, the first at the clock.
  void StoreMeetings(int count) {
    std::vector<detect::v1::EventItem> items;
    for (int i = 0; i < count; ++i) {
      items.push_back(EventOf("w-" + std::to_string(i), "e-" + std::to_string(i), clock_.Now() + absl::Seconds(i)));
      items.back().mutable_event()->set_payload("{}");
    }
    ASSERT_OK(Append(*log_, std::move(items)));
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  Metrics metrics_;
  std::unique_ptr<EventLog> log_;
  std::shared_ptr<const ruleset::LoadedRule> rule_;
};

TEST_F(BacktestTest, ProgressCountsWhatIsReadOfWhatThereIs) {
  StoreMeetings(6000);
  std::vector<BacktestProgress> seen;
  int found = 0;
  const absl::Time from = clock_.Now() + absl::Seconds(2500), to = clock_.Now() + absl::Seconds(5500);
  const auto result = Backtest(*log_, rule_, event_table::EventCatalog(),
                               {.from_time = from,
                                .to_time = to,
                                .live = {},
                                .on_finding =
                                    [&](const EngineFinding&) {
                                      ++found;
                                      return absl::OkStatus();
                                    },
                                .check =
                                    [&](const BacktestProgress& progress) {
                                      seen.push_back(progress);
                                      return absl::OkStatus();
                                    }});
  ASSERT_OK(result);
  EXPECT_EQ(found, 3000);
  EXPECT_EQ(result->event_count, 3000);
  ASSERT_THAT(seen, ::testing::SizeIs(5)) << "the window's events are read too";
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].events, static_cast<std::int64_t>(i + 1) * 1000);
    EXPECT_EQ(seen[i].time, clock_.Now() + absl::Seconds(seen[i].events - 1));
    EXPECT_GE(seen[i].total, 5500);
    EXPECT_LE(seen[i].total, 6000);
  }
}

TEST_F(BacktestTest, EndsWithTheErrorOfTheCheck) {
  StoreMeetings(1500);
  const auto result = Backtest(*log_, rule_, event_table::EventCatalog(),
                               {.from_time = clock_.Now(),
                                .to_time = clock_.Now() + absl::Hours(1),
                                .live = {},
                                .on_finding = [](const EngineFinding&) { return absl::OkStatus(); },
                                .check = [](const BacktestProgress&) { return absl::CancelledError("the caller is gone"); }});
  EXPECT_TRUE(absl::IsCancelled(result.status()));
}

}  // namespace
}  // namespace zoomwatch::detector
