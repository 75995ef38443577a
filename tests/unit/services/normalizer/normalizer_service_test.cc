#include "services/normalizer/normalizer_service.h"

#include <gmock/gmock.h>

#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "common/sync/mutex.h"
#include "common/testing/status_matchers.h"
#include "tests/unit/services/normalizer/normalize_body.h"

namespace zoomwatch {
namespace {

using detect::v1::EventItem;
using ingest::v1::RawWebhook;
using testing::HasReason;
using testing::HasReasonAndMessage;

// Keeps what it gets until the test answers. Thread-safe.
class HeldSink final : public EventSink<EventItem> {
 public:
  struct Sent {
    std::string batch_id;
    std::vector<EventItem> items;
    std::function<void(absl::StatusOr<BatchResult>)> done;
  };

  void Send(const std::string& batch_id, const std::vector<EventItem>& items,
            std::function<void(absl::StatusOr<BatchResult>)> done) override {
    MutexLock lock(mutex_);
    sent_.push_back({batch_id, items, std::move(done)});
  }

  std::vector<Sent> Take() {
    MutexLock lock(mutex_);
    return std::exchange(sent_, {});
  }

 private:
  Mutex mutex_;
  std::vector<Sent> sent_ ABSL_GUARDED_BY(mutex_);
};

class NormalizerServiceTest : public ::testing::Test {
 protected:
  using Answer = std::optional<absl::StatusOr<BatchResult>>;

  explicit NormalizerServiceTest(int max_batches_in_flight = 2) : service_({.max_batches_in_flight = max_batches_in_flight}, sink_, metrics_) {}

  static NormalizerService::Done Into(Answer& answer) {
    return [&answer](absl::StatusOr<BatchResult> result) { answer = std::move(result); };
  }
  static BatchResult AllOf(const HeldSink::Sent& sent) { return {.accepted_count = static_cast<int>(sent.items.size()), .rejected = {}}; }

  Metrics metrics_;
  HeldSink sink_;
  NormalizerService service_;
};

RawWebhook Started(const std::string& webhook_id) { return MakeWebhook(R"({"event":"meeting.started"})", webhook_id); }

TEST_F(NormalizerServiceTest, AnswersWhenTheSinkHasAnswered) {
  Answer answer;
  service_.HandleBatch("batch-1", {Started("h1"), MakeWebhook("{}", "h2")}, Into(answer));
  EXPECT_FALSE(answer.has_value());
  EXPECT_EQ(service_.batches_in_flight(), 1);
  const auto sent = sink_.Take();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].batch_id, "batch-1");
  ASSERT_EQ(sent[0].items.size(), 2u);
  EXPECT_EQ(sent[0].items[0].event().event(), "meeting.started");
  EXPECT_EQ(sent[0].items[1].quarantined().reason(), "EVENT_NAME_MISSING");
  sent[0].done(BatchResult{.accepted_count = 2, .duplicate_count = 1, .rejected = {}});
  ASSERT_TRUE(answer.has_value());
  ASSERT_OK(*answer);
  EXPECT_EQ((*answer)->accepted_count, 2);
  EXPECT_EQ((*answer)->duplicate_count, 1);
  EXPECT_EQ(service_.batches_in_flight(), 0);
}

TEST_F(NormalizerServiceTest, RefusesTheBatchBeyondTheLimitUntilOneIsAnswered) {
  Answer first;
  Answer second;
  Answer third;
  Answer fourth;
  service_.HandleBatch("b1", {Started("h1")}, Into(first));
  service_.HandleBatch("b2", {Started("h2")}, Into(second));
  service_.HandleBatch("b3", {Started("h3")}, Into(third));
  EXPECT_FALSE(second.has_value());
  ASSERT_TRUE(third.has_value());
  EXPECT_THAT(*third, HasReasonAndMessage(Reason::kOverloaded, "batches in flight: limit 2 reached"));
  const auto sent = sink_.Take();
  ASSERT_EQ(sent.size(), 2u);
  sent[0].done(AllOf(sent[0]));
  service_.HandleBatch("b3", {Started("h3")}, Into(fourth));
  const auto resent = sink_.Take();
  ASSERT_EQ(resent.size(), 1u);
  sent[1].done(AllOf(sent[1]));
  resent[0].done(AllOf(resent[0]));
  ASSERT_TRUE(fourth.has_value());
  EXPECT_OK(*fourth);
  EXPECT_EQ(service_.batches_in_flight(), 0);
}

TEST_F(NormalizerServiceTest, RejectsMalformedItemsAndMapsTheSinksIndexes) {
  RawWebhook without_account = Started("h2");
  without_account.clear_account_name();
  RawWebhook without_time = Started("h4");
  without_time.clear_receive_time();
  Answer answer;
  service_.HandleBatch("b", {Started(""), Started("h1"), without_account, Started("h3"), without_time, Started("h5")}, Into(answer));
  const auto sent = sink_.Take();
  ASSERT_EQ(sent.size(), 1u);
  ASSERT_EQ(sent[0].items.size(), 3u);
  EXPECT_EQ(sent[0].items[1].webhook_id(), "h3");
  sent[0].done(BatchResult{.accepted_count = 1, .rejected = {{2, "ITEM_MALFORMED", "two"}, {1, "STORE_FULL", "one"}}});
  ASSERT_TRUE(answer.has_value());
  ASSERT_OK(*answer);
  const std::vector<RejectedItem>& rejected = (*answer)->rejected;
  ASSERT_EQ(rejected.size(), 5u);
  const int indexes[] = {0, 2, 3, 4, 5};
  for (size_t i = 0; i < rejected.size(); ++i) EXPECT_EQ(rejected[i].index, indexes[i]);
  EXPECT_EQ(rejected[0].reason, "ITEM_MALFORMED");
  EXPECT_EQ(rejected[0].message, "webhook_id, account_name or receive_time is absent");
  EXPECT_EQ(rejected[2].reason, "STORE_FULL");
  EXPECT_EQ(rejected[2].message, "one");
  EXPECT_EQ(rejected[4].message, "two");
}

TEST_F(NormalizerServiceTest, ABatchOfMalformedItemsNeverReachesTheSink) {
  Answer answer;
  service_.HandleBatch("b", {Started("")}, Into(answer));
  EXPECT_TRUE(sink_.Take().empty());
  ASSERT_TRUE(answer.has_value());
  ASSERT_OK(*answer);
  ASSERT_EQ((*answer)->rejected.size(), 1u);
  EXPECT_EQ((*answer)->rejected[0].reason, "ITEM_MALFORMED");
  EXPECT_EQ(service_.batches_in_flight(), 0);
}

TEST_F(NormalizerServiceTest, AnEmptyBatchIsAnsweredAtOnce) {
  Answer answer;
  service_.HandleBatch("b", {}, Into(answer));
  ASSERT_TRUE(answer.has_value());
  EXPECT_OK(*answer);
  EXPECT_EQ(service_.batches_in_flight(), 0);
}

TEST_F(NormalizerServiceTest, PassesTheSinksErrorThrough) {
  Answer answer;
  service_.HandleBatch("b", {Started("h1")}, Into(answer));
  sink_.Take().at(0).done(Error(Reason::kStoreFull, "the log holds 50 GB"));
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(*answer, HasReasonAndMessage(Reason::kStoreFull, "the log holds 50 GB"));
  EXPECT_EQ(service_.batches_in_flight(), 0);
}

TEST_F(NormalizerServiceTest, ARejectionOfAnItemThatWasNotSentFailsTheBatch) {
  for (const int index : {-1, 1}) {
    Answer answer;
    service_.HandleBatch("b", {Started("h1")}, Into(answer));
    sink_.Take().at(0).done(BatchResult{.rejected = {{index, "ITEM_MALFORMED", ""}}});
    ASSERT_TRUE(answer.has_value());
    EXPECT_THAT(*answer, HasReason(Reason::kBatchMalformed));
  }
}

TEST_F(NormalizerServiceTest, CutsLargeBatchesAndPutsTheAnswersTogether) {
  const std::string filler(1'500'000, 'x');
  std::vector<RawWebhook> webhooks;
  for (const char* id : {"h0", "h1", "h2"}) webhooks.push_back(MakeWebhook(R"({"event":"a.b","note":")" + filler + R"("})", id));
  Answer answer;
  service_.HandleBatch("b", std::move(webhooks), Into(answer));
  const auto sent = sink_.Take();
  ASSERT_EQ(sent.size(), 2u);
  ASSERT_EQ(sent[0].items.size(), 2u);
  ASSERT_EQ(sent[1].items.size(), 1u);
  sent[1].done(BatchResult{.rejected = {{0, "ITEM_MALFORMED", "third"}}});
  EXPECT_FALSE(answer.has_value());
  sent[0].done(BatchResult{.accepted_count = 2, .rejected = {}});
  ASSERT_TRUE(answer.has_value());
  ASSERT_OK(*answer);
  EXPECT_EQ((*answer)->accepted_count, 2);
  ASSERT_EQ((*answer)->rejected.size(), 1u);
  EXPECT_EQ((*answer)->rejected[0].index, 2);
}

TEST_F(NormalizerServiceTest, OneFailedPartFailsTheBatchOnceAllHaveAnswered) {
  const std::string filler(2'000'000, 'x');
  Answer answer;
  service_.HandleBatch("b", {MakeWebhook(R"({"event":"a.b","note":")" + filler + R"("})", "h0"),
                             MakeWebhook(R"({"event":"a.b","note":")" + filler + R"("})", "h1")},
                       Into(answer));
  const auto sent = sink_.Take();
  ASSERT_EQ(sent.size(), 2u);
  sent[0].done(Error(Reason::kOverloaded, "busy"));
  EXPECT_FALSE(answer.has_value());
  sent[1].done(AllOf(sent[1]));
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(*answer, HasReasonAndMessage(Reason::kOverloaded, "busy"));
}

class ParallelNormalizerServiceTest : public NormalizerServiceTest {
 protected:
  ParallelNormalizerServiceTest() : NormalizerServiceTest(64) {}
};

TEST_F(ParallelNormalizerServiceTest, BatchesOfSeveralThreadsDoNotMix) {
  constexpr int kThreads = 4;
  constexpr int kBatches = 16;
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int b = 0; b < kBatches; ++b) {
        const std::string id = std::to_string(t) + "-" + std::to_string(b);
        service_.HandleBatch(id, {MakeWebhook(R"({"event":"a.b","mark":")" + id + R"("})", id)},
                             [&](const absl::StatusOr<BatchResult>& result) { answered += result.ok() ? 1 : 1000; });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto sent = sink_.Take();
  ASSERT_EQ(sent.size(), static_cast<size_t>(kThreads * kBatches));
  for (const HeldSink::Sent& batch : sent) {
    ASSERT_EQ(batch.items.size(), 1u);
    EXPECT_EQ(batch.items[0].event().payload(), R"({"event":"a.b","mark":")" + batch.batch_id + R"("})");
    batch.done(AllOf(batch));
  }
  EXPECT_EQ(answered.load(), kThreads * kBatches);
  EXPECT_EQ(service_.batches_in_flight(), 0);
}

}  // namespace
}  // namespace zoomwatch
