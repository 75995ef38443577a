// `zoomwatch ledger` against a running pipeline, and against services that count wrongly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/grpc/server.h"
#include "common/testing/test_ca.h"
#include "common/time/clock.h"
#include "common/transport/grpc/ledger_server.h"
#include "tests/integration/cli/program.h"

namespace zoomwatch {
namespace {

using ::testing::HasSubstr;
using testing::PipelineFolder;
using testing::ProgramResult;
using testing::RunProgram;

ledger::v1::AccountLedger Account(int64_t accepted, int64_t delivered) {
  ledger::v1::AccountLedger account;
  account.set_account_name("main");
  account.set_accepted_count(accepted);
  account.set_delivered_count(delivered);
  return account;
}

// A service that answers with one account.
class FixedLedger {
 public:
  FixedLedger(ledger::v1::AccountLedger account, config::v1::GrpcServer options = {})
      : service_(MakeLedgerService([account] { return std::vector<ledger::v1::AccountLedger>{account}; })) {
    options.set_listen_address("127.0.0.1:0");
    if (!options.has_tls()) options.set_allow_plaintext(true);
    grpc::Service* services[] = {service_.get()};
    server_ = *GrpcServer::Listen(options, services, SystemClock::Get());
  }
  const std::string& address() const { return server_->address(); }

 private:
  const std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<GrpcServer> server_;
};

class LedgerTest : public PipelineFolder {
 protected:
  ProgramResult Ledger(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"ledger", "--address", host_ + ":9191", "--plaintext"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunProgram("zoomwatch", arguments);
  }
};

TEST_F(LedgerTest, BalancesAfterEveryKindOfTraffic) {
  ASSERT_NO_FATAL_FAILURE(Start());
  EXPECT_THAT(Ledger().out, HasSubstr("no webhook was ever accepted"));
  const ProgramResult sent =
      RunProgram("zoomwatch", {"send", "--url", url(), "--secret-file", dir_.file("token"), "--challenge", "--generate",
                               "100", "--duplicate", "1", "--replay", "5", "--not-json", "4", "--forged", "3"});
  ASSERT_EQ(sent.code, 0) << sent.out << sent.error;
  const ProgramResult ledger = Ledger({"--json", "--wait", "20s"});
  EXPECT_EQ(ledger.code, 0) << ledger.error;
  size_t bytes = 0;
  for (const std::string& row : Rows()) bytes += row.size();
  EXPECT_EQ(
      ledger.out,
      R"({"accounts":[{"account":"main","accepted":205,"delivered":101,"not_sent":0,"duplicate":100,"quarantined":4,"pending":0,)"
      R"("spooled":0,"difference":0,"routes":[{"route":"main","rows":101,"bytes":)" +
          std::to_string(bytes) + "}]}],\"balances\":true}\n");
  EXPECT_THAT(Ledger().out, HasSubstr("  main                         205         101           0         100          "
                                      " 4           0           0   balances\n"));
}

TEST_F(LedgerTest, HasTheSameCountsAsMetrics) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_EQ(RunProgram("zoomwatch", {"send", "--url", url(), "--secret-file", dir_.file("token"), "--generate", "10",
                                     "--not-json", "2"})
                .code,
            0);
  ASSERT_EQ(Ledger({"--wait", "20s"}).code, 0);
  const std::string metrics = testing::HttpGet(host_, kAdminPort, "/metrics");
  EXPECT_THAT(metrics, HasSubstr(R"(zoomwatch_receiver_ledger_webhooks{account="main",place="accepted"} 12)"));
  EXPECT_THAT(metrics, HasSubstr(R"(zoomwatch_receiver_ledger_webhooks{account="main",place="spooled"} 0)"));
  EXPECT_THAT(metrics, HasSubstr(R"(zoomwatch_detector_ledger_webhooks{account="main",place="delivered"} 10)"));
  EXPECT_THAT(metrics, HasSubstr(R"(zoomwatch_detector_ledger_webhooks{account="main",place="quarantined"} 2)"));
  EXPECT_THAT(metrics, HasSubstr(R"(zoomwatch_detector_ledger_webhooks{account="main",place="pending"} 0)"));
}

TEST(Ledger, FailsWhenTheHalvesDoNotAddUp) {
  const FixedLedger receiver(Account(5, 0));
  const FixedLedger detector(Account(0, 3));
  const std::vector<std::string> both = {"ledger",           "--address",   receiver.address(), "--address",
                                         detector.address(), "--plaintext", "--wait",           "0"};
  const ProgramResult result = RunProgram("zoomwatch", both);
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("2 missing"));
  EXPECT_EQ(result.error, "");
}

TEST(Ledger, NamesTheServiceThatDoesNotAnswer) {
  const FixedLedger receiver(Account(5, 5));
  const ProgramResult result = RunProgram("zoomwatch", {"ledger", "--address", receiver.address(), "--address",
                                                        "127.0.0.1:1", "--plaintext", "--timeout", "5s"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.error, HasSubstr("127.0.0.1:1: "));
}

TEST(Ledger, CallsWithMutualTls) {
  const testing::TempDir dir;
  const testing::TestCa ca(dir.path(), "ca");
  const testing::CertificateFiles server = ca.Issue("server", {.common_name = "detector"});
  const testing::CertificateFiles client = ca.Issue("client", {.common_name = "operator"});
  config::v1::GrpcServer options;
  options.mutable_tls()->set_certificate_file(server.certificate_file);
  options.mutable_tls()->set_private_key_file(server.private_key_file);
  options.mutable_tls()->set_client_ca_file(ca.ca_file());
  options.add_allowed_client_names("operator");
  const FixedLedger detector(Account(3, 3), options);
  const std::vector<std::string> common = {"ledger",        "--address", detector.address(), "--ca-file", ca.ca_file(),
                                           "--server-name", "localhost", "--timeout",        "5s"};
  std::vector<std::string> with = common;
  with.insert(with.end(),
              {"--certificate-file", client.certificate_file, "--private-key-file", client.private_key_file});
  const ProgramResult result = RunProgram("zoomwatch", with);
  EXPECT_EQ(result.code, 0) << result.error;
  EXPECT_THAT(result.out, HasSubstr("balances"));
  EXPECT_EQ(RunProgram("zoomwatch", common).code, 1) << "no certificate of ours";
}

TEST(Ledger, RefusesContradictoryOptions) {
  const auto error_of = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"ledger", "--address", "localhost:1"});
    const ProgramResult result = RunProgram("zoomwatch", more);
    EXPECT_EQ(result.code, 2);
    return result.error;
  };
  EXPECT_THAT(error_of({}), HasSubstr("--ca-file FILE is required, or --plaintext"));
  EXPECT_THAT(error_of({"--plaintext", "--ca-file", "x"}), HasSubstr("--ca-file does not go with --plaintext"));
  EXPECT_THAT(error_of({"--ca-file", "x", "--certificate-file", "y"}), HasSubstr("go together"));
}

}  // namespace
}  // namespace zoomwatch
