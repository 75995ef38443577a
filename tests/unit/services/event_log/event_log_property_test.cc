// The event log against a model in memory: random batches, deliveries and restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "tests/unit/services/event_log/event_log_items.h"

namespace zoomwatch::detector {
namespace {

using detect::v1::EventItem;
using testing::HasReason;

constexpr absl::Duration kDeduplicationHorizon = absl::Hours(24);
constexpr absl::Duration kDeliveryHorizon = absl::Hours(72);
constexpr int kSteps = 60;

struct Counts {
  int64_t forwarded = 0;
  int64_t delivered = 0;
  int64_t not_sent = 0;
  int64_t duplicate = 0;
  int64_t quarantined = 0;
  int64_t pending = 0;
  bool operator==(const Counts&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Counts& counts) {
  return out << "forwarded " << counts.forwarded << " delivered " << counts.delivered << " not_sent " << counts.not_sent
             << " duplicate " << counts.duplicate << " quarantined " << counts.quarantined << " pending " << counts.pending;
}

// What the log must hold, told as plainly as possible.
struct Model {
  struct Outcome {
    int accepted = 0;
    int duplicates = 0;
    std::vector<int> rejected;
  };
  Outcome Append(const std::vector<EventItem>& items, absl::Time now);
  void Commit(const DeliveryCommit& commit, absl::Time now);

  std::map<std::string, absl::Time> deliveries;  // webhook_id -> when it was stored
  std::map<std::string, absl::Time> identities;  // event_id -> receive time of the stored event
  std::vector<event::v1::Event> events;          // sequence - 1
  std::vector<QuarantineEntry> quarantine;       // id - 1
  std::map<std::string, Counts> ledger;
  uint64_t delivered = 0;
  std::set<uint64_t> ahead;  // of delivered
  std::string sink_state;
};

bool IsMalformed(const EventItem& item) {
  if (item.webhook_id().empty()) return true;
  if (item.has_quarantined()) return item.quarantined().account_name().empty();
  return !item.has_event() || item.event().event_id().empty() || item.event().event().empty() ||
         item.event().account_name().empty();
}

Model::Outcome Model::Append(const std::vector<EventItem>& items, absl::Time now) {
  Outcome outcome;
  for (size_t i = 0; i < items.size(); ++i) {
    const EventItem& item = items[i];
    if (IsMalformed(item)) {
      outcome.rejected.push_back(static_cast<int>(i));
      continue;
    }
    ++outcome.accepted;
    const auto resent = deliveries.find(item.webhook_id());
    if (resent != deliveries.end() && now - resent->second < kDeliveryHorizon) continue;
    deliveries[item.webhook_id()] = now;
    Counts& counts = ledger[item.has_event() ? item.event().account_name() : item.quarantined().account_name()];
    ++counts.forwarded;
    if (item.has_quarantined()) {
      ++counts.quarantined;
      quarantine.push_back({.id = quarantine.size() + 1, .time = now, .account_name = item.quarantined().account_name(),
                            .webhook_id = item.webhook_id(), .reason = item.quarantined().reason(),
                            .message = item.quarantined().message(), .body = item.quarantined().body()});
      continue;
    }
    const absl::Time receive_time = absl::FromUnixSeconds(item.event().receive_time().seconds());
    const auto known = identities.find(item.event().event_id());
    if (known != identities.end() && absl::AbsDuration(receive_time - known->second) < kDeduplicationHorizon) {
      ++outcome.duplicates;
      ++counts.duplicate;
      continue;
    }
    identities[item.event().event_id()] = receive_time;
    events.push_back(item.event());
    ++counts.pending;
  }
  return outcome;
}

void Model::Commit(const DeliveryCommit& commit, absl::Time now) {
  for (const RefusedRow& row : commit.refused) {
    const event::v1::Event& event = events[row.sequence - 1];
    quarantine.push_back({.id = quarantine.size() + 1, .time = now, .account_name = event.account_name(),
                          .webhook_id = event.webhook_id(), .reason = row.reason, .message = row.message,
                          .body = event.SerializeAsString(), .sequence = row.sequence});
  }
  for (const auto& [account, counts] : commit.account_counts) {
    Counts& entry = ledger[account];
    entry.delivered += counts.delivered;
    entry.not_sent += counts.not_sent;
    entry.quarantined += counts.quarantined;
    entry.pending -= counts.delivered + counts.not_sent + counts.quarantined;
  }
  ahead.insert(commit.ahead.begin(), commit.ahead.end());
  delivered = commit.up_to_sequence;
  while (ahead.contains(delivered + 1)) ++delivered;
  std::erase_if(ahead, [this](uint64_t sequence) { return sequence <= delivered; });
  sink_state = commit.sink_state;
}

class EventLogProperty : public ::testing::TestWithParam<unsigned> {
 protected:
  void Open() {
    log_.reset();
    auto log = EventLog::Open({.directory = dir_.file("events"), .deduplication_horizon = kDeduplicationHorizon,
                               .retention = absl::Hours(24 * 3650), .delivery_horizon = kDeliveryHorizon},
                              clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
  }
  int Random(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
  std::string Account() { return Random(3) == 0 ? "second account" : "main"; }

  EventItem RandomItem();
  DeliveryCommit RandomCommit();
  void AppendBatches();
  void CommitSome();
  void RefuseBadCommit();
  void Compare();
  void CompareEvents();
  void CompareQuarantine();

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  Metrics metrics_;
  std::mt19937 random_{GetParam()};
  int next_webhook_ = 0;
  Model model_;
  std::unique_ptr<EventLog> log_;
};

EventItem EventLogProperty::RandomItem() {
  // An old webhook_id now and then (a resend), and few event_ids, so that repeats within and across batches are common.
  const bool resend = next_webhook_ > 0 && Random(6) == 0;
  const std::string webhook_id = "w-" + std::to_string(resend ? Random(next_webhook_) : next_webhook_++);
  if (Random(8) == 0) return QuarantinedOf(webhook_id, Account());
  // Never older than the horizon: what the store forgets then is out of the question.
  const absl::Time receive_time = clock_.Now() - absl::Minutes(Random(20 * 60));
  EventItem item = EventOf(webhook_id, "e-" + std::to_string(Random(150)), receive_time, Account());
  switch (Random(40)) {
    case 0: item.clear_webhook_id(); break;
    case 1: item.clear_outcome(); break;
    case 2: item.mutable_event()->clear_event_id(); break;
    case 3: item.mutable_event()->clear_event(); break;
    case 4: item.mutable_event()->clear_account_name(); break;
    default: break;
  }
  return item;
}

void EventLogProperty::AppendBatches() {
  std::vector<Model::Outcome> expected;
  std::vector<std::future<absl::StatusOr<BatchResult>>> results;
  for (int batches = 1 + Random(3); batches > 0; --batches) {  // without waiting: the writer may put them into one write
    std::vector<EventItem> items;
    for (int i = Random(12); i > 0; --i) items.push_back(RandomItem());
    expected.push_back(model_.Append(items, clock_.Now()));
    results.push_back(StartAppend(*log_, std::move(items)));
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    const absl::StatusOr<BatchResult> result = results[i].get();
    ASSERT_OK(result);
    EXPECT_EQ(result->accepted_count, expected[i].accepted);
    EXPECT_EQ(result->duplicate_count, expected[i].duplicates);
    std::vector<int> rejected;
    for (const RejectedItem& item : result->rejected) {
      EXPECT_EQ(item.reason, "ITEM_MALFORMED");
      rejected.push_back(item.index);
    }
    EXPECT_EQ(rejected, expected[i].rejected);
  }
}

DeliveryCommit EventLogProperty::RandomCommit() {
  const uint64_t pending = model_.events.size() - model_.delivered;
  DeliveryCommit commit{.up_to_sequence = model_.delivered + static_cast<uint64_t>(Random(static_cast<int>(pending) + 1)),
                        .sink_state = "state " + std::to_string(Random(1000)), .account_counts = {}, .refused = {}};
  std::vector<uint64_t> settled;
  for (uint64_t sequence = model_.delivered + 1; sequence <= commit.up_to_sequence; ++sequence) {
    if (!model_.ahead.contains(sequence)) settled.push_back(sequence);
  }
  // Some beyond that are not the next; and something is settled in any case.
  for (uint64_t sequence = commit.up_to_sequence + 2; sequence <= model_.events.size(); ++sequence) {
    if (Random(5) == 0 && !model_.ahead.contains(sequence)) commit.ahead.push_back(sequence);
  }
  if (settled.empty() && commit.ahead.empty()) {
    ++commit.up_to_sequence;
    settled.push_back(commit.up_to_sequence);
  }
  settled.insert(settled.end(), commit.ahead.begin(), commit.ahead.end());
  for (const uint64_t sequence : settled) {
    DeliveryCounts& counts = commit.account_counts[model_.events[sequence - 1].account_name()];
    const int choice = Random(10);
    if (choice == 0) {
      ++counts.quarantined;
      commit.refused.push_back({.sequence = sequence, .reason = "ROW_REFUSED", .message = "row too large"});
    } else if (choice <= 2) {
      ++counts.not_sent;
    } else {
      ++counts.delivered;
    }
  }
  return commit;
}

void EventLogProperty::CommitSome() {
  if (model_.delivered == model_.events.size()) return;
  const DeliveryCommit commit = RandomCommit();
  EXPECT_OK(log_->CommitDelivered(commit));
  model_.Commit(commit, clock_.Now());
}

// One fault in a commit that is right otherwise; the comparison shows that nothing of it remained.
void EventLogProperty::RefuseBadCommit() {
  if (model_.delivered == model_.events.size()) return;
  DeliveryCommit commit = RandomCommit();
  switch (Random(7)) {
    case 0:
      commit = DeliveryCommit();
      commit.up_to_sequence = model_.delivered;
      break;
    case 1: commit.up_to_sequence = model_.events.size() + 1; break;
    case 2: ++commit.account_counts.begin()->second.delivered; break;
    case 3: commit.ahead.push_back(model_.events.size() + 1); break;
    case 4: commit.ahead.insert(commit.ahead.begin(), commit.up_to_sequence); break;
    case 5: commit.account_counts.begin()->second.routes["main"].rows = -1; break;
    default: commit.refused.push_back({.sequence = commit.up_to_sequence + 1, .reason = "ROW_REFUSED", .message = ""}); break;
  }
  EXPECT_THAT(log_->CommitDelivered(std::move(commit)), HasReason(Reason::kItemMalformed));
}

void EventLogProperty::CompareEvents() {
  const uint64_t from = 1 + static_cast<uint64_t>(Random(static_cast<int>(model_.events.size()) + 1));
  const size_t most = 1 + static_cast<size_t>(Random(400));
  const auto read = log_->ReadFrom(from, most, size_t{64} << 20);
  ASSERT_OK(read);
  ASSERT_EQ(read->size(), std::min<size_t>(most, model_.events.size() - (from - 1)));
  for (size_t i = 0; i < read->size(); ++i) {
    EXPECT_EQ((*read)[i].sequence, from + i);
    EXPECT_EQ((*read)[i].event.SerializeAsString(), model_.events[from + i - 1].SerializeAsString());
  }
}

void EventLogProperty::CompareQuarantine() {
  const auto entries = log_->ListQuarantine(0, model_.quarantine.size() + 1);
  ASSERT_OK(entries);
  ASSERT_EQ(entries->size(), model_.quarantine.size());
  for (size_t i = 0; i < entries->size(); ++i) {
    const QuarantineEntry& got = (*entries)[i];
    const QuarantineEntry& want = model_.quarantine[i];
    EXPECT_EQ(std::tie(got.id, got.time, got.account_name, got.webhook_id, got.reason, got.message, got.body, got.sequence),
              std::tie(want.id, want.time, want.account_name, want.webhook_id, want.reason, want.message, want.body,
                       want.sequence));
  }
}

void EventLogProperty::Compare() {
  std::map<std::string, Counts> ledger;
  for (const ledger::v1::AccountLedger& entry : log_->GetLedger()) {
    ledger[entry.account_name()] = {.forwarded = entry.forwarded_count(), .delivered = entry.delivered_count(),
                                    .not_sent = entry.not_sent_count(), .duplicate = entry.duplicate_count(),
                                    .quarantined = entry.quarantined_count(), .pending = entry.pending_count()};
    EXPECT_EQ(entry.forwarded_count(), entry.delivered_count() + entry.not_sent_count() + entry.duplicate_count() +
                                           entry.quarantined_count() + entry.pending_count());
  }
  EXPECT_EQ(ledger, model_.ledger);
  EXPECT_EQ(log_->DeliveredPosition(), model_.delivered);
  EXPECT_EQ(log_->SettledAhead(), std::vector<uint64_t>(model_.ahead.begin(), model_.ahead.end()));
  EXPECT_EQ(log_->SinkState(), model_.sink_state);
  EXPECT_EQ(log_->FirstSequence(), 1u);
  EXPECT_EQ(log_->EndSequence(), model_.events.size() + 1);
  CompareEvents();
  CompareQuarantine();
}

TEST_P(EventLogProperty, AgreesWithTheModel) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Open();
  for (int step = 0; step < kSteps && !HasFailure(); ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    const int choice = Random(20);
    if (choice == 0) Open();
    else if (choice <= 5) CommitSome();
    else if (choice <= 7) RefuseBadCommit();
    else if (choice <= 9) clock_.Advance(absl::Hours(Random(24)));
    else AppendBatches();
    Compare();
  }
  EXPECT_GT(model_.events.size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, EventLogProperty, ::testing::Range(1u, 9u));

}  // namespace
}  // namespace zoomwatch::detector
