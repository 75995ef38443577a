// The whole of delivery, from the event log to a real HTTP server that behaves like Azure, is told to fail, and counts
// what a client does wrong. Time is a fake clock that back-offs move.
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "common/status/check.h"
#include "common/testing/status_matchers.h"
#include "common/testing/test_ca.h"
#include "tests/fakes/azure_monitor/jwt.h"
#include "tests/integration/delivery/azure_delivery_fixture.h"

namespace zoomwatch::detector {
namespace {

using fakes::Fault;
using fakes::FaultAction;
using fakes::FaultTarget;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using testing::HasReason;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// A self-signed certificate with an RSA key.
void WriteRsaPair(const std::string& certificate_file, const std::string& private_key_file, absl::Time now) {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  X509* certificate = X509_new();
  ASN1_TIME_set(X509_getm_notBefore(certificate), absl::ToTimeT(now - absl::Hours(1)));
  ASN1_TIME_set(X509_getm_notAfter(certificate), absl::ToTimeT(now + absl::Hours(24)));
  X509_set_pubkey(certificate, key);
  ZOOMWATCH_CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
  BIO* file = BIO_new_file(certificate_file.c_str(), "w");
  ZOOMWATCH_CHECK(PEM_write_bio_X509(file, certificate) == 1);
  BIO_free(file);
  file = BIO_new_file(private_key_file.c_str(), "w");
  ZOOMWATCH_CHECK(PEM_write_bio_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  BIO_free(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

class DeliveryAzureTest : public AzureDeliveryFixture {};

TEST_F(DeliveryAzureTest, EventsArriveOnceAndInOrderOverTls) {
  const testing::TestCa ca(dir_.path(), "ca");
  const testing::CertificateFiles files = ca.Issue("azure", {.common_name = "azure"});
  options_.certificate_file = files.certificate_file;
  options_.private_key_file = files.private_key_file;
  StartAzure();
  AppendEvents(0, 5000, 600);
  Deliver("", "    ca_file: " + ca.ca_file() + "\n");
  AwaitAll();
  EXPECT_OK(worker_->health());
  ExpectEachOnce(5000);
  ExpectNothingRefusedOrChanged();
  const std::vector<std::string> rows = azure_->Rows(kStream);
  ASSERT_THAT(rows, SizeIs(5000));
  EXPECT_THAT(rows.front(), HasSubstr("\"EventId\":\"id-0\""));
  EXPECT_THAT(rows.back(), HasSubstr("\"EventId\":\"id-4999\""));
  const fakes::AzureState state = azure_->state();
  EXPECT_GT(state.largest_content_bytes, 990'000u) << "calls are full";
  EXPECT_LT(state.largest_body_bytes, state.largest_content_bytes / 4) << "and compressed";
  EXPECT_EQ(state.Answers("token", "200"), 1u);
  EXPECT_LE(azure_->connections(), 2u) << "connections are kept";
}

TEST_F(DeliveryAzureTest, AServerWithAnotherAuthorityGetsNothing) {
  const testing::TestCa ca(dir_.path(), "ca");
  const testing::TestCa other(dir_.path(), "other");
  const testing::CertificateFiles files = ca.Issue("azure", {.common_name = "azure"});
  options_.certificate_file = files.certificate_file;
  options_.private_key_file = files.private_key_file;
  StartAzure();
  AppendEvents(0, 1);
  std::future<absl::Status> seen = HealthAtFirstSleep();
  Deliver("", "    ca_file: " + other.ca_file() + "\n");
  EXPECT_THAT(seen.get(), HasReason(Reason::kHttpServerUntrusted));
  worker_->Stop();
  EXPECT_EQ(azure_->state().Answers("token", "200"), 0u);
}

TEST_F(DeliveryAzureTest, TakesACertificate) {
  StartAzure();
  AppendEvents(0, 10);
  WriteRsaPair(dir_.file("app.pem"), dir_.file("app.key"), clock_.Now());
  Deliver("client_certificate: {authority: '" + azure_->url() + "', tenant_id: " + options_.token.tenant +
          ", client_id: " + options_.token.client_id + ", certificate_file: app.pem, private_key_file: app.key}");
  AwaitAll();
  ExpectEachOnce(10);
  EXPECT_THAT(azure_->tokens().last_client_assertion(), Not(IsEmpty()));
}

TEST_F(DeliveryAzureTest, TakesAWorkloadIdentity) {
  StartAzure();
  AppendEvents(0, 10);
  const std::string expiry = std::to_string(absl::ToUnixSeconds(clock_.Now() + absl::Hours(1)));
  const std::string token =
      fakes::Base64UrlEncode(R"({"alg":"RS256"})") + "." +
      fakes::Base64UrlEncode(
          R"({"aud":"api://AzureADTokenExchange","iss":"https://issuer.example","sub":"system:serviceaccount:a:b","exp":)" +
          expiry + "}") +
      "." + fakes::Base64UrlEncode("signature");
  WriteFile("identity-token", token);
  Deliver("workload_identity: {authority: '" + azure_->url() + "', tenant_id: " + options_.token.tenant +
          ", client_id: " + options_.token.client_id + ", token_file: identity-token}");
  AwaitAll();
  ExpectEachOnce(10);
  EXPECT_EQ(azure_->tokens().last_client_assertion(), token);
}

TEST_F(DeliveryAzureTest, TakesAManagedIdentity) {
  StartAzure();
  AppendEvents(0, 10);
  Deliver("managed_identity: {endpoint: '" + azure_->url() + "'}");
  AwaitAll();
  ExpectEachOnce(10);
  EXPECT_EQ(azure_->state().Answers("managed_identity", "200"), 1u);
}

TEST_F(DeliveryAzureTest, ARotatedSecretTakesEffect) {
  StartAzure();
  azure_->tokens().SetClientSecret("the new one");
  AppendEvents(0, 10);
  std::future<absl::Status> seen = HealthAtFirstSleep([&] { WriteFile("secret", "the new one"); });
  Deliver();
  const absl::Status refused = seen.get();
  EXPECT_THAT(refused, HasReason(Reason::kTokenRefused));
  EXPECT_THAT(Describe(refused), AllOf(HasSubstr("AADSTS"), Not(HasSubstr(kSecret))));
  AwaitAll();
  ExpectEachOnce(10);
}

TEST_F(DeliveryAzureTest, ARevokedTokenIsReplacedWithoutAFailure) {
  StartAzure();
  AppendEvents(0, 10);
  Deliver();
  AwaitAll();
  azure_->tokens().RevokeTokens();
  AppendEvents(10, 10);
  AwaitAll();
  ExpectEachOnce(20);
  const fakes::AzureState state = azure_->state();
  EXPECT_EQ(state.Answers("ingestion", "401"), 1u);
  EXPECT_EQ(state.Answers("token", "200"), 2u);
  EXPECT_THAT(sleeper_.sleeps(), IsEmpty());
}

TEST_F(DeliveryAzureTest, ATokenIsRenewedBeforeItExpires) {
  StartAzure();
  Deliver();
  for (int i = 0; i < 10; ++i) {
    AppendEvents(10 * i, 10);
    AwaitAll();
    clock_.Advance(absl::Minutes(30));
  }
  ExpectEachOnce(100);
  EXPECT_EQ(azure_->state().Answers("ingestion", "401"), 0u);
  EXPECT_EQ(azure_->state().Answers("token", "200"), 5u);
}

TEST_F(DeliveryAzureTest, RetryAfterIsObeyed) {
  StartAzure();
  ASSERT_OK(azure_->AddFault({.count = 2, .status = 429, .retry_after_seconds = 90}));
  ASSERT_OK(azure_->AddFault({.count = 1, .status = 503, .retry_after_seconds = 100}));
  AppendEvents(0, 10);
  Deliver();
  AwaitAll();
  ExpectEachOnce(10);
  ASSERT_THAT(sleeper_.sleeps(), SizeIs(3));
  EXPECT_THAT(sleeper_.sleeps(), Each(Ge(absl::Seconds(90))));
  EXPECT_GE(sleeper_.sleeps()[2], absl::Seconds(100));
}

TEST_F(DeliveryAzureTest, AMissingRoleIsNamedAndClearsByItself) {
  StartAzure();
  ASSERT_OK(
      azure_->AddFault({.count = 6, .status = 403, .code = "OperationFailed", .message = "no access to the rule"}));
  AppendEvents(0, 10);
  std::future<absl::Status> seen = HealthAtFirstSleep();
  Deliver();
  const absl::Status refused = seen.get();
  EXPECT_THAT(refused, HasReason(Reason::kDeliveryForbidden));
  EXPECT_THAT(Describe(refused), HasSubstr("OperationFailed: no access to the rule"));
  AwaitAll();
  ExpectEachOnce(10);
  EXPECT_THAT(sleeper_.sleeps(), SizeIs(6));
}

TEST_F(DeliveryAzureTest, AWrongRuleStopsDeliveryAndNothingElse) {
  rule_id_ = "dcr-2";
  StartAzure();
  AppendEvents(0, 1);
  std::future<absl::Status> seen = HealthAtFirstSleep();
  Deliver();
  EXPECT_THAT(seen.get(), HasReason(Reason::kDeliveryRuleUnknown));
  AppendEvents(1, 10);
  worker_->Stop();
  EXPECT_EQ(log_->DeliveredPosition(), 0u);
}

TEST_F(DeliveryAzureTest, AStreamThatTheRuleDoesNotKnowLosesNoRow) {
  options_.streams = {fakes::EventStream("Custom-Other_CL")};
  StartAzure();
  AppendEvents(0, 300);
  std::future<absl::Status> seen = HealthAtFirstSleep();
  Deliver();
  EXPECT_THAT(seen.get(), HasReason(Reason::kDeliveryAllRefused));
  worker_->Stop();
  EXPECT_EQ(log_->DeliveredPosition(), 0u);
  EXPECT_THAT(*log_->ListQuarantine(0, 10), IsEmpty());
}

TEST_F(DeliveryAzureTest, PoisonIsAloneInQuarantineWithAzuresMessage) {
  StartAzure();
  ASSERT_OK(azure_->AddFault({.action = FaultAction::kRefuseRows,
                              .count = 0,
                              .status = 400,
                              .message = "row is wrong",
                              .column = "EventId",
                              .matches = "^id-6789$"}));
  for (int i = 0; i < 10; ++i) AppendEvents(1000 * i, 1000);
  Deliver();
  AwaitAll();
  EXPECT_OK(worker_->health());
  const std::map<int, int> arrived = Arrived();
  EXPECT_EQ(arrived.size(), 9'999u);
  EXPECT_EQ(arrived.count(6789), 0u);
  for (const auto& [number, times] : arrived) EXPECT_EQ(times, 1) << number;
  const auto quarantine = log_->ListQuarantine(0, 10);
  ASSERT_OK(quarantine);
  ASSERT_THAT(*quarantine, SizeIs(1));
  EXPECT_EQ(quarantine->front().sequence, 6790u);
  EXPECT_EQ(quarantine->front().reason, "DELIVERY_REJECTED");
  EXPECT_THAT(quarantine->front().message, HasSubstr("row is wrong"));
  const fakes::AzureState state = azure_->state();
  EXPECT_LE(state.Answers("ingestion", "400") + state.Answers("ingestion", "204"), 10u + 40u);
}

TEST_F(DeliveryAzureTest, RowsRepeatOnlyWhereAzureCommittedAndCut) {
  StartAzure();
  AppendEvents(0, 3000, 600);  // three calls or more
  ASSERT_OK(azure_->AddFault({.action = FaultAction::kCommitThenCutInAnswer, .skip = 1}));
  Deliver();
  AwaitAll();
  const std::map<int, int> arrived = Arrived();
  EXPECT_EQ(arrived.size(), 3000u);
  int doubled = 0;
  for (const auto& [number, times] : arrived) {
    EXPECT_LE(times, 2);
    doubled += times == 2 ? 1 : 0;
  }
  EXPECT_GT(doubled, 0);
  EXPECT_EQ(arrived.begin()->second, 1) << "the first call was answered";
  EXPECT_EQ(arrived.rbegin()->second, 1) << "and the last";
}

TEST_F(DeliveryAzureTest, AnAuxiliaryTableTakesABacklogOfHours) {
  options_.streams[0].auxiliary = true;
  StartAzure();
  for (int hour = 0; hour < 5; ++hour) {
    AppendEvents(100 * hour, 100);
    clock_.Advance(absl::Minutes(25));
  }
  Deliver();
  AwaitAll();
  ExpectEachOnce(500);
  ExpectNothingRefusedOrChanged();
}

TEST_F(DeliveryAzureTest, HostileSizesAreNeverRefusedOrCut) {
  StartAzure();
  std::mt19937 random(11);
  for (int i = 0; i < 120; ++i) {
    event::v1::Event event = MakeEvent(i, random() % 8 == 0 ? random() % 1'500'000 : random() % 70'000);
    event.set_user(std::string(random() % 200'000, '\x01'));
    if (random() % 3 == 0) event.set_user_id("\u00e9\U0001f4ce" + std::string(random() % 65'000, '"'));
    Append({std::move(event)});
  }
  Deliver();
  AwaitAll();
  ExpectEachOnce(120);
  ExpectNothingRefusedOrChanged();
}

TEST_F(DeliveryAzureTest, AStormOfFaultsLosesNothing) {
  StartAzure();
  std::mt19937 random(5);
  constexpr FaultAction kActions[] = {FaultAction::kCutInBody, FaultAction::kAnswer, FaultAction::kCutBeforeCommit,
                                      FaultAction::kCommitThenCut, FaultAction::kCommitThenAnswer};
  constexpr int kStatuses[] = {408, 429, 500, 502, 503, 504, 403, 404, 302};
  for (int i = 0; i < 150; ++i) {
    Fault fault{
        .action = kActions[random() % 5], .skip = static_cast<int>(random() % 2), .status = kStatuses[random() % 9]};
    if (fault.action == FaultAction::kCommitThenAnswer) fault.status = 504;
    if (random() % 6 == 0) fault.target = FaultTarget::kToken;
    if (fault.target == FaultTarget::kToken) fault.action = FaultAction::kAnswer;
    ASSERT_OK(azure_->AddFault(fault));
  }
  Deliver();
  for (int i = 0; i < 100; ++i) {
    AppendEvents(50 * i, 50);
    std::this_thread::yield();
  }
  AwaitAll();
  EXPECT_EQ(Arrived().size(), 5000u);
  EXPECT_THAT(*log_->ListQuarantine(0, 10), IsEmpty());
}

}  // namespace
}  // namespace zoomwatch::detector
