#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "cli/doctor/sink_checks.h"
#include "common/testing/temp_dir.h"
#include "tests/fakes/azure_monitor/azure_monitor.h"
#include "tests/fakes/azure_monitor/event_stream.h"
#include "zoomwatch/config/v1/detector.pb.h"

namespace zoomwatch::cli {
namespace {

using ::testing::HasSubstr;

// A detector that delivers to a fake Azure as it should; each test breaks one thing.
class SinkCheckTest : public ::testing::Test {
 protected:
  SinkCheckTest() {
    fakes::AzureMonitorOptions options;
    options.streams.push_back(fakes::EventStream());
    azure_ = *fakes::FakeAzureMonitor::Start(std::move(options));
    std::ofstream(dir_.file("client-secret")) << "fake~secret";
    sink().set_endpoint(azure_->url());
    sink().set_rule_id("dcr-00000000000000000000000000000000");
    sink().set_stream("Custom-ZoomLogs_CL");
    sink().set_max_body_bytes(1'000'000);
    config::v1::ClientSecretIdentity& identity = *sink().mutable_client_secret();
    identity.set_authority(azure_->url());
    identity.set_tenant_id("11111111-1111-4111-8111-111111111111");
    identity.set_client_id("22222222-2222-4222-8222-222222222222");
    identity.set_client_secret_file(dir_.file("client-secret"));
    identity.set_scope("https://monitor.azure.com/.default");
  }

  config::v1::LogsIngestionSink& sink() { return *config_.mutable_delivery()->mutable_logs_ingestion(); }
  void Expect(Verdict verdict, const std::string& finding, const std::string& remedy, const std::string& name = "sink") {
    Checks checks;
    CheckSink(config_, SystemClock::Get(), {}, checks);
    const auto found = std::find_if(checks.begin(), checks.end(), [&](const Check& check) { return check.name == name; });
    ASSERT_NE(found, checks.end()) << ChecksTable(checks);
    EXPECT_EQ(found->verdict, verdict) << ChecksTable(checks);
    EXPECT_THAT(found->finding, HasSubstr(finding));
    EXPECT_THAT(found->remedy, HasSubstr(remedy));
  }
  void Fault(int status) {
    fakes::Fault fault;
    fault.status = status;
    fault.count = 0;
    ASSERT_TRUE(azure_->AddFault(fault).ok());
  }

  const testing::TempDir dir_;
  std::unique_ptr<fakes::FakeAzureMonitor> azure_;
  config::v1::Detector config_;
};

TEST_F(SinkCheckTest, FindsNothingWhereNothingIsWrong) {
  Expect(Verdict::kOk, "takes stream Custom-ZoomLogs_CL from us", "");
  EXPECT_TRUE(azure_->Rows("Custom-ZoomLogs_CL").empty()) << "no row is left behind";
}

TEST_F(SinkCheckTest, NamesAWrongClientSecret) {
  std::ofstream(dir_.file("client-secret")) << "expired";
  Expect(Verdict::kFailed, "TOKEN_REFUSED", "renew a secret", "token");
  Expect(Verdict::kSkipped, "there is no token", "");
}

TEST_F(SinkCheckTest, NamesAMissingRole) {
  Fault(403);
  Expect(Verdict::kFailed, "DELIVERY_FORBIDDEN", "Monitoring Metrics Publisher");
}

TEST_F(SinkCheckTest, NamesAnUnknownRule) {
  sink().set_rule_id("dcr-1");
  Expect(Verdict::kFailed, "DELIVERY_RULE_UNKNOWN", "immutableId");
}

TEST_F(SinkCheckTest, NamesAnEndpointThatDoesNotAnswer) {
  sink().set_endpoint("http://127.0.0.1:1");
  Expect(Verdict::kFailed, "DELIVERY_UNREACHABLE", "port 443");
}

TEST_F(SinkCheckTest, NamesAnEndpointThatIsNotHttps) {
  sink().set_endpoint("http://dce.corp.example");
  Expect(Verdict::kFailed, "CONFIG_INVALID_VALUE", "correct what is named");
}

TEST_F(SinkCheckTest, WarnsOfARefusedBatchAndOfThrottling) {
  Fault(400);
  Expect(Verdict::kWarning, "an empty batch is refused", "stream declaration");
  azure_->ClearFaults();
  Fault(429);
  Expect(Verdict::kWarning, "DELIVERY_THROTTLED", "");
}

TEST_F(SinkCheckTest, LeavesAFileSinkToTheCheckOfTheDisk) {
  config_.mutable_delivery()->mutable_json_lines()->set_file("rows.jsonl");
  Checks checks;
  CheckSink(config_, SystemClock::Get(), {}, checks);
  EXPECT_TRUE(checks.empty());
}

}  // namespace
}  // namespace zoomwatch::cli
