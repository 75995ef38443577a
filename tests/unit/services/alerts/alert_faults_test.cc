// A full disk under the alerts, and an alert on it that is damaged: who is told what, and that everything else goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include "common/grpc/server.h"
#include "common/status/grpc_status.h"
#include "common/testing/fake_clock.h"
#include "common/testing/fake_sleeper.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/detector/alerts/alert_row_queue.h"
#include "services/detector/alerts/stored_numbers.h"
#include "services/detector/api/alert_service.h"
#include "services/detector/delivery/delivery_worker.h"
#include "services/detector/delivery/json_lines_sink.h"
#include "services/detector/rules/rule_runner.h"
#include "tests/unit/services/alerts/faulty_store.h"
#include "tests/unit/services/event_log/event_log_items.h"
#include "tests/unit/services/rules/rule_text.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing::HasReason;
using testing::HasReasonAndMessage;
using Write = StoreFaults::Write;

class AlertFaultsTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void TearDown() override { StopServing(); }
  void Open() {
    StopServing();
    store_.reset();
    auto store = storage::OpenKeyedStore({.folder = dir_.file("alerts"), .families = AlertStoreFamilies()});
    ASSERT_OK(store);
    auto alerts = AlertStore::Open({}, std::make_unique<FaultyStore>(*std::move(store), faults_), clock_);
    ASSERT_OK(alerts);
    store_ = *std::move(alerts);
    service_ = std::make_unique<AlertService>(*store_);
    grpc::Service* services[] = {service_.get()};
    auto server = GrpcServer::InProcess(services);
    ASSERT_OK(server);
    server_ = *std::move(server);
    stub_ = alert::v1::AlertService::NewStub(server_->InProcessChannel());
  }
  void StopServing() {
    if (service_ != nullptr) service_->Stop();
    server_.reset();
  }
  // Alerts a1, a2, ...
  absl::Status Store(int count) {
    std::vector<NewAlert> alerts;
    for (int i = 1; i <= count; ++i) {
      NewAlert& alert = alerts.emplace_back();
      alert.identity = static_cast<std::uint64_t>(i);
      alert.alert.set_alert_id(fmt::format("a{}", i));
      alert.alert.set_rule_id("rule-1");
      alert.alert.mutable_alert_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
    }
    return store_->Commit({.sequence = 1, .clock = 1}, std::move(alerts));
  }
  // Changes what is stored of an alert behind the store's back.
  void Damage(std::uint64_t sequence) {
    StopServing();
    store_.reset();
    {
      auto store = storage::OpenKeyedStore({.folder = dir_.file("alerts"), .families = AlertStoreFamilies()});
      ASSERT_OK(store);
      storage::KeyedBatch batch;
      batch.Put(0, NumberKeyOf(sequence), "\xff\xff no alert");
      ASSERT_OK((*store)->Write(batch));
    }
    Open();
  }
  // Delivers alerts to the file until `done`. Returns the metrics of the worker.
  std::string Deliver(const std::function<bool(const DeliveryWorker&)>& done) {
    Metrics metrics;
    AlertRowQueue queue(*store_, event_table::RowLimits{}, AlertStore::Order::kOldestFirst);
    JsonLinesSink sink(dir_.file("alerts.jsonl"));
    DeliveryWorker worker({}, queue, sink, clock_, sleeper_, metrics);
    EXPECT_OK(worker.Start());
    while (!done(worker)) store_->WaitForAlerts(UINT64_MAX, absl::Milliseconds(5), {});
    worker.Stop();
    return metrics.Text();
  }
  std::vector<std::string> DeliveredIds() const {
    std::vector<std::string> ids;
    std::ifstream file(dir_.file("alerts.jsonl"));
    for (std::string line; std::getline(file, line);) {
      const std::size_t begin = line.find("\"AlertId\":\"") + 11;
      ids.push_back(line.substr(begin, line.find('"', begin) - begin));
    }
    return ids;
  }
  // Alerts of a stream from the token on, until `count` came or it ended, and how it ended.
  absl::Status Subscribe(const std::string& token, std::size_t count, std::vector<std::string>& ids) {
    grpc::ClientContext context;
    alert::v1::SubscribeAlertsRequest request;
    request.set_resume_token(token);
    request.set_from_beginning(token.empty());
    const auto reader = stub_->SubscribeAlerts(&context, request);
    alert::v1::SubscribeAlertsResponse response;
    while (ids.size() < count && reader->Read(&response)) ids.push_back(response.alert().alert_id());
    if (ids.size() == count) context.TryCancel();
    return FromGrpcStatus(reader->Finish());
  }
  absl::Status List(const std::string& token, std::vector<std::string>& ids) {
    grpc::ClientContext context;
    alert::v1::ListAlertsRequest request;
    request.set_page_token(token);
    alert::v1::ListAlertsResponse response;
    const grpc::Status status = stub_->ListAlerts(&context, request, &response);
    for (const auto& alert : response.alerts()) ids.push_back(alert.alert_id());
    return FromGrpcStatus(status);
  }
  absl::Status Get(const std::string& id) {
    grpc::ClientContext context;
    alert::v1::GetAlertRequest request;
    request.set_alert_id(id);
    alert::v1::GetAlertResponse response;
    return FromGrpcStatus(stub_->GetAlert(&context, request, &response));
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  testing::FakeSleeper sleeper_{clock_};
  const std::shared_ptr<StoreFaults> faults_ = std::make_shared<StoreFaults>();
  std::unique_ptr<AlertStore> store_;
  std::unique_ptr<AlertService> service_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<alert::v1::AlertService::Stub> stub_;
};

TEST_F(AlertFaultsTest, AFullDiskDoublesAndLosesNoDelivery) {
  ASSERT_OK(Store(3));
  for (const Write fault : {Write::kFails, Write::kFailsAfterItWasDone}) {
    faults_->write = fault;
    Deliver([](const DeliveryWorker& worker) {
      if (worker.health().ok()) return false;
      EXPECT_THAT(worker.health(), HasReason(Reason::kStorageFailed));
      return true;
    });
    faults_->write = Write::kWorks;
    Open();
    EXPECT_EQ(store_->WaitingCount(), fault == Write::kFails ? 3u : 0u);
  }
  Deliver([&](const DeliveryWorker&) { return store_->WaitingCount() == 0; });
  EXPECT_THAT(DeliveredIds(), ElementsAre("a1", "a2", "a3"));
}

TEST_F(AlertFaultsTest, AFullDiskEndsStreamsWithItsNameAndListsGoOn) {
  ASSERT_OK(Store(2));
  faults_->write = Write::kFails;
  EXPECT_THAT(Store(3), HasReason(Reason::kStorageFailed));
  faults_->write = Write::kWorks;
  EXPECT_THAT(store_->CommitDelivered({1}, "", {}), HasReason(Reason::kStorageFailed));
  std::vector<std::string> streamed, listed;
  EXPECT_THAT(Subscribe("", 100, streamed), HasReason(Reason::kStorageFailed));
  EXPECT_THAT(streamed, ElementsAre("a1", "a2"));
  EXPECT_OK(List("", listed));
  EXPECT_THAT(listed, ElementsAre("a2", "a1"));
  Open();
  ASSERT_OK(Store(3));
  EXPECT_TRUE(absl::IsCancelled(Subscribe("p2", 3, streamed)));
  EXPECT_THAT(streamed, ElementsAre("a1", "a2", "a3"));
}

TEST_F(AlertFaultsTest, ReadersOfADamagedAlertAreToldAndTheOthersAreServed) {
  ASSERT_OK(Store(4));
  Damage(2);
  const auto damaged = HasReasonAndMessage(Reason::kStorageCorrupt, HasSubstr("alert store: alert 2 cannot"));
  EXPECT_THAT(store_->ReadFrom(1, 10).status(), damaged);
  EXPECT_THAT(Get("a2"), damaged);
  EXPECT_OK(Get("a1"));
  EXPECT_OK(Get("a3"));
  std::vector<std::string> ids;
  EXPECT_THAT(List("", ids), damaged);
  EXPECT_OK(List("a2", ids));
  EXPECT_THAT(ids, ElementsAre("a1"));
  ids.clear();
  EXPECT_THAT(Subscribe("", 100, ids), damaged);
  ids.clear();
  EXPECT_TRUE(absl::IsCancelled(Subscribe("p2", 2, ids)));
  EXPECT_THAT(ids, ElementsAre("a3", "a4"));
}

TEST_F(AlertFaultsTest, DeliveryOfADamagedAlertSaysWhyItFails) {
  ASSERT_OK(Store(1));
  Damage(1);
  const std::string metrics = Deliver([](const DeliveryWorker& worker) { return ReasonOf(worker.health()) == Reason::kStorageCorrupt; });
  EXPECT_THAT(metrics, ::testing::ContainsRegex("zoomwatch_detector_delivery_failures_total\\{table=\"alerts\"\\} [1-9]"));
}

// Delivery looks again and again whether there are alerts: it must not do so without a pause.
TEST_F(AlertFaultsTest, WhoWaitsForAlertsOfAStoreThatFailedWaits) {
  faults_->write = Write::kFails;
  EXPECT_THAT(Store(1), HasReason(Reason::kStorageFailed));
  const absl::Duration begin = SystemClock::Get().Monotonic();
  EXPECT_FALSE(store_->WaitForAlerts(1, absl::Milliseconds(50), {}));
  EXPECT_GE(SystemClock::Get().Monotonic() - begin, absl::Milliseconds(50));
}

// The rules commit and remove what is old in one write: a damaged alert at that place must not stop them.
TEST_F(AlertFaultsTest, RetentionPassesDamagedAlerts) {
  ASSERT_OK(Store(4));
  ASSERT_OK(store_->CommitDelivered({1, 2, 3, 4}, "", {}));
  Damage(1);
  Damage(2);
  Damage(4);
  ASSERT_OK(store_->Commit({.sequence = 2, .clock = 2}, {}));
  EXPECT_EQ(store_->FirstSequence(), 1u) << "they are as young as the one behind them";
  clock_.Advance(absl::Hours(24 * 91));
  ASSERT_OK(store_->Commit({.sequence = 3, .clock = 3}, {}));
  EXPECT_EQ(store_->FirstSequence(), 4u) << "the last one waits for one behind it";
  EXPECT_TRUE(absl::IsNotFound(store_->Find("a1").status()));
  EXPECT_TRUE(absl::IsNotFound(store_->Find("a3").status()));
  Open();
  EXPECT_EQ(store_->FirstSequence(), 4u);
}

TEST_F(AlertFaultsTest, EventsAndRulesGoOnBesideADamagedAlert) {
  ASSERT_OK(Store(4));
  Damage(2);
  Metrics metrics;
  auto log = EventLog::Open({.directory = dir_.file("log")}, clock_, metrics);
  ASSERT_OK(log);
  std::filesystem::create_directory(dir_.file("rules"));
  std::ofstream(dir_.file("rules/rule.yaml")) << RuleText("11111111-2222-4333-8444-555555555555", "Every meeting",
                                                          "ZoomLogs | where Event == 'meeting.started' | project TimeGenerated, EventId");
  RuleRunner runner({.folders = {dir_.file("rules")}}, **log, *store_, clock_, metrics);
  ASSERT_OK(runner.Start());
  for (int i = 1; i <= 3; ++i) ASSERT_OK(Append(**log, {EventOf(fmt::format("w-{}", i), fmt::format("e-{}", i), clock_.Now())}));
  // The position that the store had is none of this log, which ends before it.
  EXPECT_TRUE(store_->WaitForAlerts(7, absl::Seconds(60), {})) << runner.health();
  runner.Stop();
  EXPECT_OK(runner.health());
  EXPECT_OK(store_->health());
  const auto alerts = store_->ReadFrom(5, 10);
  ASSERT_OK(alerts);
  EXPECT_THAT(*alerts, SizeIs(3));
}

}  // namespace
}  // namespace zoomwatch::detector
