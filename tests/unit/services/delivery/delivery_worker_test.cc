#include "services/detector/delivery/delivery_worker.h"

#include <gmock/gmock.h>

#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "common/status/reasons.h"
#include "common/testing/fake_clock.h"
#include "common/testing/fake_sleeper.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"

namespace zoomwatch::detector {
namespace {

using testing::HasReason;
using testing::HasReasonAndMessage;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kNowSeconds = 1795512600;

// Counts rows, fails when it is told to, and forgets at Open() what was not committed, as a real sink does. Thread-safe.
class FakeSink final : public RowSink {
 public:
  absl::Status Open(const std::string& state) override {
    MutexLock lock(mutex_);
    opened_at_.push_back(state);
    if (!open_status_.ok()) return open_status_;
    rows_.resize(state.empty() ? 0 : std::stoul(state));
    return absl::OkStatus();
  }
  absl::Status Send(const std::vector<std::string_view>& rows) override {
    MutexLock lock(mutex_);
    attempts_.push_back(rows.size());
    changed_.NotifyAll();
    if (failures_ > 0) {
      --failures_;
      return Error(Reason::kSinkFailed, "no space left");
    }
    rows_.insert(rows_.end(), rows.begin(), rows.end());
    return absl::OkStatus();
  }
  std::string State() const override {
    MutexLock lock(mutex_);
    return std::to_string(rows_.size());
  }

  void FailNext(int attempts) {
    MutexLock lock(mutex_);
    failures_ = attempts;
  }
  void FailOpen(absl::Status status) {
    MutexLock lock(mutex_);
    open_status_ = std::move(status);
  }
  std::vector<std::string> rows() const {
    MutexLock lock(mutex_);
    return rows_;
  }
  std::vector<size_t> attempts() const {
    MutexLock lock(mutex_);
    return attempts_;
  }
  std::vector<std::string> opened_at() const {
    MutexLock lock(mutex_);
    return opened_at_;
  }
  void AwaitAttempts(size_t count) {
    MutexLock lock(mutex_);
    while (attempts_.size() < count) changed_.Wait(mutex_);
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status open_status_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> rows_ ABSL_GUARDED_BY(mutex_);
  std::vector<size_t> attempts_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> opened_at_ ABSL_GUARDED_BY(mutex_);
};

class DeliveryWorkerTest : public ::testing::Test {
 protected:
  void SetUp() override { OpenLog(); }

  void OpenLog() {
    log_.reset();
    auto log = EventLog::Open({.directory = dir_.file("log")}, clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
  }

  // Stores events named e<first>, e<first + 1>, ... as one batch.
  void Append(int first, int count) {
    std::vector<detect::v1::EventItem> items;
    for (int i = first; i < first + count; ++i) {
      detect::v1::EventItem& item = items.emplace_back();
      item.set_webhook_id("hook-" + std::to_string(i));
      event::v1::Event& event = *item.mutable_event();
      event.set_event_id("id-" + std::to_string(i));
      event.set_event("e" + std::to_string(i) + ".");
      event.set_category("e");
      event.set_account_name("northwind");
      event.set_payload("{}");
      event.mutable_event_time()->set_seconds(kNowSeconds);
      event.mutable_receive_time()->set_seconds(kNowSeconds);
    }
    std::promise<absl::StatusOr<BatchResult>> answer;
    log_->Append(std::move(items), [&](absl::StatusOr<BatchResult> result) { answer.set_value(std::move(result)); });
    const auto result = answer.get_future().get();
    ASSERT_OK(result);
    ASSERT_EQ(result->accepted_count, count);
  }

  std::unique_ptr<DeliveryWorker> StartWorker(DeliveryOptions options = {}) {
    auto worker = std::make_unique<DeliveryWorker>(options, *log_, sink_, clock_, sleeper_, metrics_);
    EXPECT_OK(worker->Start());
    return worker;
  }

  void AwaitDelivered(uint64_t sequence) {
    while (log_->DeliveredPosition() < sequence) std::this_thread::yield();
  }

  // Each of the rows e1 to e<count>, once and in order.
  void ExpectRows(int count) {
    const auto rows = sink_.rows();
    ASSERT_EQ(rows.size(), static_cast<size_t>(count));
    for (int i = 1; i <= count; ++i) EXPECT_THAT(rows[static_cast<size_t>(i - 1)], HasSubstr("\"e" + std::to_string(i) + ".\""));
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(kNowSeconds)};
  testing::FakeSleeper sleeper_{clock_};
  Metrics metrics_;
  FakeSink sink_;
  std::unique_ptr<EventLog> log_;
};

TEST_F(DeliveryWorkerTest, DeliversInOrderAndInBatchesOfTheLimit) {
  Append(1, 7);
  const auto worker = StartWorker({.max_rows = 3});
  AwaitDelivered(7);
  worker->Stop();
  ExpectRows(7);
  EXPECT_THAT(sink_.attempts(), ElementsAre(3, 3, 1));
  EXPECT_EQ(log_->SinkState(), "7");
  EXPECT_OK(worker->health());
  const auto ledger = log_->GetLedger();
  ASSERT_EQ(ledger.size(), 1u);
  EXPECT_EQ(ledger[0].account_name(), "northwind");
}

TEST_F(DeliveryWorkerTest, DeliversWhatComesLater) {
  const auto worker = StartWorker();
  Append(1, 2);
  AwaitDelivered(2);
  Append(3, 2);
  AwaitDelivered(4);
  worker->Stop();
  ExpectRows(4);
}

TEST_F(DeliveryWorkerTest, RepeatsAFailedAttemptUntilItSucceeds) {
  Append(1, 5);
  sink_.FailNext(6);
  const auto worker = StartWorker({.max_rows = 2, .backoff = {.initial = absl::Milliseconds(500), .longest = absl::Seconds(4)}});
  AwaitDelivered(5);
  worker->Stop();
  ExpectRows(5);
  EXPECT_THAT(sink_.attempts(), ElementsAre(2, 2, 2, 2, 2, 2, 2, 2, 1));
  const auto sleeps = sleeper_.sleeps();
  ASSERT_EQ(sleeps.size(), 6u);
  const absl::Duration bounds[] = {absl::Milliseconds(500), absl::Seconds(1), absl::Seconds(2),
                                   absl::Seconds(4),        absl::Seconds(4), absl::Seconds(4)};
  for (size_t i = 0; i < sleeps.size(); ++i) EXPECT_LE(sleeps[i], bounds[i]);
  EXPECT_OK(worker->health());
}

TEST_F(DeliveryWorkerTest, HealthTellsWhyAnAttemptFailed) {
  Append(1, 1);
  sink_.FailNext(1);
  std::promise<absl::Status> seen;
  DeliveryWorker* failing = nullptr;
  sleeper_.OnSleep([&](absl::Duration) { seen.set_value(failing->health()); });
  DeliveryWorker worker({}, *log_, sink_, clock_, sleeper_, metrics_);
  failing = &worker;
  ASSERT_OK(worker.Start());
  EXPECT_THAT(seen.get_future().get(), HasReasonAndMessage(Reason::kSinkFailed, "no space left"));
  AwaitDelivered(1);
  worker.Stop();
  EXPECT_OK(worker.health());
}

TEST_F(DeliveryWorkerTest, StopDuringAnOutageLosesNothing) {
  Append(1, 3);
  sink_.FailNext(1'000'000'000);
  auto worker = StartWorker();
  sink_.AwaitAttempts(2);
  worker->Stop();
  worker->Stop();
  EXPECT_EQ(log_->DeliveredPosition(), 0u);
  EXPECT_TRUE(sink_.rows().empty());
  sink_.FailNext(0);
  worker = StartWorker();
  AwaitDelivered(3);
  worker->Stop();
  ExpectRows(3);
}

TEST_F(DeliveryWorkerTest, ARestartContinuesBehindWhatWasCommitted) {
  Append(1, 3);
  auto worker = StartWorker();
  AwaitDelivered(3);
  worker->Stop();
  worker.reset();
  // A row that reached the sink in a crash before its commit.
  ASSERT_OK(sink_.Send({"not committed"}));
  OpenLog();
  EXPECT_EQ(log_->DeliveredPosition(), 3u);
  Append(4, 2);
  worker = StartWorker();
  AwaitDelivered(5);
  worker->Stop();
  ExpectRows(5);
  EXPECT_THAT(sink_.opened_at(), ElementsAre("", "3"));
}

TEST_F(DeliveryWorkerTest, StartFailsWhenTheSinkCannotBeOpened) {
  Append(1, 1);
  sink_.FailOpen(Error(Reason::kSinkFailed, "is in use"));
  DeliveryWorker worker({}, *log_, sink_, clock_, sleeper_, metrics_);
  EXPECT_THAT(worker.Start(), HasReason(Reason::kSinkFailed));
  worker.Stop();
  EXPECT_TRUE(sink_.attempts().empty());
}

}  // namespace
}  // namespace zoomwatch::detector
