#include "services/detector/delivery/assertion_credentials.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "common/status/check.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "common/testing/test_ca.h"
#include "tests/unit/services/delivery/scripted_http_client.h"

namespace zoomwatch::detector {
namespace {

using testing::HasReason;
using testing::HasReasonAndMessage;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const HttpResponse kIssued{.status = 200,
                           .body = R"({"token_type":"Bearer","expires_in":3599,"access_token":"a.b.c"})"};

// What stands after "<name>=" in a form, still encoded.
std::string FieldOf(const std::string& form, const std::string& name) {
  for (const absl::string_view field : absl::StrSplit(form, '&')) {
    const std::string text(field);
    if (text.starts_with(name + "=")) return text.substr(name.size() + 1);
  }
  return "";
}

std::string Decoded(const std::string& part) {
  std::string text;
  EXPECT_TRUE(absl::WebSafeBase64Unescape(part, &text));
  return text;
}

// A self-signed certificate with an RSA key, valid for a year around the clock's time.
class RsaPair {
 public:
  RsaPair(std::string certificate_file, std::string private_key_file, absl::Time now)
      : key_(EVP_RSA_gen(2048)), certificate_(X509_new()) {
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    ASN1_TIME_set(X509_getm_notBefore(certificate_), absl::ToTimeT(now - absl::Hours(1)));
    ASN1_TIME_set(X509_getm_notAfter(certificate_), absl::ToTimeT(now + absl::Hours(24 * 365)));
    X509_set_pubkey(certificate_, key_);
    ZOOMWATCH_CHECK(X509_sign(certificate_, key_, EVP_sha256()) > 0);
    BIO* file = BIO_new_file(certificate_file.c_str(), "w");
    ZOOMWATCH_CHECK(PEM_write_bio_X509(file, certificate_) == 1);
    BIO_free(file);
    file = BIO_new_file(private_key_file.c_str(), "w");
    ZOOMWATCH_CHECK(PEM_write_bio_PrivateKey(file, key_, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    BIO_free(file);
  }
  ~RsaPair() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }

  std::string Sha256Thumbprint() const {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    X509_digest(certificate_, EVP_sha256(), digest, &size);
    return {reinterpret_cast<const char*>(digest), size};
  }
  // RSASSA-PSS with SHA-256.
  bool Verifies(const std::string& text, const std::string& signature) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* key_context = nullptr;
    const bool good =
        EVP_DigestVerifyInit(context, &key_context, EVP_sha256(), nullptr, key_) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1 &&
        EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) == 1 &&
        EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                         reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
    EVP_MD_CTX_free(context);
    return good;
  }

 private:
  EVP_PKEY* const key_;
  X509* const certificate_;
};

class AssertionCredentialsTest : public ::testing::Test {
 protected:
  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1795512600)};
  ScriptedHttpClient http_;
  const EntraApplication application_{.authority = "https://login.example",
                                      .tenant_id = "tenant-1",
                                      .client_id = "client-1",
                                      .scope = "https://monitor.azure.us/.default"};
};

TEST_F(AssertionCredentialsTest, ACertificateSignsAnAssertionForEachRequest) {
  const RsaPair pair(dir_.file("c.pem"), dir_.file("c.key"), clock_.Now());
  ClientCertificateCredential credential(application_, dir_.file("c.pem"), dir_.file("c.key"), http_, clock_);
  http_.Answer({kIssued, kIssued});
  const TokenAnswer answer = credential.RequestToken({});
  ASSERT_OK(answer.status);
  EXPECT_EQ(answer.token.Reveal(), "a.b.c");
  ASSERT_OK(credential.RequestToken({}).status);
  const std::string form = http_.requests()[0].body;
  EXPECT_THAT(
      form,
      StartsWith("client_id=client-1&scope=https%3A%2F%2Fmonitor.azure.us%2F.default&grant_type=client_credentials"
                 "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
                 "&client_assertion="));
  EXPECT_THAT(form, Not(HasSubstr("client_secret")));
  const std::string assertion = FieldOf(form, "client_assertion");
  const std::vector<std::string> parts = absl::StrSplit(assertion, '.');
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(Decoded(parts[0]), "{\"alg\":\"PS256\",\"typ\":\"JWT\",\"x5t#S256\":\"" +
                                   absl::WebSafeBase64Escape(pair.Sha256Thumbprint()) + "\"}");
  const std::string claims = Decoded(parts[1]);
  EXPECT_THAT(claims, HasSubstr("\"aud\":\"https://login.example/tenant-1/oauth2/v2.0/token\""));
  EXPECT_THAT(claims, HasSubstr("\"iss\":\"client-1\""));
  EXPECT_THAT(claims, HasSubstr("\"sub\":\"client-1\""));
  EXPECT_THAT(claims, HasSubstr("\"nbf\":1795512600"));
  EXPECT_THAT(claims, HasSubstr("\"exp\":1795513200"));
  EXPECT_TRUE(pair.Verifies(parts[0] + "." + parts[1], Decoded(parts[2])));
  EXPECT_NE(FieldOf(http_.requests()[1].body, "client_assertion"), assertion) << "each has an id of its own";
}

TEST_F(AssertionCredentialsTest, CertificatesThatCannotServeAreNamed) {
  const RsaPair pair(dir_.file("c.pem"), dir_.file("c.key"), clock_.Now());
  const RsaPair other(dir_.file("other.pem"), dir_.file("other.key"), clock_.Now());
  const testing::TestCa ca(dir_.path(), "ca");
  const testing::CertificateFiles ec = ca.Issue("ec", {.common_name = "x"});
  const auto request = [&](const std::string& certificate, const std::string& key) {
    return ClientCertificateCredential(application_, certificate, key, http_, clock_).RequestToken({}).status;
  };
  EXPECT_THAT(request(dir_.file("c.pem"), dir_.file("other.key")), HasReason(Reason::kCertificateInvalid));
  EXPECT_THAT(request(dir_.file("missing"), dir_.file("c.key")), HasReason(Reason::kCertificateInvalid));
  std::ofstream(dir_.file("garbage")) << "garbage";
  EXPECT_THAT(request(dir_.file("garbage"), dir_.file("c.key")), HasReason(Reason::kCertificateInvalid));
  clock_.Advance(absl::Hours(24 * 366));
  EXPECT_THAT(request(dir_.file("c.pem"), dir_.file("c.key")), HasReason(Reason::kCertificateInvalid));
  clock_.SetNow(SystemClock::Get().Now());
  EXPECT_THAT(request(ec.certificate_file, ec.private_key_file),
              HasReasonAndMessage(Reason::kCertificateInvalid, HasSubstr("is not an RSA key")));
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(AssertionCredentialsTest, WorkloadIdentityReadsItsTokenAtEachRequest) {
  const std::string file = dir_.file("azure-identity-token");
  std::ofstream(file) << "header.claims.first\n";
  WorkloadIdentityCredential credential(application_, file, http_, clock_);
  http_.Answer({kIssued, kIssued, HttpResponse{.status = 401, .body = R"({"error":"invalid_client",
      "error_description":"AADSTS700213: header.claims.second is not known"})"}});
  ASSERT_OK(credential.RequestToken({}).status);
  EXPECT_EQ(FieldOf(http_.requests()[0].body, "client_assertion"), "header.claims.first");
  EXPECT_EQ(FieldOf(http_.requests()[0].body, "client_assertion_type"),
            "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer");
  std::ofstream(file) << "header.claims.second";
  ASSERT_OK(credential.RequestToken({}).status);
  EXPECT_EQ(FieldOf(http_.requests()[1].body, "client_assertion"), "header.claims.second");
  EXPECT_THAT(credential.RequestToken({}).status,
              HasReasonAndMessage(Reason::kTokenRefused, HasSubstr("AADSTS700213: [redacted] is not known")));
  std::filesystem::remove(file);
  EXPECT_THAT(credential.RequestToken({}).status, HasReason(Reason::kSecretUnreadable));
  EXPECT_EQ(http_.requests().size(), 3u);
}

}  // namespace
}  // namespace zoomwatch::detector
