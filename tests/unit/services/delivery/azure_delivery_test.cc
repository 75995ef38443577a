#include "services/detector/delivery/azure_delivery.h"

#include <gmock/gmock.h>

#include <fstream>

#include "common/config/config.h"
#include "common/testing/fake_clock.h"
#include "common/testing/fake_sleeper.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"

namespace zoomwatch::detector {
namespace {

using testing::HasReasonAndMessage;
using ::testing::HasSubstr;

TEST(CheckedAddress, TakesHttpsAndThisMachine) {
  EXPECT_EQ(*CheckedAddress("endpoint", "https://x.westeurope-1.ingest.monitor.azure.com"),
            "https://x.westeurope-1.ingest.monitor.azure.com");
  EXPECT_EQ(*CheckedAddress("endpoint", "https://gateway.example/azure//"), "https://gateway.example/azure");
  EXPECT_EQ(*CheckedAddress("endpoint", "http://127.0.0.1:8080"), "http://127.0.0.1:8080");
  EXPECT_EQ(*CheckedAddress("endpoint", "http://[::1]:8080/"), "http://[::1]:8080");
  EXPECT_EQ(*CheckedAddress("endpoint", "http://localhost"), "http://localhost");
}

TEST(CheckedAddress, RefusesWhatWouldLeakTokens) {
  for (const char* address :
       {"http://x.example", "http://localhost.example", "http://127.0.0.1.example", "http://10.0.0.1",
        "http://127.0.0.1@x.example", "https://user:pw@x.example", "https://x.example?a=b", "https://x.example/#a",
        "https://", "x.example", "ftp://x.example", "", "https://x.example\nhttp://127.0.0.1"}) {
    SCOPED_TRACE(address);
    EXPECT_THAT(
        CheckedAddress("delivery.logs_ingestion.endpoint", address),
        HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("delivery.logs_ingestion.endpoint: must be https")));
  }
}

class AzureDeliveryTest : public ::testing::Test {
 protected:
  void SetUp() override { std::ofstream(dir_.file("secret")) << "s"; }
  // A detector's configuration with this identity, and further options of the sink.
  absl::StatusOr<std::unique_ptr<AzureDelivery>> Make(const std::string& identity, const std::string& options = "") {
    config::v1::Detector config;
    const std::string text =
        "grpc: {listen_address: '127.0.0.1:0', allow_plaintext: true}\nstore: {directory: store}\ndelivery:\n  "
        "logs_ingestion:\n"
        "    endpoint: https://dce.example\n    rule_id: dcr-1\n    " +
        identity + "\n" + options;
    if (absl::Status status = ParseConfig(text, "detector.yaml", dir_.path(), &config); !status.ok()) return status;
    return AzureDelivery::Make(config.delivery().logs_ingestion(), clock_, sleeper_, metrics_);
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1795512600)};
  testing::FakeSleeper sleeper_{clock_};
  Metrics metrics_;
};

TEST_F(AzureDeliveryTest, TakesEachIdentity) {
  EXPECT_OK(Make("client_secret: {tenant_id: t, client_id: c, client_secret_file: secret}"));
  EXPECT_OK(
      Make("client_certificate: {tenant_id: t, client_id: c, certificate_file: secret, private_key_file: secret}"));
  EXPECT_OK(Make("workload_identity: {tenant_id: t, client_id: c}"));
  EXPECT_OK(Make("managed_identity: {}"));
}

TEST_F(AzureDeliveryTest, WantsExactlyOneIdentity) {
  EXPECT_THAT(Make("max_wait: 2s"), HasReasonAndMessage(Reason::kConfigMissingKey, HasSubstr("found 0")));
  EXPECT_THAT(Make("managed_identity: {}\n    workload_identity: {tenant_id: t, client_id: c}"),
              HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("found 2")));
}

TEST_F(AzureDeliveryTest, RefusesAddressesThatAreNotSafe) {
  const auto message = [](const char* option) {
    return HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr(option));
  };
  EXPECT_THAT(
      Make("client_secret: {authority: 'http://x.example', tenant_id: t, client_id: c, client_secret_file: secret}"),
      message("delivery.logs_ingestion.client_secret.authority"));
  EXPECT_THAT(Make("workload_identity: {authority: 'http://x.example', tenant_id: t, client_id: c}"),
              message("delivery.logs_ingestion.workload_identity.authority"));
  EXPECT_THAT(Make("managed_identity: {endpoint: 'http://10.0.0.1'}"),
              message("delivery.logs_ingestion.managed_identity.endpoint"));
}

TEST_F(AzureDeliveryTest, RefusesABackoffThatBeginsAboveItsEnd) {
  EXPECT_THAT(
      Make("managed_identity: {}", "    initial_backoff: 2s\n    max_backoff: 1s\n"),
      HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("initial_backoff: is longer than max_backoff")));
  EXPECT_OK(Make("managed_identity: {}", "    initial_backoff: 1s\n    max_backoff: 1s\n"));
}

TEST_F(AzureDeliveryTest, ARowFitsIntoACall) {
  const auto delivery = Make("managed_identity: {}", "    max_body_bytes: 10000\n    max_wait: 3s\n");
  ASSERT_OK(delivery);
  const DeliveryOptions options = (*delivery)->worker_options();
  EXPECT_EQ((*delivery)->row_limits().max_row_bytes, 9'998u);
  EXPECT_EQ(options.max_wait, absl::Seconds(3));
  EXPECT_EQ(options.backoff.initial, absl::Milliseconds(500));
  EXPECT_EQ(options.backoff.longest, absl::Seconds(60));
}

}  // namespace
}  // namespace zoomwatch::detector
