#include "common/crypto/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "common/testing/test_ca.h"
#include "common/time/clock.h"

namespace zoomwatch {
namespace {

using ::testing::HasSubstr;

class CertificateTest : public ::testing::Test {
 protected:
  absl::Status Check(const testing::CertificateFiles& files, absl::Duration from_now = absl::ZeroDuration()) {
    return CheckCertificatePair(files.certificate_file, files.private_key_file, SystemClock::Get().Now() + from_now);
  }
  testing::TempDir dir_;
  testing::TestCa ca_{dir_.path(), "ca"};
};

TEST_F(CertificateTest, AcceptsAPairWithinItsValidity) {
  const auto files = ca_.Issue("leaf", {.common_name = "a"});
  EXPECT_OK(Check(files));
  EXPECT_OK(Check(files, absl::Hours(23)));
  EXPECT_THAT(Check(files, absl::Hours(25)), testing::HasReasonAndMessage(Reason::kCertificateInvalid, HasSubstr("expired at")));
  EXPECT_THAT(Check(files, -absl::Hours(2)), testing::HasReasonAndMessage(Reason::kCertificateInvalid, HasSubstr("not valid before")));
}

TEST_F(CertificateTest, RefusesTheKeyOfAnotherCertificate) {
  auto files = ca_.Issue("leaf", {.common_name = "a"});
  files.private_key_file = ca_.Issue("other", {.common_name = "a"}).private_key_file;
  EXPECT_THAT(Check(files), testing::HasReasonAndMessage(Reason::kCertificateInvalid, HasSubstr("is not the key of")));
}

TEST_F(CertificateTest, RefusesFilesThatAreNotPem) {
  std::ofstream(dir_.file("garbage.pem")) << "-----BEGIN CERTIFICATE-----\nAAAA\n";
  auto files = ca_.Issue("leaf", {.common_name = "a"});
  EXPECT_THAT(CheckAuthorities(dir_.file("garbage.pem")), testing::HasReason(Reason::kCertificateInvalid));
  EXPECT_THAT(CheckAuthorities(files.private_key_file), testing::HasReason(Reason::kCertificateInvalid));
  files.private_key_file = dir_.file("garbage.pem");
  EXPECT_THAT(Check(files), testing::HasReasonAndMessage(Reason::kCertificateInvalid, HasSubstr("no unencrypted PEM private key")));
}

TEST_F(CertificateTest, TellsTheExpiry) {
  const auto files = ca_.Issue("leaf", {.common_name = "a", .valid_until = absl::Hours(10)});
  const auto expiry = CertificateExpiry(files.certificate_file);
  ASSERT_OK(expiry);
  const absl::Duration left = *expiry - SystemClock::Get().Now();
  EXPECT_GT(left, absl::Hours(10) - absl::Minutes(1));
  EXPECT_LE(left, absl::Hours(10));
}

}  // namespace
}  // namespace zoomwatch
