#include "services/detector/alerts/alert_row_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/status/reasons.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Order = AlertStore::Order;

const absl::Time kNow = absl::FromUnixSeconds(1767225600);

class AlertRowQueueTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(Order::kNewestFirst); }
  void Open(Order order) {
    queue_.reset();
    store_.reset();
    auto store = AlertStore::Open({.directory = dir_.file("alerts")}, clock_);
    ASSERT_OK(store);
    store_ = *std::move(store);
    queue_ = std::make_unique<AlertRowQueue>(*store_, event_table::RowLimits{}, order);
  }
  // Stores alerts with the next ids: a1, a2, ...
  void Store(int count) {
    std::vector<NewAlert> alerts;
    for (int i = 0; i < count; ++i) {
      NewAlert& alert = alerts.emplace_back();
      alert.identity = ++stored_;
      alert.alert.set_alert_id("a" + std::to_string(stored_));
      alert.alert.set_rule_id("rule-1");
      alert.alert.mutable_alert_time()->set_seconds(absl::ToUnixSeconds(kNow));
    }
    ASSERT_OK(store_->Commit({.sequence = stored_, .clock = 1}, std::move(alerts)));
  }
  std::vector<std::string> Read(std::size_t max_rows = 100, std::size_t max_bytes = 1'000'000) {
    const auto rows = queue_->Read(max_rows, max_bytes);
    EXPECT_OK(rows);
    std::vector<std::string> ids;
    if (!rows.ok()) return ids;
    for (const OutgoingRow& row : *rows) {
      EXPECT_EQ(row.time, kNow);
      const std::size_t begin = row.json.find("\"AlertId\":\"") + 11;
      ids.emplace_back(row.json.substr(begin, row.json.find('"', begin) - begin));
    }
    return ids;
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{kNow};
  std::unique_ptr<AlertStore> store_;
  std::unique_ptr<AlertRowQueue> queue_;
  std::uint64_t stored_ = 0;
};

TEST_F(AlertRowQueueTest, OldestFirstGoesOnBehindWhatIsSettled) {
  Open(Order::kOldestFirst);
  Store(3);
  EXPECT_TRUE(queue_->WaitForRows(3, absl::ZeroDuration(), {}));
  EXPECT_THAT(Read(2), ElementsAre("a1", "a2"));
  ASSERT_OK(queue_->Commit({.settled = 2}, "s2"));
  Open(Order::kOldestFirst);
  EXPECT_EQ(queue_->SinkState(), "s2");
  EXPECT_THAT(Read(), ElementsAre("a3"));
}

TEST_F(AlertRowQueueTest, NewestFirstTakesWhatComesMeanwhileBeforeTheBacklog) {
  Store(6);
  EXPECT_THAT(Read(2), ElementsAre("a6", "a5"));
  ASSERT_OK(queue_->Commit({.settled = 1}, ""));  // the attempt was cut short
  Store(1);
  EXPECT_THAT(Read(3), ElementsAre("a7", "a5", "a4"));
  ASSERT_OK(queue_->Commit({.settled = 3}, ""));
  Open(Order::kNewestFirst);
  EXPECT_TRUE(queue_->WaitForRows(3, absl::ZeroDuration(), {}));
  EXPECT_FALSE(queue_->WaitForRows(4, absl::ZeroDuration(), {}));
  EXPECT_THAT(Read(), ElementsAre("a3", "a2", "a1"));
  ASSERT_OK(queue_->Commit({.settled = 3}, ""));
  EXPECT_THAT(Read(), IsEmpty());
  EXPECT_EQ(store_->WaitingCount(), 0U);
}

// Somebody replaces Azure by a file while a backlog is being caught up.
TEST_F(AlertRowQueueTest, TheOrderMayChangeWithABacklog) {
  Store(5);
  EXPECT_THAT(Read(2), ElementsAre("a5", "a4"));
  ASSERT_OK(queue_->Commit({.settled = 2}, ""));
  Open(Order::kOldestFirst);
  Store(1);
  EXPECT_THAT(Read(), ElementsAre("a1", "a2", "a3", "a6"));
}

TEST_F(AlertRowQueueTest, BytesCutTheReadButNeverToNothing) {
  Store(3);
  EXPECT_THAT(Read(10, 1), ElementsAre("a3"));
}

TEST_F(AlertRowQueueTest, ARefusedAlertIsSettledAndKept) {
  Store(3);
  EXPECT_THAT(Read(), ElementsAre("a3", "a2", "a1"));
  SendOutcome outcome{.settled = 2};
  outcome.refused.push_back({.row = 1, .status = Error(Reason::kDeliveryRejected, "no such column")});
  ASSERT_OK(queue_->Commit(outcome, ""));
  EXPECT_THAT(Read(), ElementsAre("a1"));
  EXPECT_OK(store_->Find("a2"));
}

}  // namespace
}  // namespace zoomwatch::detector
