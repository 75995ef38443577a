// `zoomwatch doctor` against set-ups in which exactly one thing is broken: real programs, TLS everywhere, the fake Azure
// behind them. Each case names the only check that may complain, what it must say to do, and the exit code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/config/config.h"
#include "common/json/parser.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/test_ca.h"
#include "common/time/clock.h"
#include "services/receiver/app.h"
#include "tests/fakes/azure_monitor/azure_monitor.h"
#include "tests/fakes/azure_monitor/event_stream.h"
#include "tests/integration/cli/program.h"
#include "tests/integration/cli/rules_folder.h"
#include "zoomwatch/config/v1/receiver.pb.h"

namespace zoomwatch {
namespace {

using ::testing::HasSubstr;
using testing::PipelineFolder;
using testing::ProgramResult;
using testing::RunProgram;

// One line of the report that is neither "ok" nor "skip".
struct Complaint {
  std::string verdict, check, finding, remedy;
};

// An installation in order: `zoomwatch run` with TLS, one rule, and a fake Azure. What a case breaks it breaks here.
class Installation : public PipelineFolder {
 public:
  using PipelineFolder::dir_;
  using PipelineFolder::Start;
  using PipelineFolder::Write;

  Installation() : ca_(dir_.path(), "ca") {
    chmod(dir_.file("token").c_str(), 0600);
    setenv("SSL_CERT_FILE", ca_.ca_file().c_str(), 1);  // our authority is a public one here
    Issue("service", {});
    WriteSecret("azure-secret", "fake~secret");
    std::filesystem::create_directory(dir_.file("rules"));
    Write("rules/deactivated.yaml", testing::kDeactivated);
    azure_options_.rule_id = "dcr-1";
    azure_options_.streams = {fakes::EventStream(), fakes::AlertStream()};
    azure_options_.certificate_file = dir_.file("service.pem");
    azure_options_.private_key_file = dir_.file("service.key");
  }
  ~Installation() override { unsetenv("SSL_CERT_FILE"); }
  void TestBody() override {}

  testing::CertificateFiles Issue(const std::string& name, testing::TestCa::Request request) const {
    request.common_name = "zoomwatch";
    request.subject_alternative_names = {"DNS:localhost", "IP:127.0.0.1", "IP:" + host_};
    if (request.valid_from == -absl::Hours(1)) request.valid_from = -absl::Hours(24 * 7);
    if (request.valid_until == absl::Hours(24)) request.valid_until = absl::Hours(24 * 60);
    const testing::CertificateFiles files = ca_.Issue(name, request);
    chmod(files.private_key_file.c_str(), 0600);
    return files;
  }
  void WriteSecret(const std::string& name, const std::string& text) const {
    Write(name, text);
    chmod(dir_.file(name).c_str(), 0600);
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(dir_.file(name));
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  void Replace(const std::string& name, const std::string& what, const std::string& by) const {
    std::string text = Read(name);
    ASSERT_NE(text.find(what), std::string::npos) << what;
    text.replace(text.find(what), what.size(), by);
    Write(name, text);
  }

  // Writes the configurations and starts Azure, but no service.
  void Prepare() {
    auto azure = fakes::FakeAzureMonitor::Start(azure_options_);
    ASSERT_OK(azure);
    azure_ = *std::move(azure);
    const std::string tls = "tls: {certificate_file: service.pem, private_key_file: service.key";
    const std::string server = tls + ", client_ca_file: ca.pem}";
    const std::string client = tls + ", ca_file: ca.pem}";
    const std::string receiver = "webhook: {listen_address: '" + host_ + ":8443', " + tls +
                                 "}}\nzoom_accounts: [{name: main, secret_token_files: [token]}]\n"
                                 "spool: {directory: spool, segment_bytes: 4MiB, max_disk_bytes: 64MiB}\n";
    Write("all.yaml",
          receiver + "store: {directory: store, max_disk_bytes: 64MiB}\ndelivery:\n  logs_ingestion:\n    endpoint: " + azure_->url() +
              "\n    rule_id: dcr-1\n    max_wait: 10ms\n    ca_file: ca.pem\n    client_secret: {authority: '" + azure_->url() +
              "', tenant_id: " + azure_options_.token.tenant + ", client_id: " + azure_options_.token.client_id +
              ", client_secret_file: azure-secret, scope: 'https://monitor.azure.com/.default'}\n" +
              "    incidents: {subscription_id: 33333333-3333-4333-8333-333333333333, resource_group: security, workspace: sentinel, "
              "management_endpoint: '" + azure_->url() + "', scope: 'https://management.azure.com/.default'}\n" +
              "rules: {folders: [rules], alert_directory: alerts, reload_interval: 1s, settle_time: 100ms}\n" + Admin(kAdminPort) +
              "grpc: {listen_address: '" + host_ + ":9191', " + server + "}\n");
    Write("receiver.yaml", receiver + "normalizer: {address: '" + host_ + ":8444', " + client + "}\n" + Admin(kAdminPort));
    Write("normalizer.yaml", "grpc: {listen_address: '" + host_ + ":8444', " + server + "}\ndetector: {address: '" + host_ + ":8445', " + client +
                                 "}\n" + Admin(9091));
  }
  void StartProgram(const std::string& program, const std::string& config, uint16_t admin_port) {
    programs_.push_back(std::make_unique<testing::BackgroundProgram>(
        program, std::vector<std::string>{"--config", dir_.file(config)}, dir_.file("run.log")));
    AwaitAnswer(admin_port);
  }
  // A receiver of this process with that clock.
  void StartReceiver(const Clock& clock) {
    config::v1::Receiver config;
    ASSERT_OK(LoadConfigFile(dir_.file("receiver.yaml"), &config));
    receiver_ = std::make_unique<receiver::ReceiverApp>(config, receiver::ReceiverDeps{.clock = &clock});
    ASSERT_OK(receiver_->Start());
  }
  void StopReceiver() {
    if (receiver_ != nullptr) receiver_->Stop(SystemClock::Get().Now() + absl::Seconds(5));
    receiver_.reset();
  }
  std::string Readiness() const { return testing::HttpGet(host_, kAdminPort, "/readyz"); }
  std::string Metrics() const { return testing::HttpGet(host_, kAdminPort, "/metrics"); }
  static void Await(const std::function<bool()>& condition) {
    for (int attempt = 0; attempt < 1500 && !condition(); ++attempt) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_TRUE(condition());
  }

  ProgramResult Doctor(const std::string& config, const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"doctor", "--config", dir_.file(config), "--timeout", "10s", "--json", "--ca-file", dir_.file("ca.pem")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunProgram("zoomwatch", arguments);
  }
  static std::vector<Complaint> Complaints(const std::string& report) {
    json::Parser parser;
    json::Document document;
    EXPECT_TRUE(parser.Parse(report, document).ok()) << report;
    std::vector<Complaint> complaints;
    const json::NodeIndex checks = document.Find(json::Document::root(), "checks");
    if (checks == json::kNoNode) return complaints;
    const auto text = [&](json::NodeIndex at, const char* key) {
      std::string value;
      document.AppendString(document.Find(at, key), value);
      return value;
    };
    for (json::NodeIndex at = json::Document::first_child(checks); at < document.end_of(checks); at = document.at(at).next) {
      Complaint one{text(at, "verdict"), text(at, "check"), text(at, "finding"), text(at, "remedy")};
      if (one.verdict != "ok" && one.verdict != "skip") complaints.push_back(std::move(one));
    }
    return complaints;
  }

  const testing::TestCa ca_;
  fakes::AzureMonitorOptions azure_options_;
  std::unique_ptr<fakes::FakeAzureMonitor> azure_;
  testing::FakeClock clock_{SystemClock::Get().Now()};
  std::unique_ptr<receiver::ReceiverApp> receiver_;
  std::vector<std::unique_ptr<testing::BackgroundProgram>> programs_;

 private:
  std::string Admin(uint16_t port) const { return "admin: {listen_address: '" + host_ + ":" + std::to_string(port) + "'}\n"; }
  void AwaitAnswer(uint16_t admin_port) const {
    Await([&] { return !testing::HttpGet(host_, admin_port, "/metrics").empty(); });
  }
};

struct Case {
  const char* name;
  // Breaks what is there before the services start; may be empty.
  std::function<void(Installation&)> before = {};
  // Starts something else than `zoomwatch run`; empty: that.
  std::function<void(Installation&)> start = {};
  // Breaks what runs; may be empty.
  std::function<void(Installation&)> after = {};
  const char* config = "all.yaml";
  std::vector<std::string> flags = {};  // "@" stands for the folder
  const char* verdict = "fail";
  const char* check = "";  // "": nothing may complain
  const char* finding = "";
  const char* remedy = "";
};

void NoStart(Installation&) {}

fakes::Fault RefuseAll(fakes::FaultTarget target, int status, const std::string& code, const std::string& message) {
  return {.target = target, .count = 0, .status = status, .code = code, .message = message};
}

// A template of the rule that declares the columns of the streams, but for one.
void WriteRuleFile(const Installation& installation, const std::string& without) {
  std::string streams;
  for (const fakes::Stream& stream : {fakes::EventStream(), fakes::AlertStream()}) {
    std::string columns;
    for (const fakes::Column& column : stream.columns) {
      if (column.name != without) columns += (columns.empty() ? "" : ",") + ("{\"name\":\"" + column.name + "\",\"type\":\"string\"}");
    }
    streams += (streams.empty() ? "\"" : ",\"") + stream.name + "\":{\"columns\":[" + columns + "]}";
  }
  installation.Write("rule.json", "{\"properties\":{\"streamDeclarations\":{" + streams + "}}}");
}

std::vector<Case> Cases() {
  using Target = fakes::FaultTarget;
  return {
      {.name = "NothingIsBroken",
       .before = [](Installation& s) { WriteRuleFile(s, ""); },
       .flags = {"--rule-file", "@/rule.json"}},
      {.name = "MisspeltOption",
       .after = [](Installation& s) { s.Replace("all.yaml", "webhook:", "webhok:"); },
       .flags = {"--service", "run"},
       .check = "config",
       .finding = "did you mean webhook?",
       .remedy = "correct what is named"},
      {.name = "SecretFileIsEmpty",
       .after = [](Installation& s) { s.WriteSecret("token", ""); },
       .check = "config",
       .finding = "secret_token_files",
       .remedy = "not empty and readable"},
      {.name = "SecretFileIsOpenToOthers",
       .after = [](Installation& s) { chmod(s.dir_.file("token").c_str(), 0644); },
       .check = "secrets",
       .finding = "open to every user",
       .remedy = "chmod o= "},
      {.name = "CertificateHasExpired",
       .after = [](Installation& s) { s.Issue("service", {.valid_from = -absl::Hours(48), .valid_until = -absl::Hours(1)}); },
       .check = "certificate",
       .finding = "expired",
       .remedy = "renew the certificate"},
      {.name = "CertificateExpiresSoon",
       .before = [](Installation& s) { s.Issue("service", {.valid_until = absl::Hours(72)}); },
       .verdict = "warn",
       .check = "certificate",
       .finding = "expires on",
       .remedy = "renew it"},
      {.name = "ChainIsOfAnotherAuthority",
       .after =
           [](Installation& s) {
             std::filesystem::create_directory(s.dir_.file("other"));
             const testing::TestCa other(s.dir_.file("other"), "other");
             std::ifstream file(other.ca_file());
             s.Write("service.pem", s.Read("service.pem") + std::string{std::istreambuf_iterator<char>(file), {}});
           },
       .check = "certificate",
       .finding = "service.pem",
       .remedy = "put the leaf first"},
      {.name = "NothingRuns", .start = NoStart, .check = "running", .finding = "HTTP_CALL_FAILED", .remedy = "start the service"},
      {.name = "RunningReceiverHasAnotherSecret",
       .after =
           [](Installation& s) {
             s.WriteSecret("mine", "a secret that the receiver was never given");
             s.Replace("all.yaml", "[token]", "[mine]");
           },
       .check = "challenge",
       .finding = "refused (401)",
       .remedy = "another secret"},
      {.name = "ClocksAreApart",
       .start =
           [](Installation& s) {
             s.clock_.SetNow(SystemClock::Get().Now() - absl::Minutes(10));
             s.StartProgram("zoomwatch-normalizer", "normalizer.yaml", 9091);
             s.StartReceiver(s.clock_);
           },
       .config = "receiver.yaml",
       .check = "clock",
       .finding = "s apart",
       .remedy = "NTP"},
      {.name = "NoChallengeForMoreThan80Hours",
       .start =
           [](Installation& s) {
             s.clock_.SetNow(SystemClock::Get().Now() - absl::Hours(81));
             s.StartProgram("zoomwatch-normalizer", "normalizer.yaml", 9091);
             s.StartReceiver(s.clock_);
             s.clock_.Advance(SystemClock::Get().Now() - s.clock_.Now());
             Installation::Await([&s] { return s.Metrics().find("challenge_overdue{account=\"main\"} 1") != std::string::npos; });
           },
       .config = "receiver.yaml",
       .verdict = "warn",
       .check = "challenge",
       .finding = "none was seen since the start",
       .remedy = "press Validate"},
      {.name = "NormalizerIsDown",
       .start = [](Installation& s) { s.StartReceiver(SystemClock::Get()); },
       .config = "receiver.yaml",
       .check = "peer",
       .finding = "normalizer at ",
       .remedy = "start the normalizer"},
      {.name = "DetectorIsDown",
       .start = [](Installation& s) { s.StartProgram("zoomwatch-normalizer", "normalizer.yaml", 9091); },
       .config = "normalizer.yaml",
       .check = "peer",
       .finding = "detector at ",
       .remedy = "start the detector"},
      {.name = "RuleIsBroken",
       .before = [](Installation& s) { s.Write("rules/broken.yaml", "id: 1\nname: Half a rule\n"); },
       .check = "rules",
       .finding = "rejected: ",
       .remedy = "correct the rule's file"},
      {.name = "ClientSecretIsWrong",
       .after = [](Installation& s) { s.WriteSecret("azure-secret", "another"); },
       .check = "token",
       .finding = "TOKEN_REFUSED",
       .remedy = "renew a secret"},
      {.name = "ClientSecretHasExpired",
       .after =
           [=](Installation& s) {
             ASSERT_OK(s.azure_->AddFault(
                 RefuseAll(Target::kToken, 401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired.")));
           },
       .check = "token",
       .finding = "AADSTS7000222",
       .remedy = "renew a secret"},
      {.name = "TokenIsForAnotherCloud",
       .after = [](Installation& s) { s.Replace("all.yaml", "https://monitor.azure.com/", "https://monitor.azure.us/"); },
       .check = "sink",
       .finding = "status 401",
       .remedy = "compare the identity's scope"},
      {.name = "RoleIsMissing",
       .after = [=](Installation& s) { ASSERT_OK(s.azure_->AddFault(RefuseAll(Target::kIngestion, 403, "", "no role"))); },
       .check = "sink",
       .finding = "DELIVERY_FORBIDDEN",
       .remedy = "Monitoring Metrics Publisher"},
      {.name = "RuleIdIsWrong",
       .after = [](Installation& s) { s.Replace("all.yaml", "dcr-1", "dcr-2"); },
       .check = "sink",
       .finding = "DELIVERY_RULE_UNKNOWN",
       .remedy = "immutableId"},
      {.name = "StreamOfAlertsIsMissing",
       .before = [](Installation& s) { s.azure_options_.streams = {fakes::EventStream()}; },
       .check = "sink",
       .finding = "InvalidStream",
       .remedy = "declare Custom-ZoomAlerts_CL"},
      {.name = "ColumnIsUndeclared",
       .before = [](Installation& s) { WriteRuleFile(s, "EventId"); },
       .flags = {"--rule-file", "@/rule.json"},
       .check = "columns",
       .finding = "does not declare EventId",
       .remedy = "deploy the tables and the data collection rule"},
      {.name = "AzureIsOutOfReach",
       .after = [](Installation& s) { s.Replace("all.yaml", s.azure_->url() + "\n    rule_id", "https://localhost:1\n    rule_id"); },
       .check = "sink",
       .finding = "DELIVERY_UNREACHABLE",
       .remedy = "port 443"},
      {.name = "WorkspaceOfTheIncidentsIsWrong",
       .after = [](Installation& s) { s.Replace("all.yaml", "workspace: sentinel", "workspace: sentinal"); },
       .check = "incidents",
       .finding = "INCIDENT_WORKSPACE_UNKNOWN",
       .remedy = "compare subscription_id, resource_group and workspace"},
      {.name = "IncidentsMayNotBeRead",
       .after = [=](Installation& s) { ASSERT_OK(s.azure_->AddFault(RefuseAll(Target::kIncidentRead, 403, "AuthorizationFailed", "no role"))); },
       .check = "incidents",
       .finding = "DELIVERY_FORBIDDEN",
       .remedy = "Microsoft Sentinel Responder"},
      {.name = "OutboxLags",
       .after =
           [](Installation& s) {
             // Calls with rows are throttled, the doctor's without rows are not. The challenge of a first doctor is a row.
             ASSERT_OK(s.azure_->AddFault(
                 {.action = fakes::FaultAction::kRefuseRows, .count = 0, .status = 429, .column = "EventId", .matches = "."}));
             s.Doctor("all.yaml", {});
             Installation::Await([&s] { return s.Readiness().find("DELIVERY_THROTTLED") != std::string::npos; });
           },
       .verdict = "warn",
       .check = "delivery",
       .finding = "events wait",
       .remedy = "nothing is lost"},
  };
}

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class DoctorFinds : public ::testing::TestWithParam<Case> {};

TEST_P(DoctorFinds, TheRemedy) {
  const Case& broken = GetParam();
  Installation installation;
  if (broken.before) {
    ASSERT_NO_FATAL_FAILURE(broken.before(installation));
  }
  ASSERT_NO_FATAL_FAILURE(installation.Prepare());
  if (broken.start) {
    ASSERT_NO_FATAL_FAILURE(broken.start(installation));
  } else {
    ASSERT_NO_FATAL_FAILURE(installation.Start());
  }
  if (broken.after) {
    ASSERT_NO_FATAL_FAILURE(broken.after(installation));
  }
  std::vector<std::string> flags = broken.flags;
  for (std::string& flag : flags) {
    if (flag.starts_with('@')) flag = installation.dir_.path().string() + flag.substr(1);
  }
  const ProgramResult result = installation.Doctor(broken.config, flags);
  installation.StopReceiver();
  const std::vector<Complaint> complaints = Installation::Complaints(result.out);
  const bool fails = std::string(broken.check) != "" && std::string(broken.verdict) == "fail";
  EXPECT_EQ(result.code, fails ? 1 : 0) << result.out << result.error;
  if (std::string(broken.check).empty()) {
    EXPECT_TRUE(complaints.empty()) << result.out;
    return;
  }
  EXPECT_FALSE(complaints.empty()) << result.out;
  for (const Complaint& complaint : complaints) {
    EXPECT_EQ(complaint.check, broken.check) << result.out;
    EXPECT_EQ(complaint.verdict, broken.verdict) << result.out;
    EXPECT_THAT(complaint.finding, HasSubstr(broken.finding));
    EXPECT_THAT(complaint.remedy, HasSubstr(broken.remedy));
  }
}

INSTANTIATE_TEST_SUITE_P(BrokenSetUps, DoctorFinds, ::testing::ValuesIn(Cases()),
                         [](const ::testing::TestParamInfo<Case>& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace zoomwatch
