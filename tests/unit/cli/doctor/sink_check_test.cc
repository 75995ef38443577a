#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/doctor/sink_checks.h"
#include "common/testing/temp_dir.h"
#include "tests/fakes/azure_monitor/azure_monitor.h"
#include "tests/fakes/azure_monitor/event_stream.h"
#include "zoomwatch/config/v1/detector.pb.h"

namespace zoomwatch::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

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

// The findings of the checks with that name, with their verdicts.
std::vector<std::pair<Verdict, std::string>> Findings(const Checks& checks, const std::string& name) {
  std::vector<std::pair<Verdict, std::string>> findings;
  for (const Check& check : checks) {
    if (check.name == name) findings.emplace_back(check.verdict, check.finding);
  }
  return findings;
}

TEST_F(SinkCheckTest, AsksForEveryStreamThatARouteNamesOnce) {
  const auto add = [this](const std::string& name, const std::string& stream) {
    config::v1::Route& route = *sink().add_routes();
    route.set_name(name);
    route.add_events("meeting.*");
    if (stream.empty()) route.set_not_sent(true);
    else route.set_stream(stream);
  };
  add("one", "Custom-ZoomLake_CL");
  add("two", "Custom-ZoomLogs_CL");
  add("three", "");
  add("four", "Custom-ZoomLake_CL");
  sink().set_alert_stream("Custom-ZoomAlerts_CL");
  Checks checks;
  CheckRoutes(config_, checks);
  EXPECT_THAT(Findings(checks, "routes"),
              ElementsAre(Pair(Verdict::kOk, "main to Custom-ZoomLogs_CL, one to Custom-ZoomLake_CL, two to Custom-ZoomLogs_CL, "
                                             "three to nowhere (not sent), four to Custom-ZoomLake_CL")));
  CheckSink(config_, SystemClock::Get(), {}, checks);
  EXPECT_THAT(Findings(checks, "sink"), ElementsAre(Pair(Verdict::kOk, HasSubstr("takes stream Custom-ZoomLogs_CL from us")),
                                                    Pair(Verdict::kFailed, HasSubstr("Custom-ZoomLake_CL"))))
      << ChecksTable(checks);
  EXPECT_THAT(ChecksTable(checks), HasSubstr("declare Custom-ZoomLake_CL in the data collection rule"));
}

TEST_F(SinkCheckTest, NamesAConditionThatIsNotUnderstood) {
  config::v1::Route& route = *sink().add_routes();
  route.set_name("late");
  route.set_where("TimeGenerated < ago(1d)");
  route.set_not_sent(true);
  Checks checks;
  CheckRoutes(config_, checks);
  EXPECT_THAT(Findings(checks, "routes"),
              ElementsAre(Pair(Verdict::kFailed, HasSubstr("delivery.logs_ingestion.routes[0].where:1:17: error ZW002: ago()"))));
}

TEST_F(SinkCheckTest, ComparesTheColumnsOfEveryStreamOfARoute) {
  config::v1::Route& route = *sink().add_routes();
  route.set_name("lake");
  route.add_events("meeting.*");
  route.set_stream("Custom-ZoomLake_CL");
  std::ofstream(dir_.file("rule.json")) << R"({"properties":{"streamDeclarations":{"Custom-ZoomLake_CL":{"columns":[{"name":"TimeGenerated","type":"datetime"}]}}}})";
  Checks checks;
  CheckColumns(config_, {.rule_file = dir_.file("rule.json")}, checks);
  EXPECT_THAT(Findings(checks, "columns"), ElementsAre(Pair(Verdict::kFailed, HasSubstr("does not declare the stream Custom-ZoomLogs_CL")),
                                                       Pair(Verdict::kFailed, HasSubstr("stream Custom-ZoomLake_CL does not declare Event, EventTime"))));
}

TEST_F(SinkCheckTest, ReadsTheIncidentsWhereTheyAreMade) {
  config::v1::Incidents& incidents = *sink().mutable_incidents();
  incidents.set_subscription_id("33333333-3333-4333-8333-333333333333");
  incidents.set_resource_group("security");
  incidents.set_workspace("sentinel");
  incidents.set_management_endpoint(azure_->url());
  incidents.set_scope("https://management.azure.com/.default");
  Expect(Verdict::kOk, "may read the incidents of workspace sentinel", "", "incidents");
  EXPECT_TRUE(azure_->incidents().All().empty());
  incidents.set_workspace("other");
  Expect(Verdict::kFailed, "INCIDENT_WORKSPACE_UNKNOWN", "compare subscription_id", "incidents");
  incidents.set_workspace("sentinel");
  azure_->incidents().SetOnboarded(false);
  Expect(Verdict::kFailed, "INCIDENT_WORKSPACE_UNKNOWN", "switch Sentinel on", "incidents");
  azure_->incidents().SetOnboarded(true);
  ASSERT_TRUE(azure_->AddFault({.target = fakes::FaultTarget::kIncidentRead, .count = 0, .status = 403}).ok());
  Expect(Verdict::kFailed, "DELIVERY_FORBIDDEN", "Microsoft Sentinel Responder", "incidents");
  Expect(Verdict::kOk, "takes stream", "");
  azure_->ClearFaults();
  incidents.set_scope("https://nobody.example/.default");
  Expect(Verdict::kFailed, "TOKEN_REFUSED", "incidents.scope", "incidents");
  incidents.set_management_endpoint("http://arm.corp.example");
  Expect(Verdict::kFailed, "CONFIG_INVALID_VALUE", "correct what is named", "incidents");
}

TEST_F(SinkCheckTest, LeavesAFileSinkToTheCheckOfTheDisk) {
  config_.mutable_delivery()->mutable_json_lines()->set_file("rows.jsonl");
  Checks checks;
  CheckSink(config_, SystemClock::Get(), {}, checks);
  EXPECT_TRUE(checks.empty());
}

}  // namespace
}  // namespace zoomwatch::cli
