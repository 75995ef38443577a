#include "services/detector/alerts/alert_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "common/status/reasons.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/detector/alerts/stored_numbers.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::HasReason;

constexpr std::int64_t kNowSeconds = 1767225600;

NewAlert MakeAlert(const std::string& id, std::uint64_t identity, std::int64_t seconds = kNowSeconds) {
  NewAlert alert{.alert = {}, .identity = identity, .time = kql::kUnixEpoch + seconds * kql::kTicksPerSecond};
  alert.alert.set_alert_id(id);
  alert.alert.set_rule_id("rule-1");
  alert.alert.mutable_alert_time()->set_seconds(seconds);
  return alert;
}

class AlertStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    store_.reset();
    auto store = AlertStore::Open({.directory = dir_.file("alerts"), .retention = absl::Hours(48)}, clock_);
    ASSERT_OK(store);
    store_ = *std::move(store);
  }
  std::vector<std::string> Ids(std::uint64_t from = 1) {
    const auto alerts = store_->ReadFrom(from, 100);
    EXPECT_OK(alerts);
    std::vector<std::string> ids;
    if (!alerts.ok()) return ids;
    for (const auto& alert : *alerts) ids.push_back(alert.alert_id() + ":" + std::to_string(alert.revision()));
    return ids;
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(kNowSeconds)};
  std::unique_ptr<AlertStore> store_;
};

TEST_F(AlertStoreTest, IsEmptyAtFirst) {
  EXPECT_EQ(store_->position().clock, 0);
  EXPECT_EQ(store_->FirstSequence(), 1U);
  EXPECT_EQ(store_->EndSequence(), 1U);
  EXPECT_THAT(Ids(), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(store_->Find("a").status()));
}

TEST_F(AlertStoreTest, KeepsAlertsAndPositionTogetherThroughARestart) {
  ASSERT_OK(store_->Commit({.sequence = 7, .clock = 70}, {}));
  std::vector<NewAlert> alerts;
  alerts.push_back(MakeAlert("a", 1));
  alerts.push_back(MakeAlert("b", 2));
  ASSERT_OK(store_->Commit({.sequence = 9, .clock = 90}, std::move(alerts)));
  Open();
  EXPECT_EQ(store_->position().sequence, 9U);
  EXPECT_EQ(store_->position().clock, 90);
  EXPECT_THAT(Ids(), ElementsAre("a:1", "b:1"));
  EXPECT_THAT(Ids(2), ElementsAre("b:1"));
  const auto found = store_->Find("b");
  ASSERT_OK(found);
  EXPECT_EQ(found->sequence(), 2);
}

TEST_F(AlertStoreTest, AnIdIsStoredOnceAndAFindingCountsItsRevisions) {
  std::vector<NewAlert> alerts;
  alerts.push_back(MakeAlert("a", 1));
  alerts.push_back(MakeAlert("a", 1));
  alerts.push_back(MakeAlert("b", 1));
  ASSERT_OK(store_->Commit({.sequence = 1, .clock = 1}, std::move(alerts)));
  Open();
  std::vector<NewAlert> more;
  more.push_back(MakeAlert("b", 1));
  more.push_back(MakeAlert("c", 1, kNowSeconds + 5));
  more.push_back(MakeAlert("d", 0xff00000000000001ULL));
  ASSERT_OK(store_->Commit({.sequence = 2, .clock = 2}, std::move(more)));
  EXPECT_THAT(Ids(), ElementsAre("a:1", "b:2", "c:3", "d:1"));
  const auto findings = store_->KnownFindings(0);
  ASSERT_OK(findings);
  ASSERT_THAT(*findings, SizeIs(2));
  EXPECT_EQ((*findings)[0].rule_id, "rule-1");
  EXPECT_EQ((*findings)[0].identity, 1U);
  EXPECT_EQ((*findings)[0].revision, 3);
  EXPECT_EQ((*findings)[0].time, kql::kUnixEpoch + (kNowSeconds + 5) * kql::kTicksPerSecond);
  EXPECT_EQ((*findings)[1].identity, 0xff00000000000001ULL);
}

TEST_F(AlertStoreTest, ForgetsFindingsThatMatterNoMore) {
  constexpr int kDay = 86'400;
  for (const int day : {0, 10, 20}) {
    std::vector<NewAlert> alerts;
    alerts.push_back(MakeAlert("a" + std::to_string(day), static_cast<std::uint64_t>(day), kNowSeconds + day * kDay));
    ASSERT_OK(store_->Commit({.sequence = 1, .clock = 1}, std::move(alerts)));
  }
  clock_.Advance(absl::Hours(24 * 20));
  const auto identities = [this](std::int64_t day) {
    std::vector<std::uint64_t> found;
    const auto findings = store_->KnownFindings(kql::kUnixEpoch + (kNowSeconds + day * kDay) * kql::kTicksPerSecond);
    EXPECT_OK(findings);
    for (const KnownFinding& finding : *findings) found.push_back(finding.identity);
    return found;
  };
  EXPECT_THAT(identities(10), ElementsAre(20)) << "those after the time";
  EXPECT_THAT(identities(-1), ElementsAre(10, 20)) << "the first was removed, which was 20 days old";
  Open();
  EXPECT_THAT(identities(-1), ElementsAre(10, 20));
  std::vector<NewAlert> again;
  again.push_back(MakeAlert("b0", 0, kNowSeconds + 20 * kDay));
  again.push_back(MakeAlert("b10", 10, kNowSeconds + 20 * kDay));
  ASSERT_OK(store_->Commit({.sequence = 2, .clock = 2}, std::move(again)));
  EXPECT_THAT(Ids(4), ElementsAre("b0:1", "b10:2"));
}

TEST_F(AlertStoreTest, AFindingThatCannotBeReadIsForgotten) {
  std::vector<NewAlert> alerts;
  for (const std::uint64_t identity : {1U, 2U, 3U}) alerts.push_back(MakeAlert("a" + std::to_string(identity), identity));
  ASSERT_OK(store_->Commit({.sequence = 1, .clock = 1}, std::move(alerts)));
  store_.reset();
  {
    auto files = storage::OpenKeyedStore({.folder = dir_.file("alerts"), .families = AlertStoreFamilies()});
    ASSERT_OK(files);
    storage::KeyedBatch batch;
    batch.Put(2, "rule-1/" + NumberKeyOf(1), "short");
    batch.Put(2, "rule-1/" + NumberKeyOf(2), "short");
    ASSERT_OK((*files)->Write(batch));
  }
  Open();
  std::vector<NewAlert> again;
  again.push_back(MakeAlert("b1", 1));
  again.push_back(MakeAlert("b3", 3));
  ASSERT_OK(store_->Commit({.sequence = 2, .clock = 2}, std::move(again)));
  EXPECT_THAT(Ids(4), ElementsAre("b1:1", "b3:2"));
  for (int i = 0; i < 2; ++i) {
    const auto findings = store_->KnownFindings(0);
    ASSERT_OK(findings);
    ASSERT_THAT(*findings, SizeIs(2)) << "the second is gone";
    EXPECT_EQ((*findings)[0].identity, 1U);
    EXPECT_EQ((*findings)[1].identity, 3U);
    Open();
  }
}

TEST_F(AlertStoreTest, WaitsUntilAnAlertIsThere) {
  EXPECT_FALSE(store_->WaitForAlerts(1, absl::Milliseconds(10), {}));
  std::thread writer([this] {
    std::vector<NewAlert> alerts;
    alerts.push_back(MakeAlert("a", 1));
    EXPECT_OK(store_->Commit({.sequence = 1, .clock = 1}, std::move(alerts)));
  });
  EXPECT_TRUE(store_->WaitForAlerts(1, absl::Seconds(30), {}));
  writer.join();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(store_->WaitForAlerts(2, absl::Seconds(30), stop.get_token()));
}

TEST_F(AlertStoreTest, RemovesWhatIsDeliveredAndOldAndKeepsTheRevisions) {
  std::vector<NewAlert> alerts;
  for (int i = 0; i < 3; ++i) alerts.push_back(MakeAlert("a" + std::to_string(i), 1, kNowSeconds + i * 3600));
  ASSERT_OK(store_->Commit({.sequence = 1, .clock = 1}, std::move(alerts)));
  ASSERT_OK(store_->CommitDelivered({1, 2}, "state", {}));
  clock_.Advance(absl::Hours(100));
  ASSERT_OK(store_->Commit({.sequence = 2, .clock = 2}, {}));
  EXPECT_EQ(store_->FirstSequence(), 3U) << "the third is not delivered";
  EXPECT_TRUE(absl::IsOutOfRange(store_->ReadFrom(1, 10).status()));
  EXPECT_TRUE(absl::IsNotFound(store_->Find("a0").status()));
  Open();
  EXPECT_THAT(Ids(3), ElementsAre("a2:3"));
  EXPECT_EQ(store_->SinkState(), "state");
  EXPECT_EQ(store_->WaitingCount(), 1U);
}

TEST_F(AlertStoreTest, WhatIsDeliveredOutOfOrderStaysDelivered) {
  std::vector<NewAlert> alerts;
  for (int i = 0; i < 6; ++i) alerts.push_back(MakeAlert("a" + std::to_string(i), 1));
  ASSERT_OK(store_->Commit({.sequence = 1, .clock = 1}, std::move(alerts)));
  ASSERT_OK(store_->CommitDelivered({6, 5, 2}, "s1", {}));
  const auto waiting = [&](AlertStore::Order order) {
    std::vector<std::int64_t> sequences;
    const auto read = store_->ReadWaiting(order, 10);
    EXPECT_OK(read);
    if (read.ok()) {
      for (const auto& alert : *read) sequences.push_back(alert.sequence());
    }
    return sequences;
  };
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_EQ(store_->WaitingCount(), 3U);
    EXPECT_TRUE(store_->WaitForWaiting(3, absl::ZeroDuration(), {}));
    EXPECT_FALSE(store_->WaitForWaiting(4, absl::ZeroDuration(), {}));
    EXPECT_THAT(waiting(AlertStore::Order::kNewestFirst), ElementsAre(4, 3, 1));
    EXPECT_THAT(waiting(AlertStore::Order::kOldestFirst), ElementsAre(1, 3, 4));
    Open();
  }
  clock_.Advance(absl::Hours(100));
  ASSERT_OK(store_->Commit({.sequence = 2, .clock = 2}, {}));
  EXPECT_EQ(store_->FirstSequence(), 1U) << "the first one waits";
  ASSERT_OK(store_->CommitDelivered({1, 3, 4}, "s2", {}));
  Open();
  EXPECT_EQ(store_->WaitingCount(), 0U);
  EXPECT_EQ(store_->SinkState(), "s2");
  ASSERT_OK(store_->Commit({.sequence = 3, .clock = 3}, {}));
  EXPECT_EQ(store_->FirstSequence(), 7U);
}

TEST_F(AlertStoreTest, RefusesToOpenWhenWhatWasDeliveredCannotBeRead) {
  std::vector<NewAlert> alerts;
  for (int i = 0; i < 3; ++i) alerts.push_back(MakeAlert("a" + std::to_string(i), 1));
  ASSERT_OK(store_->Commit({.sequence = 1, .clock = 1}, std::move(alerts)));
  ASSERT_OK(store_->CommitDelivered({3}, "", {}));
  store_.reset();
  auto files = storage::OpenKeyedStore({.folder = dir_.file("alerts"), .families = AlertStoreFamilies()});
  ASSERT_OK(files);
  storage::KeyedBatch batch;
  batch.Put(4, "delivered", "garbage");
  ASSERT_OK((*files)->Write(batch));
  EXPECT_THAT(AlertStore::Open({}, *std::move(files), clock_).status(), HasReason(Reason::kStorageCorrupt));
}

TEST_F(AlertStoreTest, OneProcessAtATime) {
  EXPECT_THAT(AlertStore::Open({.directory = dir_.file("alerts")}, clock_).status(), HasReason(Reason::kStoreLocked));
}

}  // namespace
}  // namespace zoomwatch::detector
