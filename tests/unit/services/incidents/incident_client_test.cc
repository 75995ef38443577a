#include "services/detector/incidents/incident_client.h"

#include <gmock/gmock.h>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "tests/unit/services/delivery/fixed_tokens.h"
#include "tests/unit/services/delivery/scripted_http_client.h"

namespace zoomwatch::detector {
namespace {

using Kind = IncidentResult::Kind;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using testing::HasReason;
using testing::HasReasonAndMessage;

constexpr char kName[] = "00000000-0000-8000-8000-000000000001";

HttpResponse Response(int status, std::string body = "", std::vector<std::pair<std::string, std::string>> headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}
HttpResponse ErrorAnswer(int status, const std::string& code, const std::string& message) {
  return Response(status, R"({"error":{"code":")" + code + R"(","message":")" + message + R"("}})");
}
const HttpResponse kAbsent = ErrorAnswer(404, "NotFound", "Incident was not found.");

class IncidentClientTest : public ::testing::Test {
 protected:
  IncidentResult Create(std::vector<absl::StatusOr<HttpResponse>> answers) {
    http_.Answer(std::move(answers));
    return client_.Create(kName, "{body}", {}, {});
  }
  // "GET", "PUT" ... as they were made.
  std::string Methods() const {
    std::string methods;
    for (const RecordedRequest& request : http_.requests()) methods += (methods.empty() ? "" : " ") + request.method;
    return methods;
  }

  testing::FakeClock clock_{absl::FromUnixSeconds(1'795'000'000)};
  Metrics metrics_;
  ScriptedHttpClient http_;
  FixedTokens* source_ = new FixedTokens;  // owned by tokens_
  TokenProvider tokens_{std::unique_ptr<CredentialSource>(source_), clock_, metrics_};
  IncidentClient client_{{.url = "https://management.example/w/incidents", .timeout = absl::Seconds(11)}, http_, tokens_, clock_, metrics_};
};

TEST_F(IncidentClientTest, LooksFirstAndThenMakesTheCallOfTheInterface) {
  const IncidentResult result = Create({kAbsent, Response(201)});
  EXPECT_EQ(result.kind, Kind::kCreated);
  EXPECT_OK(result.status);
  ASSERT_EQ(Methods(), "GET PUT");
  for (const RecordedRequest& request : http_.requests()) {
    EXPECT_EQ(request.url, std::string("https://management.example/w/incidents/") + kName + "?api-version=2023-02-01");
    EXPECT_EQ(request.Header("Authorization"), "Bearer token-1");
    EXPECT_EQ(request.timeout, absl::Seconds(11));
  }
  EXPECT_EQ(http_.requests()[0].body, "");
  EXPECT_EQ(http_.requests()[1].body, "{body}");
  EXPECT_EQ(http_.requests()[1].Header("Content-Type"), "application/json");
  EXPECT_EQ(http_.requests()[1].Header("If-None-Match"), "*");
  EXPECT_TRUE(http_.requests()[1].once) << "the HTTP client must not repeat it";
  EXPECT_FALSE(http_.requests()[0].once);
}

TEST_F(IncidentClientTest, LeavesAnIncidentAloneThatIsThere) {
  EXPECT_EQ(Create({Response(200, R"({"properties":{"status":"Closed"}})")}).kind, Kind::kExisting);
  EXPECT_EQ(Methods(), "GET");
}

TEST_F(IncidentClientTest, LooksOnceMoreAfterAConflict) {
  for (const int status : {409, 412}) {
    EXPECT_EQ(Create({kAbsent, ErrorAnswer(status, "Conflict", "Newer version exists"), Response(200)}).kind, Kind::kExisting);
  }
  EXPECT_EQ(Methods(), "GET PUT GET GET PUT GET");
}

TEST_F(IncidentClientTest, AConflictAboutNothingIsTriedAgainLater) {
  const IncidentResult result = Create({kAbsent, ErrorAnswer(409, "Conflict", "busy"), kAbsent});
  EXPECT_EQ(result.kind, Kind::kRetry);
  EXPECT_THAT(result.status, HasReasonAndMessage(Reason::kDeliveryUnexpectedAnswer, HasSubstr("status 409: Conflict: busy")));
}

TEST_F(IncidentClientTest, EveryAnswerHasItsMeaning) {
  const struct {
    int status;
    std::string code;
    Kind write;  // of a PUT
    Reason reason;
    Kind read;  // of the look before it
    Reason read_reason;
  } cases[] = {
      {301, "Moved", Kind::kWait, Reason::kDeliveryUnexpectedAnswer, Kind::kWait, Reason::kDeliveryUnexpectedAnswer},
      {400, "InvalidRequestContent", Kind::kRefused, Reason::kDeliveryRejected, Kind::kWait, Reason::kDeliveryUnexpectedAnswer},
      {403, "AuthorizationFailed", Kind::kWait, Reason::kDeliveryForbidden, Kind::kWait, Reason::kDeliveryForbidden},
      {405, "UnsupportedApiVersion", Kind::kWait, Reason::kDeliveryUnexpectedAnswer, Kind::kWait, Reason::kDeliveryUnexpectedAnswer},
      {408, "Timeout", Kind::kRetry, Reason::kDeliveryUnreachable, Kind::kRetry, Reason::kDeliveryUnreachable},
      {413, "TooLarge", Kind::kRefused, Reason::kDeliveryTooLarge, Kind::kWait, Reason::kDeliveryUnexpectedAnswer},
      {415, "Unsupported", Kind::kWait, Reason::kDeliveryUnexpectedAnswer, Kind::kWait, Reason::kDeliveryUnexpectedAnswer},
      {429, "TooManyRequests", Kind::kRetry, Reason::kDeliveryThrottled, Kind::kRetry, Reason::kDeliveryThrottled},
      {500, "InternalServerError", Kind::kRetry, Reason::kDeliveryUnreachable, Kind::kRetry, Reason::kDeliveryUnreachable},
      {502, "BadGateway", Kind::kRetry, Reason::kDeliveryUnreachable, Kind::kRetry, Reason::kDeliveryUnreachable},
      {503, "ServiceUnavailable", Kind::kRetry, Reason::kDeliveryUnreachable, Kind::kRetry, Reason::kDeliveryUnreachable},
      {504, "GatewayTimeout", Kind::kRetry, Reason::kDeliveryUnreachable, Kind::kRetry, Reason::kDeliveryUnreachable},
  };
  for (const auto& expected : cases) {
    SCOPED_TRACE(expected.status);
    const IncidentResult write = Create({kAbsent, ErrorAnswer(expected.status, expected.code, "why")});
    EXPECT_EQ(write.kind, expected.write);
    EXPECT_THAT(write.status, HasReasonAndMessage(expected.reason, HasSubstr(expected.code + ": why")));
    const IncidentResult read = Create({ErrorAnswer(expected.status, expected.code, "why")});
    EXPECT_EQ(read.kind, expected.read);
    EXPECT_THAT(read.status, HasReason(expected.read_reason));
  }
}

TEST_F(IncidentClientTest, NamesAWorkspaceThatAzureDoesNotKnowOrThatHasNoSentinel) {
  const HttpResponse answers[] = {ErrorAnswer(404, "ResourceNotFound", "workspaces/x was not found"),
                                  ErrorAnswer(404, "ResourceGroupNotFound", "no such group"),
                                  ErrorAnswer(400, "BadRequest", "Workspace 'x' is not onboarded to Microsoft Sentinel."),
                                  ErrorAnswer(409, "MissingSubscriptionRegistration", "not registered")};
  for (const HttpResponse& answer : answers) {
    const IncidentResult result = Create({kAbsent, answer});
    EXPECT_EQ(result.kind, Kind::kWait) << answer.body;
    EXPECT_THAT(result.status, HasReason(Reason::kIncidentWorkspaceUnknown)) << answer.body;
  }
  const IncidentResult look = Create({answers[2]});
  EXPECT_EQ(look.kind, Kind::kWait);
  EXPECT_THAT(look.status, HasReason(Reason::kIncidentWorkspaceUnknown));
}

TEST_F(IncidentClientTest, HandsOnTheTimeThatAzureNames) {
  EXPECT_EQ(Create({kAbsent, Response(429, "", {{"Retry-After", "37"}})}).retry_after, absl::Seconds(37));
  const IncidentResult result = Create({Response(503, "", {{"Retry-After", "5"}})});
  EXPECT_EQ(result.retry_after, absl::Seconds(5));
  EXPECT_THAT(result.status, HasReason(Reason::kDeliveryThrottled));
}

TEST_F(IncidentClientTest, ARefusedTokenIsReplacedOnceForEachCall) {
  EXPECT_EQ(Create({Response(401), kAbsent, Response(401), Response(201)}).kind, Kind::kCreated);
  EXPECT_EQ(source_->issued(), 3);
  EXPECT_EQ(http_.requests()[3].Header("Authorization"), "Bearer token-3");
  const IncidentResult result = Create({Response(401), Response(401)});
  EXPECT_EQ(result.kind, Kind::kWait);
  EXPECT_THAT(result.status, HasReason(Reason::kDeliveryForbidden));
}

// Taken for Azure's, it would lose the incident without a word.
TEST_F(IncidentClientTest, ThePageOfAProxyIsNoAnswerOfAzure) {
  const HttpResponse page = Response(200, "<html>Please sign in</html>");
  for (const auto& answers : std::vector<std::vector<absl::StatusOr<HttpResponse>>>{{page}, {kAbsent, page}}) {
    const IncidentResult result = Create(answers);
    EXPECT_EQ(result.kind, Kind::kWait);
    EXPECT_THAT(result.status, HasReasonAndMessage(Reason::kDeliveryUnexpectedAnswer, HasSubstr("Please sign in")));
  }
  http_.Answer({page});
  EXPECT_EQ(client_.Probe().kind, Kind::kWait);
}

TEST_F(IncidentClientTest, AnAnswerThatIsLostIsTriedAgain) {
  const IncidentResult result = Create({kAbsent, Error(Reason::kHttpCallFailed, "cut")});
  EXPECT_EQ(result.kind, Kind::kRetry);
  EXPECT_THAT(result.status, HasReason(Reason::kDeliveryUnreachable));
  const IncidentResult untrusted = Create({Error(Reason::kHttpServerUntrusted, "not ours")});
  EXPECT_EQ(untrusted.kind, Kind::kWait);
  EXPECT_THAT(untrusted.status, HasReason(Reason::kHttpServerUntrusted));
}

TEST_F(IncidentClientTest, WithoutATokenNothingIsCalled) {
  source_->Fail(Error(Reason::kTokenRefused, "AADSTS7000215"));
  EXPECT_EQ(Create({}).kind, Kind::kWait);
  source_->Fail(Error(Reason::kDeliveryThrottled, "later"), absl::Seconds(9));
  const IncidentResult result = Create({});
  EXPECT_EQ(result.kind, Kind::kRetry);
  EXPECT_EQ(result.retry_after, absl::Seconds(9));
  EXPECT_THAT(http_.requests(), SizeIs(0));
}

TEST_F(IncidentClientTest, ATokenThatAzureSendsBackIsInNoError) {
  const IncidentResult result = Create({kAbsent, ErrorAnswer(400, "Bad", "you sent Bearer token-1")});
  EXPECT_THAT(std::string(result.status.message()), Not(HasSubstr("token-1")));
}

TEST_F(IncidentClientTest, ProbeReadsAListAndChangesNothing) {
  http_.Answer({Response(200, R"({"value":[]})")});
  EXPECT_OK(client_.Probe().status);
  ASSERT_EQ(Methods(), "GET");
  EXPECT_EQ(http_.requests()[0].url, "https://management.example/w/incidents?api-version=2023-02-01&$top=1");
  http_.Answer({ErrorAnswer(403, "AuthorizationFailed", "no")});
  EXPECT_THAT(client_.Probe().status, HasReason(Reason::kDeliveryForbidden));
}

TEST_F(IncidentClientTest, CountsCallsByWhatBecameOfThem) {
  Create({kAbsent, Response(201)});
  Create({Response(403)});
  Create({kAbsent, Response(429)});
  const std::string text = metrics_.Text();
  EXPECT_THAT(text, HasSubstr("zoomwatch_detector_incident_calls_total{call=\"read\",result=\"answered\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("zoomwatch_detector_incident_calls_total{call=\"read\",result=\"forbidden\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("zoomwatch_detector_incident_calls_total{call=\"write\",result=\"answered\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("zoomwatch_detector_incident_calls_total{call=\"write\",result=\"throttled\"} 1\n"));
}

}  // namespace
}  // namespace zoomwatch::detector
