// The two endpoints that give tokens, and the ingestion endpoint's check of them.
#include "common/testing/temp_dir.h"
#include "tests/fakes/azure_monitor/jwt.h"
#include "tests/integration/azure_fake/azure_fake_fixture.h"
#include "tests/integration/azure_fake/signing_key.h"

namespace zoomwatch::fakes {
namespace {

constexpr char kRow[] = R"([{"TimeGenerated":"2026-11-18T11:06:40Z","Text":"a"}])";

class AzureTokenTest : public AzureFakeTest {
 protected:
  RawResponse UploadWith(const std::string& authorization) {
    return Exchange("POST", Target(), {{"Authorization", authorization}, {"Content-Type", "application/json"}}, kRow);
  }
  std::string Assertion(std::string_view header, std::string_view claims) {
    return Base64UrlEncode(header) + "." + Base64UrlEncode(claims) + ".c2lnbmF0dXJl";
  }
  RawResponse AskWithAssertion(const std::string& assertion) {
    return AskToken(
        "client_id=client-1&scope=https%3A%2F%2Fmonitor.azure.com%2F.default&grant_type=client_credentials"
        "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=" +
        assertion);
  }
  static std::string FederatedClaims(absl::Time expiry) {
    return fmt::format(R"({{"iss":"https://issuer.example/","sub":"system:serviceaccount:a:b","aud":"api://AzureADTokenExchange","exp":{}}})",
                       absl::ToUnixSeconds(expiry));
  }
  static std::string OwnClaims(std::string_view tenant) {
    return fmt::format(R"({{"iss":"client-1","sub":"client-1","aud":"https://login.example/{}/oauth2/v2.0/token","exp":{}}})", tenant,
                       absl::ToUnixSeconds(kNow) + 60);
  }
};

TEST_F(AzureTokenTest, GivesATokenForTheSecretThatOpensTheIngestionEndpoint) {
  const RawResponse response = AskToken(TokenForm());
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.body.find(R"("token_type":"Bearer","expires_in":600)"), std::string::npos) << response.body;
  EXPECT_EQ(UploadWith("Bearer " + Text(response.body, "access_token")).status, 204);
}

TEST_F(AzureTokenTest, RefusesAWrongSecretTheWayEntraDoes) {
  const RawResponse response =
      AskToken("client_id=client-1&scope=https%3A%2F%2Fmonitor.azure.com%2F.default&client_secret=wrong&grant_type=client_credentials");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(Text(response.body, "error"), "invalid_client");
  EXPECT_NE(response.body.find("\"error_codes\":[7000215]"), std::string::npos) << response.body;
  EXPECT_EQ(Text(response.body, "timestamp"), "2026-11-18 11:06:40Z");
}

TEST_F(AzureTokenTest, RefusesWhatIsNoClientCredentialsRequest) {
  const struct {
    std::string form;
    std::string_view tenant;
    int status;
    std::string_view error;
  } cases[] = {
      {TokenForm(), "tenant-2", 400, "invalid_request"},
      {"scope=a%2F.default&client_secret=secret%2B1&grant_type=client_credentials", "tenant-1", 400, "invalid_request"},
      {"client_id=client-1&client_secret=secret%2B1&grant_type=client_credentials", "tenant-1", 400, "invalid_request"},
      {"client_id=client-1&scope=a%2F.default&client_secret=secret%2B1", "tenant-1", 400, "invalid_request"},
      {"client_id=client-1&scope=a%2F.default&client_secret=secret%2B1&grant_type=password", "tenant-1", 400, "unsupported_grant_type"},
      {"client_id=client-2&scope=a%2F.default&client_secret=secret%2B1&grant_type=client_credentials", "tenant-1", 400,
       "unauthorized_client"},
      {"client_id=client-1&scope=a%2F.default&grant_type=client_credentials", "tenant-1", 401, "invalid_client"},
      {"client_id=client-1&scope=https%3A%2F%2Fmonitor.azure.com&client_secret=secret%2B1&grant_type=client_credentials", "tenant-1", 400,
       "invalid_scope"},
      {TokenForm("https%3A%2F%2Funknown.example"), "tenant-1", 400, "invalid_resource"},
  };
  for (const auto& [form, tenant, status, error] : cases) {
    const RawResponse response = AskToken(form, tenant);
    EXPECT_EQ(response.status, status) << form;
    EXPECT_EQ(Text(response.body, "error"), error) << form;
  }
}

TEST_F(AzureTokenTest, TakesOnlyTheNewSecretAfterAChange) {
  fake().tokens().SetClientSecret("secret2");
  EXPECT_EQ(AskToken(TokenForm()).status, 401);
}

TEST_F(AzureTokenTest, TakesAFederatedAssertionUntilItsExpiry) {
  EXPECT_EQ(AskWithAssertion(Assertion("{}", FederatedClaims(kNow + absl::Seconds(1)))).status, 200);
  const RawResponse expired = AskWithAssertion(Assertion("{}", FederatedClaims(kNow)));
  EXPECT_EQ(expired.status, 401);
  EXPECT_NE(expired.body.find("AADSTS700024"), std::string::npos) << expired.body;
  EXPECT_EQ(fake().tokens().last_client_assertion(), Assertion("{}", FederatedClaims(kNow)));
}

TEST_F(AzureTokenTest, TakesAnAssertionWithAFractionOfASecondInItsTimes) {
  const auto claims = [](std::string_view expiry) {
    return fmt::format(R"({{"iss":"https://issuer.example/","sub":"a","aud":"api://AzureADTokenExchange","nbf":1794999999.5,"exp":{}}})", expiry);
  };
  EXPECT_EQ(AskWithAssertion(Assertion("{}", claims("1795000000.25"))).status, 200);
  EXPECT_EQ(AskWithAssertion(Assertion("{}", claims("1794999999.75"))).status, 401);
}

TEST_F(AzureTokenTest, TakesAnAssertionThatBeginsAtMostFiveMinutesAhead) {
  const auto claims = [](int64_t begin) {
    return fmt::format(R"({{"iss":"https://issuer.example/","sub":"a","aud":"api://AzureADTokenExchange","nbf":{},"exp":1795001000}})", begin);
  };
  EXPECT_EQ(AskWithAssertion(Assertion("{}", claims(1795000299))).status, 200);
  EXPECT_EQ(AskWithAssertion(Assertion("{}", claims(1795000300))).status, 200);
  EXPECT_EQ(AskWithAssertion(Assertion("{}", claims(1795000301))).status, 401);
}

TEST_F(AzureTokenTest, TakesACertificateAssertionByItsShape) {
  EXPECT_EQ(AskWithAssertion(Assertion(R"({"alg":"PS256","x5t#S256":"a"})", OwnClaims("tenant-1"))).status, 200);
  EXPECT_EQ(AskWithAssertion(Assertion(R"({"alg":"RS256","x5t":"a"})", OwnClaims("tenant-1"))).status, 200);
  EXPECT_EQ(AskWithAssertion(Assertion(R"({"alg":"none","x5t":"a"})", OwnClaims("tenant-1"))).status, 401);
  EXPECT_EQ(AskWithAssertion(Assertion(R"({"alg":"RS256"})", OwnClaims("tenant-1"))).status, 401);
  EXPECT_EQ(AskWithAssertion(Assertion(R"({"alg":"RS256","x5t":"a"})", OwnClaims("tenant-2"))).status, 401);
  EXPECT_EQ(AskWithAssertion("no.jwt").status, 401);
}

TEST_F(AzureTokenTest, ChecksTheSignatureOfTheCertificateItKnows) {
  const testing::TempDir folder;
  const SigningKey known(folder.file("known.pem")), other(folder.file("other.pem"));
  options_.token.client_certificate_file = folder.file("known.pem");
  const std::string claims = OwnClaims("tenant-1");
  const auto header = [](std::string_view algorithm, const SigningKey& key) {
    return fmt::format(R"({{"alg":"{}","x5t#S256":"{}"}})", algorithm, key.thumbprint());
  };
  EXPECT_EQ(AskWithAssertion(known.Sign(header("PS256", known), claims, true)).status, 200);
  EXPECT_EQ(AskWithAssertion(known.Sign(header("RS256", known), claims, false)).status, 200);
  const std::string padded = fmt::format(R"({{"alg":"PS256","x5t#S256":"{}="}})", known.thumbprint());
  EXPECT_EQ(AskWithAssertion(known.Sign(padded, claims, true)).status, 200);
  for (const std::string& assertion :
       {known.Sign(header("RS256", known), claims, true), known.Sign(header("PS256", other), claims, true),
        other.Sign(header("PS256", known), claims, true), Assertion(header("PS256", known), claims)}) {
    const RawResponse response = AskWithAssertion(assertion);
    EXPECT_EQ(response.status, 401);
    EXPECT_NE(response.body.find("AADSTS700027"), std::string::npos) << response.body;
  }
}

TEST_F(AzureTokenTest, RefusesATokenFromItsExpiryOn) {
  const std::string token = Token();
  clock_.Advance(absl::Seconds(599));
  EXPECT_EQ(UploadWith("Bearer " + token).status, 204);
  clock_.Advance(absl::Seconds(1));
  const RawResponse response = UploadWith("Bearer " + token);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(Code(response), "ExpiredAuthenticationToken");
}

TEST_F(AzureTokenTest, RefusesATokenForAnotherAudience) {
  const RawResponse response = UploadWith("Bearer " + Token("https%3A%2F%2Fmanagement.azure.com"));
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(Code(response), "InvalidAuthenticationTokenAudience");
}

TEST_F(AzureTokenTest, TakesAnAudienceWithASlashAtItsEnd) {
  EXPECT_EQ(UploadWith("Bearer " + Token("https%3A%2F%2Fmonitor.azure.com%2F")).status, 204);
}

TEST_F(AzureTokenTest, RefusesWhatItDidNotSignAndWhatWasRevoked) {
  const std::string token = Token();
  for (const std::string& authorization : {std::string(), std::string("Basic eA=="), std::string("Bearer "), std::string("Bearer a.b.c"),
                                           "Bearer " + token + "AA", "bearer" + token}) {
    EXPECT_EQ(UploadWith(authorization).status, 401) << authorization;
  }
  fake().tokens().RevokeTokens();
  EXPECT_EQ(UploadWith("Bearer " + token).status, 401);
  EXPECT_EQ(UploadWith("Bearer " + Token()).status, 204);
}

TEST_F(AzureTokenTest, GivesATokenToAManagedIdentityWithNumbersAsStrings) {
  const std::string target = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmonitor.azure.com%2F";
  const RawResponse response = Exchange("GET", target, {{"Metadata", "true"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Text(response.body, "expires_in"), "600");
  EXPECT_EQ(Text(response.body, "expires_on"), "1795000600");
  EXPECT_EQ(UploadWith("Bearer " + Text(response.body, "access_token")).status, 204);

  EXPECT_EQ(Exchange("GET", target + "&client_id=client-1", {{"Metadata", "true"}}).status, 200);
  EXPECT_EQ(Exchange("GET", target + "&client_id=client-2", {{"Metadata", "true"}}).status, 400);
  EXPECT_EQ(Exchange("GET", target).status, 400);
  EXPECT_EQ(Exchange("GET", target, {{"Metadata", "True"}}).status, 400);
  EXPECT_EQ(Exchange("GET", "/metadata/identity/oauth2/token?resource=a", {{"Metadata", "true"}}).status, 400);
}

TEST_F(AzureTokenTest, TellsTheOfficialClientsWhereTheTokenEndpointIs) {
  const RawResponse response = Exchange("GET", "/tenant-1/v2.0/.well-known/openid-configuration");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Text(response.body, "token_endpoint"), fake().url() + "/tenant-1/oauth2/v2.0/token");
}

}  // namespace
}  // namespace zoomwatch::fakes
