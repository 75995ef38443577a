#include "services/detector/delivery/delivery_worker.h"

#include "services/detector/delivery/delivery_metrics.h"
#include "services/detector/delivery/event_row_queue.h"
#include "services/detector/event_log/event_format.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <deque>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "common/log/log.h"
#include "common/status/reasons.h"
#include "common/testing/fake_clock.h"
#include "common/testing/fake_sleeper.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;
using testing::HasReason;
using testing::HasReasonAndMessage;
using ::testing::HasSubstr;

constexpr int64_t kNowSeconds = 1795512600;

// Counts rows, fails when it is told to, and forgets at Open() what was not committed, as a real sink does.
// Thread-safe.
class FakeSink final : public RowSink {
 public:
  absl::Status Open(const std::string& state) override {
    MutexLock lock(mutex_);
    opened_at_.push_back(state);
    if (!open_status_.ok()) return open_status_;
    rows_.resize(state.empty() ? 0 : std::stoul(state));
    return absl::OkStatus();
  }
  SendOutcome Send(const std::vector<OutgoingRow>& rows, const std::stop_token& stop) override {
    MutexLock lock(mutex_);
    attempts_.push_back(rows.size());
    changed_.NotifyAll();
    if (hangs_) {
      while (!cancelled_) changed_.Wait(mutex_);
      return {.next = SendOutcome::Next::kRetry, .status = Error(Reason::kShuttingDown, "cancelled")};
    }
    if (failures_ > 0) {
      --failures_;
      return {.next = SendOutcome::Next::kRetry, .status = Error(Reason::kSinkFailed, "no space left")};
    }
    SendOutcome outcome{.settled = rows.size()};
    if (!script_.empty()) {
      outcome = script_.front();
      script_.pop_front();
    }
    std::vector<size_t> settled(outcome.settled);
    for (size_t i = 0; i < settled.size(); ++i) settled[i] = i;
    settled.insert(settled.end(), outcome.ahead.begin(), outcome.ahead.end());
    for (const size_t i : settled) {
      if (rows[i].stream == OutgoingRow::kNotSent) continue;
      bool refused = false;
      for (const SendOutcome::Refusal& refusal : outcome.refused) refused = refused || refusal.row == i;
      if (!refused) rows_.emplace_back(rows[i].json);
      times_.push_back(rows[i].time);
    }
    EXPECT_EQ(stop.stop_possible(), true);
    return outcome;
  }
  void Cancel() override {
    MutexLock lock(mutex_);
    cancelled_ = true;
    changed_.NotifyAll();
  }
  std::string State() const override {
    MutexLock lock(mutex_);
    return std::to_string(rows_.size());
  }

  void FailNext(int attempts) {
    MutexLock lock(mutex_);
    failures_ = attempts;
  }
  // The outcomes of the next attempts; later ones settle everything.
  void Script(std::deque<SendOutcome> outcomes) {
    MutexLock lock(mutex_);
    script_ = std::move(outcomes);
  }
  void Hang() {
    MutexLock lock(mutex_);
    hangs_ = true;
  }
  // A row that reaches the other side without a commit.
  void AddUncommitted(std::string row) {
    MutexLock lock(mutex_);
    rows_.push_back(std::move(row));
  }
  std::vector<absl::Time> times() const {
    MutexLock lock(mutex_);
    return times_;
  }
  bool cancelled() const {
    MutexLock lock(mutex_);
    return cancelled_;
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
  bool hangs_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<SendOutcome> script_ ABSL_GUARDED_BY(mutex_);
  std::vector<absl::Time> times_ ABSL_GUARDED_BY(mutex_);
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
    queue_ = std::make_unique<EventRowQueue>(*log_, event_table::RowLimits{}, metrics_);
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
    auto worker = std::make_unique<DeliveryWorker>(options, *queue_, sink_, clock_, sleeper_, metrics_);
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
    for (int i = 1; i <= count; ++i)
      EXPECT_THAT(rows[static_cast<size_t>(i - 1)], HasSubstr("\"e" + std::to_string(i) + ".\""));
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(kNowSeconds)};
  testing::FakeSleeper sleeper_{clock_};
  Metrics metrics_;
  FakeSink sink_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<EventRowQueue> queue_;
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

TEST_F(DeliveryWorkerTest, GoesOnBehindAnEventThatCannotBeReadBack) {
  Append(1, 6);
  log_.reset();
  const EventLogOptions options{.directory = dir_.file("log")};
  {
    auto store = storage::OpenKeyedStore({.folder = options.directory, .families = EventLogFamilies(options, clock_)});
    ASSERT_OK(store);
    storage::KeyedBatch batch;
    for (const uint64_t sequence : {uint64_t{1}, uint64_t{4}, uint64_t{6}}) batch.Put(kEvents, NumberKey(sequence), "damaged");
    ASSERT_OK((*store)->Write(batch));
  }
  OpenLog();
  const auto worker = StartWorker();
  AwaitDelivered(6);
  Append(7, 1);
  AwaitDelivered(7);
  worker->Stop();
  EXPECT_OK(worker->health());
  const auto rows = sink_.rows();
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_THAT(rows, ElementsAre(HasSubstr("\"e2.\""), HasSubstr("\"e3.\""), HasSubstr("\"e5.\""), HasSubstr("\"e7.\"")));
  const auto quarantine = log_->ListQuarantine(0, 10);
  ASSERT_OK(quarantine);
  ASSERT_EQ(quarantine->size(), 3u);
  for (const QuarantineEntry& entry : *quarantine) {
    EXPECT_EQ(entry.reason, "STORAGE_CORRUPT");
    EXPECT_EQ(entry.body, "damaged");
  }
  const ledger::v1::AccountLedger ledger = log_->GetLedger().at(0);
  EXPECT_EQ(ledger.forwarded_count(), 7);
  EXPECT_EQ(ledger.delivered_count(), 4);
  EXPECT_EQ(ledger.quarantined_count(), 3);
  EXPECT_EQ(ledger.pending_count(), 0);
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
  const auto worker =
      StartWorker({.max_rows = 2, .backoff = {.initial = absl::Milliseconds(500), .longest = absl::Seconds(4)}});
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
  DeliveryWorker worker({}, *queue_, sink_, clock_, sleeper_, metrics_);
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
  sink_.AddUncommitted("not committed");
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
  DeliveryWorker worker({}, *queue_, sink_, clock_, sleeper_, metrics_);
  EXPECT_THAT(worker.Start(), HasReason(Reason::kSinkFailed));
  worker.Stop();
  EXPECT_TRUE(sink_.attempts().empty());
}

SendOutcome Retry(size_t settled, absl::Duration retry_after = absl::ZeroDuration()) {
  return {.settled = settled,
          .next = SendOutcome::Next::kRetry,
          .status = Error(Reason::kDeliveryThrottled, "429"),
          .retry_after = retry_after};
}

SendOutcome Wait(size_t settled) {
  return {.settled = settled, .next = SendOutcome::Next::kWait, .status = Error(Reason::kDeliveryForbidden, "403")};
}

TEST_F(DeliveryWorkerTest, GivesEachRowItsReceiveTime) {
  Append(1, 2);
  const auto worker = StartWorker();
  AwaitDelivered(2);
  EXPECT_THAT(sink_.times(), ElementsAre(absl::FromUnixSeconds(kNowSeconds), absl::FromUnixSeconds(kNowSeconds)));
}

TEST_F(DeliveryWorkerTest, CommitsWhatAnAttemptSettledAndSendsTheRestAgain) {
  Append(1, 5);
  sink_.Script({Retry(2), Retry(0)});
  const auto worker = StartWorker();
  AwaitDelivered(5);
  worker->Stop();
  ExpectRows(5);
  EXPECT_THAT(sink_.attempts(), ElementsAre(5, 3, 3));
}

TEST_F(DeliveryWorkerTest, WhatAnAttemptSettledBehindARowThatWaitsIsNotSentAgain) {
  Append(1, 5);
  SendOutcome one_stream_waits = Wait(1);
  one_stream_waits.ahead = {2, 4};  // e3, e5
  SendOutcome another = Wait(0);
  another.ahead = {1};  // e4
  sink_.Script({one_stream_waits, another, Wait(0)});
  const auto worker = StartWorker();
  AwaitDelivered(5);
  worker->Stop();
  EXPECT_THAT(sink_.attempts(), ElementsAre(5, 2, 1, 1));
  EXPECT_THAT(sink_.rows(), ElementsAre(HasSubstr("\"e1.\""), HasSubstr("\"e3.\""), HasSubstr("\"e5.\""), HasSubstr("\"e4.\""),
                                        HasSubstr("\"e2.\"")));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_detector_delivered_rows_total{table=\"events\"} 5\n"));
  EXPECT_EQ(log_->GetLedger()[0].delivered_count(), 5);
}

TEST_F(DeliveryWorkerTest, RowsThatARouteKeepsFromBeingSentDoNotShortenTheBackOff) {
  constexpr int kAttempts = 20;
  config::v1::RouteList list;
  config::v1::Route& route = *list.add_routes();
  route.set_name("away");
  route.add_events("e9*");
  route.set_not_sent(true);
  auto routes = RouteTable::Make(list.routes(), "", "", "routes");
  ASSERT_OK(routes);
  queue_ = std::make_unique<EventRowQueue>(*log_, event_table::RowLimits{}, metrics_, *std::move(routes));
  Append(1, 1);
  Append(900, 1);
  // Each attempt finds one more row that needs no sending, and that is all it reaches.
  SendOutcome outcome = Wait(0);
  outcome.ahead = {1};
  sink_.Script(std::deque<SendOutcome>(kAttempts, outcome));
  int next = 901;
  sleeper_.OnSleep([&](absl::Duration) { Append(next++, 1); });
  const auto worker = StartWorker({.slow_backoff = {.initial = absl::Microseconds(1), .longest = absl::Hours(1)}});
  AwaitDelivered(2 + kAttempts);
  worker->Stop();
  const auto sleeps = sleeper_.sleeps();
  ASSERT_EQ(sleeps.size(), static_cast<size_t>(kAttempts));
  EXPECT_GT(*std::max_element(sleeps.begin(), sleeps.end()), absl::Microseconds(1));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_detector_delivered_rows_total{table=\"events\"} 1\n"));
  EXPECT_EQ(log_->GetLedger()[0].not_sent_count(), 1 + kAttempts);
}

TEST_F(DeliveryWorkerTest, ARefusedRowGoesIntoQuarantineAndIsCountedThere) {
  Append(1, 3);
  sink_.Script({{.settled = 3, .refused = {{.row = 1, .status = Error(Reason::kDeliveryRejected, "InvalidRow: no")}}}});
  const auto worker = StartWorker();
  AwaitDelivered(3);
  worker->Stop();
  EXPECT_OK(worker->health());
  ASSERT_EQ(sink_.rows().size(), 2u);
  EXPECT_THAT(sink_.rows()[1], HasSubstr("\"e3.\""));
  const auto quarantine = log_->ListQuarantine(0, 10);
  ASSERT_OK(quarantine);
  ASSERT_EQ(quarantine->size(), 1u);
  EXPECT_EQ(quarantine->front().sequence, 2u);
  EXPECT_EQ(quarantine->front().reason, "DELIVERY_REJECTED");
  EXPECT_EQ(quarantine->front().message, "InvalidRow: no");
  const auto ledger = log_->GetLedger();
  ASSERT_EQ(ledger.size(), 1u);
  EXPECT_EQ(ledger[0].delivered_count(), 2);
  EXPECT_EQ(ledger[0].quarantined_count(), 1);
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_detector_refused_rows_total{table=\"events\"} 1\n"));
}

TEST_F(DeliveryWorkerTest, ObeysTheTimeThatTheOtherSideNamesUpToALimit) {
  Append(1, 1);
  sink_.Script({Retry(0, absl::Seconds(17)), Retry(0, absl::Hours(24))});
  const auto worker = StartWorker({.backoff = {.initial = absl::Milliseconds(1), .longest = absl::Milliseconds(1)},
                                   .longest_retry_after = absl::Minutes(30)});
  AwaitDelivered(1);
  worker->Stop();
  EXPECT_THAT(sleeper_.sleeps(), ElementsAre(absl::Seconds(17), absl::Minutes(30)));
}

TEST_F(DeliveryWorkerTest, WhatNeedsAPersonIsTriedSlowlyWithTheEventsThatCameMeanwhile) {
  Append(1, 1);
  sink_.Script({Wait(0), Wait(0), Wait(0)});
  std::vector<double> blocked;
  int next = 2;
  sleeper_.OnSleep([&](absl::Duration) {
    blocked.push_back(
        metrics_.Gauge(kDeliveryBlocked, {"events"}).Value());
    Append(next++, 1);
  });
  const auto worker = StartWorker({.slow_backoff = {.initial = absl::Minutes(1), .longest = absl::Minutes(3)}});
  AwaitDelivered(4);
  worker->Stop();
  ExpectRows(4);
  EXPECT_THAT(sink_.attempts(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(blocked, ElementsAre(1, 1, 1));
  const auto sleeps = sleeper_.sleeps();
  ASSERT_EQ(sleeps.size(), 3u);
  EXPECT_LE(sleeps[0], absl::Minutes(1));
  EXPECT_LE(sleeps[1], absl::Minutes(2));
  EXPECT_LE(sleeps[2], absl::Minutes(3));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_detector_delivery_blocked{table=\"events\"} 0\n"));
}

TEST_F(DeliveryWorkerTest, LogsEachChangeOnce) {
  Mutex mutex;
  std::vector<std::string> lines;
  SetLogSinkForTest([&](std::string_view line) {
    MutexLock lock(mutex);
    if (line.find("delivery ") != std::string_view::npos) lines.emplace_back(line);
  });
  Append(1, 2);
  sink_.Script({Retry(0), Retry(0), Retry(1), Wait(0), Wait(0)});
  const auto worker = StartWorker();
  AwaitDelivered(2);
  worker->Stop();
  SetLogSinkForTest(nullptr);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0], HasSubstr("delivery fails for now"));
  EXPECT_THAT(lines[0], HasSubstr("DELIVERY_THROTTLED: 429"));
  EXPECT_THAT(lines[1], HasSubstr("delivery stands still"));
  EXPECT_THAT(lines[1], HasSubstr("DELIVERY_FORBIDDEN: 403"));
  EXPECT_THAT(lines[2], HasSubstr("delivery works again"));
}

TEST_F(DeliveryWorkerTest, WaitsForAFullAttemptNoLongerThanItMay) {
  Append(1, 1);
  const auto worker = StartWorker({.max_rows = 3, .max_wait = absl::Minutes(5)});
  Append(2, 1);
  EXPECT_TRUE(sink_.attempts().empty());
  Append(3, 1);
  AwaitDelivered(3);
  worker->Stop();
  EXPECT_THAT(sink_.attempts(), ElementsAre(3));
}

TEST_F(DeliveryWorkerTest, StopCancelsAnAttemptThatDoesNotEnd) {
  Append(1, 1);
  sink_.Hang();
  const auto worker = StartWorker();
  sink_.AwaitAttempts(1);
  worker->Stop(absl::Milliseconds(1));
  EXPECT_TRUE(sink_.cancelled());
  EXPECT_EQ(log_->DeliveredPosition(), 0u);
}

TEST_F(DeliveryWorkerTest, StopWithPatienceCancelsNothingThatEnds) {
  const auto worker = StartWorker();
  worker->Stop(absl::Minutes(1));
  EXPECT_FALSE(sink_.cancelled());
}

}  // namespace
}  // namespace zoomwatch::detector
