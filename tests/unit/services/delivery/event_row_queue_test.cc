// Which way rows go and how what became of them is committed: event log and queue without a worker, so that each step can be looked at.
#include "services/detector/delivery/event_row_queue.h"

#include <gmock/gmock.h>

#include <future>
#include <map>
#include <random>
#include <string>

#include "common/config/config.h"
#include "common/status/reasons.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr size_t kNo = OutgoingRow::kNotSent;
constexpr size_t kManyBytes = size_t{64} << 20;

class EventRowQueueTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(kRoutes); }

  // Opens the log anew, as after a crash: what was not committed is forgotten.
  void Open(const std::string& routes) {
    queue_.reset();
    log_.reset();
    auto log = EventLog::Open({.directory = dir_.file("log")}, clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
    config::v1::RouteList list;
    ASSERT_OK(ParseConfig(routes, "routes.yaml", "/", &list));
    auto table = RouteTable::Make(list.routes(), "Custom-Main_CL", "", "routes");
    ASSERT_OK(table);
    queue_ = std::make_unique<EventRowQueue>(*log_, event_table::RowLimits{}, metrics_, *std::move(table));
  }

  void Append(const std::vector<std::string>& names, const std::string& account = "northwind") {
    std::vector<detect::v1::EventItem> items;
    for (const std::string& name : names) {
      const std::string number = std::to_string(++appended_);
      detect::v1::EventItem& item = items.emplace_back();
      item.set_webhook_id("hook-" + number);
      event::v1::Event& event = *item.mutable_event();
      event.set_event_id("id-" + number);
      event.set_event(name);
      event.set_account_name(account);
      event.set_payload("{}");
      event.mutable_receive_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
    }
    std::promise<absl::StatusOr<BatchResult>> answer;
    log_->Append(std::move(items), [&](absl::StatusOr<BatchResult> result) { answer.set_value(std::move(result)); });
    ASSERT_OK(answer.get_future().get());
  }

  std::vector<OutgoingRow> Read(size_t max_rows = 1000) {
    auto rows = queue_->Read(max_rows, kManyBytes);
    EXPECT_OK(rows);
    return rows.ok() ? *rows : std::vector<OutgoingRow>();
  }
  std::vector<size_t> Streams(const std::vector<OutgoingRow>& rows) {
    std::vector<size_t> streams;
    for (const OutgoingRow& row : rows) streams.push_back(row.stream);
    return streams;
  }
  // The numbers of the events in the order of the rows.
  std::vector<int> Numbers(const std::vector<OutgoingRow>& rows) {
    std::vector<int> numbers;
    for (const OutgoingRow& row : rows) numbers.push_back(std::atoi(row.json.data() + row.json.find("\"id-") + 4));
    return numbers;
  }
  static SendOutcome Settled(size_t settled, std::vector<size_t> ahead = {}) {
    SendOutcome outcome{.settled = settled};
    outcome.ahead = std::move(ahead);
    return outcome;
  }
  static void Refuse(size_t row, SendOutcome& outcome) {
    outcome.refused.push_back({.row = row, .status = Error(Reason::kDeliveryRejected, "bad row")});
  }
  ledger::v1::AccountLedger Ledger(size_t account = 0) { return log_->GetLedger().at(account); }
  std::map<std::string, int64_t> RowsByRoute(size_t account = 0) {
    std::map<std::string, int64_t> rows;
    const ledger::v1::AccountLedger entry = Ledger(account);
    for (const ledger::v1::RouteCount& route : entry.routes()) rows[route.name()] = route.row_count();
    return rows;
  }
  void ExpectBalance() {
    for (const ledger::v1::AccountLedger& entry : log_->GetLedger()) {
      EXPECT_EQ(entry.forwarded_count(), entry.delivered_count() + entry.not_sent_count() + entry.duplicate_count() +
                                             entry.quarantined_count() + entry.pending_count());
      int64_t routed = 0;
      for (const ledger::v1::RouteCount& route : entry.routes()) routed += route.row_count();
      EXPECT_EQ(routed, entry.delivered_count() + entry.not_sent_count());
    }
  }

  static constexpr char kRoutes[] =
      "routes: [{name: lake, events: ['lake.*'], stream: Custom-Lake_CL}, {name: dropped, events: ['no.*'], not_sent: true}]";

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1'795'512'600)};
  Metrics metrics_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<EventRowQueue> queue_;
  int appended_ = 0;
};

TEST_F(EventRowQueueTest, SaysWhichStreamARowIsFor) {
  Append({"a.b", "lake.x", "no.x", "a.c", "lake.y"});
  EXPECT_THAT(Streams(Read()), ElementsAre(0, 1, kNo, 0, 1));
}

TEST_F(EventRowQueueTest, CountsRowsAndBytesByRoute) {
  Append({"a.b", "lake.x", "no.x", "a.c"});
  const auto rows = Read();
  const int64_t main_bytes = static_cast<int64_t>(rows[0].json.size() + rows[3].json.size());
  const int64_t lake_bytes = static_cast<int64_t>(rows[1].json.size());
  const int64_t dropped_bytes = static_cast<int64_t>(rows[2].json.size());
  ASSERT_OK(queue_->Commit(Settled(4), ""));
  EXPECT_EQ(Ledger().delivered_count(), 3);
  EXPECT_EQ(Ledger().not_sent_count(), 1);
  EXPECT_EQ(Ledger().pending_count(), 0);
  const ledger::v1::AccountLedger entry = Ledger();
  ASSERT_EQ(entry.routes_size(), 3);
  EXPECT_EQ(entry.routes(0).name(), "dropped");
  EXPECT_EQ(entry.routes(0).byte_count(), dropped_bytes);
  EXPECT_EQ(entry.routes(1).name(), "lake");
  EXPECT_EQ(entry.routes(1).byte_count(), lake_bytes);
  EXPECT_EQ(entry.routes(2).name(), "main");
  EXPECT_EQ(entry.routes(2).row_count(), 2);
  EXPECT_EQ(entry.routes(2).byte_count(), main_bytes);
  const std::string text = metrics_.Text();
  EXPECT_THAT(text, ::testing::HasSubstr("zoomwatch_detector_routed_rows_total{route=\"main\"} 2\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("zoomwatch_detector_routed_rows_total{route=\"dropped\"} 1\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("zoomwatch_detector_routed_bytes_total{route=\"lake\"} " + std::to_string(lake_bytes) + "\n"));
  ExpectBalance();
}

TEST_F(EventRowQueueTest, WhatIsSettledAheadIsCountedAtOnceAndNotReadAgain) {
  Append({"lake.x", "a.b", "no.x", "lake.y", "a.c"});
  Read();
  ASSERT_OK(queue_->Commit(Settled(0, {1, 2}), ""));
  EXPECT_EQ(log_->DeliveredPosition(), 0u);
  EXPECT_EQ(Ledger().delivered_count(), 1);
  EXPECT_EQ(Ledger().not_sent_count(), 1);
  EXPECT_EQ(Ledger().pending_count(), 3);
  EXPECT_THAT(Numbers(Read()), ElementsAre(1, 4, 5));
  ExpectBalance();

  Open(kRoutes);
  EXPECT_THAT(log_->SettledAhead(), ElementsAre(2, 3)) << "a restart forgets nothing";
  EXPECT_THAT(Numbers(Read()), ElementsAre(1, 4, 5));
  ASSERT_OK(queue_->Commit(Settled(1, {2}), ""));
  EXPECT_EQ(log_->DeliveredPosition(), 3u) << "past what was settled ahead";
  EXPECT_THAT(log_->SettledAhead(), ElementsAre(5));
  EXPECT_THAT(Numbers(Read()), ElementsAre(4));
  ASSERT_OK(queue_->Commit(Settled(1), ""));
  EXPECT_EQ(log_->DeliveredPosition(), 5u);
  EXPECT_THAT(log_->SettledAhead(), IsEmpty());
  EXPECT_EQ(Ledger().delivered_count(), 4);
  EXPECT_EQ(Ledger().pending_count(), 0);
  ExpectBalance();
  Open(kRoutes);
  EXPECT_THAT(Read(), IsEmpty());
}

TEST_F(EventRowQueueTest, RowsThatAreRefusedAheadGoToQuarantineOnce) {
  Append({"lake.x", "a.b", "a.c", "lake.y"});
  Read();
  SendOutcome outcome = Settled(0, {1, 2});
  Refuse(2, outcome);
  ASSERT_OK(queue_->Commit(outcome, ""));
  EXPECT_EQ(Ledger().quarantined_count(), 1);
  EXPECT_EQ(Ledger().delivered_count(), 1);
  EXPECT_THAT(Numbers(Read()), ElementsAre(1, 4));
  ASSERT_OK(queue_->Commit(Settled(2), ""));
  const auto quarantine = log_->ListQuarantine(0, 10);
  ASSERT_OK(quarantine);
  ASSERT_THAT(*quarantine, SizeIs(1));
  EXPECT_EQ(quarantine->front().sequence, 3u);
  EXPECT_THAT(RowsByRoute(), ElementsAre(Pair("lake", 2), Pair("main", 1)));
  ExpectBalance();
}

TEST_F(EventRowQueueTest, WhatWasSettledAheadKeepsTheRouteThatItTook) {
  Append({"lake.x", "a.b", "no.x"});
  Read();
  ASSERT_OK(queue_->Commit(Settled(0, {1, 2}), ""));
  Open("routes: [{name: all, where: 'true', not_sent: true}]");
  const auto rows = Read();
  EXPECT_THAT(Numbers(rows), ElementsAre(1));
  EXPECT_THAT(Streams(rows), ElementsAre(kNo));
  ASSERT_OK(queue_->Commit(Settled(1), ""));
  EXPECT_THAT(RowsByRoute(), ElementsAre(Pair("all", 1), Pair("dropped", 1), Pair("main", 1)));
  EXPECT_EQ(Ledger().delivered_count(), 1);
  EXPECT_EQ(Ledger().not_sent_count(), 2);
  ExpectBalance();
}

TEST_F(EventRowQueueTest, ASmallerReadThanTheOneBeforePassesWhatIsAhead) {
  Append({"lake.x", "a.b", "a.c", "a.d", "lake.y", "a.e"});
  Read();
  ASSERT_OK(queue_->Commit(Settled(0, {1, 2, 3, 5}), ""));
  EXPECT_THAT(Numbers(Read(1)), ElementsAre(1));
  ASSERT_OK(queue_->Commit(Settled(1), ""));
  EXPECT_EQ(log_->DeliveredPosition(), 4u);
  EXPECT_THAT(Numbers(Read(1)), ElementsAre(5));
  ASSERT_OK(queue_->Commit(Settled(1), ""));
  EXPECT_EQ(log_->DeliveredPosition(), 6u);
}

TEST_F(EventRowQueueTest, OthersAreReadInPlaceOfThoseThatAreSettledAhead) {
  Append({"lake.x", "a.1", "a.2", "lake.y", "a.3", "a.4", "a.5", "a.6"});
  EXPECT_THAT(Numbers(Read(3)), ElementsAre(1, 2, 3));
  ASSERT_OK(queue_->Commit(Settled(0, {1, 2}), ""));
  EXPECT_THAT(Numbers(Read(3)), ElementsAre(1, 4, 5));
  ASSERT_OK(queue_->Commit(Settled(0, {2}), ""));
  EXPECT_THAT(Numbers(Read(4)), ElementsAre(1, 4, 6, 7));
  ASSERT_OK(queue_->Commit(Settled(0, {2, 3}), ""));
  EXPECT_THAT(Numbers(Read(4)), ElementsAre(1, 4, 8));
  ASSERT_OK(queue_->Commit(Settled(3), ""));
  EXPECT_EQ(log_->DeliveredPosition(), 8u);
  EXPECT_THAT(Read(), IsEmpty());
}

TEST_F(EventRowQueueTest, NothingIsReadTooFarBehindTheOldestThatWaits) {
  const auto limit = static_cast<int>(kMaxSettledAhead);
  for (int i = 0; i < limit + 10; i += 10'001) Append(std::vector<std::string>(10'001, "a.b"));
  DeliveryCommit commit;  // but for the first and the two before the limit
  for (uint64_t sequence = 2; sequence <= kMaxSettledAhead - 2; ++sequence) commit.ahead.push_back(sequence);
  commit.account_counts["northwind"].delivered = limit - 3;
  ASSERT_OK(log_->CommitDelivered(commit));
  EXPECT_THAT(Numbers(Read()), ElementsAre(1, limit - 1, limit));
  ASSERT_OK(queue_->Commit(Settled(0, {1, 2}), ""));
  EXPECT_THAT(Numbers(Read()), ElementsAre(1));
  Open(kRoutes);
  EXPECT_EQ(log_->SettledAhead().size(), kMaxSettledAhead - 1);
  EXPECT_THAT(Numbers(Read()), ElementsAre(1));
  ASSERT_OK(queue_->Commit(Settled(1), ""));
  EXPECT_EQ(log_->DeliveredPosition(), kMaxSettledAhead);
  EXPECT_THAT(Numbers(Read(2)), ElementsAre(limit + 1, limit + 2));
}

TEST_F(EventRowQueueTest, AccountsAreCountedApart) {
  Append({"lake.x", "a.b"}, "another");
  Append({"lake.y", "no.x"}, "northwind");
  Read();
  ASSERT_OK(queue_->Commit(Settled(1, {3}), ""));
  EXPECT_THAT(RowsByRoute(0), ElementsAre(Pair("lake", 1)));
  EXPECT_THAT(RowsByRoute(1), ElementsAre(Pair("dropped", 1)));
  EXPECT_EQ(Ledger(0).pending_count(), 1);
  EXPECT_EQ(Ledger(1).pending_count(), 1);
  ExpectBalance();
}

// Random outcomes, crashes between them, and new events: everything is settled exactly once.
TEST_F(EventRowQueueTest, EveryEventIsSettledOnceWhateverHappens) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto one_in = [&](unsigned n) { return random() % n == 0; };
    std::map<int, int> settled;  // by number
    const int first = appended_;
    while (true) {
      if (appended_ - first < 120 && one_in(3)) {
        std::vector<std::string> names;
        for (auto i = random() % 12; i > 0; --i) names.push_back(one_in(3) ? "lake.x" : one_in(4) ? "no.x" : "a.b");
        Append(names, one_in(2) ? "northwind" : "another");
      }
      const auto rows = Read(1 + random() % 40);
      if (rows.empty()) {
        if (appended_ - first >= 120) break;
        continue;
      }
      const std::vector<int> numbers = Numbers(rows);
      SendOutcome outcome;
      std::vector<bool> taken;
      for (size_t i = 0; i < rows.size(); ++i) taken.push_back(!one_in(3));
      while (outcome.settled < rows.size() && taken[outcome.settled]) ++outcome.settled;
      for (size_t i = outcome.settled; i < rows.size(); ++i) {
        if (taken[i]) outcome.ahead.push_back(i);
      }
      for (size_t i = 0; i < rows.size(); ++i) {
        if (taken[i] && rows[i].stream != kNo && one_in(10)) Refuse(i, outcome);
      }
      if (outcome.settled + outcome.ahead.size() == 0 || one_in(6)) {
        Open(kRoutes);  // a crash before the commit
        continue;
      }
      ASSERT_OK(queue_->Commit(outcome, ""));
      for (size_t i = 0; i < rows.size(); ++i) settled[numbers[i]] += taken[i] ? 1 : 0;
      ExpectBalance();
      if (one_in(8)) Open(kRoutes);
    }
    for (int number = first + 1; number <= appended_; ++number) EXPECT_EQ(settled[number], 1) << number;
    EXPECT_EQ(log_->DeliveredPosition(), static_cast<uint64_t>(appended_));
    EXPECT_THAT(log_->SettledAhead(), IsEmpty());
  }
}

}  // namespace
}  // namespace zoomwatch::detector
