#include "services/detector/delivery/client_secret_credential.h"

#include <gmock/gmock.h>

#include <fstream>
#include <optional>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "tests/unit/services/delivery/scripted_http_client.h"

namespace zoomwatch::detector {
namespace {

using ::testing::AllOf;
using testing::HasReason;
using testing::HasReasonAndMessage;
using ::testing::HasSubstr;
using ::testing::Not;

class ClientSecretCredentialTest : public ::testing::Test {
 protected:
  void SetUp() override { WriteSecret("p~s w&rd=1\n"); }
  void WriteSecret(const std::string& text) { std::ofstream(file_) << text; }
  TokenAnswer Request(std::vector<absl::StatusOr<HttpResponse>> answers) {
    http_.Answer(std::move(answers));
    return credential_.RequestToken({});
  }

  testing::TempDir dir_;
  const std::string file_ = dir_.file("secret");
  testing::FakeClock clock_{absl::FromUnixSeconds(1795512600)};
  ScriptedHttpClient http_;
  ClientSecretCredential credential_{{.authority = "https://login.example",
                                      .tenant_id = "tenant-1",
                                      .client_id = "client-1",
                                      .scope = "https://monitor.azure.com/.default",
                                      .timeout = absl::Seconds(7)},
                                     file_,
                                     http_,
                                     clock_};
};

TEST_F(ClientSecretCredentialTest, PostsTheFormOfTheProtocol) {
  const TokenAnswer answer = Request(
      {HttpResponse{.status = 200, .body = R"({"token_type":"Bearer","expires_in":3599,"access_token":"abc.def"})"}});
  ASSERT_OK(answer.status);
  EXPECT_EQ(answer.token.Reveal(), "abc.def");
  EXPECT_EQ(answer.lifetime, absl::Seconds(3599));
  ASSERT_EQ(http_.requests().size(), 1u);
  const RecordedRequest request = http_.requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://login.example/tenant-1/oauth2/v2.0/token");
  EXPECT_EQ(request.Header("Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(request.body,
            "client_id=client-1&scope=https%3A%2F%2Fmonitor.azure.com%2F.default&grant_type=client_credentials"
            "&client_secret=p~s%20w%26rd%3D1");
  EXPECT_EQ(request.timeout, absl::Seconds(7));
}

TEST_F(ClientSecretCredentialTest, ReadsTheSecretAtEachRequest) {
  const HttpResponse good{.status = 200, .body = R"({"expires_in":"10","access_token":"t"})"};
  ASSERT_OK(Request({good}).status);
  WriteSecret("rotated");
  ASSERT_OK(Request({good}).status);
  EXPECT_THAT(http_.requests()[1].body, HasSubstr("&client_secret=rotated"));
  WriteSecret("\n");
  EXPECT_THAT(Request({good}).status, HasReason(Reason::kSecretEmpty));
  std::filesystem::remove(file_);
  EXPECT_THAT(Request({good}).status, HasReason(Reason::kSecretUnreadable));
  EXPECT_EQ(http_.requests().size(), 2u);
}

TEST_F(ClientSecretCredentialTest, EveryOtherAnswerHasItsReason) {
  struct Case {
    absl::StatusOr<HttpResponse> answer;
    Reason reason;
    absl::Duration retry_after = absl::ZeroDuration();
  };
  const std::vector<Case> cases = {
      {HttpResponse{.status = 400, .body = R"({"error":"invalid_scope"})"}, Reason::kTokenRefused},
      {HttpResponse{.status = 401, .body = R"({"error":"invalid_client"})"}, Reason::kTokenRefused},
      {HttpResponse{.status = 403}, Reason::kTokenRefused},
      {HttpResponse{.status = 404}, Reason::kTokenRefused},
      {HttpResponse{.status = 408}, Reason::kDeliveryUnreachable},
      {HttpResponse{.status = 429, .headers = {{"Retry-After", "9"}}}, Reason::kDeliveryThrottled, absl::Seconds(9)},
      {HttpResponse{.status = 500}, Reason::kDeliveryUnreachable},
      {HttpResponse{.status = 503, .headers = {{"Retry-After", "4"}}}, Reason::kDeliveryUnreachable, absl::Seconds(4)},
      {HttpResponse{.status = 302}, Reason::kDeliveryUnexpectedAnswer},
      {HttpResponse{.status = 200, .body = "<html>"}, Reason::kDeliveryUnexpectedAnswer},
      {HttpResponse{.status = 200, .body = R"({"expires_in":3599})"}, Reason::kDeliveryUnexpectedAnswer},
      {HttpResponse{.status = 200, .body = R"({"expires_in":3599,"access_token":""})"},
       Reason::kDeliveryUnexpectedAnswer},
      {HttpResponse{.status = 200, .body = R"({"expires_in":3599,"access_token":"a\r\nX: y"})"},
       Reason::kDeliveryUnexpectedAnswer},
      {HttpResponse{.status = 200, .body = R"({"access_token":"t"})"}, Reason::kDeliveryUnexpectedAnswer},
      {HttpResponse{.status = 200, .body = R"({"expires_in":"soon","access_token":"t"})"},
       Reason::kDeliveryUnexpectedAnswer},
      {HttpResponse{.status = 200, .body = R"({"expires_in":-1,"access_token":"t"})"},
       Reason::kDeliveryUnexpectedAnswer},
      {HttpResponse{.status = 200, .body = R"(["access_token"])"}, Reason::kDeliveryUnexpectedAnswer},
      {Error(Reason::kHttpCallFailed, "no route"), Reason::kHttpCallFailed},
      {Error(Reason::kHttpServerUntrusted, "who is it"), Reason::kHttpServerUntrusted},
      {Error(Reason::kShuttingDown, "stopped"), Reason::kShuttingDown},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.answer.ok() ? std::to_string(each.answer->status) + each.answer->body
                                  : Describe(each.answer.status()));
    const TokenAnswer answer = Request({each.answer});
    EXPECT_THAT(answer.status, HasReasonAndMessage(each.reason, HasSubstr("token endpoint: ")));
    EXPECT_EQ(answer.retry_after, each.retry_after);
    EXPECT_TRUE(answer.token.empty());
  }
}

TEST_F(ClientSecretCredentialTest, NoErrorHoldsTheSecret) {
  const TokenAnswer answer = Request({HttpResponse{
      .status = 401,
      .body =
          R"({"error":"invalid_client","error_description":"secret p~s w&rd=1 (p~s%20w%26rd%3D1) is wrong for client-1"})"}});
  EXPECT_THAT(answer.status,
              HasReasonAndMessage(
                  Reason::kTokenRefused,
                  AllOf(HasSubstr("secret [redacted] ([redacted]) is wrong for client-1"), Not(HasSubstr("rd=1")))));
}

}  // namespace
}  // namespace zoomwatch::detector
