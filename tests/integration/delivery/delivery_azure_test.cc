// The whole of delivery, from the event log to a real HTTP server that behaves like Azure, is told to fail, and counts
// what a client does wrong. Time is a fake clock that back-offs move.
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "common/config/config.h"
#include "common/status/check.h"
#include "common/testing/fake_clock.h"
#include "common/testing/fake_sleeper.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "common/testing/test_ca.h"
#include "services/detector/delivery/azure_delivery.h"
#include "services/detector/delivery/delivery_worker.h"
#include "services/detector/delivery/event_row_queue.h"
#include "services/detector/event_log/event_log.h"
#include "tests/fakes/azure_monitor/azure_monitor.h"
#include "tests/fakes/azure_monitor/event_stream.h"
#include "tests/fakes/azure_monitor/jwt.h"

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

constexpr char kStream[] = "Custom-ZoomLogs_CL";
constexpr char kSecret[] = "fake~secret";

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

class DeliveryAzureTest : public ::testing::Test {
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
    sink_ = delivery_->MakeSink(config.delivery().logs_ingestion().stream());
    queue_ = std::make_unique<EventRowQueue>(*log_, delivery_->row_limits());
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
    EXPECT_THAT(state.refusals, IsEmpty());
    const fakes::RowChanges& changes = state.streams.at(kStream).changes;
    EXPECT_THAT(changes.undeclared, IsEmpty());
    EXPECT_THAT(changes.lost, IsEmpty());
    EXPECT_THAT(changes.cut, IsEmpty());
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
