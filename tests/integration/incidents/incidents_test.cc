// From webhooks to incidents of Sentinel through the real program, with the fake Azure behind it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/testing/status_matchers.h"
#include "services/detector/incidents/incident_body.h"
#include "tests/fakes/azure_monitor/azure_monitor.h"
#include "tests/fakes/azure_monitor/event_stream.h"
#include "tests/integration/cli/rules_folder.h"

namespace zoomwatch {
namespace {

using fakes::FaultAction;
using fakes::FaultTarget;
using fakes::Incident;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using testing::ProgramResult;
using testing::RunProgram;
using testing::Text;

// An alert for each event of that name. "@" stands for what tells the rules apart.
std::string Rule(const std::string& number, const std::string& event, const std::string& more) {
  return "id: 6f0a7bb1-6f84-4f0e-9a5a-2f6d8f8f6a0" + number + "\nname: Rule " + number +
         "\ndescription: What happened.\nseverity: Medium\nstatus: Available\nkind: Scheduled\nqueryFrequency: 1h\nqueryPeriod: 1d\n"
         "triggerOperator: gt\ntriggerThreshold: 0\ntactics: [Impact]\nrelevantTechniques: [T1531]\nrequiredDataConnectors: []\nquery: |\n"
         "  ZoomLogs\n  | where Event == '" + event + "'\n  | extend Account = tostring(Payload.payload.object.email)\n"
         "entityMappings:\n  - entityType: Account\n    fieldMappings:\n      - identifier: FullName\n        columnName: Account\n"
         "version: 1.0.0\n" + more;
}

class IncidentsTest : public testing::PipelineFolder {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(dir_.file("rules"));
    Write("rules/one.yaml", Rule("1", "user.deactivated", ""));
    Write("rules/two.yaml", Rule("2", "user.deleted", "incidentConfiguration: {createIncident: false}\n"));
    Write("secret", "fake~secret");
    azure_ = *fakes::FakeAzureMonitor::Start({.rule_id = "dcr-1", .streams = {fakes::EventStream(), fakes::AlertStream()}});
    Configure(", scope: 'https://management.azure.com/.default'");
  }
  void TearDown() override {
    if (pipeline_ != nullptr) {
      EXPECT_EQ(pipeline_->End(SIGTERM), 0);
    }
    azure_->ClearFaults();
  }

  // With incidents and further options of theirs; "off": without.
  void Configure(const std::string& more) const {
    const fakes::TokenOptions token;
    const std::string incidents = "    incidents: {subscription_id: 33333333-3333-4333-8333-333333333333, resource_group: security, "
                                  "workspace: sentinel, management_endpoint: '" + azure_->url() + "'" + more + "}\n";
    Write("all.yaml",
          "webhook: {listen_address: '" + host_ + ":8443', allow_plaintext: true}\n"
          "zoom_accounts: [{name: main, secret_token_files: [token]}]\nspool: {directory: spool, segment_bytes: 4MiB}\n"
          "store: {directory: store}\ndelivery:\n  logs_ingestion:\n    rule_id: dcr-1\n    max_wait: 10ms\n    initial_backoff: 10ms\n"
          "    max_backoff: 100ms\n    endpoint: " + azure_->url() + "\n    client_secret: {authority: '" + azure_->url() +
          "', tenant_id: " + token.tenant + ", client_id: " + token.client_id + ", client_secret_file: secret}\n" +
          (more == "off" ? "" : incidents) +
          "rules: {folders: [rules], alert_directory: alerts, reload_interval: 1s, settle_time: 100ms}\n"
          "admin: {listen_address: '" + host_ + ":9090'}\ngrpc: {listen_address: '" + host_ + ":9191', allow_plaintext: true}\n");
  }

  // One event for each number, each of another person.
  void Send(const std::string& event, int first, int count) {
    const std::string folder = dir_.file("bodies" + std::to_string(++sent_));
    std::filesystem::create_directory(folder);
    for (int i = first; i < first + count; ++i) {
      const std::string number = std::to_string(i);
      Write("bodies" + std::to_string(sent_) + "/" + std::to_string(100000 + i) + ".json",
            "{\"event\":\"" + event + "\",\"event_ts\":" + std::to_string(1767225600000 + i) +
                ",\"payload\":{\"account_id\":\"acc\",\"operator\":\"ana@corp.example\",\"object\":{\"id\":\"u-" + number +
                "\",\"email\":\"p" + number + "@corp.example\"}}}");
    }
    const ProgramResult result = RunProgram("zoomwatch", {"send", "--url", url(), "--secret-file", dir_.file("token"), "--file", folder,
                                                          "--concurrency", "1", "--retries", "3", "--time-scale", "0.01"});
    ASSERT_EQ(result.code, 0) << result.out << result.error;
  }

  template <typename Condition>
  static void Await(Condition condition) {
    while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  // Until Azure has done what it was asked for by a program that is dead. A call that comes to it later than the look of the next run is
  // what nothing but If-None-Match can guard against (incident_client.h), and no part of these tests.
  void AwaitNoCall() const {
    Await([this] { return !testing::HttpGet("127.0.0.1", azure_->port(), "/_fake/state").empty(); });  // those before it are accepted
    Await([this] { return azure_->open_connections() == 0; });
  }
  std::map<std::string, Incident> All() const { return azure_->incidents().All(); }
  // The ids of the alerts whose rows are there.
  std::set<std::string> AlertRows(const std::string& rule = "Rule 1") const {
    std::set<std::string> ids;
    for (const std::string& row : azure_->Rows("Custom-ZoomAlerts_CL")) {
      if (Text(row, "RuleName") == rule) ids.insert(Text(row, "AlertId"));
    }
    return ids;
  }
  std::string Ready() const { return testing::HttpGet(host_, kAdminPort, "/readyz"); }
  std::string Metric(const std::string& series) const {
    const std::string text = "\n" + testing::HttpGet(host_, kAdminPort, "/metrics");
    const std::size_t at = text.find("\n" + series + " ");
    if (at == std::string::npos) return "";
    const std::size_t begin = at + series.size() + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
  }
  // Each alert has exactly one incident, which was made once and never overwritten.
  void ExpectOneForEach(const std::set<std::string>& alerts) const {
    const std::map<std::string, Incident> all = All();
    EXPECT_EQ(all.size(), alerts.size());
    for (const std::string& id : alerts) {
      const auto found = all.find(detector::IncidentNameOf(id));
      ASSERT_NE(found, all.end()) << id;
      EXPECT_EQ(found->second.created, 1);
      EXPECT_EQ(found->second.overwritten, 0);
      EXPECT_THAT(found->second.description, HasSubstr("Alert: " + id));
    }
  }

  std::unique_ptr<fakes::FakeAzureMonitor> azure_;
  int sent_ = 0;
};

TEST_F(IncidentsTest, AnAlertBecomesAnIncidentUnlessItsRuleWantsNone) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Send("user.deleted", 1, 2);
  Send("user.deactivated", 1, 3);
  Await([this] { return All().size() >= 3 && AlertRows().size() >= 3 && AlertRows("Rule 2").size() >= 2; });
  ExpectOneForEach(AlertRows());
  const Incident incident = All().begin()->second;
  EXPECT_EQ(incident.title, "Rule 1");
  EXPECT_EQ(incident.severity, "Medium");
  EXPECT_EQ(incident.status, "New");
  EXPECT_THAT(incident.description, HasSubstr("What happened.\n\nEntities: Account FullName=p"));
  EXPECT_THAT(incident.labels, Contains("zoomwatch"));
  EXPECT_NE(incident.first_activity, "");
  Await([this] { return Metric("zoomwatch_detector_incidents_total{result=\"created\"}") == "3"; });
  EXPECT_EQ(Metric("zoomwatch_detector_incidents_total{result=\"not_wanted\"}"), "2");
  EXPECT_THAT(Ready(), HasSubstr(R"({"name":"incident_delivery","ok":true})"));
  EXPECT_THAT(azure_->state().refusals, Not(Contains(::testing::Key("InvalidRequestContent"))));
}

TEST_F(IncidentsTest, NothingOfSentinelIsCalledUnlessAskedFor) {
  Configure("off");
  ASSERT_NO_FATAL_FAILURE(Start());
  Send("user.deactivated", 1, 3);
  Await([this] { return AlertRows().size() == 3; });
  EXPECT_EQ(pipeline_->End(SIGTERM), 0);
  pipeline_.reset();
  EXPECT_EQ(azure_->state().answers.count("incident_read"), 0U);
  EXPECT_EQ(azure_->state().answers.count("incident_write"), 0U);
  EXPECT_EQ(azure_->state().Answers("token", "200"), 1U) << "no token for the management endpoint";

  // What came meanwhile makes none later either; what comes then does.
  Configure(", scope: 'https://management.azure.com/.default'");
  ASSERT_NO_FATAL_FAILURE(Start());
  Send("user.deactivated", 10, 1);
  Await([this] { return All().size() == 1 && AlertRows().size() == 4; });
  EXPECT_THAT(All().begin()->second.description, HasSubstr("FullName=p10@corp.example"));
}

TEST_F(IncidentsTest, KilledAgainAndAgainEachAlertHasOneIncidentAndWhatIsClosedStaysClosed) {
  constexpr int kKills = 15, kEventsPerKill = 4;
  constexpr std::size_t kEvents = (kKills + 1) * kEventsPerKill;
  // The analyst closes each incident once, as soon as it is seen.
  std::atomic<bool> done = false;
  std::atomic<std::size_t> closed = 0;
  std::thread analyst([&] {
    std::set<std::string> seen;
    while (!done) {
      for (const auto& [id, incident] : All()) {
        if (seen.insert(id).second && azure_->incidents().SetStatus(id, "Closed")) ++closed;
      }
      std::this_thread::yield();
    }
  });
  ASSERT_NO_FATAL_FAILURE(Start());
  for (int kill = 0; kill < kKills; ++kill) {
    // At different places of the way: before and behind a look, before a PUT, and behind one whose answer never comes.
    constexpr FaultAction kActions[] = {FaultAction::kCommitThenCut, FaultAction::kCutBeforeCommit, FaultAction::kCommitThenAnswer};
    for (const FaultTarget target : {FaultTarget::kIncidentWrite, FaultTarget::kIncidentRead}) {
      EXPECT_OK(azure_->AddFault(
          {.target = target, .action = kActions[random_() % 3], .skip = static_cast<int>(random_() % 3), .status = 504}));
    }
    const std::size_t before = All().size();
    Send("user.deactivated", kill * kEventsPerKill, kEventsPerKill);
    Await([&] { return All().size() > before; });
    EXPECT_EQ(pipeline_->End(SIGKILL), -1);
    AwaitNoCall();
    Start();
  }
  Send("user.deactivated", kKills * kEventsPerKill, kEventsPerKill);
  Await([&] { return closed == kEvents && AlertRows().size() == kEvents; });
  // A restart over everything has nothing to do but the new one.
  EXPECT_EQ(pipeline_->End(SIGTERM), 0);
  Start();
  Send("user.deactivated", 100'000, 1);
  Await([&] { return closed == kEvents + 1 && AlertRows().size() == kEvents + 1; });
  done = true;
  analyst.join();
  ExpectOneForEach(AlertRows());
  for (const auto& [id, incident] : All()) EXPECT_EQ(incident.status, "Closed") << id;
}

TEST_F(IncidentsTest, AnIncidentOfALostAnswerIsNotTouchedAgain) {
  ASSERT_OK(azure_->AddFault({.target = FaultTarget::kIncidentWrite, .action = FaultAction::kCommitThenCut}));
  // The look after it hangs until the analyst is done.
  ASSERT_OK(azure_->AddFault({.target = FaultTarget::kIncidentRead, .action = FaultAction::kPass, .skip = 1, .delay = absl::InfiniteDuration()}));
  ASSERT_NO_FATAL_FAILURE(Start());
  Send("user.deactivated", 1, 1);
  Await([this] { return azure_->pending_faults() == 0; });
  ASSERT_THAT(All(), SizeIs(1));
  ASSERT_TRUE(azure_->incidents().SetStatus(All().begin()->first, "Closed"));
  azure_->ClearFaults();
  Await([this] { return Metric("zoomwatch_detector_incidents_total{result=\"existing\"}") == "1"; });
  EXPECT_EQ(All().begin()->second.status, "Closed");
  EXPECT_EQ(All().begin()->second.overwritten, 0);
}

TEST_F(IncidentsTest, RowsDoNotWaitForIncidents) {
  ASSERT_OK(azure_->AddFault(
      {.target = FaultTarget::kIncidentRead, .action = FaultAction::kPass, .count = 0, .delay = absl::InfiniteDuration()}));
  ASSERT_NO_FATAL_FAILURE(Start());
  Send("user.deactivated", 1, 20);
  Await([this] { return AlertRows().size() == 20 && azure_->Rows("Custom-ZoomLogs_CL").size() == 20; });
  EXPECT_THAT(All(), IsEmpty());
  azure_->ClearFaults();
  Await([this] { return All().size() == 20; });
  ExpectOneForEach(AlertRows());
}

TEST_F(IncidentsTest, AnUnknownWorkspaceIsNamedAndHoldsBackIncidentsAlone) {
  azure_->incidents().SetOnboarded(false);
  ASSERT_NO_FATAL_FAILURE(Start());
  Send("user.deactivated", 1, 2);
  Await([this] { return Ready().find("INCIDENT_WORKSPACE_UNKNOWN") != std::string::npos; });
  EXPECT_EQ(Metric("zoomwatch_detector_delivery_blocked{table=\"incidents\"}"), "1");
  Await([this] { return AlertRows().size() == 2; });
  // Waits go on over a restart, and the incidents come when it is repaired.
  azure_->incidents().SetOnboarded(true);
  EXPECT_EQ(pipeline_->End(SIGTERM), 0);
  ASSERT_NO_FATAL_FAILURE(Start());
  Await([this] { return All().size() == 2; });
  ExpectOneForEach(AlertRows());
}

TEST_F(IncidentsTest, ARefusedAlertSaysSoAndTheRestGoesOn) {
  ASSERT_OK(azure_->AddFault({.target = FaultTarget::kIncidentWrite, .skip = 1, .status = 400, .code = "BadTitle", .message = "not this"}));
  ASSERT_NO_FATAL_FAILURE(Start());
  Send("user.deactivated", 1, 3);
  Await([this] { return All().size() == 2 && azure_->pending_faults() == 0; });
  Await([this] { return Metric("zoomwatch_detector_incidents_total{result=\"refused\"}") == "1"; });
  EXPECT_EQ(Metric("zoomwatch_detector_refused_rows_total{table=\"incidents\"}"), "1");
  const ProgramResult list = RunProgram("zoomwatch", {"alerts", "list", "--address", host_ + ":9191", "--plaintext"});
  EXPECT_EQ(list.code, 0) << list.error;
  EXPECT_THAT(list.out, HasSubstr("no incident: DELIVERY_REJECTED: incidents: status 400: BadTitle: not this"));
  EXPECT_EQ(list.out.find("no incident", list.out.find("no incident") + 1), std::string::npos) << list.out;
}

TEST_F(IncidentsTest, BeyondTheLimitAlertsWaitAndSayWhy) {
  Configure(", scope: 'https://management.azure.com/.default', max_per_hour: 2");
  ASSERT_NO_FATAL_FAILURE(Start());
  Send("user.deactivated", 1, 3);
  Await([this] { return Ready().find("INCIDENT_LIMIT_REACHED") != std::string::npos; });
  EXPECT_THAT(All(), SizeIs(2));
  Await([this] { return AlertRows().size() == 3; });
  EXPECT_NE(Metric("zoomwatch_detector_incident_limit_waits_total"), "");
  EXPECT_EQ(Metric("zoomwatch_detector_incidents_pending"), "1");
  // A restart does not widen it; a higher limit lets the third one go.
  EXPECT_EQ(pipeline_->End(SIGTERM), 0);
  ASSERT_NO_FATAL_FAILURE(Start());
  Await([this] { return Ready().find("INCIDENT_LIMIT_REACHED") != std::string::npos; });
  EXPECT_THAT(All(), SizeIs(2));
  EXPECT_EQ(pipeline_->End(SIGTERM), 0);
  Configure(", scope: 'https://management.azure.com/.default', max_per_hour: 3");
  ASSERT_NO_FATAL_FAILURE(Start());
  Await([this] { return All().size() == 3; });
  ExpectOneForEach(AlertRows());
}

TEST_F(IncidentsTest, OnlyAlertsOfTheLeastSeverityBecomeIncidents) {
  Configure(", scope: 'https://management.azure.com/.default', min_severity: High");
  ASSERT_NO_FATAL_FAILURE(Start());
  Send("user.deactivated", 1, 2);
  Await([this] { return Metric("zoomwatch_detector_incidents_total{result=\"not_wanted\"}") == "2"; });
  EXPECT_EQ(azure_->state().answers.count("incident_read"), 0U);
}

TEST_F(IncidentsTest, WithoutRulesItDoesNotStart) {
  std::string config;
  {
    std::ifstream file(dir_.file("all.yaml"));
    config.assign(std::istreambuf_iterator<char>(file), {});
  }
  config.erase(config.find("rules: {"), config.find("admin: {") - config.find("rules: {"));
  Write("all.yaml", config);
  const ProgramResult result = RunProgram("zoomwatch", {"run", "--config", dir_.file("all.yaml")});
  EXPECT_NE(result.code, 0);
  EXPECT_THAT(result.error, HasSubstr("rules: is needed"));
}

}  // namespace
}  // namespace zoomwatch
