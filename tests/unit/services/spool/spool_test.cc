#include "services/receiver/spool/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "common/storage/segment_log.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "tests/unit/services/spool/spool_items.h"

namespace zoomwatch::receiver {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::HasReason;

const std::vector<RejectedItem> kNone;

std::vector<std::string> Bodies(const Spool::Batch& batch) {
  std::vector<std::string> bodies;
  for (const ingest::v1::RawWebhook& webhook : batch.webhooks) bodies.push_back(webhook.body());
  return bodies;
}

class SpoolTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  SpoolOptions Options() const {
    return {.directory = dir_.file("spool"), .max_disk_bytes = 1 << 20, .segment_bytes = 4096,
            .cursor_interval = absl::Milliseconds(1), .max_rejected_bytes = 1 << 16};
  }
  void Open() { Open(Options()); }
  void Open(SpoolOptions options) {
    spool_.reset();
    auto spool = Spool::Open(std::move(options), storage::PosixFileSystem(), clock_, metrics_);
    ASSERT_OK(spool);
    spool_ = *std::move(spool);
  }
  void StoreAll(const std::vector<std::string>& bodies) {
    for (const std::string& body : bodies) ASSERT_OK(Store(*spool_, body));
  }
  // Of webhooks that are there already.
  Spool::Batch Read(size_t max_items) {
    auto batch = spool_->ReadBatch(max_items, kAllBytes, kLong, {});
    EXPECT_OK(batch);
    return batch.ok() ? *std::move(batch) : Spool::Batch();
  }
  Spool::Batch ReadNothing() { return *spool_->ReadBatch(10, kAllBytes, absl::ZeroDuration(), {}); }
  // "account accepted=forwarded+quarantined+spooled", of all accounts.
  std::vector<std::string> Ledger() const {
    std::vector<std::string> lines;
    for (const ledger::v1::AccountLedger& entry : spool_->Ledger()) {
      lines.push_back(entry.account_name() + " " + std::to_string(entry.accepted_count()) + "=" +
                      std::to_string(entry.forwarded_count()) + "+" + std::to_string(entry.quarantined_count()) + "+" +
                      std::to_string(entry.spooled_count()));
    }
    return lines;
  }
  // The dead letters on disk. REQUIRES: the spool is closed.
  std::vector<ingest::v1::RawWebhook> DeadLetters() const {
    std::vector<ingest::v1::RawWebhook> letters;
    const auto log = storage::SegmentLog::Open({.folder = dir_.file("spool/rejected"), .segment_bytes = 4096,
                                                .max_disk_bytes = 1 << 16}, storage::PosixFileSystem());
    EXPECT_OK(log);
    const auto records = (*(*log)->NewReader(1))->Read(100, kAllBytes);
    EXPECT_OK(records);
    for (const storage::LogRecord& record : *records) EXPECT_TRUE(letters.emplace_back().ParseFromString(record.bytes));
    return letters;
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  Metrics metrics_;
  std::unique_ptr<Spool> spool_;
};

TEST_F(SpoolTest, GivesWebhooksInOrderEachOnceWithItsId) {
  StoreAll({"a", "b", "c"});
  const Spool::Batch first = Read(2);
  EXPECT_THAT(Bodies(first), ElementsAre("a", "b"));
  EXPECT_EQ(first.webhooks[0].webhook_id(), spool_->id() + "-1");
  EXPECT_EQ(first.webhooks[1].webhook_id(), spool_->id() + "-2");
  const Spool::Batch second = Read(2);
  EXPECT_THAT(Bodies(second), ElementsAre("c"));
  EXPECT_THAT(ReadNothing().webhooks, IsEmpty());
  EXPECT_THAT(Ledger(), ElementsAre("main 3=0+0+3"));
  spool_->Acknowledge(first, kNone);
  EXPECT_THAT(Ledger(), ElementsAre("main 3=2+0+1"));
  spool_->Acknowledge(second, kNone);
  EXPECT_THAT(Ledger(), ElementsAre("main 3=3+0+0"));
  EXPECT_EQ(spool_->GetStats().items, 0u);
}

TEST_F(SpoolTest, IgnoresAGivenWebhookId) {
  ingest::v1::RawWebhook webhook = Webhook("a");
  webhook.set_webhook_id("of-somebody-else");
  ASSERT_OK(StartStore(*spool_, webhook).get());
  EXPECT_EQ(Read(1).webhooks.at(0).webhook_id(), spool_->id() + "-1");
}

TEST_F(SpoolTest, AdvancesOnlyOverAcknowledgedBatchesInFront) {
  StoreAll({"a", "b", "c"});
  const Spool::Batch first = Read(1);
  const Spool::Batch second = Read(1);
  const Spool::Batch third = Read(1);
  spool_->Acknowledge(third, kNone);
  EXPECT_THAT(Ledger(), ElementsAre("main 3=0+0+3"));
  spool_->Acknowledge(first, kNone);
  EXPECT_THAT(Ledger(), ElementsAre("main 3=1+0+2"));
  spool_->Acknowledge(second, kNone);
  EXPECT_THAT(Ledger(), ElementsAre("main 3=3+0+0"));
}

TEST_F(SpoolTest, ReadsAgainFromTheFirstUnacknowledgedAfterARestart) {
  StoreAll({"a", "b", "c", "d"});
  const std::string id = spool_->id();
  spool_->Acknowledge(Read(1), kNone);
  Read(1);
  spool_->Acknowledge(Read(1), kNone);  // behind a gap, so it is read again
  Open();
  EXPECT_EQ(spool_->id(), id);
  EXPECT_THAT(Ledger(), ElementsAre("main 4=1+0+3"));
  const Spool::Batch rest = Read(10);
  EXPECT_THAT(Bodies(rest), ElementsAre("b", "c", "d"));
  EXPECT_EQ(rest.webhooks[0].webhook_id(), id + "-2");
  EXPECT_EQ(rest.webhooks[2].webhook_id(), id + "-4");
}

TEST_F(SpoolTest, KeepsTheLedgerOfEachAccountAcrossRestarts) {
  ASSERT_OK(Store(*spool_, "a", "main"));
  ASSERT_OK(Store(*spool_, "b", "second account"));
  ASSERT_OK(Store(*spool_, "c", "main"));
  spool_->Acknowledge(Read(2), {{.index = 0, .reason = "ITEM_MALFORMED", .message = "m"}});
  Open();
  EXPECT_THAT(Ledger(), ElementsAre("main 2=0+1+1", "second account 1=1+0+0"));
  ASSERT_OK(Store(*spool_, "d", "second account"));
  Open();
  EXPECT_THAT(Ledger(), ElementsAre("main 2=0+1+1", "second account 2=1+0+1"));
  spool_->Acknowledge(Read(10), kNone);
  Open();
  EXPECT_THAT(Ledger(), ElementsAre("main 2=1+1+0", "second account 2=2+0+0"));
  EXPECT_THAT(ReadNothing().webhooks, IsEmpty());
}

TEST_F(SpoolTest, KeepsRejectedWebhooksAsDeadLetters) {
  StoreAll({"a", "b", "c"});
  // Indices that no item has are the peer's mistake and count for nothing.
  spool_->Acknowledge(Read(3), {{.index = 1, .reason = "ITEM_MALFORMED", .message = "m"},
                                {.index = -1, .reason = "ITEM_MALFORMED", .message = "m"},
                                {.index = 3, .reason = "ITEM_MALFORMED", .message = "m"}});
  spool_->Close();
  EXPECT_THAT(Ledger(), ElementsAre("main 3=2+1+0"));
  const std::vector<ingest::v1::RawWebhook> letters = DeadLetters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].body(), "b");
  EXPECT_EQ(letters[0].webhook_id(), spool_->id() + "-2");
}

TEST_F(SpoolTest, CountsAnItemThatIsRejectedTwiceOnce) {
  StoreAll({"a", "b"});
  spool_->Acknowledge(Read(2), {{.index = 0, .reason = "ITEM_MALFORMED", .message = "m"},
                                {.index = 0, .reason = "ITEM_MALFORMED", .message = "m"}});
  spool_->Close();
  EXPECT_THAT(Ledger(), ElementsAre("main 2=1+1+0"));
  EXPECT_THAT(DeadLetters(), SizeIs(1));
}

TEST_F(SpoolTest, IsFullFromMaxItemsOn) {
  SpoolOptions options = Options();
  options.max_items = 3;
  Open(options);
  StoreAll({"a", "b"});
  EXPECT_OK(Store(*spool_, "c"));
  EXPECT_THAT(Store(*spool_, "d"), HasReason(Reason::kSpoolFull));
  EXPECT_THAT(Ledger(), ElementsAre("main 3=0+0+3"));
  EXPECT_OK(spool_->health());
  spool_->Acknowledge(Read(1), kNone);
  Open(options);  // the cursor is on disk then, and the place is free
  EXPECT_OK(Store(*spool_, "e"));
  EXPECT_THAT(Store(*spool_, "f"), HasReason(Reason::kSpoolFull));
  EXPECT_THAT(Bodies(Read(10)), ElementsAre("b", "c", "e"));
}

TEST_F(SpoolTest, RefusesWebhooksAfterClose) {
  spool_->Close();
  EXPECT_THAT(Store(*spool_, "a"), HasReason(Reason::kShuttingDown));
}

TEST_F(SpoolTest, LosesNothingWhileThreadsStoreAndOneReads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 50;
  std::vector<std::thread> writers;
  for (int t = 0; t < kThreads; ++t) {
    writers.emplace_back([this, t] {
      for (int i = 0; i < kEach; ++i) EXPECT_OK(Store(*spool_, std::to_string(t) + "/" + std::to_string(i)));
    });
  }
  std::vector<std::string> bodies;
  while (bodies.size() < kThreads * kEach && !HasFailure()) {
    const Spool::Batch batch = Read(7);
    for (const std::string& body : Bodies(batch)) bodies.push_back(body);
    spool_->Acknowledge(batch, kNone);
  }
  for (std::thread& writer : writers) writer.join();
  std::sort(bodies.begin(), bodies.end());
  EXPECT_EQ(std::unique(bodies.begin(), bodies.end()), bodies.end());
  EXPECT_THAT(Ledger(), ElementsAre("main 200=200+0+0"));
}

}  // namespace
}  // namespace zoomwatch::receiver
