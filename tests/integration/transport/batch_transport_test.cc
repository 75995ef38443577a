// Batches over real gRPC servers: results, limits, deadlines, cancellation, and the mTLS matrix.
#include <gmock/gmock.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "common/grpc/channel.h"
#include "common/grpc/client_permissions.h"
#include "common/grpc/health.h"
#include "common/grpc/limits.h"
#include "common/grpc/server.h"
#include "common/sync/mutex.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "common/testing/test_ca.h"
#include "common/transport/grpc/batch_client.h"
#include "common/transport/grpc/batch_server.h"
#include "zoomwatch/rule/v1/rule_service.grpc.pb.h"

namespace zoomwatch {
namespace {

using ingest::v1::RawWebhook;
using ::testing::HasSubstr;

// Remembers what arrived and answers as told, or holds the answer back. A cancelled call may reach a handler after its client is gone, so
// Release() answers what was held and what still comes: a server waits for the answer of each call when it stops.
class FakeHandler final : public BatchHandler<RawWebhook> {
 public:
  void HandleBatch(const std::string& batch_id, std::vector<RawWebhook> items,
                   std::function<void(absl::StatusOr<BatchResult>)> done) override {
    absl::StatusOr<BatchResult> answer = absl::UnknownError("unset");
    {
      MutexLock lock(mutex_);
      batch_ids_.push_back(batch_id);
      for (RawWebhook& item : items) items_.push_back(std::move(item));
      if (holding_) {
        held_.push_back(std::move(done));
        return;
      }
      answer = answer_;
    }
    done(answer);
  }
  void Answer(absl::StatusOr<BatchResult> answer) {
    MutexLock lock(mutex_);
    answer_ = std::move(answer);
  }
  void Hold() {
    MutexLock lock(mutex_);
    holding_ = true;
  }
  void Release() {
    std::vector<std::function<void(absl::StatusOr<BatchResult>)>> held;
    {
      MutexLock lock(mutex_);
      holding_ = false;
      held.swap(held_);
    }
    for (const auto& done : held) done(BatchResult{});
  }
  std::vector<RawWebhook> Items() {
    MutexLock lock(mutex_);
    return items_;
  }

 private:
  Mutex mutex_;
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  absl::StatusOr<BatchResult> answer_ ABSL_GUARDED_BY(mutex_) = BatchResult{};
  std::vector<std::string> batch_ids_ ABSL_GUARDED_BY(mutex_);
  std::vector<RawWebhook> items_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::function<void(absl::StatusOr<BatchResult>)>> held_ ABSL_GUARDED_BY(mutex_);
};

RawWebhook Webhook(const std::string& id, const std::string& body = "{}") {
  RawWebhook webhook;
  webhook.set_webhook_id(id);
  webhook.set_body(body);
  return webhook;
}

absl::StatusOr<BatchResult> SendAndWait(EventSink<RawWebhook>& sink, const std::vector<RawWebhook>& items,
                                        const std::string& batch_id = "batch-1") {
  std::promise<absl::StatusOr<BatchResult>> promise;
  sink.Send(batch_id, items, [&promise](absl::StatusOr<BatchResult> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

class BatchTransportTest : public ::testing::Test {
 protected:
  BatchTransportTest() : service_(MakeIngestService(handler_)) {}

  void ListenInProcess() {
    grpc::Service* services[] = {service_.get()};
    server_ = *GrpcServer::InProcess(services);
    sink_ = MakeIngestClient(server_->InProcessChannel(), absl::Seconds(20));
  }
  absl::Status Listen(const config::v1::GrpcServer& options) {
    grpc::Service* services[] = {service_.get()};
    auto server = GrpcServer::Listen(options, services, SystemClock::Get());
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    return absl::OkStatus();
  }
  absl::Status Connect(config::v1::GrpcClient options, absl::Duration deadline = absl::Seconds(20)) {
    options.set_address(server_->address());
    auto channel = MakeChannel(options, SystemClock::Get());
    if (!channel.ok()) return channel.status();
    sink_ = MakeIngestClient(*channel, deadline);
    return absl::OkStatus();
  }

  FakeHandler handler_;
  std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<EventSink<RawWebhook>> sink_;
};

TEST_F(BatchTransportTest, CarriesItemsAndResultBothWays) {
  ListenInProcess();
  handler_.Answer(BatchResult{.accepted_count = 2, .rejected = {{.index = 1, .reason = "ITEM_MALFORMED", .message = "no id"}}});
  const auto result = SendAndWait(*sink_, {Webhook("a-1"), Webhook("a-2"), Webhook("a-3", std::string("\xff\0 raw", 6))});
  ASSERT_OK(result);
  EXPECT_EQ(result->accepted_count, 2);
  ASSERT_EQ(result->rejected.size(), 1u);
  EXPECT_EQ(result->rejected[0].index, 1);
  EXPECT_EQ(result->rejected[0].reason, "ITEM_MALFORMED");
  EXPECT_EQ(handler_.Items().at(2).body(), std::string("\xff\0 raw", 6));
}

TEST_F(BatchTransportTest, CarriesTheReasonOfAFailure) {
  ListenInProcess();
  handler_.Answer(Error(Reason::kStoreFull, "store: full"));
  EXPECT_THAT(SendAndWait(*sink_, {Webhook("a-1")}), testing::HasReasonAndMessage(Reason::kStoreFull, "store: full"));
}

TEST_F(BatchTransportTest, RefusesBatchesOutsideTheLimitsBeforeTheHandler) {
  ListenInProcess();
  EXPECT_THAT(SendAndWait(*sink_, {}), testing::HasReason(Reason::kBatchMalformed));
  EXPECT_OK(SendAndWait(*sink_, std::vector<RawWebhook>(kMaxBatchItems, Webhook("a-1"))));
  EXPECT_THAT(SendAndWait(*sink_, std::vector<RawWebhook>(kMaxBatchItems + 1, Webhook("a-1"))),
              testing::HasReasonAndMessage(Reason::kBatchTooLarge, "513 items exceed 512"));
  EXPECT_OK(SendAndWait(*sink_, {Webhook("a-1")}, std::string(64, 'b')));
  EXPECT_THAT(SendAndWait(*sink_, {Webhook("a-1")}, std::string(65, 'b')), testing::HasReason(Reason::kBatchMalformed));
  EXPECT_EQ(handler_.Items().size(), static_cast<size_t>(kMaxBatchItems) + 1);
}

TEST_F(BatchTransportTest, FailsACallThatPassesItsDeadline) {
  grpc::Service* services[] = {service_.get()};
  server_ = *GrpcServer::InProcess(services);
  sink_ = MakeIngestClient(server_->InProcessChannel(), absl::Milliseconds(50));
  handler_.Hold();
  EXPECT_EQ(SendAndWait(*sink_, {Webhook("a-1")}).status().code(), absl::StatusCode::kDeadlineExceeded);
  handler_.Release();
}

TEST_F(BatchTransportTest, CancelsAndCompletesCallsInFlightWhenTheClientGoes) {
  ListenInProcess();
  handler_.Hold();
  absl::StatusOr<BatchResult> result = BatchResult{};
  sink_->Send("batch-1", {Webhook("a-1")}, [&](absl::StatusOr<BatchResult> r) { result = std::move(r); });
  sink_.reset();
  EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled);
  handler_.Release();
}

TEST_F(BatchTransportTest, ReleasesItsChannelBeforeItIsGone) {
  // gRPC ends the threads of its callbacks with the last channel; one of them must not be the thread that lets go of it.
  // A full batch, because it takes its time to be destroyed.
  const std::vector<RawWebhook> batch(kMaxBatchItems, Webhook("a-1"));
  for (int i = 0; i < 50; ++i) {
    sink_ = MakeIngestClient(grpc::CreateChannel("unix:nowhere", grpc::InsecureChannelCredentials()), absl::Seconds(20));
    EXPECT_EQ(SendAndWait(*sink_, batch).status().code(), absl::StatusCode::kUnavailable);
    sink_.reset();
  }
}

TEST_F(BatchTransportTest, KeepsSeveralBatchesInFlight) {
  ListenInProcess();
  handler_.Hold();
  std::atomic<int> completed = 0;
  std::promise<void> all;
  for (int i = 0; i < 8; ++i) {
    sink_->Send("batch", {Webhook("a-1")}, [&](absl::StatusOr<BatchResult> r) {
      EXPECT_OK(r);
      if (++completed == 8) all.set_value();
    });
  }
  while (handler_.Items().size() < 8) std::this_thread::yield();
  EXPECT_EQ(completed, 0);
  handler_.Release();
  all.get_future().wait();
}

TEST_F(BatchTransportTest, RefusesAnAddressThatIsTaken) {
  config::v1::GrpcServer options;
  options.set_listen_address("127.0.0.1:0");
  options.set_allow_plaintext(true);
  ASSERT_OK(Listen(options));
  options.set_listen_address(server_->address());
  grpc::Service* services[] = {service_.get()};
  EXPECT_THAT(GrpcServer::Listen(options, services, SystemClock::Get()), testing::HasReason(Reason::kAddressUnusable));
}

TEST_F(BatchTransportTest, WantsTlsOrPlaintextToBeChosen) {
  config::v1::GrpcServer options;
  options.set_listen_address("127.0.0.1:0");
  EXPECT_THAT(Listen(options), testing::HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("tls is missing")));
}

// Holds every call until Release().
class HoldingRules final : public rule::v1::RuleService::Service {
 public:
  grpc::Status GetRule(grpc::ServerContext*, const rule::v1::GetRuleRequest*, rule::v1::GetRuleResponse*) override {
    MutexLock lock(mutex_);
    while (!released_) changed_.Wait(mutex_);
    return grpc::Status::OK;
  }
  void Release() {
    MutexLock lock(mutex_);
    released_ = true;
    changed_.NotifyAll();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST(GrpcServerTest, AClientThatOpensCallsWithoutEndGetsABoundedNumberOfThreads) {
  constexpr int kCalls = kMaxCallThreads + 50;
  struct Call {
    grpc::ClientContext context;
    rule::v1::GetRuleResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<rule::v1::GetRuleResponse>> reader;
  };
  HoldingRules rules;
  grpc::Service* services[] = {&rules};
  const auto server = GrpcServer::InProcess(services);
  ASSERT_OK(server);
  (*server)->SetServing(true);
  const std::shared_ptr<grpc::Channel> channel = (*server)->InProcessChannel();
  const auto stub = rule::v1::RuleService::NewStub(channel);
  grpc::CompletionQueue queue;
  std::vector<Call> calls(kCalls);
  for (Call& call : calls) {
    call.context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    call.reader = stub->AsyncGetRule(&call.context, {}, &queue);
    call.reader->Finish(&call.response, &call.status, &call);
  }
  const auto next = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return static_cast<Call*>(tag)->status.error_code();
  };
  // Those that do not get a thread come back while all others are held.
  int refused = 0;
  for (int i = kMaxCallThreads; i < kCalls; ++i) refused += next() == grpc::StatusCode::RESOURCE_EXHAUSTED ? 1 : 0;
  EXPECT_EQ(refused, kCalls - kMaxCallThreads);
  EXPECT_OK(CheckHealth(channel, absl::Now() + absl::Seconds(30))) << "what takes no thread goes on";
  rules.Release();
  int answered = 0;
  for (int i = 0; i < kMaxCallThreads; ++i) answered += next() == grpc::StatusCode::OK ? 1 : 0;
  EXPECT_GT(answered, kMaxCallThreads - 10) << "some threads wait for calls instead";
}

// Server with mTLS; clients of several kinds.
class MtlsTest : public BatchTransportTest {
 protected:
  MtlsTest() : ca_(dir_.path(), "ca"), other_ca_(dir_.path(), "other-ca") {
    server_files_ = ca_.Issue("server", {.common_name = "normalizer"});
    options_.set_listen_address("127.0.0.1:0");
    options_.mutable_tls()->set_certificate_file(server_files_.certificate_file);
    options_.mutable_tls()->set_private_key_file(server_files_.private_key_file);
    options_.mutable_tls()->set_client_ca_file(ca_.ca_file());
    options_.add_allowed_client_names("receiver");
  }
  config::v1::GrpcClient ClientWith(const testing::CertificateFiles& files, const std::string& ca_file) {
    config::v1::GrpcClient options;
    options.mutable_tls()->set_ca_file(ca_file);
    options.mutable_tls()->set_certificate_file(files.certificate_file);
    options.mutable_tls()->set_private_key_file(files.private_key_file);
    options.mutable_tls()->set_server_name("localhost");
    return options;
  }
  absl::StatusCode CallAs(const config::v1::GrpcClient& client, absl::Duration deadline = absl::Seconds(20)) {
    const absl::Status connected = Connect(client, deadline);
    if (!connected.ok()) return connected.code();
    return SendAndWait(*sink_, {Webhook("a-1")}).status().code();
  }

  testing::TempDir dir_;
  testing::TestCa ca_;
  testing::TestCa other_ca_;
  testing::CertificateFiles server_files_;
  config::v1::GrpcServer options_;
};

TEST_F(MtlsTest, LetsInTheNamedClientAndNobodyElse) {
  ASSERT_OK(Listen(options_));
  EXPECT_EQ(CallAs(ClientWith(ca_.Issue("c1", {.common_name = "receiver"}), ca_.ca_file())), absl::StatusCode::kOk);
  const auto by_dns = ca_.Issue("c2", {.common_name = "x", .subject_alternative_names = {"DNS:receiver"}});
  EXPECT_EQ(CallAs(ClientWith(by_dns, ca_.ca_file())), absl::StatusCode::kOk);
  EXPECT_NE(CallAs(ClientWith(ca_.Issue("c3", {.common_name = "detector"}), ca_.ca_file())), absl::StatusCode::kOk);
  EXPECT_NE(CallAs(ClientWith(other_ca_.Issue("c4", {.common_name = "receiver"}), ca_.ca_file())), absl::StatusCode::kOk);
  config::v1::GrpcClient nameless;
  nameless.mutable_tls()->set_ca_file(ca_.ca_file());
  nameless.mutable_tls()->set_server_name("localhost");
  EXPECT_NE(CallAs(nameless), absl::StatusCode::kOk);
  config::v1::GrpcClient plaintext;
  plaintext.set_allow_plaintext(true);
  EXPECT_NE(CallAs(plaintext), absl::StatusCode::kOk);
  EXPECT_EQ(handler_.Items().size(), 2u);
}

// The name of an outside program opens the connection and the services for programs, but sends no batch.
TEST_F(MtlsTest, LetsApiClientsCallWhatIsMadeForThemOnly) {
  options_.add_api_client_names("soc");
  ASSERT_OK(Listen(options_));
  EXPECT_EQ(CallAs(ClientWith(ca_.Issue("c1", {.common_name = "receiver"}), ca_.ca_file())), absl::StatusCode::kOk);
  const auto by_dns = ca_.Issue("c2", {.common_name = "soc", .subject_alternative_names = {"DNS:receiver"}});
  EXPECT_EQ(CallAs(ClientWith(by_dns, ca_.ca_file())), absl::StatusCode::kOk) << "one of its names may";
  const config::v1::GrpcClient api_client = ClientWith(ca_.Issue("c3", {.common_name = "soc"}), ca_.ca_file());
  EXPECT_EQ(CallAs(api_client), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(handler_.Items().size(), 2u);

  auto health_client = api_client;
  health_client.set_address(server_->address());
  auto channel = MakeChannel(health_client, SystemClock::Get());
  ASSERT_OK(channel);
  server_->SetServing(true);
  EXPECT_OK(CheckHealth(*channel, absl::Now() + absl::Seconds(20)));
  const config::v1::GrpcClient stranger = ClientWith(ca_.Issue("c4", {.common_name = "detector"}), ca_.ca_file());
  EXPECT_EQ(CallAs(stranger), absl::StatusCode::kUnavailable);
}

TEST_F(MtlsTest, ApiClientsWithoutAListOfTheOthersAreRefused) {
  options_.clear_allowed_client_names();
  options_.add_api_client_names("soc");
  EXPECT_THAT(Listen(options_), testing::HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("api_client_names")));
}

TEST(ClientPermissions, ApiMethodsAreThoseOfTheServicesForPrograms) {
  EXPECT_TRUE(IsApiMethod("/zoomwatch.alert.v1.AlertService/SubscribeAlerts"));
  EXPECT_TRUE(IsApiMethod("/zoomwatch.hunt.v1.HuntService/Hunt"));
  EXPECT_TRUE(IsApiMethod("/zoomwatch.rule.v1.RuleService/ListRules"));
  EXPECT_TRUE(IsApiMethod("/zoomwatch.ledger.v1.LedgerService/GetLedger"));
  EXPECT_TRUE(IsApiMethod("/zoomwatch.volume.v1.VolumeService/MeasureVolume"));
  EXPECT_TRUE(IsApiMethod("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"));
  for (const char* path : {"/zoomwatch.detect.v1.DetectService/DetectEvents", "/zoomwatch.ingest.v1.IngestService/IngestWebhooks", "", "/",
                           "/zoomwatch.alert.v1.AlertServiceX/Y", "zoomwatch.alert.v1.AlertService/ListAlerts"}) {
    EXPECT_FALSE(IsApiMethod(path)) << path;
  }
}

TEST_F(MtlsTest, ClientRefusesAServerOfAnotherAuthorityOrName) {
  ASSERT_OK(Listen(options_));
  const auto files = ca_.Issue("c1", {.common_name = "receiver"});
  EXPECT_NE(CallAs(ClientWith(files, other_ca_.ca_file())), absl::StatusCode::kOk);
  config::v1::GrpcClient other_name = ClientWith(files, ca_.ca_file());
  other_name.mutable_tls()->set_server_name("detector.internal");
  EXPECT_NE(CallAs(other_name), absl::StatusCode::kOk);
  EXPECT_TRUE(handler_.Items().empty());
}

TEST_F(MtlsTest, ServesARenewedCertificateWithoutARestart) {
  ASSERT_OK(Listen(options_));
  const auto files = ca_.Issue("c1", {.common_name = "receiver"});
  config::v1::GrpcClient renewed_only = ClientWith(files, ca_.ca_file());
  renewed_only.mutable_tls()->set_server_name("renewed.internal");
  EXPECT_NE(CallAs(renewed_only), absl::StatusCode::kOk);
  ca_.Issue("server", {.common_name = "normalizer", .subject_alternative_names = {"DNS:renewed.internal"}});
  // The watcher polls; the call succeeds once it has seen the new pair.
  absl::StatusCode code = absl::StatusCode::kUnknown;
  for (int attempt = 0; attempt < 200 && code != absl::StatusCode::kOk; ++attempt) {
    code = CallAs(renewed_only);
    if (code != absl::StatusCode::kOk) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(code, absl::StatusCode::kOk);
}

TEST_F(MtlsTest, StartUpNamesTheFileThatIsBad) {
  const auto other = ca_.Issue("other", {.common_name = "x"});
  options_.mutable_tls()->set_private_key_file(other.private_key_file);
  EXPECT_THAT(Listen(options_), testing::HasReasonAndMessage(Reason::kCertificateInvalid, HasSubstr("is not the key of")));
  const auto expired = ca_.Issue("old", {.common_name = "x", .valid_from = -absl::Hours(2), .valid_until = -absl::Hours(1)});
  options_.mutable_tls()->set_certificate_file(expired.certificate_file);
  options_.mutable_tls()->set_private_key_file(expired.private_key_file);
  EXPECT_THAT(Listen(options_), testing::HasReasonAndMessage(Reason::kCertificateInvalid, HasSubstr("expired at")));
  options_.mutable_tls()->set_certificate_file(dir_.file("absent.pem"));
  EXPECT_THAT(Listen(options_), testing::HasReasonAndMessage(Reason::kCertificateInvalid, HasSubstr("cannot be read")));
}

}  // namespace
}  // namespace zoomwatch
