#include "services/detector/event_log/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/event_table/legacy_columns.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/detector/event_log/event_format.h"
#include "tests/unit/services/event_log/event_log_items.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::HasReason;

constexpr size_t kAllBytes = size_t{1} << 20;

class EventLogTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    log_.reset();
    auto log = EventLog::Open({.directory = dir_.file("events")}, clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
  }
  detect::v1::EventItem Event(const std::string& webhook_id, const std::string& event_id, absl::Duration age = {}) {
    return EventOf(webhook_id, event_id, clock_.Now() - age);
  }
  void StoreThree() {
    ASSERT_OK(Append(*log_, {Event("w-1", "e-1"), Event("w-2", "e-2"), Event("w-3", "e-3")}));
  }
  // Changes what is stored of an event behind the log's back, and opens the log again. Returns the new value.
  std::string Damage(uint64_t sequence, const std::function<void(std::string&)>& change) {
    log_.reset();
    const EventLogOptions options{.directory = dir_.file("events")};
    std::string value;
    {
      auto store = storage::OpenKeyedStore({.folder = options.directory, .families = EventLogFamilies(options, clock_)});
      EXPECT_OK(store);
      value = (*store)->Get(kEvents, NumberKey(sequence)).value();
      change(value);
      storage::KeyedBatch batch;
      batch.Put(kEvents, NumberKey(sequence), value);
      EXPECT_OK((*store)->Write(batch));
    }
    Open();
    return value;
  }
  detect::v1::EventItem EventWith(const std::string& id, const std::string& payload, absl::Duration age = {}) {
    detect::v1::EventItem item = Event("w-" + id, "e-" + id, age);
    item.mutable_event()->set_payload(payload);
    return item;
  }
  static DeliveryCommit Delivered(uint64_t up_to, int64_t count) {
    return {.up_to_sequence = up_to, .sink_state = "s", .account_counts = {{"main", {.delivered = count}}}, .refused = {}};
  }
  ledger::v1::AccountLedger Ledger() {
    const auto entries = log_->GetLedger();
    return entries.size() == 1 ? entries[0] : ledger::v1::AccountLedger();
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  Metrics metrics_;
  std::unique_ptr<EventLog> log_;
};

TEST_F(EventLogTest, CountsDuplicatesInTheSameAndInALaterBatch) {
  const auto first = Append(*log_, {Event("w-1", "e-1"), Event("w-2", "e-1"), Event("w-3", "e-2")});
  ASSERT_OK(first);
  EXPECT_EQ(first->accepted_count, 3);
  EXPECT_EQ(first->duplicate_count, 1);
  const auto second = Append(*log_, {Event("w-4", "e-2")});
  ASSERT_OK(second);
  EXPECT_EQ(second->accepted_count, 1);
  EXPECT_EQ(second->duplicate_count, 1);
  EXPECT_EQ(log_->EndSequence(), 3u);
  EXPECT_EQ(Ledger().forwarded_count(), 4);
  EXPECT_EQ(Ledger().duplicate_count(), 2);
  EXPECT_EQ(Ledger().pending_count(), 2);
}

TEST_F(EventLogTest, TakesAnEventForNewFromTheHorizonOn) {
  ASSERT_OK(Append(*log_, {Event("w-1", "e-1", absl::Hours(24))}));
  const auto inside = Append(*log_, {Event("w-2", "e-1", absl::Seconds(1))});
  ASSERT_OK(inside);
  EXPECT_EQ(inside->duplicate_count, 1);
  const auto at = Append(*log_, {Event("w-3", "e-1")});
  ASSERT_OK(at);
  EXPECT_EQ(at->duplicate_count, 0);
  EXPECT_EQ(log_->EndSequence(), 3u);
}

TEST_F(EventLogTest, CountsAResentBatchOnceEvenAfterARestart) {
  const std::vector<detect::v1::EventItem> batch = {Event("w-1", "e-1"), QuarantinedOf("w-2"), Event("w-3", "e-1")};
  ASSERT_OK(Append(*log_, batch));
  for (int round = 0; round < 2; ++round) {
    const auto again = Append(*log_, batch);
    ASSERT_OK(again);
    EXPECT_EQ(again->accepted_count, 3);
    EXPECT_EQ(again->duplicate_count, 0);
    EXPECT_EQ(Ledger().forwarded_count(), 3);
    EXPECT_EQ(Ledger().duplicate_count(), 1);
    EXPECT_EQ(Ledger().quarantined_count(), 1);
    EXPECT_EQ(Ledger().pending_count(), 1);
    Open();
  }
}

TEST_F(EventLogTest, RejectsMalformedItemsAndStoresTheOthers) {
  detect::v1::EventItem no_outcome;
  no_outcome.set_webhook_id("w-2");
  const auto result = Append(*log_, {Event("", "e-1"), no_outcome, Event("w-3", ""), Event("w-4", "e-4"), QuarantinedOf("w-5", "")});
  ASSERT_OK(result);
  EXPECT_EQ(result->accepted_count, 1);
  ASSERT_THAT(result->rejected, SizeIs(4));
  EXPECT_EQ(result->rejected[0].index, 0);
  EXPECT_EQ(result->rejected[3].index, 4);
  EXPECT_EQ(result->rejected[3].reason, "ITEM_MALFORMED");
  EXPECT_EQ(Ledger().forwarded_count(), 1);
}

TEST_F(EventLogTest, RefusesDeliveryPositionsThatDoNotFit) {
  StoreThree();
  EXPECT_THAT(log_->CommitDelivered(Delivered(0, 0)), HasReason(Reason::kItemMalformed));
  EXPECT_THAT(log_->CommitDelivered(Delivered(4, 3)), HasReason(Reason::kItemMalformed));
  EXPECT_OK(log_->CommitDelivered(Delivered(2, 2)));
  EXPECT_THAT(log_->CommitDelivered(Delivered(2, 2)), HasReason(Reason::kItemMalformed));
  EXPECT_THAT(log_->CommitDelivered(Delivered(1, 1)), HasReason(Reason::kItemMalformed));
  EXPECT_EQ(log_->DeliveredPosition(), 2u);
  EXPECT_OK(log_->CommitDelivered(Delivered(3, 1)));
  EXPECT_EQ(Ledger().delivered_count(), 3);
  EXPECT_EQ(Ledger().pending_count(), 0);
}

TEST_F(EventLogTest, RefusesDeliveryCountsThatDoNotAddUp) {
  StoreThree();
  EXPECT_THAT(log_->CommitDelivered(Delivered(2, 1)), HasReason(Reason::kItemMalformed));
  EXPECT_THAT(log_->CommitDelivered(Delivered(2, 3)), HasReason(Reason::kItemMalformed));
  DeliveryCommit other = Delivered(1, 1);
  other.account_counts = {{"unknown", {.delivered = 1}}};
  EXPECT_THAT(log_->CommitDelivered(other), HasReason(Reason::kItemMalformed));
  DeliveryCommit negative = Delivered(2, 3);
  negative.account_counts["main"].not_sent = -1;
  EXPECT_THAT(log_->CommitDelivered(negative), HasReason(Reason::kItemMalformed));
  EXPECT_EQ(log_->DeliveredPosition(), 0u);
  EXPECT_EQ(log_->SinkState(), "");
  EXPECT_EQ(Ledger().pending_count(), 3);
}

TEST_F(EventLogTest, KeepsNothingOfACommitWithARefusedRowOutsideIt) {
  StoreThree();
  for (const uint64_t outside : {uint64_t{0}, uint64_t{3}, uint64_t{99}}) {
    DeliveryCommit commit = Delivered(2, 0);
    commit.account_counts["main"].quarantined = 2;
    commit.refused = {{.sequence = 1, .reason = "ROW_REFUSED", .message = ""},
                      {.sequence = outside, .reason = "ROW_REFUSED", .message = ""}};
    EXPECT_THAT(log_->CommitDelivered(std::move(commit)), HasReason(Reason::kItemMalformed)) << outside;
  }
  ASSERT_OK(Append(*log_, {Event("w-4", "e-4")}));  // a write, with which a remainder would come to the disk
  const auto entries = log_->ListQuarantine(0, 10);
  ASSERT_OK(entries);
  EXPECT_THAT(*entries, IsEmpty());
  EXPECT_EQ(log_->DeliveredPosition(), 0u);
}

TEST_F(EventLogTest, ReadsAtLeastOneEventWithinTheLimits) {
  StoreThree();
  EXPECT_THAT(*log_->ReadFrom(1, 10, 1), SizeIs(1));
  EXPECT_THAT(*log_->ReadFrom(1, 2, kAllBytes), SizeIs(2));
  EXPECT_THAT(*log_->ReadFrom(3, 10, kAllBytes), SizeIs(1));
  EXPECT_THAT(*log_->ReadFrom(4, 10, kAllBytes), IsEmpty());
}

TEST_F(EventLogTest, TellsWhichEventsCannotBeReadBack) {
  StoreThree();
  Damage(2, [](std::string& value) { value.resize(value.size() - 1); });
  const auto events = log_->ReadFrom(1, 10, kAllBytes);
  ASSERT_OK(events);
  ASSERT_THAT(*events, SizeIs(3));
  EXPECT_FALSE((*events)[0].unreadable);
  EXPECT_TRUE((*events)[1].unreadable);
  EXPECT_EQ((*events)[2].event.event_id(), "e-3");
  EXPECT_EQ(log_->FindEvent("e-2").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(EventLogTest, SetsAsideUnreadableEventsWithTheirBytes) {
  StoreThree();
  const std::string cut = Damage(1, [](std::string& value) { value.resize(value.size() - 1); });
  const std::string version = Damage(2, [](std::string& value) { value[0] = '\x7f'; });
  clock_.Advance(absl::Seconds(5));
  ASSERT_OK(log_->SetAsideUnreadable());
  EXPECT_EQ(log_->DeliveredPosition(), 2u);
  const auto entries = log_->ListQuarantine(0, 10);
  ASSERT_OK(entries);
  ASSERT_THAT(*entries, SizeIs(2));
  EXPECT_EQ((*entries)[0].reason, "STORAGE_CORRUPT");
  EXPECT_EQ((*entries)[0].account_name, "main");
  EXPECT_EQ((*entries)[0].sequence, 1u);
  EXPECT_EQ((*entries)[0].time, clock_.Now());
  EXPECT_EQ((*entries)[0].body, cut);
  EXPECT_EQ((*entries)[1].sequence, 2u);
  EXPECT_EQ((*entries)[1].body, version);
  EXPECT_EQ(Ledger().quarantined_count(), 2);
  EXPECT_EQ(Ledger().pending_count(), 1);
  EXPECT_THAT(metrics_.Text(), ::testing::HasSubstr("zoomwatch_detector_log_unreadable_events_total 2\n"));
  // The position is that of the quarantine, so nothing is set aside again, not even after a restart.
  Open();
  ASSERT_OK(log_->SetAsideUnreadable());
  EXPECT_EQ(Ledger().quarantined_count(), 2);
  ASSERT_OK(log_->CommitDelivered(Delivered(3, 1)));
  EXPECT_EQ(Ledger().forwarded_count(), Ledger().delivered_count() + Ledger().quarantined_count());
}

TEST_F(EventLogTest, SetsNothingAsideBeforeItIsTheOldest) {
  ASSERT_OK(log_->SetAsideUnreadable());  // of an empty log
  StoreThree();
  ASSERT_OK(log_->CommitDelivered(Delivered(1, 1)));
  Damage(3, [](std::string& value) { value.clear(); });
  ASSERT_OK(log_->SetAsideUnreadable());
  EXPECT_EQ(log_->DeliveredPosition(), 1u);
  EXPECT_EQ(log_->SinkState(), "s");
  ASSERT_OK(log_->CommitDelivered(Delivered(2, 1)));
  ASSERT_OK(log_->SetAsideUnreadable());
  EXPECT_EQ(log_->DeliveredPosition(), 3u);
  EXPECT_EQ(log_->SinkState(), "s");
  EXPECT_EQ(Ledger().quarantined_count(), 1);
  EXPECT_EQ(Ledger().pending_count(), 0);
}

// Nothing in the stored bytes says whose the event is, so it has to be the account that misses one.
TEST_F(EventLogTest, FindsTheAccountsOfUnreadableEventsByWhatTheyMiss) {
  ASSERT_OK(Append(*log_, {EventOf("w-1", "e-1", clock_.Now(), "north"), EventOf("w-2", "e-2", clock_.Now(), "south"),
                           EventOf("w-3", "e-3", clock_.Now(), "south"), EventOf("w-4", "e-4", clock_.Now(), "west"),
                           EventOf("w-5", "e-5", clock_.Now(), "north")}));
  for (const uint64_t sequence : {uint64_t{1}, uint64_t{2}, uint64_t{4}}) Damage(sequence, [](std::string& value) { value.clear(); });
  ASSERT_OK(log_->SetAsideUnreadable());
  EXPECT_EQ(log_->DeliveredPosition(), 2u);
  DeliveryCommit third{.up_to_sequence = 3, .sink_state = "", .account_counts = {{"south", {.delivered = 1}}}, .refused = {}};
  ASSERT_OK(log_->CommitDelivered(third));
  ASSERT_OK(log_->SetAsideUnreadable());
  DeliveryCommit last{.up_to_sequence = 5, .sink_state = "", .account_counts = {{"north", {.delivered = 1}}}, .refused = {}};
  ASSERT_OK(log_->CommitDelivered(last));
  for (const ledger::v1::AccountLedger& entry : log_->GetLedger()) {
    EXPECT_EQ(entry.pending_count(), 0) << entry.account_name();
    EXPECT_EQ(entry.quarantined_count(), 1) << entry.account_name();
    EXPECT_EQ(entry.delivered_count(), entry.account_name() == "west" ? 0 : 1) << entry.account_name();
  }
}

TEST_F(EventLogTest, RefusesBatchesAfterClose) {
  StoreThree();
  log_->Close();
  EXPECT_THAT(Append(*log_, {Event("w-4", "e-4")}), HasReason(Reason::kShuttingDown));
  EXPECT_THAT(log_->CommitDelivered(Delivered(1, 1)), HasReason(Reason::kShuttingDown));
}

TEST_F(EventLogTest, ScansByTimeNameAndSequence) {
  detect::v1::EventItem other = Event("w-3", "e-3", absl::Hours(1));
  other.mutable_event()->set_event("meeting.ended");
  ASSERT_OK(Append(*log_, {Event("w-1", "e-1", absl::Hours(3)), Event("w-2", "e-2", absl::Hours(2)), other, Event("w-4", "e-4")}));
  const auto scan = [this](ScanRange range) {
    std::vector<uint64_t> sequences;
    EXPECT_OK(log_->Scan(range, [&](const EventView& view) {
      sequences.push_back(view.sequence);
      return true;
    }));
    return sequences;
  };
  EXPECT_THAT(scan({}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(scan({.from_time = clock_.Now() - absl::Hours(2), .to_time = clock_.Now(), .wanted = {}}), ElementsAre(2, 3));
  EXPECT_THAT(scan({.begin_sequence = 2, .end_sequence = 4, .wanted = {}}), ElementsAre(2, 3));
  EXPECT_THAT(scan({.begin_sequence = 4, .end_sequence = 4, .wanted = {}}), IsEmpty());
  EXPECT_THAT(scan({.begin_sequence = 5, .wanted = {}}), IsEmpty());
  EXPECT_THAT(scan({.wanted = [](std::string_view name) { return name == "meeting.ended"; }}), ElementsAre(3));
}

TEST_F(EventLogTest, KnowsTheLeastReceiveTimeWhateverTheOrder) {
  EXPECT_EQ(log_->LeastReceiveTime(), absl::InfiniteFuture());
  const absl::Time now = clock_.Now();
  ASSERT_OK(Append(*log_, {Event("w-1", "e-1", absl::Hours(2)), Event("w-2", "e-2", absl::Hours(3))}));
  ASSERT_OK(Append(*log_, {Event("w-3", "e-3", absl::Hours(1))}));
  EXPECT_EQ(log_->LeastReceiveTime(), now - absl::Hours(3));
}

TEST_F(EventLogTest, KnowsWithWhichEventAColumnCameToBe) {
  EXPECT_THAT(*log_->Columns(), IsEmpty());
  // The second is a duplicate and is not stored; the fourth is no JSON.
  ASSERT_OK(Append(*log_, {EventWith("1", R"({"a":1})"), EventWith("1", R"({"z":1})"), EventWith("2", R"({"a":2,"b":{"c":"x"}})"),
                           EventWith("3", R"({"y":1)")}));
  ASSERT_OK(Append(*log_, {EventWith("4", R"({"b":{"c":"y","d":true}})"), EventWith("5", R"({"a":"a text"})")}));
  const ColumnSequences expected = {{"a_d", 1}, {"b_c_s", 2}, {"b_d_b", 4}, {"a_s", 5}};
  EXPECT_EQ(*log_->Columns(), expected);
  Open();
  EXPECT_EQ(*log_->Columns(), expected);
}

TEST_F(EventLogTest, KeepsAColumnWhoseEventsAreGone) {
  ASSERT_OK(Append(*log_, {EventWith("1", R"({"a":1})", absl::Hours(24 * 40))}));
  ASSERT_OK(log_->CommitDelivered(Delivered(1, 1)));
  ASSERT_OK(log_->ApplyRetention());
  EXPECT_EQ(log_->FirstSequence(), 2u);
  ASSERT_OK(Append(*log_, {EventWith("2", R"({"a":2})")}));
  Open();
  EXPECT_EQ(*log_->Columns(), (ColumnSequences{{"a_d", 1}}));
}

TEST_F(EventLogTest, KeepsNoMoreColumnsThanItMay) {
  std::string payload = R"({"first":1)";
  for (size_t i = 0; i < event_table::kMaxLegacyNames; ++i) payload += ",\"k" + std::to_string(i) + "\":1";
  ASSERT_OK(Append(*log_, {EventWith("1", payload + "}"), EventWith("2", R"({"late":1})")}));
  ASSERT_OK(Append(*log_, {EventWith("3", R"({"later":1})")}));
  EXPECT_THAT(*log_->Columns(), SizeIs(event_table::kMaxLegacyNames));
  EXPECT_TRUE(log_->Columns()->contains("first_d"));
  EXPECT_FALSE(log_->Columns()->contains("late_d"));
  EXPECT_EQ(log_->EndSequence(), 4u);
}

TEST_F(EventLogTest, ResumesAScanBehindTheLastEventAcrossBlocks) {
  std::vector<detect::v1::EventItem> items;
  for (int i = 1; i <= 2500; ++i) items.push_back(Event("w-" + std::to_string(i), "e-" + std::to_string(i)));
  ASSERT_OK(Append(*log_, std::move(items)));
  EXPECT_EQ(log_->CountCandidates({}), 2500u);
  EXPECT_EQ(log_->CountCandidates({.begin_sequence = 2000, .wanted = {}}), 501u);
  EXPECT_EQ(log_->CountCandidates({.to_time = clock_.Now() - absl::Hours(1), .wanted = {}}), 0u);
  ScanRange range;
  uint64_t expected = 0;
  for (int part = 0; part < 4; ++part) {
    int passed = 0;
    ASSERT_OK(log_->Scan(range, [&](const EventView& view) {
      EXPECT_EQ(view.sequence, ++expected);
      range.begin_sequence = view.sequence + 1;
      return ++passed < 700;
    }));
    EXPECT_EQ(passed, part < 3 ? 700 : 400);
  }
}

TEST_F(EventLogTest, EventsSettledAheadArePassedWhenThePositionReachesThem) {
  ASSERT_OK(Append(*log_, {Event("w-1", "e-1"), Event("w-2", "e-2"), Event("w-3", "e-3"), Event("w-4", "e-4")}));
  DeliveryCommit commit = Delivered(0, 2);
  commit.ahead = {2, 4};
  ASSERT_OK(log_->CommitDelivered(commit));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(log_->DeliveredPosition(), 0u);
    EXPECT_THAT(log_->SettledAhead(), ElementsAre(2, 4));
    EXPECT_EQ(log_->SinkState(), "s");
    EXPECT_EQ(Ledger().delivered_count(), 2);
    EXPECT_EQ(Ledger().pending_count(), 2);
    Open();
    EXPECT_THAT(metrics_.Text(), ::testing::HasSubstr("zoomwatch_detector_log_pending_events 2\n"));
  }
  ASSERT_OK(log_->CommitDelivered(Delivered(1, 1)));
  EXPECT_EQ(log_->DeliveredPosition(), 2u);
  EXPECT_THAT(log_->SettledAhead(), ElementsAre(4));
  ASSERT_OK(log_->CommitDelivered(Delivered(3, 1)));
  EXPECT_EQ(log_->DeliveredPosition(), 4u);
  EXPECT_THAT(log_->SettledAhead(), IsEmpty());
  Open();
  EXPECT_EQ(log_->DeliveredPosition(), 4u);
  EXPECT_THAT(log_->SettledAhead(), IsEmpty());
}

TEST_F(EventLogTest, RefusesToSettleAnEventTwice) {
  ASSERT_OK(Append(*log_, {Event("w-1", "e-1"), Event("w-2", "e-2"), Event("w-3", "e-3"), Event("w-4", "e-4")}));
  const auto commit = [](uint64_t up_to, std::vector<uint64_t> ahead, int64_t count) {
    DeliveryCommit result = Delivered(up_to, count);
    result.ahead = std::move(ahead);
    return result;
  };
  ASSERT_OK(log_->CommitDelivered(commit(0, {3}, 1)));
  EXPECT_THAT(log_->CommitDelivered(commit(0, {3}, 1)), HasReason(Reason::kItemMalformed));
  EXPECT_THAT(log_->CommitDelivered(commit(2, {2}, 3)), HasReason(Reason::kItemMalformed)) << "not beyond the position";
  EXPECT_THAT(log_->CommitDelivered(commit(0, {4, 2}, 2)), HasReason(Reason::kItemMalformed)) << "out of order";
  EXPECT_THAT(log_->CommitDelivered(commit(0, {5}, 1)), HasReason(Reason::kItemMalformed)) << "not stored";
  EXPECT_THAT(log_->CommitDelivered(commit(0, {}, 0)), HasReason(Reason::kItemMalformed)) << "nothing";
  EXPECT_THAT(log_->CommitDelivered(commit(3, {}, 3)), HasReason(Reason::kItemMalformed)) << "one of them was settled";
  EXPECT_EQ(log_->DeliveredPosition(), 0u);
  EXPECT_EQ(Ledger().pending_count(), 3);
  ASSERT_OK(log_->CommitDelivered(commit(3, {}, 2)));
  EXPECT_EQ(Ledger().pending_count(), 1);
}

TEST_F(EventLogTest, CountsRoutesInTheSameWrite) {
  StoreThree();
  DeliveryCommit commit = Delivered(2, 1);
  DeliveryCounts& counts = commit.account_counts["main"];
  counts.not_sent = 1;
  counts.routes = {{"lake", {.rows = 1, .bytes = 100}}, {"away", {.rows = 1, .bytes = 7}}};
  ASSERT_OK(log_->CommitDelivered(commit));
  commit = Delivered(3, 1);
  commit.account_counts["main"].routes = {{"lake", {.rows = 1, .bytes = 11}}};
  ASSERT_OK(log_->CommitDelivered(commit));
  Open();
  const ledger::v1::AccountLedger entry = Ledger();
  ASSERT_EQ(entry.routes_size(), 2);
  EXPECT_EQ(entry.routes(0).name(), "away");
  EXPECT_EQ(entry.routes(0).row_count(), 1);
  EXPECT_EQ(entry.routes(0).byte_count(), 7);
  EXPECT_EQ(entry.routes(1).name(), "lake");
  EXPECT_EQ(entry.routes(1).row_count(), 2);
  EXPECT_EQ(entry.routes(1).byte_count(), 111);
  EXPECT_EQ(entry.not_sent_count(), 1);
}

TEST_F(EventLogTest, AnUnreadableEventBesideSettledOnesIsSetAsideOnce) {
  ASSERT_OK(Append(*log_, {Event("w-1", "e-1"), Event("w-2", "e-2"), EventOf("w-3", "e-3", clock_.Now(), "other"), Event("w-4", "e-4")}));
  DeliveryCommit commit = Delivered(0, 1);
  commit.ahead = {2};
  ASSERT_OK(log_->CommitDelivered(commit));
  Damage(1, [](std::string& value) { value = "damaged"; });
  Damage(2, [](std::string& value) { value = "damaged too, but delivered"; });
  ASSERT_OK(log_->SetAsideUnreadable());
  EXPECT_EQ(log_->DeliveredPosition(), 2u);
  const auto entries = log_->GetLedger();
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[0].quarantined_count(), 1);
  EXPECT_EQ(entries[0].delivered_count(), 1);
  EXPECT_EQ(entries[0].pending_count(), 1);
  EXPECT_EQ(entries[1].pending_count(), 1);
}

}  // namespace
}  // namespace zoomwatch::detector
