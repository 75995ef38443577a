#include "services/detector/incidents/incident_options.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>

#include "common/config/config.h"
#include "common/status/reasons.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"

namespace zoomwatch::detector {
namespace {

using ::testing::HasSubstr;
using testing::HasReason;

constexpr char kNames[] = "subscription_id: 33333333-3333-4333-8333-333333333333, resource_group: security, workspace: sentinel";

class IncidentOptionsTest : public ::testing::Test {
 protected:
  IncidentOptionsTest() { std::ofstream(dir_.file("secret")) << "s"; }
  absl::StatusOr<config::v1::LogsIngestionSink> Parse(const std::string& incidents, const std::string& endpoint = "https://x.example",
                                                      const std::string& identity = "managed_identity: {}") {
    config::v1::Detector config;
    const absl::Status status = ParseConfig(
        fmt::format("grpc: {{listen_address: '127.0.0.1:0', allow_plaintext: true}}\nstore: {{directory: store}}\ndelivery:\n"
                    "  logs_ingestion:\n    endpoint: {}\n    rule_id: dcr-1\n    {}\n    {}\n",
                    endpoint, identity, incidents.empty() ? "" : "incidents: {" + incidents + "}"),
        "detector.yaml", dir_.path(), &config);
    if (!status.ok()) return status;
    return config.delivery().logs_ingestion();
  }
  absl::StatusOr<IncidentOptions> Read(const std::string& incidents, const std::string& endpoint = "https://x.example",
                                       const std::string& identity = "managed_identity: {}") {
    const auto config = Parse(incidents, endpoint, identity);
    if (!config.ok()) return config.status();
    return ReadIncidentOptions(*config);
  }
  static std::string Application(const std::string& authority) {
    return "client_secret: {authority: '" + authority + "', tenant_id: t, client_id: c, client_secret_file: secret}";
  }

  testing::TempDir dir_;
};

TEST_F(IncidentOptionsTest, AreOffUnlessAskedFor) {
  const auto config = Parse("");
  ASSERT_OK(config);
  EXPECT_FALSE(config->has_incidents());
}

TEST_F(IncidentOptionsTest, HaveTheDefaultsOfThePublicCloud) {
  const auto options = Read(kNames);
  ASSERT_OK(options);
  EXPECT_EQ(options->url,
            "https://management.azure.com/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/security/providers/"
            "Microsoft.OperationalInsights/workspaces/sentinel/providers/Microsoft.SecurityInsights/incidents");
  EXPECT_EQ(options->scope, "https://management.azure.com/.default");
  EXPECT_EQ(options->min_severity, alert::v1::SEVERITY_INFORMATIONAL);
  EXPECT_EQ(options->max_per_hour, 120);
  EXPECT_EQ(options->timeout, absl::Seconds(30));
}

TEST_F(IncidentOptionsTest, FollowTheCloudOfEndpointAndAuthority) {
  const std::string us = "https://management.usgovcloudapi.net", china = "https://management.chinacloudapi.cn";
  const struct {
    std::string endpoint, identity, management;
  } cases[] = {
      {"https://a.usgovvirginia-1.ingest.monitor.azure.us", "managed_identity: {}", us},
      {"https://A.ingest.Monitor.Azure.US:443/", "managed_identity: {}", us},
      {"https://a.chinanorth3-1.ingest.monitor.azure.cn", "managed_identity: {}", china},
      {"https://proxy.corp.example", Application("https://login.microsoftonline.us/"), us},
      {"https://proxy.corp.example", Application("https://login.partner.microsoftonline.cn"), china},
      {"https://proxy.corp.example", Application("https://login.chinacloudapi.cn"), china},
      {"https://proxy.corp.example", Application("https://login.microsoftonline.com"), "https://management.azure.com"},
      {"https://a.westeurope-1.ingest.monitor.azure.com", "managed_identity: {}", "https://management.azure.com"},
  };
  for (const auto& expected : cases) {
    const auto options = Read(kNames, expected.endpoint, expected.identity);
    ASSERT_OK(options);
    EXPECT_TRUE(options->url.starts_with(expected.management + "/subscriptions/")) << options->url;
    EXPECT_EQ(options->scope, expected.management + "/.default");
  }
}

TEST_F(IncidentOptionsTest, TakeWhatIsSet) {
  const auto options = Read(std::string(kNames) +
                            ", management_endpoint: 'https://arm.corp.example/', scope: 'https://other.example/.default', "
                            "min_severity: Medium, max_per_hour: 7");
  ASSERT_OK(options);
  EXPECT_TRUE(options->url.starts_with("https://arm.corp.example/subscriptions/")) << options->url;
  EXPECT_EQ(options->scope, "https://other.example/.default");
  EXPECT_EQ(options->min_severity, alert::v1::SEVERITY_MEDIUM);
  EXPECT_EQ(options->max_per_hour, 7);
}

TEST_F(IncidentOptionsTest, ANameIsOneSegmentOfTheAddress) {
  const auto options = Read("subscription_id: 33333333-3333-4333-8333-333333333333, resource_group: 'Gr\xC3\xBC(n)_1.a-b', workspace: a-1b");
  ASSERT_OK(options);
  EXPECT_THAT(options->url, HasSubstr("/resourceGroups/Gr%C3%BC%28n%29_1.a-b/providers/"));
}

TEST_F(IncidentOptionsTest, RefuseWhatCannotBe) {
  const std::string bad[] = {
      "subscription_id: 33333333-3333-4333-8333-33333333333, resource_group: g, workspace: sentinel",
      "subscription_id: 33333333-3333-4333-8333-333333333333/x, resource_group: g, workspace: sentinel",
      "subscription_id: subscription, resource_group: g, workspace: sentinel",
      "subscription_id: 33333333-3333-4333-8333-333333333333, resource_group: '..', workspace: sentinel",
      "subscription_id: 33333333-3333-4333-8333-333333333333, resource_group: 'a/b', workspace: sentinel",
      "subscription_id: 33333333-3333-4333-8333-333333333333, resource_group: 'a?b', workspace: sentinel",
      "subscription_id: 33333333-3333-4333-8333-333333333333, resource_group: 'a%2Fb', workspace: sentinel",
      "subscription_id: 33333333-3333-4333-8333-333333333333, resource_group: '" + std::string(91, 'a') + "', workspace: sentinel",
      "subscription_id: 33333333-3333-4333-8333-333333333333, resource_group: g, workspace: 'a.b.c'",
      "subscription_id: 33333333-3333-4333-8333-333333333333, resource_group: g, workspace: abc",
      "subscription_id: 33333333-3333-4333-8333-333333333333, resource_group: g, workspace: -abcd",
      std::string(kNames) + ", min_severity: high",
      std::string(kNames) + ", max_per_hour: 0",
      std::string(kNames) + ", max_per_hour: 1001",
      std::string(kNames) + ", scope: 'https://management.azure.com'",
      std::string(kNames) + ", management_endpoint: 'http://management.azure.com'",
      std::string(kNames) + ", management_endpoint: 'https://user@management.azure.com'",
      std::string(kNames) + ", management_endpoint: 'https://management.azure.com/?x'",
  };
  for (const std::string& incidents : bad) EXPECT_THAT(Read(incidents).status(), HasReason(Reason::kConfigInvalidValue)) << incidents;
}

TEST_F(IncidentOptionsTest, NeedAllThreeNames) {
  EXPECT_THAT(Read("subscription_id: 33333333-3333-4333-8333-333333333333, workspace: sentinel").status(), HasReason(Reason::kConfigMissingKey));
}

}  // namespace
}  // namespace zoomwatch::detector
