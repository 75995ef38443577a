#include "services/detector/delivery/logs_ingestion_client.h"

#include <gmock/gmock.h>

#include "common/testing/fake_clock.h"
#include "common/testing/fake_sleeper.h"
#include "common/testing/status_matchers.h"
#include "tests/unit/services/delivery/fixed_tokens.h"
#include "tests/unit/services/delivery/scripted_http_client.h"

namespace zoomwatch::detector {
namespace {

using Kind = CallResult::Kind;
using ::testing::AllOf;
using testing::HasReason;
using testing::HasReasonAndMessage;
using ::testing::HasSubstr;
using ::testing::Not;

class LogsIngestionClientTest : public ::testing::Test {
 protected:
  CallResult Post(std::vector<absl::StatusOr<HttpResponse>> answers) {
    http_.Answer(std::move(answers));
    return client_.Post("Custom-ZoomLogs_CL", {.bytes = "[{}]", .gzip = false, .plain_bytes = 4}, {}, {});
  }

  testing::FakeClock clock_{absl::FromUnixSeconds(1795512600)};
  testing::FakeSleeper sleeper_{clock_};
  Metrics metrics_;
  ScriptedHttpClient http_;
  FixedTokens* source_ = new FixedTokens;  // owned by tokens_
  TokenProvider tokens_{std::unique_ptr<CredentialSource>(source_), clock_, metrics_};
  RateBudget budget_{{.calls_per_minute = 600, .bytes_per_minute = 6000}, clock_};
  LogsIngestionClient client_{{.endpoint = "https://dce.example", .rule_id = "dcr-1", .timeout = absl::Seconds(11)},
                              http_,
                              tokens_,
                              budget_,
                              clock_,
                              sleeper_,
                              metrics_};
};

TEST_F(LogsIngestionClientTest, MakesTheCallOfTheInterface) {
  http_.Answer({HttpResponse{.status = 204}});
  const CallResult result =
      client_.Post("Custom-Zoom Logs", {.bytes = "\x1f\x8b", .gzip = true, .plain_bytes = 500}, {}, {});
  EXPECT_EQ(result.kind, Kind::kStored);
  EXPECT_OK(result.status);
  ASSERT_EQ(http_.requests().size(), 1u);
  const RecordedRequest request = http_.requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url,
            "https://dce.example/dataCollectionRules/dcr-1/streams/Custom-Zoom%20Logs?api-version=2023-01-01");
  EXPECT_EQ(request.Header("Authorization"), "Bearer token-1");
  EXPECT_EQ(request.Header("Content-Type"), "application/json");
  EXPECT_EQ(request.Header("Content-Encoding"), "gzip");
  EXPECT_EQ(request.body, "\x1f\x8b");
  EXPECT_EQ(request.timeout, absl::Seconds(11));
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("zoomwatch_detector_ingestion_bytes_total{form=\"plain\",stream=\"Custom-Zoom Logs\"} 500\n"));
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("zoomwatch_detector_ingestion_bytes_total{form=\"sent\",stream=\"Custom-Zoom Logs\"} 2\n"));
}

TEST_F(LogsIngestionClientTest, PlainBodiesHaveNoContentEncoding) {
  EXPECT_EQ(Post({HttpResponse{.status = 204}}).kind, Kind::kStored);
  EXPECT_EQ(http_.requests()[0].Header("Content-Encoding"), "");
}

struct AnswerCase {
  absl::StatusOr<HttpResponse> answer;
  Kind kind;
  Reason reason;
  std::string_view result;
  absl::Duration retry_after = absl::ZeroDuration();
};

// The table of docs/delivery.md.
TEST_F(LogsIngestionClientTest, EveryAnswerHasItsMeaning) {
  const HttpResponse throttled{.status = 429, .headers = {{"Retry-After", "30"}}};
  const HttpResponse busy{.status = 503, .headers = {{"Retry-After", "20"}}};
  const std::vector<AnswerCase> cases = {
      {HttpResponse{.status = 400}, Kind::kRefused, Reason::kDeliveryRejected, "refused"},
      {HttpResponse{.status = 413}, Kind::kRefused, Reason::kDeliveryTooLarge, "refused"},
      {HttpResponse{.status = 403}, Kind::kWait, Reason::kDeliveryForbidden, "forbidden"},
      {HttpResponse{.status = 404}, Kind::kWait, Reason::kDeliveryRuleUnknown, "rule_unknown"},
      {HttpResponse{.status = 408}, Kind::kRetry, Reason::kDeliveryUnreachable, "unreachable"},
      {throttled, Kind::kRetry, Reason::kDeliveryThrottled, "throttled", absl::Seconds(30)},
      {HttpResponse{.status = 429}, Kind::kRetry, Reason::kDeliveryThrottled, "throttled"},
      {busy, Kind::kRetry, Reason::kDeliveryThrottled, "throttled", absl::Seconds(20)},
      {HttpResponse{.status = 503}, Kind::kRetry, Reason::kDeliveryUnreachable, "unreachable"},
      {HttpResponse{.status = 500}, Kind::kRetry, Reason::kDeliveryUnreachable, "unreachable"},
      {HttpResponse{.status = 502}, Kind::kRetry, Reason::kDeliveryUnreachable, "unreachable"},
      {HttpResponse{.status = 504}, Kind::kRetry, Reason::kDeliveryUnreachable, "unreachable"},
      {HttpResponse{.status = 599}, Kind::kRetry, Reason::kDeliveryUnreachable, "unreachable"},
      {HttpResponse{.status = 200, .body = "<html>"}, Kind::kWait, Reason::kDeliveryUnexpectedAnswer, "unexpected"},
      {HttpResponse{.status = 202}, Kind::kWait, Reason::kDeliveryUnexpectedAnswer, "unexpected"},
      {HttpResponse{.status = 302}, Kind::kWait, Reason::kDeliveryUnexpectedAnswer, "unexpected"},
      {HttpResponse{.status = 405}, Kind::kWait, Reason::kDeliveryUnexpectedAnswer, "unexpected"},
      {HttpResponse{.status = 407}, Kind::kWait, Reason::kDeliveryUnexpectedAnswer, "unexpected"},
      {HttpResponse{.status = 415}, Kind::kWait, Reason::kDeliveryUnexpectedAnswer, "unexpected"},
      {Error(Reason::kHttpCallFailed, "cut"), Kind::kRetry, Reason::kDeliveryUnreachable, "unreachable"},
      {Error(Reason::kHttpServerUntrusted, "who"), Kind::kWait, Reason::kHttpServerUntrusted, "unreachable"},
      {Error(Reason::kShuttingDown, "stop"), Kind::kRetry, Reason::kShuttingDown, "unreachable"},
  };
  for (const AnswerCase& each : cases) {
    SCOPED_TRACE(each.answer.ok() ? std::to_string(each.answer->status) : Describe(each.answer.status()));
    const std::string row = "zoomwatch_detector_ingestion_calls_total";
    prometheus::Counter& counter = metrics_.Counter(MetricRow{row, MetricType::kCounter, "", {"stream", "result"}},
                                                    {"Custom-ZoomLogs_CL", each.result});
    const double before = counter.Value();
    const CallResult result = Post({each.answer});
    EXPECT_EQ(result.kind, each.kind);
    EXPECT_THAT(result.status, HasReason(each.reason));
    EXPECT_EQ(result.retry_after, each.retry_after);
    EXPECT_EQ(counter.Value(), before + 1);
  }
  EXPECT_EQ(http_.requests().size(), cases.size()) << "nothing was repeated";
  EXPECT_EQ(source_->issued(), 1);
}

TEST_F(LogsIngestionClientTest, AnUnauthorizedCallIsRepeatedOnceWithANewToken) {
  EXPECT_EQ(Post({HttpResponse{.status = 401}, HttpResponse{.status = 204}}).kind, Kind::kStored);
  ASSERT_EQ(http_.requests().size(), 2u);
  EXPECT_EQ(http_.requests()[0].Header("Authorization"), "Bearer token-1");
  EXPECT_EQ(http_.requests()[1].Header("Authorization"), "Bearer token-2");
  const CallResult result =
      Post({HttpResponse{.status = 401}, HttpResponse{.status = 401, .body = R"({"error":{"code":"InvalidToken"}})"}});
  EXPECT_EQ(result.kind, Kind::kWait);
  EXPECT_THAT(result.status, HasReasonAndMessage(Reason::kDeliveryForbidden, HasSubstr("status 401: InvalidToken")));
  EXPECT_EQ(http_.requests().size(), 4u);
  EXPECT_EQ(source_->issued(), 3);
}

TEST_F(LogsIngestionClientTest, ErrorsHoldAzuresMessageAndNotTheToken) {
  const CallResult result = Post({HttpResponse{
      .status = 403, .body = R"({"error":{"code":"OperationFailed","message":"The token token-1 has no access."}})"}});
  EXPECT_THAT(result.status,
              HasReasonAndMessage(
                  Reason::kDeliveryForbidden,
                  AllOf(HasSubstr("stream Custom-ZoomLogs_CL: status 403: OperationFailed: The token [redacted] has"),
                        Not(HasSubstr("token-1")))));
}

TEST_F(LogsIngestionClientTest, WithoutATokenNothingIsSent) {
  struct Case {
    Reason reason;
    Kind kind;
  };
  for (const Case& each : std::vector<Case>{{Reason::kTokenRefused, Kind::kWait},
                                            {Reason::kSecretUnreadable, Kind::kWait},
                                            {Reason::kSecretEmpty, Kind::kWait},
                                            {Reason::kCertificateInvalid, Kind::kWait},
                                            {Reason::kHttpServerUntrusted, Kind::kWait},
                                            {Reason::kDeliveryUnexpectedAnswer, Kind::kWait},
                                            {Reason::kHttpCallFailed, Kind::kRetry},
                                            {Reason::kDeliveryUnreachable, Kind::kRetry},
                                            {Reason::kDeliveryThrottled, Kind::kRetry},
                                            {Reason::kShuttingDown, Kind::kRetry}}) {
    SCOPED_TRACE(NameOf(each.reason));
    source_->Fail(Error(each.reason, "token endpoint: x"), absl::Seconds(8));
    const CallResult result = Post({});
    EXPECT_EQ(result.kind, each.kind);
    EXPECT_THAT(result.status, HasReason(each.reason));
    EXPECT_EQ(result.retry_after, absl::Seconds(8));
  }
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(LogsIngestionClientTest, WaitsForTheBudgetByPlainBytes) {
  http_.Answer([](const RecordedRequest&) { return HttpResponse{.status = 204}; });
  const IngestionBody body{.bytes = "z", .gzip = true, .plain_bytes = 600};
  EXPECT_EQ(client_.Post("s", body, {}, {}).kind, Kind::kStored);
  EXPECT_TRUE(sleeper_.sleeps().empty());
  EXPECT_EQ(client_.Post("s", body, {}, {}).kind, Kind::kStored);
  ASSERT_EQ(sleeper_.sleeps().size(), 1u);
  EXPECT_GT(sleeper_.sleeps()[0], absl::Seconds(6));  // 600 bytes at 5400 a minute
  EXPECT_LT(sleeper_.sleeps()[0], absl::Seconds(7));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_detector_ingestion_budget_waits_total 1\n"));
}

TEST_F(LogsIngestionClientTest, AStopEndsTheWaitForTheBudget) {
  http_.Answer([](const RecordedRequest&) { return HttpResponse{.status = 204}; });
  const IngestionBody body{.bytes = "z", .gzip = true, .plain_bytes = 600};
  client_.Post("s", body, {}, {});
  std::stop_source stop;
  sleeper_.OnSleep([&](absl::Duration) { stop.request_stop(); });
  const CallResult result = client_.Post("s", body, stop.get_token(), {});
  EXPECT_EQ(result.kind, Kind::kRetry);
  EXPECT_THAT(result.status, HasReason(Reason::kShuttingDown));
  EXPECT_EQ(http_.requests().size(), 1u);
}

TEST_F(LogsIngestionClientTest, OnlyCancelReachesTheCall) {
  http_.Answer([](const RecordedRequest&) { return HttpResponse{.status = 204}; });
  std::stop_source requested;
  requested.request_stop();
  EXPECT_EQ(client_.Post("s", {.bytes = "[]", .plain_bytes = 2}, requested.get_token(), {}).kind, Kind::kStored);
  EXPECT_THAT(client_.Post("s", {.bytes = "[]", .plain_bytes = 2}, {}, requested.get_token()).status,
              HasReason(Reason::kShuttingDown));
}

}  // namespace
}  // namespace zoomwatch::detector
