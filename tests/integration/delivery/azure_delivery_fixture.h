// Delivery from a real event log to the fake Azure over HTTP, with a clock that back-offs move: what tests of delivery share.
#pragma once

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/config/config.h"
#include "common/status/check.h"
#include "common/testing/fake_clock.h"
#include "common/testing/fake_sleeper.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/detector/delivery/azure_delivery.h"
#include "services/detector/delivery/delivery_worker.h"
#include "services/detector/delivery/event_row_queue.h"
#include "services/detector/event_log/event_log.h"
#include "tests/fakes/azure_monitor/azure_monitor.h"
#include "tests/fakes/azure_monitor/event_stream.h"

namespace zoomwatch::detector {

inline constexpr char kStream[] = "Custom-ZoomLogs_CL";
inline constexpr char kSecret[] = "fake~secret";

class AzureDeliveryFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteFile("secret", kSecret);
    options_.streams = {fakes::EventStream(kStream)};
    options_.rule_id = "dcr-1";
    options_.token.client_secret = kSecret;
    options_.clock = &clock_;
    auto log = EventLog::Open({.directory = dir_.file("log")}, clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
  }
  void TearDown() override {
    if (worker_ != nullptr) worker_->Stop(absl::Seconds(30));
  }

  void WriteFile(const std::string& name, const std::string& text) { std::ofstream(dir_.file(name)) << text; }

  void StartAzure() {
    auto azure = fakes::FakeAzureMonitor::Start(options_);
    ASSERT_OK(azure);
    azure_ = *std::move(azure);
  }
  // Starts the worker with that identity, by default a client secret, and further options of the sink.
  void Deliver(std::string identity = "", const std::string& options = "") {
    if (identity.empty()) {
      identity = "client_secret: {authority: '" + azure_->url() + "', tenant_id: " + options_.token.tenant +
                 ", client_id: " + options_.token.client_id + ", client_secret_file: secret}";
    }
    config::v1::Detector config;
    ASSERT_OK(ParseConfig(
        "grpc: {listen_address: '127.0.0.1:0', allow_plaintext: true}\nstore: {directory: store}\ndelivery:\n"
        "  logs_ingestion:\n    endpoint: " +
            azure_->url() + "\n    rule_id: " + rule_id_ + "\n    max_wait: 0s\n    " + identity + "\n" + options,
        "detector.yaml", dir_.path(), &config));
    auto delivery = AzureDelivery::Make(config.delivery().logs_ingestion(), clock_, sleeper_, metrics_);
    ASSERT_OK(delivery);
    delivery_ = *std::move(delivery);
    auto routes = RouteTable::Make(config.delivery().logs_ingestion());
    ASSERT_OK(routes);
    sink_ = delivery_->MakeSink(routes->streams());
    queue_ = std::make_unique<EventRowQueue>(*log_, delivery_->row_limits(), metrics_, *std::move(routes));
    worker_ = std::make_unique<DeliveryWorker>(delivery_->worker_options(), *queue_, *sink_, clock_, sleeper_, metrics_);
    ASSERT_OK(worker_->Start());
  }

  event::v1::Event MakeEvent(int number, size_t payload_bytes) const {
    event::v1::Event event;
    event.set_event_id("id-" + std::to_string(number));
    event.set_event("meeting.started");
    event.set_category("meeting");
    event.set_account_name("northwind");
    event.set_payload("{\"note\":\"" + std::string(payload_bytes, 'n') + "\"}");
    const absl::Time time = clock_.Now() + absl::Milliseconds(number);
    for (google::protobuf::Timestamp* stamp : {event.mutable_event_time(), event.mutable_receive_time()}) {
      stamp->set_seconds(absl::ToUnixSeconds(time));
      stamp->set_nanos(static_cast<int32_t>(absl::ToUnixMillis(time) % 1000 * 1'000'000));
    }
    return event;
  }
  void Append(std::vector<event::v1::Event> events) {
    std::vector<detect::v1::EventItem> items;
    for (event::v1::Event& event : events) {
      detect::v1::EventItem& item = items.emplace_back();
      item.set_webhook_id("hook-" + event.event_id());
      *item.mutable_event() = std::move(event);
    }
    const auto count = static_cast<int64_t>(items.size());
    std::promise<absl::StatusOr<BatchResult>> answer;
    log_->Append(std::move(items), [&](absl::StatusOr<BatchResult> result) { answer.set_value(std::move(result)); });
    const auto result = answer.get_future().get();
    ASSERT_OK(result);
    ASSERT_EQ(result->accepted_count, count);
    appended_ += static_cast<uint64_t>(count);
  }
  // Events id-<first> and so on.
  void AppendEvents(int first, int count, size_t payload_bytes = 100) {
    std::vector<event::v1::Event> events;
    for (int i = first; i < first + count; ++i) events.push_back(MakeEvent(i, payload_bytes));
    Append(std::move(events));
  }
  // What health() says at the first back-off. At each one `repair` is called.
  std::future<absl::Status> HealthAtFirstSleep(std::function<void()> repair = {}) {
    auto seen = std::make_shared<std::promise<absl::Status>>();
    auto first = std::make_shared<bool>(true);
    sleeper_.OnSleep([this, seen, first, repair = std::move(repair)](absl::Duration) {
      if (*first) seen->set_value(worker_->health());
      *first = false;
      if (repair) repair();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the back-off itself takes no time
    });
    return seen->get_future();
  }
  // Until all events are delivered or in quarantine.
  void AwaitAll() {
    while (log_->DeliveredPosition() < appended_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  // How often each event is in the table, by the number in its id.
  std::map<int, int> Arrived() const {
    std::map<int, int> arrived;
    for (const std::string& row : azure_->Rows(kStream)) {
      const size_t at = row.find("\"EventId\":\"id-");
      ZOOMWATCH_CHECK(at != std::string::npos);
      ++arrived[std::atoi(row.c_str() + at + 14)];
    }
    return arrived;
  }
  // Every event once.
  void ExpectEachOnce(int count) const {
    const std::map<int, int> arrived = Arrived();
    EXPECT_EQ(arrived.size(), static_cast<size_t>(count));
    for (const auto& [number, times] : arrived) EXPECT_EQ(times, 1) << number;
  }
  // Azure lost nothing of what it took, and refused nothing for its form or size.
  void ExpectNothingRefusedOrChanged() const {
    const fakes::AzureState state = azure_->state();
    EXPECT_THAT(state.refusals, ::testing::IsEmpty());
    const fakes::RowChanges& changes = state.streams.at(kStream).changes;
    EXPECT_THAT(changes.undeclared, ::testing::IsEmpty());
    EXPECT_THAT(changes.lost, ::testing::IsEmpty());
    EXPECT_THAT(changes.cut, ::testing::IsEmpty());
    EXPECT_EQ(changes.time_missing, 0u);
    EXPECT_EQ(changes.time_replaced, 0u);
    EXPECT_LE(state.largest_content_bytes, 1'000'000u);
    EXPECT_LE(state.largest_body_bytes, 1'000'000u);
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{SystemClock::Get().Now()};  // TLS and certificates go by the system's
  testing::FakeSleeper sleeper_{clock_};
  Metrics metrics_;
  fakes::AzureMonitorOptions options_;
  std::string rule_id_ = "dcr-1";
  std::unique_ptr<fakes::FakeAzureMonitor> azure_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<AzureDelivery> delivery_;
  std::unique_ptr<RowSink> sink_;
  std::unique_ptr<EventRowQueue> queue_;
  std::unique_ptr<DeliveryWorker> worker_;
  uint64_t appended_ = 0;
};

}  // namespace zoomwatch::detector
