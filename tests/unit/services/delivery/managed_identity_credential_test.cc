#include "services/detector/delivery/managed_identity_credential.h"

#include <gmock/gmock.h>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "tests/unit/services/delivery/scripted_http_client.h"

namespace zoomwatch::detector {
namespace {

using testing::HasReason;
using testing::HasReasonAndMessage;
using ::testing::HasSubstr;

class ManagedIdentityCredentialTest : public ::testing::Test {
 protected:
  TokenAnswer Request(absl::StatusOr<HttpResponse> answer, const std::string& client_id = "") {
    http_.Answer({std::move(answer)});
    return ManagedIdentityCredential({.client_id = client_id, .resource = "https://monitor.azure.com"}, http_, clock_)
        .RequestToken({});
  }
  testing::FakeClock clock_{absl::FromUnixSeconds(1795512600)};
  ScriptedHttpClient http_;
};

TEST_F(ManagedIdentityCredentialTest, AsksTheMetadataServiceWithoutAProxy) {
  const TokenAnswer answer = Request(HttpResponse{
      .status = 200,
      .body =
          R"({"access_token":"tok","expires_in":"3599","expires_on":"1795516199","resource":"https://monitor.azure.com"})"});
  ASSERT_OK(answer.status);
  EXPECT_EQ(answer.token.Reveal(), "tok");
  EXPECT_EQ(answer.lifetime, absl::Seconds(3599));
  const RecordedRequest request = http_.requests()[0];
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.url,
            "http://169.254.169.254/metadata/identity/oauth2/"
            "token?api-version=2018-02-01&resource=https%3A%2F%2Fmonitor.azure.com");
  EXPECT_EQ(request.Header("Metadata"), "true");
  EXPECT_TRUE(request.direct);
}

TEST_F(ManagedIdentityCredentialTest, NamesAUserAssignedIdentity) {
  Request(HttpResponse{.status = 200}, "id 1");
  EXPECT_THAT(http_.requests()[0].url, HasSubstr("&client_id=id%201"));
}

TEST_F(ManagedIdentityCredentialTest, AnswersDuringAnUpdatePassByThemselves) {
  for (const int status : {404, 410, 429, 500, 503}) {
    SCOPED_TRACE(status);
    const TokenAnswer answer = Request(HttpResponse{.status = status, .headers = {{"Retry-After", "6"}}});
    EXPECT_THAT(answer.status, HasReason(status == 429 ? Reason::kDeliveryThrottled : Reason::kDeliveryUnreachable));
    EXPECT_EQ(answer.retry_after, absl::Seconds(6));
  }
}

TEST_F(ManagedIdentityCredentialTest, AMachineWithoutIdentityIsRefused) {
  EXPECT_THAT(Request(HttpResponse{.status = 400,
                                   .body = R"({"error":"invalid_request","error_description":"Identity not found"})"})
                  .status,
              HasReasonAndMessage(Reason::kTokenRefused, HasSubstr("Identity not found")));
}

TEST_F(ManagedIdentityCredentialTest, AnAbsentServiceIsNamed) {
  EXPECT_THAT(Request(Error(Reason::kHttpCallFailed, "timed out")).status,
              HasReasonAndMessage(Reason::kHttpCallFailed, HasSubstr("managed identity endpoint: timed out")));
}

}  // namespace
}  // namespace zoomwatch::detector
