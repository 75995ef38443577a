#include "services/receiver/forwarder.h"

#include <gmock/gmock.h>

#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "common/status/reasons.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"

namespace zoomwatch::receiver {
namespace {

using testing::HasReason;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Done = std::function<void(absl::StatusOr<BatchResult>)>;

struct Sent {
  std::string batch_id;
  std::vector<std::string> bodies;
  Done done;
};

BatchResult Accepted(const Sent& sent) { return {.accepted_count = static_cast<int>(sent.bodies.size()), .rejected = {}}; }

// Answers by itself, failing the first attempts; or holds every batch until the test answers. Thread-safe.
class FakeSink final : public EventSink<ingest::v1::RawWebhook> {
 public:
  explicit FakeSink(testing::FakeClock& clock) : clock_(clock) {}

  void Send(const std::string& batch_id, const std::vector<ingest::v1::RawWebhook>& webhooks, Done done) override {
    Sent sent{batch_id, {}, std::move(done)};
    for (const auto& webhook : webhooks) sent.bodies.push_back(webhook.body());
    absl::Status failure;
    {
      MutexLock lock(mutex_);
      attempts_.push_back(batch_id);
      if (failures_ > 0) {
        --failures_;
        failure = failure_;
      } else if (held_) {
        waiting_.push_back(std::move(sent));
        changed_.NotifyAll();
        return;
      } else {
        stored_.insert(stored_.end(), sent.bodies.begin(), sent.bodies.end());
      }
    }
    if (failure.ok()) {
      sent.done(Accepted(sent));
    } else {
      sent.done(failure);
      clock_.Advance(absl::Seconds(10));  // past any back-off
    }
  }

  void FailNext(int attempts, absl::Status failure) {
    MutexLock lock(mutex_);
    failures_ = attempts;
    failure_ = std::move(failure);
  }
  void Hold() {
    MutexLock lock(mutex_);
    held_ = true;
  }
  // The next `count` batches that are held, in the order they were sent.
  std::vector<Sent> Await(size_t count) {
    MutexLock lock(mutex_);
    while (waiting_.size() < count) changed_.Wait(mutex_);
    return std::exchange(waiting_, {});
  }
  size_t held_count() const {
    MutexLock lock(mutex_);
    return waiting_.size();
  }
  std::vector<std::string> attempts() const {
    MutexLock lock(mutex_);
    return attempts_;
  }
  std::vector<std::string> stored() const {
    MutexLock lock(mutex_);
    return stored_;
  }

 private:
  testing::FakeClock& clock_;
  mutable Mutex mutex_;
  CondVar changed_;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> attempts_ ABSL_GUARDED_BY(mutex_);
  std::vector<Sent> waiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> stored_ ABSL_GUARDED_BY(mutex_);
};

class ForwarderTest : public ::testing::Test {
 protected:
  void SetUp() override { OpenSpool(); }

  void OpenSpool() {
    spool_.reset();
    auto spool = Spool::Open({.directory = dir_.file("spool")}, storage::PosixFileSystem(), clock_, metrics_);
    ASSERT_OK(spool);
    spool_ = *std::move(spool);
  }

  void Store(const std::vector<std::string>& bodies) {
    for (const std::string& body : bodies) {
      ingest::v1::RawWebhook webhook;
      webhook.set_body(body);
      webhook.set_account_name("northwind");
      webhook.mutable_receive_time()->set_seconds(1795512600);
      std::promise<absl::Status> stored;
      spool_->Store(std::move(webhook), [&](absl::Status status) { stored.set_value(std::move(status)); });
      ASSERT_OK(stored.get_future().get());
    }
  }

  void AwaitSpooled(uint64_t items) {
    while (spool_->GetStats().items != items) std::this_thread::yield();
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1795512600)};
  Metrics metrics_;
  std::unique_ptr<Spool> spool_;
};

TEST_F(ForwarderTest, KeepsTheOrderThroughFailures) {
  Store({"a", "b", "c", "d", "e"});
  FakeSink sink(clock_);
  sink.FailNext(5, Error(Reason::kOverloaded, "busy"));
  Forwarder forwarder({.max_items = 2, .max_in_flight = 1}, *spool_, sink, clock_, metrics_);
  forwarder.Start();
  AwaitSpooled(0);
  forwarder.Stop(clock_.Now());
  EXPECT_THAT(sink.stored(), ElementsAre("a", "b", "c", "d", "e"));
  const auto attempts = sink.attempts();
  ASSERT_EQ(attempts.size(), 8u);
  for (size_t i = 1; i <= 5; ++i) EXPECT_EQ(attempts[i], attempts[0]);  // resent under one id, and nothing newer meanwhile
  EXPECT_NE(attempts[6], attempts[0]);
  EXPECT_OK(forwarder.health());
}

TEST_F(ForwarderTest, AFailureThatAPersonMustRepairIsRepeatedToo) {
  Store({"a"});
  FakeSink sink(clock_);
  sink.FailNext(2, Error(Reason::kPeerNotAllowed, "unknown certificate"));
  Forwarder forwarder({}, *spool_, sink, clock_, metrics_);
  forwarder.Start();
  AwaitSpooled(0);
  forwarder.Stop(clock_.Now());
  EXPECT_THAT(sink.stored(), ElementsAre("a"));
  EXPECT_EQ(sink.attempts().size(), 3u);
}

TEST_F(ForwarderTest, BatchesMayFinishInAnyOrder) {
  Store({"a", "b", "c"});
  FakeSink sink(clock_);
  sink.Hold();
  Forwarder forwarder({.max_items = 1, .max_in_flight = 3}, *spool_, sink, clock_, metrics_);
  forwarder.Start();
  auto sent = sink.Await(3);
  EXPECT_THAT(sent[0].bodies, ElementsAre("a"));
  EXPECT_THAT(sent[1].bodies, ElementsAre("b"));
  EXPECT_THAT(sent[2].bodies, ElementsAre("c"));
  for (const size_t i : {2u, 0u, 1u}) sent[i].done(Accepted(sent[i]));
  AwaitSpooled(0);
  forwarder.Stop(clock_.Now());
}

TEST_F(ForwarderTest, NoMoreBatchesThanTheLimitAreOnTheWay) {
  Store({"a", "b", "c"});
  FakeSink sink(clock_);
  sink.Hold();
  Forwarder forwarder({.max_items = 1, .max_in_flight = 2}, *spool_, sink, clock_, metrics_);
  forwarder.Start();
  auto sent = sink.Await(2);
  EXPECT_EQ(sent.size(), 2u);
  sent[1].done(Accepted(sent[1]));
  auto third = sink.Await(1);
  EXPECT_THAT(third[0].bodies, ElementsAre("c"));
  EXPECT_EQ(sink.attempts().size(), 3u);
  sent[0].done(Accepted(sent[0]));
  third[0].done(Accepted(third[0]));
  AwaitSpooled(0);
  forwarder.Stop(clock_.Now());
}

TEST_F(ForwarderTest, WhatFailedOutOfOrderIsResentOldestFirst) {
  Store({"a", "b", "c", "d"});
  FakeSink sink(clock_);
  sink.Hold();
  Forwarder forwarder({.max_items = 1, .max_in_flight = 3}, *spool_, sink, clock_, metrics_);
  forwarder.Start();
  auto sent = sink.Await(3);
  for (const size_t i : {1u, 2u, 0u}) sent[i].done(Error(Reason::kOverloaded, "busy"));
  EXPECT_THAT(forwarder.health(), HasReason(Reason::kOverloaded));
  clock_.Advance(absl::Seconds(10));
  auto again = sink.Await(3);
  EXPECT_THAT(again[0].bodies, ElementsAre("a"));
  EXPECT_THAT(again[1].bodies, ElementsAre("b"));
  EXPECT_THAT(again[2].bodies, ElementsAre("c"));
  EXPECT_EQ(again[0].batch_id, sent[0].batch_id);
  for (Sent& batch : again) batch.done(Accepted(batch));
  auto last = sink.Await(1);
  EXPECT_THAT(last[0].bodies, ElementsAre("d"));
  last[0].done(Accepted(last[0]));
  AwaitSpooled(0);
  forwarder.Stop(clock_.Now());
  EXPECT_OK(forwarder.health());
}

TEST_F(ForwarderTest, RejectedWebhooksAreNotSentAgain) {
  Store({"a", "b"});
  FakeSink sink(clock_);
  sink.Hold();
  Forwarder forwarder({.max_items = 2}, *spool_, sink, clock_, metrics_);
  forwarder.Start();
  std::vector<Sent> sent = sink.Await(1);
  ASSERT_EQ(sent[0].bodies.size(), 2u);
  sent[0].done(BatchResult{.accepted_count = 1, .rejected = {{1, "ITEM_MALFORMED", "no account"}}});
  AwaitSpooled(0);
  forwarder.Stop(clock_.Now());
  EXPECT_EQ(sink.attempts().size(), 1u);
  const auto ledger = spool_->Ledger();
  ASSERT_EQ(ledger.size(), 1u);
  EXPECT_EQ(ledger[0].quarantined_count(), 1);
  EXPECT_EQ(ledger[0].forwarded_count(), 1);
}

TEST_F(ForwarderTest, StopDoesNotWaitForeverAndWhatIsOpenStaysInTheSpool) {
  Store({"a", "b"});
  {
    FakeSink sink(clock_);
    sink.Hold();
    Forwarder forwarder({.max_items = 1, .max_in_flight = 2}, *spool_, sink, clock_, metrics_);
    forwarder.Start();
    auto sent = sink.Await(2);
    sent[0].done(Accepted(sent[0]));
    forwarder.Stop(clock_.Now());
    forwarder.Stop(clock_.Now());
    EXPECT_EQ(spool_->GetStats().items, 1u);
    sent[1].done(absl::CancelledError("the sink is destroyed"));  // late, but before the forwarder is destroyed
    EXPECT_EQ(sink.held_count(), 0u);
  }
  spool_->Close();
  OpenSpool();
  FakeSink sink(clock_);
  Forwarder forwarder({}, *spool_, sink, clock_, metrics_);
  forwarder.Start();
  AwaitSpooled(0);
  forwarder.Stop(clock_.Now());
  EXPECT_THAT(sink.stored(), ElementsAre("b"));
}

TEST_F(ForwarderTest, AnOutcomeAfterStopStillCounts) {
  Store({"a"});
  FakeSink sink(clock_);
  sink.Hold();
  Forwarder forwarder({}, *spool_, sink, clock_, metrics_);
  forwarder.Start();
  auto sent = sink.Await(1);
  forwarder.Stop(absl::InfinitePast());
  sent[0].done(Accepted(sent[0]));
  EXPECT_EQ(spool_->GetStats().items, 0u);
}

TEST_F(ForwarderTest, StopWaitsForBatchesOnTheWay) {
  Store({"a"});
  FakeSink sink(clock_);
  sink.Hold();
  Forwarder forwarder({}, *spool_, sink, clock_, metrics_);
  forwarder.Start();
  auto sent = sink.Await(1);
  std::thread answers([&] { sent[0].done(Accepted(sent[0])); });
  forwarder.Stop(absl::InfiniteFuture());
  EXPECT_EQ(spool_->GetStats().items, 0u);
  answers.join();
}

TEST_F(ForwarderTest, NothingIsSentOfAnEmptySpool) {
  FakeSink sink(clock_);
  Forwarder forwarder({}, *spool_, sink, clock_, metrics_);
  forwarder.Start();
  forwarder.Stop(clock_.Now());
  EXPECT_THAT(sink.attempts(), IsEmpty());
  EXPECT_OK(forwarder.health());
}

}  // namespace
}  // namespace zoomwatch::receiver
