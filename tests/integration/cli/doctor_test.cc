// `zoomwatch doctor` against a running pipeline and against gRPC services: what is in order is, and what was broken is
// named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "common/grpc/server.h"
#include "common/testing/test_ca.h"
#include "common/time/clock.h"
#include "common/transport/grpc/ledger_server.h"
#include "tests/integration/cli/program.h"

namespace zoomwatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::PipelineFolder;
using testing::ProgramResult;
using testing::RunProgram;

class DoctorTest : public PipelineFolder {
 protected:
  DoctorTest() { chmod(dir_.file("token").c_str(), 0600); }

  ProgramResult Doctor(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"doctor", "--config", dir_.file("all.yaml"), "--timeout", "5s"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunProgram("zoomwatch", arguments);
  }
};

TEST_F(DoctorTest, FindsNothingInARunningPipeline) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const ProgramResult result = Doctor();
  EXPECT_EQ(result.code, 0) << result.out << result.error;
  EXPECT_THAT(result.out, HasSubstr("valid for run"));
  EXPECT_THAT(result.out, HasSubstr("ok    running       http://" + host_ + ":9090/readyz: ready"));
  EXPECT_THAT(result.out, HasSubstr("ok    clock "));
  EXPECT_THAT(result.out, HasSubstr("ok    signature     a forged webhook is refused"));
  EXPECT_THAT(result.out, HasSubstr("ok    signature     an unsigned challenge is refused"));
  EXPECT_THAT(result.out, HasSubstr("answered with the secret's proof"));
  EXPECT_THAT(result.out, Not(HasSubstr("FAIL")));
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(WaitForRows(1).size(), 1u) << "the challenge and nothing else is stored";
}

TEST_F(DoctorTest, FindsThatNothingRuns) {
  const ProgramResult result = Doctor();
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("FAIL  running "));
  EXPECT_THAT(result.out, HasSubstr("start the service; or give --offline"));
  EXPECT_THAT(result.out, HasSubstr("skip  receiver      not asked: the service does not run"));
  const ProgramResult offline = Doctor({"--offline"});
  EXPECT_EQ(offline.code, 0) << offline.out;
}

TEST_F(DoctorTest, FindsAnotherSecretInTheRunningReceiver) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Write("mine", "a secret that the receiver was never given");
  chmod(dir_.file("mine").c_str(), 0600);
  std::string config =
      "webhook: {listen_address: '" + host_ + ":8443', allow_plaintext: true}\n" +
      "zoom_accounts: [{name: main, secret_token_files: [mine]}]\n"
      "spool: {directory: spool}\nstore: {directory: store}\ndelivery: {json_lines: {file: rows.jsonl}}\n"
      "admin: {listen_address: '" +
      host_ + ":9090'}\n";
  Write("other.yaml", config);
  const ProgramResult result = RunProgram("zoomwatch", {"doctor", "--config", dir_.file("other.yaml"), "--json"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr(R"("verdict":"fail","check":"challenge")"));
  EXPECT_THAT(result.out, HasSubstr("the running receiver has another secret"));
}

TEST_F(DoctorTest, WaitsForWhatIsMountedLater) {
  std::filesystem::remove(dir_.file("token"));
  const ProgramResult at_once = Doctor({"--offline"});
  EXPECT_EQ(at_once.code, 1) << at_once.out;
  std::thread mount([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    Write("token.new", "cli-test-secret");
    chmod(dir_.file("token.new").c_str(), 0600);
    std::filesystem::rename(dir_.file("token.new"), dir_.file("token"));
  });
  const ProgramResult result = Doctor({"--offline", "--wait", "10m"});
  mount.join();
  EXPECT_EQ(result.code, 0) << result.out;
  EXPECT_THAT(result.out, Not(HasSubstr("FAIL")));
}

TEST_F(DoctorTest, WaitsNoLongerThanItIsTold) {
  std::filesystem::remove(dir_.file("token"));
  const ProgramResult result = Doctor({"--offline", "--wait", "1s"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("put the file there"));
}

TEST_F(DoctorTest, FindsAFaultyConfigurationAndStopsThere) {
  Write("all.yaml", "webhok: {}\n");
  const ProgramResult result = Doctor({"--service", "run"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("did you mean webhook?"));
  EXPECT_THAT(result.out, Not(HasSubstr("running")));
}

// A normalizer's configuration whose detector is a server of the test.
class PeerTest : public ::testing::Test {
 protected:
  PeerTest() : ledger_(MakeLedgerService([] { return std::vector<ledger::v1::AccountLedger>(); })) {}

  void Serve(config::v1::GrpcServer options, bool serving) {
    options.set_listen_address("127.0.0.1:0");
    grpc::Service* services[] = {ledger_.get()};
    server_ = *GrpcServer::Listen(options, services, SystemClock::Get());
    server_->SetServing(serving);
  }
  std::string Diagnose(const std::string& address, const std::string& security) const {
    std::ofstream(dir_.file("normalizer.yaml")) << "grpc: {listen_address: '127.0.0.1:0', allow_plaintext: true}\n"
                                                << "detector: {address: '" << address << "', " << security << "}\n";
    return RunProgram("zoomwatch", {"doctor", "--config", dir_.file("normalizer.yaml"), "--timeout", "3s"}).out;
  }

  const testing::TempDir dir_;
  const std::unique_ptr<grpc::Service> ledger_;
  std::unique_ptr<GrpcServer> server_;
};

TEST_F(PeerTest, FindsAServiceThatServes) {
  config::v1::GrpcServer options;
  options.set_allow_plaintext(true);
  Serve(options, true);
  EXPECT_THAT(Diagnose(server_->address(), "allow_plaintext: true"),
              HasSubstr("ok    peer          detector at " + server_->address() + " is serving"));
}

TEST_F(PeerTest, FindsAServiceThatIsStoppingOrStarting) {
  config::v1::GrpcServer options;
  options.set_allow_plaintext(true);
  Serve(options, false);
  const std::string out = Diagnose(server_->address(), "allow_plaintext: true");
  EXPECT_THAT(out, HasSubstr("FAIL  peer "));
  EXPECT_THAT(out, HasSubstr("not serving"));
}

TEST_F(PeerTest, FindsAServiceThatDoesNotRun) {
  const std::string out = Diagnose("127.0.0.1:1", "allow_plaintext: true");
  EXPECT_THAT(out, HasSubstr("FAIL  peer          detector at 127.0.0.1:1"));
  EXPECT_THAT(out, HasSubstr("start the detector"));
}

TEST_F(PeerTest, FindsThatOurCertificateIsOfAnotherAuthority) {
  const testing::TestCa ca(dir_.path(), "ca");
  std::filesystem::create_directory(dir_.path() / "other");
  const testing::TestCa other(dir_.path() / "other", "other");
  const testing::CertificateFiles server = ca.Issue("server", {.common_name = "detector"});
  const testing::CertificateFiles ours = ca.Issue("ours", {.common_name = "normalizer"});
  const testing::CertificateFiles theirs = other.Issue("theirs", {.common_name = "normalizer"});
  config::v1::GrpcServer options;
  options.mutable_tls()->set_certificate_file(server.certificate_file);
  options.mutable_tls()->set_private_key_file(server.private_key_file);
  options.mutable_tls()->set_client_ca_file(ca.ca_file());
  options.add_allowed_client_names("normalizer");
  Serve(options, true);
  const auto tls = [&](const testing::CertificateFiles& files) {
    return "tls: {ca_file: '" + ca.ca_file() + "', certificate_file: '" + files.certificate_file +
           "', private_key_file: '" + files.private_key_file + "', server_name: localhost}";
  };
  EXPECT_THAT(Diagnose(server_->address(), tls(ours)), HasSubstr("is serving"));
  const std::string out = Diagnose(server_->address(), tls(theirs));
  EXPECT_THAT(out, HasSubstr("FAIL  peer "));
  EXPECT_THAT(out, HasSubstr("each certificate chains to the other's CA file"));
  const std::string stranger = Diagnose(server_->address(), tls(ca.Issue("stranger", {.common_name = "stranger"})));
  EXPECT_THAT(stranger, HasSubstr("FAIL  peer "));
  EXPECT_THAT(stranger, HasSubstr("allowed_client_names"));
}

}  // namespace
}  // namespace zoomwatch
