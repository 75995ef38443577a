#include "common/crypto/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
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

TEST_F(CertificateTest, AcceptsAChainOfIssuersOnly) {
  const auto leaf = ca_.Issue("leaf", {.common_name = "a"});
  const auto other = ca_.Issue("other", {.common_name = "b"});
  EXPECT_OK(CheckChain(leaf.certificate_file));
  const auto join = [&](const std::string& first, const std::string& second) {
    std::ofstream out(dir_.file("chain.pem"));
    out << std::ifstream(first).rdbuf() << std::ifstream(second).rdbuf();
    return dir_.file("chain.pem");
  };
  EXPECT_OK(CheckChain(join(leaf.certificate_file, ca_.ca_file())));
  EXPECT_THAT(CheckChain(join(ca_.ca_file(), leaf.certificate_file)), testing::HasReason(Reason::kCertificateInvalid));
  EXPECT_THAT(CheckChain(join(leaf.certificate_file, other.certificate_file)),
              testing::HasReasonAndMessage(Reason::kCertificateInvalid, HasSubstr("certificate 1 was not issued by the one behind it")));
  // An authority of the same name with another key did not issue it either.
  std::filesystem::create_directory(dir_.path() / "second");
  const testing::TestCa namesake(dir_.path() / "second", "ca");
  EXPECT_THAT(CheckChain(join(leaf.certificate_file, namesake.ca_file())), testing::HasReason(Reason::kCertificateInvalid));
}

TEST_F(CertificateTest, DoesNotTakeAnOwnAuthorityForAPublicOne) {
  const auto leaf = ca_.Issue("leaf", {.common_name = "a"});
  EXPECT_THAT(CheckPublicTrust(leaf.certificate_file, SystemClock::Get().Now()), testing::HasReason(Reason::kCertificateInvalid));
}

}  // namespace
}  // namespace zoomwatch
