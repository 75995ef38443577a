// The detector as its program runs it, from a batch over gRPC to rows at the fake Azure, in real time.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>

#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "common/admin/admin_server.h"
#include "common/config/config.h"
#include "common/http_client/http_client.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/detector/app.h"
#include "tests/fakes/azure_monitor/azure_monitor.h"
#include "tests/fakes/azure_monitor/event_stream.h"
#include "zoomwatch/detect/v1/detect_service.grpc.pb.h"

namespace zoomwatch::detector {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kStream[] = "Custom-ZoomLogs_CL";

class DetectorAppAzureTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(dir_.file("secret")) << "fake~secret";
    auto azure = fakes::FakeAzureMonitor::Start({.rule_id = "dcr-1", .streams = {fakes::EventStream(kStream)}});
    ASSERT_OK(azure);
    azure_ = *std::move(azure);
    auto admin = AdminServer::Start("127.0.0.1:0", SystemClock::Get(), metrics_);
    ASSERT_OK(admin);
    admin_ = *std::move(admin);
    admin_->SetStarted();
    const fakes::TokenOptions token;
    config::v1::Detector config;
    ASSERT_OK(ParseConfig(
        "grpc: {listen_address: '127.0.0.1:0', allow_plaintext: true}\nstore: {directory: store}\ndelivery:\n"
        "  logs_ingestion:\n    rule_id: dcr-1\n    max_wait: 10ms\n    endpoint: " +
            azure_->url() + "\n    client_secret: {authority: '" + azure_->url() + "', tenant_id: " + token.tenant +
            ", client_id: " + token.client_id + ", client_secret_file: secret}\n",
        "detector.yaml", dir_.path(), &config));
    app_ = std::make_unique<DetectorApp>(config,
                                         DetectorDeps{.metrics = &metrics_, .in_process = true, .admin = admin_.get()});
    ASSERT_OK(app_->Start());
  }
  void TearDown() override {
    app_->Stop(SystemClock::Get().Now() + absl::Seconds(20));
    admin_->Shutdown(absl::ZeroDuration());
  }

  void Ingest(int count) {
    detect::v1::IngestEventsRequest request;
    request.set_batch_id("batch");
    for (int i = 0; i < count; ++i) {
      detect::v1::EventItem& item = *request.add_items();
      item.set_webhook_id("hook-" + std::to_string(i));
      event::v1::Event& event = *item.mutable_event();
      event.set_event_id("id-" + std::to_string(i));
      event.set_event("meeting.started");
      event.set_category("meeting");
      event.set_account_name("northwind");
      event.set_payload("{}");
      event.mutable_receive_time()->set_seconds(absl::ToUnixSeconds(SystemClock::Get().Now()));
    }
    const auto stub = detect::v1::DetectService::NewStub(app_->Channel());
    grpc::ClientContext context;
    detect::v1::IngestEventsResponse response;
    const grpc::Status status = stub->IngestEvents(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  HttpResponse Readiness() {
    const auto response = MakeHttpClient()->Send(
        {.url = "http://127.0.0.1:" + std::to_string(admin_->port()) + "/readyz", .direct = true}, {});
    return response.ok() ? *response : HttpResponse{};
  }
  template <typename Condition>
  void Await(Condition condition) {
    while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  testing::TempDir dir_;
  Metrics metrics_;
  std::unique_ptr<fakes::FakeAzureMonitor> azure_;
  std::unique_ptr<AdminServer> admin_;
  std::unique_ptr<DetectorApp> app_;
};

TEST_F(DetectorAppAzureTest, EventsBecomeRowsAndTheLedgerSaysSo) {
  Ingest(20);
  Await([this] { return !app_->Ledger().empty() && app_->Ledger()[0].delivered_count() == 20; });
  EXPECT_THAT(azure_->Rows(kStream), SizeIs(20));
  const HttpResponse readiness = Readiness();
  EXPECT_EQ(readiness.status, 200);
  EXPECT_THAT(readiness.body, HasSubstr("\"details\":[{\"name\":\"delivery\",\"ok\":true}]"));
}

TEST_F(DetectorAppAzureTest, AMissingRoleIsADetailAndTheDetectorStaysReady) {
  ASSERT_OK(azure_->AddFault({.count = 0, .status = 403, .message = "no role"}));
  Ingest(1);
  Await([this] { return Readiness().body.find("DELIVERY_FORBIDDEN") != std::string::npos; });
  EXPECT_EQ(Readiness().status, 200);
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_detector_delivery_blocked{table=\"events\"} 1\n"));
  EXPECT_EQ(app_->Ledger()[0].pending_count(), 1);
}

TEST_F(DetectorAppAzureTest, StopDoesNotWaitForACallThatHangs) {
  ASSERT_OK(azure_->AddFault({.action = fakes::FaultAction::kPass, .count = 0, .delay = absl::InfiniteDuration()}));
  Ingest(1);
  Await([this] { return azure_->pending_faults() == 1 && azure_->state().Answers("token", "200") == 1; });
  const absl::Duration begin = SystemClock::Get().Monotonic();
  app_->Stop(SystemClock::Get().Now() + absl::Seconds(1));
  EXPECT_LT(SystemClock::Get().Monotonic() - begin, absl::Seconds(15)) << "the time-out of the call is 30 seconds";
  azure_->ClearFaults();
}

}  // namespace
}  // namespace zoomwatch::detector
