// What the edge does with good requests, duplicates and failures of the store.
#include "services/receiver/webhook_handler.h"

#include <gmock/gmock.h>

#include <thread>

#include "common/log/log.h"
#include "services/receiver/trace_context.h"
#include "tests/integration/webhook_edge/edge_fixture.h"

namespace zoomwatch::receiver::testing {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class WebhookHandlerTest : public EdgeTest {};

TEST_F(WebhookHandlerTest, StoresTheBytesAsTheyCameAndWhatIsKnownAboutThem) {
  StartEdge();
  const std::string body = "{\"event\":\"a\",\"t\":\"\xe2\x80\x93\\uD83D\\uDE92\"} \n";
  const RawResponse response =
      Exchange(SignedRequest(body)
                   .Add("x-zm-request-id: req-1")
                   .Add("x-zm-trackingid: track-1")
                   .Add("traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")
                   .Add("X-Forwarded-For: 203.0.113.9"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  const auto stored = store_.stored();
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].body(), body);
  EXPECT_EQ(stored[0].account_name(), "main");
  EXPECT_EQ(stored[0].request_timestamp_seconds(), kNow);
  EXPECT_EQ(stored[0].receive_time().seconds(), kNow);
  EXPECT_EQ(stored[0].receive_time().nanos(), 0);
  EXPECT_EQ(stored[0].request_id(), "req-1");
  EXPECT_EQ(stored[0].tracking_id(), "track-1");
  EXPECT_EQ(stored[0].traceparent(), "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01");
  EXPECT_EQ(stored[0].source_address(), "127.0.0.1");  // nobody is trusted to name another
  EXPECT_EQ(stored[0].webhook_id(), "");               // the store's to give
}

TEST_F(WebhookHandlerTest, BelievesATrustedProxy) {
  handler_options_.trusted_proxies = *TrustedProxies::Parse(std::vector<std::string>{"127.0.0.0/8"});
  StartEdge();
  EXPECT_EQ(Exchange(SignedRequest(kBody).Add("X-Forwarded-For: 1.1.1.1, 203.0.113.9")).status, 200);
  EXPECT_EQ(store_.stored()[0].source_address(), "203.0.113.9");
}

TEST_F(WebhookHandlerTest, CutsAndCleansUnsignedIds) {
  StartEdge();
  for (const auto& [sent, kept] : std::vector<std::pair<std::string, std::string>>{{std::string(127, 'a'), std::string(127, 'a')},
                                                                                   {std::string(128, 'b'), std::string(128, 'b')},
                                                                                   {std::string(129, 'c'), std::string(128, 'c')},
                                                                                   {"a\xff\tb", "a??b"}}) {
    clock_.Advance(absl::Seconds(1));
    EXPECT_EQ(Exchange(SignedRequest(kBody, absl::ToUnixSeconds(clock_.Now())).Add("x-zm-request-id: " + sent)).status, 200);
    EXPECT_EQ(store_.stored().back().request_id(), kept);
  }
}

TEST_F(WebhookHandlerTest, MakesATraceparentWhenNoneIsUsable) {
  StartEdge();
  Exchange(SignedRequest(kBody));
  Exchange(SignedRequest(kBody, kNow - 1).Add("traceparent: 00-zz"));
  EXPECT_TRUE(IsTraceparent(store_.stored()[0].traceparent()));
  EXPECT_TRUE(IsTraceparent(store_.stored()[1].traceparent()));
}

TEST_F(WebhookHandlerTest, StoresSignedBodiesThatAreNoEvents) {
  StartEdge();
  for (const std::string& body : {"not json"s, "\xff\xfe\x00"s, std::string(50000, '['), "{\"event\":"s, "null"s}) {
    EXPECT_EQ(Exchange(SignedRequest(body)).status, 200);
    EXPECT_EQ(store_.stored().back().body(), body);
  }
}

TEST_F(WebhookHandlerTest, TakesAChunkedBodyAndAQuery) {
  StartEdge();
  WebhookRequest request = SignedRequest(kBody);
  request.request_line = "POST /webhook?tenant=a HTTP/1.1";
  request.Set("content-length", "Transfer-Encoding: chunked");
  request.body = "4\r\n" + std::string(kBody).substr(0, 4) + "\r\n4F\r\n" + std::string(kBody).substr(4) + "\r\n0\r\n\r\n";
  ASSERT_EQ(sizeof(kBody) - 1 - 4, 0x4Fu);
  EXPECT_EQ(Exchange(request).status, 200);
  EXPECT_EQ(store_.stored().back().body(), kBody);
}

TEST_F(WebhookHandlerTest, AcceptsTheEdgesOfTheTimeWindow) {
  StartEdge();
  EXPECT_EQ(Exchange(SignedRequest(kBody, kNow - 5400)).status, 200);
  EXPECT_EQ(Exchange(SignedRequest(kBody, kNow - 5401)).status, 401);
  EXPECT_EQ(Exchange(SignedRequest(kBody, kNow + 300)).status, 200);
  EXPECT_EQ(Exchange(SignedRequest(kBody, kNow + 301)).status, 401);
}

TEST_F(WebhookHandlerTest, AnswersASignedChallengeWithTheSecretThatSignedIt) {
  StartEdge();
  const std::string body = "{\"payload\":{\"plainToken\":\"token-of_22-characters\"},\"event_ts\":1,\"event\":\"endpoint.url_validation\"}";
  const RawResponse response = Exchange(SignedRequest(body));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("Content-Type"), "application/json");
  EXPECT_EQ(response.body,
            "{\"plainToken\":\"token-of_22-characters\",\"encryptedToken\":"
            "\"d592eb57d73c6dacf4ffa0f91c6c4f998a6420c3e0884934a516d1716239f039\"}");
  EXPECT_NE(Exchange(SignedRequest(body, kNow, kNextSecret)).body, response.body);
  EXPECT_EQ(store_.stored().size(), 2u);
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_receiver_challenge_last_seen_seconds{account=\"main\"} 1790000000"));
}

TEST_F(WebhookHandlerTest, AnswersAChallengeThoughItCannotBeStored) {
  StartEdge();
  store_.SetOutcome(Error(Reason::kSpoolFull, "full"));
  const std::string body = "{\"event\":\"endpoint.url_validation\",\"payload\":{\"plainToken\":\"abc\"}}";
  EXPECT_THAT(Exchange(SignedRequest(body)).body, HasSubstr("encryptedToken"));
}

TEST_F(WebhookHandlerTest, AnswersAReplayWithoutStoringItAgain) {
  StartEdge();
  EXPECT_EQ(Exchange(SignedRequest(kBody)).status, 200);
  EXPECT_EQ(Exchange(SignedRequest(kBody)).status, 200);
  EXPECT_EQ(Exchange(SignedRequest(kBody, kNow + 1)).status, 200);  // another time stamp: another request
  EXPECT_EQ(store_.stored().size(), 2u);
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_receiver_webhooks_total{account=\"main\",result=\"REPLAYED_REQUEST\"} 1"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_receiver_webhooks_total{account=\"main\",result=\"accepted\"} 2"));
}

TEST_F(WebhookHandlerTest, Answers503ForEveryFailureOfTheStoreAndTakesTheRetry) {
  StartEdge();
  for (const auto& [failure, reason] : std::vector<std::pair<absl::Status, std::string>>{
           {Error(Reason::kSpoolFull, "full"), "SPOOL_FULL"},
           {Error(Reason::kSpoolFailed, "failed"), "SPOOL_FAILED"},
           {Error(Reason::kShuttingDown, "stopping"), "SHUTTING_DOWN"},
           {Error(Reason::kOverloaded, "no row for the webhook port"), "SPOOL_FAILED"},
           {absl::InternalError("no reason"), "SPOOL_FAILED"}}) {
    store_.SetOutcome(failure);
    const RawResponse response = Exchange(SignedRequest(kBody));
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.body, "{\"reason\":\"" + reason + "\"}");
  }
  store_.SetOutcome(absl::OkStatus());
  EXPECT_EQ(Exchange(SignedRequest(kBody)).status, 200);
  EXPECT_EQ(store_.stored().size(), 6u);
}

TEST_F(WebhookHandlerTest, AnswersATwinOnlyWhenTheFirstIsDurable) {
  StartEdge();
  store_.Hold();
  RawClient first(server_->port()), twin(server_->port());
  first.Send(SignedRequest(kBody).Bytes());
  while (store_.stored().empty()) std::this_thread::yield();
  twin.Send(SignedRequest(kBody).Bytes());
  // The twin is taken before this one, which shares its connection's thread or not, is answered.
  EXPECT_EQ(Exchange(SignedRequest(kBody, kNow, "guess")).status, 401);
  store_.SettleNext(absl::OkStatus());
  EXPECT_EQ(first.Receive().status, 200);
  EXPECT_EQ(twin.Receive().status, 200);
  EXPECT_EQ(store_.stored().size(), 1u);
}

TEST_F(WebhookHandlerTest, Answers503AtTheDeadlineAndRemembersWhatBecameDurableLater) {
  StartEdge();
  store_.Hold();
  RawClient client(server_->port());
  client.Send(SignedRequest(kBody).Bytes());
  while (store_.stored().empty()) std::this_thread::yield();
  clock_.Advance(absl::Milliseconds(2499));
  clock_.Advance(absl::Milliseconds(1));
  const RawResponse response = client.Receive();
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "{\"reason\":\"ANSWER_DEADLINE_EXCEEDED\"}");
  store_.SettleNext(absl::OkStatus());
  EXPECT_EQ(Exchange(SignedRequest(kBody)).status, 200);  // Zoom's retry, if it is the same request
  EXPECT_EQ(store_.stored().size(), 1u);
}

TEST_F(WebhookHandlerTest, VerifiesWithBothSecretsDuringARotationAndCountsTheirUse) {
  StartEdge();
  EXPECT_EQ(Exchange(SignedRequest(kBody)).status, 200);
  EXPECT_EQ(Exchange(SignedRequest(kBody, kNow, kNextSecret)).status, 200);
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_receiver_secret_uses_total{account=\"main\",secret=\"1\"} 1"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_receiver_secret_uses_total{account=\"main\",secret=\"2\"} 1"));
  Write("secret-1", "own-test-secret-3");
  EXPECT_OK(accounts_->Reload());
  EXPECT_EQ(Exchange(SignedRequest(kBody, kNow + 1)).status, 401);
  EXPECT_EQ(Exchange(SignedRequest(kBody, kNow + 1, "own-test-secret-3")).status, 200);
}

TEST_F(WebhookHandlerTest, WantsTheAdditionalHeaderToo) {
  Write("value", "extra-value");
  config_.mutable_zoom_accounts(0)->mutable_custom_header()->set_name("x-own-key");
  config_.mutable_zoom_accounts(0)->mutable_custom_header()->set_value_file(dir_.file("value"));
  StartEdge();
  const RawResponse refused = Exchange(SignedRequest(kBody));
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.body, "{\"reason\":\"CREDENTIALS_MISMATCH\"}");
  EXPECT_EQ(Exchange(SignedRequest(kBody).Add("X-Own-Key: extra-value")).status, 200);
}

TEST_F(WebhookHandlerTest, LogsNeitherBodyNorSecretNorSignature) {
  std::string lines;
  Mutex mutex;
  SetLogSinkForTest([&](std::string_view line) {
    MutexLock lock(mutex);
    lines += line;
  });
  StartEdge();
  WebhookRequest request = SignedRequest("{\"event\":\"private.body\"}", kNow, "guess");
  EXPECT_EQ(Exchange(request.Add("x-zm-request-id: id-7").Add("Authorization: Bearer private.token")).status, 401);
  SetLogSinkForTest(nullptr);
  EXPECT_THAT(lines, HasSubstr("\"error\":\"SIGNATURE_MISMATCH: no secret of this path yields the signature\""));
  EXPECT_THAT(lines, HasSubstr("\"request_id\":\"id-7\",\"body_bytes\":24,\"body_sha256\":\""));
  EXPECT_THAT(lines, Not(HasSubstr("private")));
  EXPECT_THAT(lines, Not(HasSubstr("own-test-secret")));
  EXPECT_THAT(lines, Not(HasSubstr("v0=")));
}

TEST_F(WebhookHandlerTest, ServesConcurrentSendersReplaysAndReloads) {
  server_options_.threads = 2;
  StartEdge();
  constexpr int kSenders = 8;
  constexpr int kRequests = 40;
  std::atomic<int> good{0};
  std::atomic<bool> done{false};
  std::thread reloading([&] {
    for (int i = 0; !done; ++i) {
      Write("secret-2", "rotated-" + std::to_string(i));
      [[maybe_unused]] const absl::Status ignored = accounts_->Reload();
    }
  });
  std::vector<std::thread> senders;
  for (int sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&] {
      RawClient client(server_->port());
      // All senders send the same requests: each must be stored once.
      for (int i = 0; i < kRequests; ++i) good += client.Exchange(SignedRequest(kBody, kNow - i).Bytes()).status == 200 ? 1 : 0;
    });
  }
  for (std::thread& sender : senders) sender.join();
  done = true;
  reloading.join();
  EXPECT_EQ(good, kSenders * kRequests);
  EXPECT_EQ(store_.stored().size(), static_cast<size_t>(kRequests));
}

}  // namespace
}  // namespace zoomwatch::receiver::testing
