#include "cli/doctor/file_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/testing/temp_dir.h"
#include "common/testing/test_ca.h"
#include "common/time/clock.h"

namespace zoomwatch::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A folder with a receiver that is in order, each test breaks one thing.
class FileChecksTest : public ::testing::Test {
 protected:
  FileChecksTest() {
    WriteSecret("token", "secret");
    UseCertificate({.common_name = "receiver", .valid_until = absl::Hours(24 * 60)});
    client_ = ca_.Issue("client", {.common_name = "receiver", .valid_until = absl::Hours(24 * 60)});
    chmod(client_.private_key_file.c_str(), 0600);
  }

  void Write(const std::string& name, const std::string& text) const { std::ofstream(dir_.file(name)) << text; }
  void WriteSecret(const std::string& name, const std::string& text) const {
    Write(name, text);
    chmod(dir_.file(name).c_str(), 0600);
  }
  void UseCertificate(const testing::TestCa::Request& request) {
    chmod(ca_.Issue("tls", request).private_key_file.c_str(), 0600);
  }
  std::string Config() const {
    return "webhook: {tls: {certificate_file: tls.pem, private_key_file: tls.key}}\n"
           "zoom_accounts: [{name: main, secret_token_files: [token]}]\n"
           "spool: {directory: spool, max_disk_bytes: 16MiB}\n"
           "normalizer: {address: 'localhost:1', tls: {ca_file: ca.pem, certificate_file: client.pem, "
           "private_key_file: client.key}}\n";
  }
  // All file checks of the configuration.
  Checks Diagnose(const std::string& config, std::string_view service = "receiver",
                  absl::Duration from_now = absl::ZeroDuration()) {
    Write("config.yaml", config);
    Checks checks;
    const LoadedConfig loaded = CheckConfig(dir_.file("config.yaml"), service, checks);
    service_ = loaded.service;
    if (loaded.config == nullptr) return checks;
    CheckSecrets(*loaded.config, checks);
    CheckCertificates(*loaded.config, SystemClock::Get().Now() + from_now, checks);
    CheckDisk(*loaded.config, checks);
    return checks;
  }
  // What failed, or warned about, other than that the test's certificate is of no public authority.
  static Checks Trouble(const Checks& checks) {
    Checks trouble;
    for (const Check& check : checks) {
      const bool is_public_trust = check.finding.find("public authority") != std::string::npos;
      if (check.verdict != Verdict::kOk && !is_public_trust) trouble.push_back(check);
    }
    return trouble;
  }
  static void ExpectOne(const Checks& checks, Verdict verdict, const std::string& name, const std::string& finding,
                        const std::string& remedy) {
    const Checks trouble = Trouble(checks);
    ASSERT_EQ(trouble.size(), 1u) << ChecksTable(checks);
    EXPECT_EQ(trouble[0].verdict, verdict);
    EXPECT_EQ(trouble[0].name, name);
    EXPECT_THAT(trouble[0].finding, HasSubstr(finding));
    EXPECT_THAT(trouble[0].remedy, HasSubstr(remedy));
  }

  testing::TempDir dir_;
  testing::TestCa ca_{dir_.path(), "ca"};
  testing::CertificateFiles client_;
  std::string service_;
};

TEST_F(FileChecksTest, FindsNothingWhereNothingIsWrong) {
  const Checks checks = Diagnose(Config());
  EXPECT_THAT(Trouble(checks), IsEmpty()) << ChecksTable(checks);
  EXPECT_THAT(ChecksTable(checks), HasSubstr("ok    secrets       secret files: 3, readable and closed to others\n"));
}

TEST_F(FileChecksTest, NamesAMisspeltOption) {
  ExpectOne(Diagnose(Config() + "amdin: {}\n"), Verdict::kFailed, "config", "did you mean admin?",
            "docs/configuration.md");
}

TEST_F(FileChecksTest, NamesAMissingConfiguration) {
  Checks checks;
  EXPECT_EQ(CheckConfig(dir_.file("none.yaml"), "receiver", checks).config, nullptr);
  ExpectOne(checks, Verdict::kFailed, "config", "none.yaml", "give the path");
}

TEST_F(FileChecksTest, NamesAMissingSecretFile) {
  std::filesystem::remove(dir_.file("token"));
  ExpectOne(Diagnose(Config()), Verdict::kFailed, "config", "token", "check that the Secret exists");
}

TEST_F(FileChecksTest, NamesAnEmptySecretFile) {
  WriteSecret("token", " \n");
  const Checks checks = Diagnose(Config());
  const Checks trouble = Trouble(checks);
  ASSERT_EQ(trouble.size(), 1u) << ChecksTable(checks);
  EXPECT_EQ(trouble[0].verdict, Verdict::kFailed);
  EXPECT_THAT(trouble[0].finding, HasSubstr("token"));
  EXPECT_THAT(trouble[0].remedy, HasSubstr("not empty"));
}

TEST_F(FileChecksTest, NamesASecretThatEverybodyMayRead) {
  chmod(dir_.file("token").c_str(), 0644);
  ExpectOne(Diagnose(Config()), Verdict::kFailed, "secrets",
            "zoom_accounts[0].secret_token_files: " + dir_.file("token"), "chmod o= ");
}

TEST_F(FileChecksTest, AcceptsASecretThatTheGroupMayRead) {
  chmod(dir_.file("token").c_str(), 0440);
  EXPECT_THAT(Trouble(Diagnose(Config())), IsEmpty());
}

TEST_F(FileChecksTest, NamesAPrivateKeyThatEverybodyMayRead) {
  chmod(dir_.file("tls.key").c_str(), 0604);
  ExpectOne(Diagnose(Config()), Verdict::kFailed, "secrets", "webhook.tls.private_key_file", "chmod o= ");
}

TEST_F(FileChecksTest, NamesAnExpiredCertificate) {
  UseCertificate({.common_name = "receiver", .valid_from = -absl::Hours(48), .valid_until = -absl::Hours(1)});
  ExpectOne(Diagnose(Config()), Verdict::kFailed, "certificate", "webhook.tls: " + dir_.file("tls.pem") + ": expired",
            "renew the certificate");
}

TEST_F(FileChecksTest, WarnsOfACertificateThatExpiresSoon) {
  UseCertificate({.common_name = "receiver", .valid_until = absl::Hours(24 * 14)});
  ExpectOne(Diagnose(Config()), Verdict::kWarning, "certificate", "expires on", "takes a new file over by itself");
  UseCertificate({.common_name = "receiver", .valid_until = absl::Hours(24 * 14 + 1)});
  EXPECT_THAT(Trouble(Diagnose(Config())), IsEmpty());
}

TEST_F(FileChecksTest, NamesAKeyOfAnotherCertificate) {
  std::filesystem::copy_file(client_.private_key_file, dir_.file("tls.key"),
                             std::filesystem::copy_options::overwrite_existing);
  ExpectOne(Diagnose(Config()), Verdict::kFailed, "certificate", "is not the key of",
            "put the private key that belongs to the certificate there");
}

TEST_F(FileChecksTest, NamesAChainInTheWrongOrder) {
  std::ifstream other(client_.certificate_file);
  std::ofstream(dir_.file("tls.pem"), std::ios::app) << other.rdbuf();
  ExpectOne(Diagnose(Config()), Verdict::kFailed, "certificate", "certificate 1 was not issued by the one behind it",
            "put the leaf first");
}

TEST_F(FileChecksTest, AcceptsAChainWithItsIssuer) {
  std::ifstream issuer(ca_.ca_file());
  std::ofstream(dir_.file("tls.pem"), std::ios::app) << issuer.rdbuf();
  EXPECT_THAT(Trouble(Diagnose(Config())), IsEmpty());
}

TEST_F(FileChecksTest, NamesAnAuthorityFileWithoutACertificate) {
  Write("ca.pem", "not a certificate");
  ExpectOne(Diagnose(Config()), Verdict::kFailed, "certificate", "normalizer.tls.ca_file",
            "certificate of the authority");
}

TEST_F(FileChecksTest, WarnsThatZoomDoesNotTrustAnOwnAuthority) {
  bool warned = false;
  for (const Check& check : Diagnose(Config())) {
    const bool is_public_trust = check.finding.find("public authority") != std::string::npos;
    if (!is_public_trust) continue;
    warned = true;
    EXPECT_THAT(check.finding, HasSubstr("webhook.tls")) << "only where Zoom sees it";
  }
  EXPECT_TRUE(warned);
}

TEST_F(FileChecksTest, NamesAFolderThatCannotBeWritten) {
  std::string config = Config();
  config.replace(config.find("directory: spool"), 16, "directory: token/spool");
  ExpectOne(Diagnose(config), Verdict::kFailed, "disk", "spool.directory", "fsGroup");
}

TEST_F(FileChecksTest, WarnsWhenTheDiskIsSmallerThanTheBound) {
  std::string config = Config();
  config.replace(config.find("16MiB"), 5, "100000GiB");
  ExpectOne(Diagnose(config), Verdict::kWarning, "disk", "may grow by", "lower max_disk_bytes");
}

TEST_F(FileChecksTest, KnowsWhoseConfigurationItIs) {
  EXPECT_THAT(Trouble(Diagnose(Config(), "")), IsEmpty());
  EXPECT_EQ(service_, "receiver");
  EXPECT_THAT(Trouble(Diagnose("grpc: {listen_address: 'localhost:1', allow_plaintext: true}\nstore: {directory: "
                               "store, max_disk_bytes: 64MiB}\n"
                               "delivery: {json_lines: {file: rows.jsonl}}\n",
                               "")),
              IsEmpty());
  EXPECT_EQ(service_, "detector");
  EXPECT_THAT(Trouble(Diagnose("grpc: {listen_address: 'localhost:1', allow_plaintext: true}\n"
                               "detector: {address: 'localhost:2', allow_plaintext: true}\n",
                               "")),
              IsEmpty());
  EXPECT_EQ(service_, "normalizer");
  EXPECT_THAT(Trouble(Diagnose(
                  "webhook: {allow_plaintext: true}\nzoom_accounts: [{name: main, secret_token_files: [token]}]\n"
                  "spool: {directory: spool, max_disk_bytes: 16MiB}\nstore: {directory: store, max_disk_bytes: 64MiB}\n"
                  "delivery: {json_lines: {file: rows.jsonl}}\n",
                  "")),
              IsEmpty());
  EXPECT_EQ(service_, "run");
  // A mistake in it does not make it another's.
  Diagnose(Config() + "amdin: {}\n", "");
  EXPECT_EQ(service_, "receiver");
}

class AccessTest : public FileChecksTest {
 protected:
  Checks Access(const std::string& grpc) {
    Write("config.yaml", "grpc: {" + grpc + "}\ndetector: {address: 'localhost:1', allow_plaintext: true}\n");
    Checks checks;
    const LoadedConfig loaded = CheckConfig(dir_.file("config.yaml"), "normalizer", checks);
    EXPECT_NE(loaded.config, nullptr) << ChecksTable(checks);
    checks.clear();
    if (loaded.config != nullptr) CheckAccess(*loaded.config, checks);
    return checks;
  }
};

TEST_F(AccessTest, WarnsOfAPortThatTakesEverybody) {
  for (const char* const open : {"listen_address: '0.0.0.0:8444', allow_plaintext: true",
                                 "listen_address: '[::]:8444', tls: {certificate_file: tls.pem, private_key_file: tls.key}"}) {
    ExpectOne(Access(open), Verdict::kWarning, "access", "takes everybody", "client_ca_file");
  }
}

TEST_F(AccessTest, AcceptsPortsOfThisMachineAndNamedClients) {
  EXPECT_THAT(Access("listen_address: '127.0.0.1:8444', allow_plaintext: true"), IsEmpty());
  const Checks checks = Access(
      "listen_address: '0.0.0.0:8444', allowed_client_names: [receiver], "
      "tls: {certificate_file: tls.pem, private_key_file: tls.key, client_ca_file: ca.pem}");
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].verdict, Verdict::kOk);
  EXPECT_THAT(checks[0].finding, HasSubstr("a name of its list"));
}

TEST(JudgeRoom, FailsBelowAQuarterOfAGibibyte) {
  constexpr uint64_t kMiB = 1 << 20;
  EXPECT_EQ(JudgeRoom("f", 256 * kMiB - 1, 0, 0).verdict, Verdict::kFailed);
  EXPECT_EQ(JudgeRoom("f", 256 * kMiB, 0, 0).verdict, Verdict::kOk);
}

TEST(JudgeRoom, CountsWhatIsThereAlready) {
  constexpr uint64_t kMiB = 1 << 20;
  EXPECT_EQ(JudgeRoom("f", 500 * kMiB, 0, 500 * kMiB).verdict, Verdict::kOk);
  EXPECT_EQ(JudgeRoom("f", 500 * kMiB, 0, 501 * kMiB).verdict, Verdict::kWarning);
  EXPECT_EQ(JudgeRoom("f", 500 * kMiB, 1 * kMiB, 501 * kMiB).verdict, Verdict::kOk);
  EXPECT_EQ(JudgeRoom("f", 500 * kMiB, 700 * kMiB, 501 * kMiB).verdict, Verdict::kOk)
      << "more than the bound is used already";
}

}  // namespace
}  // namespace zoomwatch::cli
