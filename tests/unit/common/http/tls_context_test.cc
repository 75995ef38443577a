#include "common/http/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "common/testing/test_ca.h"

namespace zoomwatch::http {
namespace {

using ::testing::HasSubstr;
using testing::HasReason;
using testing::HasReasonAndMessage;
using Outcome = TlsContextSource::Outcome;

class TlsContextTest : public ::testing::Test {
 protected:
  // Puts the pair where the options point to.
  void Install(const testing::CertificateFiles& files) {
    std::filesystem::copy_file(files.certificate_file, options_.certificate_file, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::copy_file(files.private_key_file, options_.private_key_file, std::filesystem::copy_options::overwrite_existing);
  }
  static absl::Time Now() { return SystemClock::Get().Now(); }

  testing::TempDir dir_;
  testing::TestCa ca_{dir_.path(), "ca"};
  const TlsOptions options_{.certificate_file = dir_.file("tls.crt"), .private_key_file = dir_.file("tls.key")};
};

TEST_F(TlsContextTest, LoadsAPairAndTellsItsEnd) {
  Install(ca_.Issue("leaf", {.common_name = "a", .valid_until = absl::Hours(10)}));
  const auto source = TlsContextSource::Open(options_, Now());
  ASSERT_OK(source);
  EXPECT_NE((*source)->Get().handle, nullptr);
  EXPECT_GT((*source)->Get().not_after, Now() + absl::Hours(9));
  EXPECT_LE((*source)->Get().not_after, Now() + absl::Hours(10));
}

TEST_F(TlsContextTest, KeepsTheContextWhileTheFilesAreUnchanged) {
  Install(ca_.Issue("leaf", {.common_name = "a"}));
  const auto source = TlsContextSource::Open(options_, Now());
  ASSERT_OK(source);
  const auto before = (*source)->Get().handle;
  EXPECT_EQ(*(*source)->Reload(Now()), Outcome::kUnchanged);
  EXPECT_EQ((*source)->Get().handle, before);
  Install(ca_.Issue("next", {.common_name = "a"}));
  EXPECT_EQ(*(*source)->Reload(Now()), Outcome::kReplaced);
  EXPECT_NE((*source)->Get().handle, before);
}

TEST_F(TlsContextTest, ABadPairNeverReplacesAGoodOne) {
  const auto good = ca_.Issue("leaf", {.common_name = "a"});
  Install(good);
  const auto source = TlsContextSource::Open(options_, Now());
  ASSERT_OK(source);
  const auto before = (*source)->Get().handle;

  const auto other = ca_.Issue("other", {.common_name = "a"});
  Install({.certificate_file = good.certificate_file, .private_key_file = other.private_key_file});
  EXPECT_THAT((*source)->Reload(Now()).status(), HasReasonAndMessage(Reason::kCertificateInvalid, HasSubstr("does not belong")));
  std::ofstream(options_.private_key_file) << "garbage";
  EXPECT_THAT((*source)->Reload(Now()).status(), HasReasonAndMessage(Reason::kCertificateInvalid, HasSubstr("no PEM key")));
  std::ofstream(options_.certificate_file) << "";
  EXPECT_THAT((*source)->Reload(Now()).status(), HasReasonAndMessage(Reason::kCertificateInvalid, HasSubstr("no PEM certificate")));
  std::filesystem::remove(options_.certificate_file);
  EXPECT_THAT((*source)->Reload(Now()).status(), HasReason(Reason::kCertificateInvalid));
  EXPECT_EQ((*source)->Get().handle, before);

  Install(good);
  EXPECT_EQ(*(*source)->Reload(Now()), Outcome::kUnchanged);
}

TEST_F(TlsContextTest, RefusesAnExpiredCertificate) {
  const auto files = ca_.Issue("leaf", {.common_name = "a", .valid_until = absl::Hours(10)});
  Install(files);
  EXPECT_THAT(TlsContextSource::Open(options_, Now() + absl::Hours(11)).status(),
              HasReasonAndMessage(Reason::kCertificateInvalid, HasSubstr("expired on")));
}

TEST_F(TlsContextTest, RefusesAChainThatIsCutOff) {
  const auto files = ca_.Issue("leaf", {.common_name = "a"});
  Install(files);
  std::ofstream(options_.certificate_file, std::ios::app) << "-----BEGIN CERTIFICATE-----\nAAAA\n";
  EXPECT_THAT(TlsContextSource::Open(options_, Now()).status(),
              HasReasonAndMessage(Reason::kCertificateInvalid, HasSubstr("chain is not PEM")));
}

TEST_F(TlsContextTest, RefusesAnUnusableClientCa) {
  Install(ca_.Issue("leaf", {.common_name = "a"}));
  TlsOptions options = options_;
  options.client_ca_file = dir_.file("client_ca.pem");
  EXPECT_THAT(TlsContextSource::Open(options, Now()).status(), HasReason(Reason::kCertificateInvalid));
  std::ofstream(options.client_ca_file) << "";
  EXPECT_THAT(TlsContextSource::Open(options, Now()).status(), HasReason(Reason::kCertificateInvalid));
  std::ofstream(options.client_ca_file) << "garbage";
  EXPECT_THAT(TlsContextSource::Open(options, Now()).status(), HasReason(Reason::kCertificateInvalid));
}

}  // namespace
}  // namespace zoomwatch::http
