// Azure is away for 72 hours of virtual time while events and alerts come, then it is back. Claims: nothing is lost or doubled; the
// alerts of the outage arrive before its events, but for what was under way, the newest first; the rule's rates are kept; memory and the store stay
// within their bounds; a store that is too small for the outage makes the receiver keep the rest.
//
// Volume. The goal is 1,000 events a second, 259 million in 72 hours. The gate runs ZOOMWATCH_OUTAGE_EVENTS = 20,000 with Azure's rates
// made smaller by as much, so that catching up takes minutes as it does in earnest; back-offs are longer than by default, so that there
// are fewer attempts. With 1,000,000 events or more the rates are Azure's own and the back-offs the default ones. Time is virtual:
// back-offs and waits for the budget move the clock, work takes none of it.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/http_client/http_client.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/sync/mutex.h"
#include "common/testing/fake_clock.h"
#include "common/testing/fake_sleeper.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/detector/alerts/alert_row_queue.h"
#include "services/detector/alerts/alert_store.h"
#include "services/detector/delivery/client_secret_credential.h"
#include "services/detector/delivery/delivery_worker.h"
#include "services/detector/delivery/event_row_queue.h"
#include "services/detector/delivery/logs_ingestion_sink.h"
#include "services/detector/delivery/token_provider.h"
#include "services/detector/event_log/event_log.h"
#include "tests/fakes/azure_monitor/azure_monitor.h"
#include "tests/fakes/azure_monitor/event_stream.h"
#include "tests/integration/delivery/seen_rows.h"

namespace zoomwatch::detector {
namespace {

using fakes::FaultAction;
using fakes::FaultTarget;
using testing::HasReason;
using ::testing::IsEmpty;

constexpr absl::Duration kOutage = absl::Hours(72);
constexpr int kEventsPerAlert = 40;
constexpr int kAlertsAtOnce = 100;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t pages = 0;
  file >> pages >> pages;
  return pages * 4096;
}

int64_t DiskBytes(const std::string& directory) {
  int64_t bytes = 0;
  std::error_code error;  // files go while we look
  for (auto entry = std::filesystem::recursive_directory_iterator(directory, error); entry != std::filesystem::end(entry);
       entry.increment(error)) {
    if (entry->is_regular_file(error)) bytes += static_cast<int64_t>(entry->file_size(error));
  }
  return bytes;
}

struct Volume {
  int events = 20'000;  // that come during the outage, evenly
  RateBudget::Options rates;
  BackoffPolicy::Options backoff;
  std::size_t max_rows = 1'000;
};

Volume VolumeOfThisRun() {
  const char* const text = std::getenv("ZOOMWATCH_OUTAGE_EVENTS");
  Volume volume;
  if (text != nullptr) volume.events = std::atoi(text);
  if (volume.events >= 1'000'000) {
    volume.max_rows = 10'000;
    return volume;
  }
  volume.rates = {.calls_per_minute = 200, .bytes_per_minute = 4e6};
  volume.backoff = {.initial = absl::Seconds(1), .longest = absl::Hours(1)};
  return volume;
}

class LongOutageTest : public ::testing::Test {
 protected:
  void Start(uint64_t max_disk_bytes) {
    // Time does not run ahead of the events that come meanwhile.
    sleeper_.OnSleep([this](absl::Duration duration) {
      if (duration <= absl::Seconds(1)) return;
      const absl::Time now = clock_.Now();
      MutexLock lock(mutex_);
      while (offering_ && offered_until_ < now) offered_.Wait(mutex_);
    });
    // What comes while Azure is caught up with is not known before; the outage's own volume again would be too much.
    const auto numbers = static_cast<std::size_t>(volume_.events) * 2;
    seen_ = std::make_unique<SeenRows>(numbers, numbers / kEventsPerAlert);
    fakes::AzureMonitorOptions options;
    options.rule_id = "dcr-1";
    options.streams = {fakes::EventStream(), fakes::AlertStream()};
    options.clock = &clock_;
    options.keep_rows = 0;
    options.on_row = [this](const fakes::Stream&, std::string_view row) { seen_->Add(row); };
    options.limits.max_calls_per_minute = static_cast<int>(volume_.rates.calls_per_minute);
    options.limits.max_bytes_per_minute = static_cast<std::size_t>(volume_.rates.bytes_per_minute);
    std::ofstream(dir_.file("secret")) << options.token.client_secret;
    auto azure = fakes::FakeAzureMonitor::Start(options);
    ASSERT_OK(azure);
    azure_ = *std::move(azure);
    auto log = EventLog::Open({.directory = dir_.file("log"), .max_disk_bytes = max_disk_bytes}, clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
    auto alerts = AlertStore::Open({.directory = dir_.file("alerts")}, clock_);
    ASSERT_OK(alerts);
    alerts_ = *std::move(alerts);
    http_ = MakeHttpClient({});
    tokens_ = std::make_unique<TokenProvider>(
        std::make_unique<ClientSecretCredential>(EntraApplication{.authority = azure_->url(),
                                                                  .tenant_id = options.token.tenant,
                                                                  .client_id = options.token.client_id,
                                                                  .scope = "https://monitor.azure.com/.default"},
                                                 dir_.file("secret"), *http_, clock_),
        clock_, metrics_);
    budget_ = std::make_unique<RateBudget>(volume_.rates, clock_);
    client_ = std::make_unique<LogsIngestionClient>(LogsIngestionClient::Options{.endpoint = azure_->url(), .rule_id = "dcr-1"}, *http_,
                                                    *tokens_, *budget_, clock_, sleeper_, metrics_);
    const std::size_t body = volume_.events < 1'000'000 ? 100'000 : 1'000'000;
    alert_sink_ = std::make_unique<LogsIngestionSink>(
        LogsIngestionSink::Options{.stream = "Custom-ZoomAlerts_CL", .max_body_bytes = body, .urgent = true}, *client_, clock_);
    event_sink_ = std::make_unique<LogsIngestionSink>(
        LogsIngestionSink::Options{.stream = "Custom-ZoomLogs_CL", .max_body_bytes = body}, *client_, clock_);
    const event_table::RowLimits limits{.max_row_bytes = body - 2};
    alert_queue_ = std::make_unique<AlertRowQueue>(*alerts_, limits, AlertStore::Order::kNewestFirst);
    event_queue_ = std::make_unique<EventRowQueue>(*log_, limits, metrics_);
    DeliveryOptions delivery{.max_rows = volume_.max_rows, .max_bytes = 8'000'000, .backoff = volume_.backoff};
    alert_worker_ = std::make_unique<DeliveryWorker>(delivery, *alert_queue_, *alert_sink_, clock_, sleeper_, metrics_);
    delivery.first = alert_worker_.get();
    event_worker_ = std::make_unique<DeliveryWorker>(delivery, *event_queue_, *event_sink_, clock_, sleeper_, metrics_);
    ASSERT_OK(alert_worker_->Start());
    ASSERT_OK(event_worker_->Start());
  }
  // From here on back-offs wait for OfferDue(), and from EndOffering() on they do not.
  void BeginOffering() {
    begin_ = clock_.Now();
    MutexLock lock(mutex_);
    offering_ = true;
  }
  void EndOffering() {
    MutexLock lock(mutex_);
    offering_ = false;
    offered_.NotifyAll();
  }
  void TearDown() override {
    EndOffering();
    if (alert_worker_ != nullptr) alert_worker_->Stop(absl::Seconds(30));
    if (event_worker_ != nullptr) event_worker_->Stop(absl::Seconds(30));
  }

  void FillEvent(int number, event::v1::Event& event) const {
    event.set_event_id("id-" + std::to_string(number));
    event.set_event("meeting.participant_joined");
    event.set_category("meeting");
    event.set_account_name("northwind");
    event.set_payload(R"({"event":"meeting.participant_joined","payload":{"object":{"id":"91234567890","topic":"Weekly of the team",)"
                      R"("participant":{"user_name":"Kim","email":"kim@example.com","join_time":"2026-11-24T10:00:00Z"}}}})");
    const absl::Time now = clock_.Now();
    for (google::protobuf::Timestamp* stamp : {event.mutable_event_time(), event.mutable_receive_time()}) {
      stamp->set_seconds(absl::ToUnixSeconds(now));
    }
  }
  // One batch of one of the receivers' forwarders; waits for its answer.
  absl::Status OfferBatch(int first, int count) {
    std::vector<detect::v1::EventItem> items(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      detect::v1::EventItem& item = items[static_cast<std::size_t>(i)];
      FillEvent(first + i, *item.mutable_event());
      item.set_webhook_id("hook-" + item.event().event_id());
    }
    const auto answer = std::make_shared<std::promise<absl::StatusOr<BatchResult>>>();
    log_->Append(std::move(items), [answer](absl::StatusOr<BatchResult> result) { answer->set_value(std::move(result)); });
    return answer->get_future().get().status();
  }
  // Offers the next events up to that number in batches, several at once; they count only when they were taken. At the first that is
  // not, what follows is not offered.
  absl::Status Offer(int up_to) {
    std::deque<std::pair<int, std::future<absl::Status>>> under_way;  // with how many events
    for (int next = events_; next < up_to || !under_way.empty();) {
      while (next < up_to && under_way.size() < batches_at_once_) {
        const int count = std::min(up_to - next, 500);
        under_way.emplace_back(count, std::async(std::launch::async, [this, next, count] { return OfferBatch(next, count); }));
        next += count;
      }
      const int count = under_way.front().first;
      ZOOMWATCH_RETURN_IF_ERROR(under_way.front().second.get());
      under_way.pop_front();
      events_ += count;
      largest_log_ = std::max(largest_log_, log_->EventBytes());
      if (events_ / kEventsPerAlert - alert_count_ >= kAlertsAtOnce) ZOOMWATCH_RETURN_IF_ERROR(MakeAlerts());
    }
    return MakeAlerts();
  }
  // Those of the events that were taken.
  absl::Status MakeAlerts() {
    std::vector<NewAlert> alerts;
    for (; alert_count_ < events_ / kEventsPerAlert; ++alert_count_) {
      NewAlert& alert = alerts.emplace_back();
      alert.alert.set_alert_id("alert-" + std::to_string(alert_count_));
      alert.alert.set_rule_id("rule-1");
      alert.alert.set_identity("x");
      alert.alert.mutable_alert_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
      alert.identity = static_cast<uint64_t>(alert_count_);
    }
    return alerts.empty() ? absl::OkStatus() : alerts_->Commit({.sequence = static_cast<uint64_t>(events_)}, std::move(alerts));
  }
  absl::Duration SinceBegin() const { return clock_.Now() - begin_; }
  // Offers what is due by the virtual clock, at most up to `end`. False: the store is full.
  bool OfferDue(absl::Duration end = absl::InfiniteDuration()) {
    const absl::Time now = clock_.Now();
    const bool taken = OfferUpTo(static_cast<int64_t>(absl::FDivDuration(std::min(now - begin_, end), kOutage) * volume_.events));
    MutexLock lock(mutex_);
    offered_until_ = now;
    offered_.NotifyAll();
    return taken;
  }
  bool OfferUpTo(int64_t due) {
    const absl::Status status = Offer(static_cast<int>(due));
    if (!status.ok()) {
      EXPECT_THAT(status, HasReason(Reason::kStoreFull));
    }
    return status.ok();
  }
  // A little of the outage passes, also when nobody waits.
  void Pass() {
    clock_.Advance(kOutage / 5000);
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  // How a long run goes on.
  void Tell(std::string_view what, uint64_t events) const {
    if (volume_.events < 1'000'000) return;
    std::cout << fmt::format("{} {} {} events, memory {} MB, disk {} MB\n", absl::FormatTime("%H:%M:%S", absl::Now(), absl::UTCTimeZone()), what,
                             events, ResidentBytes() >> 20, DiskBytes(dir_.path()) >> 20)
              << std::flush;
  }
  bool AllDelivered() const {
    return log_->DeliveredPosition() == static_cast<uint64_t>(events_) && alerts_->WaitingCount() == 0;
  }

  void ExpectEachOnce() const {
    EXPECT_EQ(seen_->events(), events_);
    EXPECT_EQ(seen_->alerts(), alert_count_);
    EXPECT_EQ(seen_->doubled(), 0);
    const auto quarantine = log_->ListQuarantine(0, 1);
    ASSERT_OK(quarantine);
    EXPECT_THAT(*quarantine, IsEmpty());
  }

  const Volume volume_ = VolumeOfThisRun();
  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1795512600)};
  testing::FakeSleeper sleeper_{clock_};
  Metrics metrics_;
  std::unique_ptr<SeenRows> seen_;
  std::unique_ptr<fakes::FakeAzureMonitor> azure_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<AlertStore> alerts_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<TokenProvider> tokens_;
  std::unique_ptr<RateBudget> budget_;
  std::unique_ptr<LogsIngestionClient> client_;
  std::unique_ptr<RowSink> alert_sink_, event_sink_;
  std::unique_ptr<RowQueue> alert_queue_, event_queue_;
  std::unique_ptr<DeliveryWorker> alert_worker_, event_worker_;
  absl::Time begin_;
  std::size_t batches_at_once_ = 4;
  int events_ = 0, alert_count_ = 0;
  uint64_t largest_log_ = 0;
  Mutex mutex_;
  CondVar offered_;
  bool offering_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time offered_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

TEST_F(LongOutageTest, SeventyTwoHoursAreCaughtUpWithAlertsFirst) {
  constexpr uint64_t kMaxDiskBytes = uint64_t{400} << 30;
  Start(kMaxDiskBytes);
  ASSERT_OK(Offer(500));
  while (!AllDelivered()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto first_alert = static_cast<std::size_t>(alert_count_);
  const int64_t memory_before = ResidentBytes();
  int64_t memory_most = 0;

  BeginOffering();
  ASSERT_OK(azure_->AddFault({.action = FaultAction::kAnswer, .count = 0, .status = 503}));
  int told = 1;
  for (bool changed = false; SinceBegin() < kOutage;) {
    ASSERT_TRUE(OfferDue());
    for (; events_ >= volume_.events / 100 * told; ++told) Tell("stored", static_cast<uint64_t>(events_));
    memory_most = std::max(memory_most, ResidentBytes());
    if (!changed && SinceBegin() > kOutage / 2) {  // it fails in another way, and tokens with it
      azure_->ClearFaults();
      ASSERT_OK(azure_->AddFault({.action = FaultAction::kCutBeforeCommit, .count = 0}));
      ASSERT_OK(azure_->AddFault({.target = FaultTarget::kToken, .action = FaultAction::kAnswer, .count = 0, .status = 500}));
      changed = true;
    }
    Pass();
  }
  const int outage_alerts = alert_count_;
  const auto outage_events = static_cast<uint64_t>(events_);
  ASSERT_LT(log_->DeliveredPosition(), outage_events / 10) << "there was no outage";
  const int64_t disk_of_outage = DiskBytes(dir_.path());
  const uint64_t attempts = azure_->state().Answers("ingestion", "503") + azure_->state().Answers("ingestion", "cut");
  azure_->ClearFaults();
  const absl::Time back = clock_.Now();
  for (int part = 1; !AllDelivered();) {
    ASSERT_TRUE(OfferDue());
    memory_most = std::max(memory_most, ResidentBytes());
    for (; log_->DeliveredPosition() >= outage_events / 100 * static_cast<uint64_t>(part); ++part) Tell("caught up", log_->DeliveredPosition());
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  const absl::Duration catching_up = clock_.Now() - back;

  ExpectEachOnce();
  const SeenRows::LastAlert last_alert = seen_->LastOfAlerts(static_cast<std::size_t>(outage_alerts));
  EXPECT_LE(last_alert.events_before, 500 + static_cast<int64_t>(volume_.max_rows)) << "alerts go first; an attempt may be under way";
  EXPECT_EQ(last_alert.number, first_alert) << "the newest alerts go first, so the oldest comes last";
  EXPECT_EQ(azure_->state().Answers("ingestion", "429"), 0u) << "the rates are kept";
  const auto& streams = azure_->state().streams;
  const auto bytes = static_cast<double>(streams.at("Custom-ZoomLogs_CL").bytes + streams.at("Custom-ZoomAlerts_CL").bytes);
  EXPECT_GT(catching_up, absl::Minutes(bytes / volume_.rates.bytes_per_minute * 0.8 - 1)) << "the rates did not matter";
  EXPECT_LE(largest_log_, kMaxDiskBytes);
  EXPECT_LT(disk_of_outage, 3 * static_cast<int64_t>(largest_log_) + (int64_t{256} << 20));
  if (!kSanitized) {
    EXPECT_LT(memory_most - memory_before, int64_t{400} << 20) << "memory does not grow with the backlog";
  }
  std::cout << fmt::format(
      "{} events and {} alerts; {} failed attempts in 72 h; caught up in {}; {} events before the last alert of the outage; store {} MB "
      "before compression, disk {} MB; memory {} MB before, at most {} MB\n",
      events_, alert_count_, attempts, absl::FormatDuration(catching_up), last_alert.events_before, largest_log_ >> 20, disk_of_outage >> 20,
      memory_before >> 20, memory_most >> 20);
}

TEST_F(LongOutageTest, AStoreThatIsTooSmallKeepsItsBoundAndLosesNothing) {
  const uint64_t max_disk_bytes = static_cast<uint64_t>(volume_.events) * 100;  // about a fifth of what comes
  Start(max_disk_bytes);
  batches_at_once_ = 1;  // what is refused is offered again before anything else
  BeginOffering();
  ASSERT_OK(azure_->AddFault({.action = FaultAction::kAnswer, .count = 0, .status = 503}));
  int refusals = 0;
  while (SinceBegin() < kOutage) {
    refusals += OfferDue() ? 0 : 1;
    Pass();
  }
  EXPECT_GT(refusals, 0);
  EXPECT_LT(events_, volume_.events);
  azure_->ClearFaults();
  // The receiver offers the rest until it is taken.
  while (events_ < volume_.events || !AllDelivered()) {
    OfferDue(kOutage);
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  ExpectEachOnce();
  EXPECT_LE(largest_log_, max_disk_bytes + 1'000'000) << "the bound, and one batch";
  EXPECT_EQ(azure_->state().Answers("ingestion", "429"), 0u);
}

}  // namespace
}  // namespace zoomwatch::detector
