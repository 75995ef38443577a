// Rules in the running pipeline: signed webhooks in, alerts out, through kills and changed rule files. All of it as programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "tests/integration/cli/program.h"
#include "tests/integration/cli/rules_folder.h"

namespace zoomwatch {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::kDeactivated;
using testing::ProgramResult;
using testing::RunProgram;
using testing::Text;

std::string Deactivated(int user) {
  return R"({"event":"user.deactivated","event_ts":1767225600000,"payload":{"account_id":"acc","object":{"id":"u-)" +
         std::to_string(user) + R"(","email":"user)" + std::to_string(user) + R"(@corp.example","type":1}}})";
}

class RulesTest : public testing::RulesFolder {
 protected:
  void SetUp() override { UseRules(); }

  void Send(int first, int count, const std::string& more = "") const {
    const std::string folder = dir_.file("bodies");
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
    for (int i = first; i < first + count; ++i) Write("bodies/" + std::to_string(100000 + i) + ".json", Deactivated(i));
    std::vector<std::string> arguments = {"send", "--url", url(), "--secret-file", dir_.file("token"), "--file", folder};
    if (!more.empty()) arguments.insert(arguments.end(), {"--retries", "3", "--time-scale", "0.002", "--rate", more});
    const ProgramResult sent = RunProgram("zoomwatch", arguments);
    EXPECT_EQ(sent.code, 0) << sent.out << sent.error;
  }

  // Waits until the log of the run has the text.
  void WaitForLog(const std::string& text) const {
    for (int attempt = 0; attempt < 1500; ++attempt) {
      std::ifstream file(dir_.file("run.log"));
      const std::string log{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
      if (log.find(text) != std::string::npos) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    FAIL() << "the log never had: " << text;
  }
};

TEST_F(RulesTest, AnEventBecomesAnAlertWithEntitiesAndTexts) {
  Write("rules/deactivated.yaml", kDeactivated);
  ASSERT_NO_FATAL_FAILURE(Start());
  Send(1, 1);
  const std::vector<std::string> alerts = WaitForAlerts(1);
  ASSERT_THAT(alerts, SizeIs(1));
  EXPECT_EQ(Text(alerts[0], "RuleName"), "User deactivated");
  EXPECT_EQ(Text(alerts[0], "Severity"), "Low");
  EXPECT_EQ(Text(alerts[0], "Cause"), "event");
  EXPECT_THAT(alerts[0], HasSubstr(R"("Entities":[{"Type":"Account","FullName":"user1@corp.example"}])"));
  EXPECT_THAT(alerts[0], HasSubstr(R"("Techniques":["T1531"])"));
  EXPECT_THAT(testing::HttpGet(host_, kAdminPort, "/metrics"), HasSubstr("zoomwatch_detector_alerts_total{severity=\"Low\"} 1"));
}

TEST_F(RulesTest, ARowThatChangesIsNoSecondAlertAndOneThatIsKnownNoneAfterARestart) {
  Write("rules/deactivated.yaml", kDeactivated);
  ASSERT_NO_FATAL_FAILURE(Start());
  Send(1, 3);
  EXPECT_THAT(WaitForAlerts(3), SizeIs(3));
  EXPECT_EQ(pipeline_->End(SIGTERM), 0);
  ASSERT_NO_FATAL_FAILURE(Start());
  Send(4, 1);
  EXPECT_THAT(WaitForAlerts(4), SizeIs(4));
}

TEST_F(RulesTest, EachAlertComesOnceThroughKillsUnderLoad) {
  constexpr int kUsers = 600;
  Write("rules/deactivated.yaml", kDeactivated);
  ASSERT_NO_FATAL_FAILURE(Start());
  std::thread sender([&] { Send(1, kUsers, "300"); });
  for (const std::size_t seen : {50U, 200U, 350U}) {
    while (Alerts().size() < seen) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(pipeline_->End(SIGKILL), -1);
    Start();
  }
  sender.join();
  const std::vector<std::string> alerts = WaitForAlerts(kUsers);
  std::set<std::string> ids, identities;
  for (const std::string& alert : alerts) {
    ids.insert(Text(alert, "AlertId"));
    identities.insert(Text(alert, "Identity"));
  }
  EXPECT_THAT(alerts, SizeIs(kUsers));
  EXPECT_THAT(ids, SizeIs(kUsers));
  EXPECT_THAT(identities, SizeIs(kUsers));
}

TEST_F(RulesTest, RulesChangeWithoutARestartAndABadFileChangesNothing) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Send(1, 1);
  EXPECT_THAT(WaitForRows(1), SizeIs(1));
  EXPECT_THAT(Alerts(), IsEmpty());
  Write("rules/deactivated.yaml", kDeactivated);
  WaitForLog("\"added\":\"1\"");
  Send(2, 1);
  ASSERT_THAT(WaitForAlerts(1), SizeIs(1)) << "what was stored before the rule came makes no alert";
  std::string broken = kDeactivated;
  broken.replace(broken.find("summarize"), 9, "sumarize");
  Write("rules/deactivated.yaml", broken);
  WaitForLog("QUERY_ERROR");
  Send(3, 1);
  EXPECT_THAT(WaitForAlerts(2), SizeIs(2));
  std::filesystem::remove(dir_.file("rules/deactivated.yaml"));
  WaitForLog("\"removed\":\"1\"");
  Send(4, 1);
  EXPECT_THAT(WaitForRows(4), SizeIs(4));
  EXPECT_THAT(Alerts(), SizeIs(2));
}

TEST_F(RulesTest, ARuleThatOnlyRunsInBatchRunsAtItsTimesAndSaysSo) {
  std::string batch = kDeactivated;
  batch.replace(batch.find("| summarize"), std::string("| summarize").size(), "| serialize Number = row_number() | summarize");
  batch.replace(batch.find("queryFrequency: 1h"), 18, "queryFrequency: 5m");
  Write("rules/deactivated.yaml", batch);
  ASSERT_NO_FATAL_FAILURE(Start());
  WaitForLog("rules are running");
  Send(1, 1);
  EXPECT_THAT(WaitForRows(1), SizeIs(1));
  EXPECT_THAT(testing::HttpGet(host_, kAdminPort, "/metrics"), HasSubstr("zoomwatch_detector_rules{state=\"running\"} 1"));
}

// Where a reload by command must not be overtaken by the clock.
class RulesCommandTest : public RulesTest {
 protected:
  void SetUp() override { UseRules("", "1h"); }
};

TEST_F(RulesCommandTest, ShowsAlertsAndExplainsRules) {
  Write("rules/deactivated.yaml", kDeactivated);
  ASSERT_NO_FATAL_FAILURE(Start());
  Send(1, 2);
  const std::vector<std::string> alerts = WaitForAlerts(2);
  ASSERT_THAT(alerts, SizeIs(2));
  const auto run = [this](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--address", host_ + ":" + std::to_string(kGrpcPort), "--plaintext"});
    return RunProgram("zoomwatch", arguments);
  };
  const ProgramResult list = run({"alerts", "list", "--limit", "1"});
  EXPECT_EQ(list.code, 0) << list.error;
  // Two webhooks may overtake each other on the way; the newest alert is the one that was stored last.
  const std::string account = alerts[1].find("user2@corp.example") != std::string::npos ? "user2" : "user1";
  EXPECT_THAT(list.out, HasSubstr("Low            User deactivated  Account=" + account + "@corp.example  " + Text(alerts[1], "AlertId") + "\n"));
  EXPECT_THAT(run({"alerts", "list", "--severity", "high"}).out, IsEmpty());
  EXPECT_EQ(run({"alerts", "tail", "--from-beginning", "--limit", "2", "--json"}).out, alerts[0] + "\n" + alerts[1] + "\n");
  EXPECT_EQ(run({"alerts", "get", Text(alerts[0], "AlertId"), "--json"}).out, alerts[0] + "\n");
  EXPECT_EQ(run({"alerts", "get", "none"}).code, 1);
  const std::string whole = run({"alerts", "get", Text(alerts[0], "AlertId")}).out;
  EXPECT_THAT(whole, HasSubstr("Rule        User deactivated  Scheduled  6f0a7bb1-6f84-4f0e-9a5a-2f6d8f8f6a01\n"));
  EXPECT_THAT(whole, HasSubstr("Rows        1 of 1\n  {\"Account\":\"user"));
  EXPECT_THAT(whole, ::testing::EndsWith("Description\n  A user was deactivated.\n"));

  const ProgramResult rules = run({"rules", "list"});
  EXPECT_EQ(rules.code, 0) << rules.error;
  EXPECT_THAT(rules.out, HasSubstr("User deactivated                            running    live            2       2"));
  const std::string id = "6f0a7bb1-6f84-4f0e-9a5a-2f6d8f8f6a01";
  EXPECT_THAT(run({"rules", "explain", id}).out, HasSubstr("evaluated with each event"));
  const std::string event = Text(WaitForRows(2)[0], "EventId");
  EXPECT_THAT(run({"rules", "explain", id, "--event", event}).out, HasSubstr("  passed: Event == 'user.deactivated'\n"));
  EXPECT_EQ(run({"rules", "explain", "no-such-rule"}).code, 1);
  EXPECT_THAT(run({"rules", "explain", "user deactivated"}).out, HasSubstr("evaluated with each event"));
  EXPECT_THAT(run({"rules", "explain", "User deactivate"}).error, HasSubstr("did you mean 'User deactivated'?"));
  std::string other = kDeactivated;
  other.replace(other.find("user.deactivated"), 16, "user.disappeared");
  Write("rules/deactivated.yaml", other);
  EXPECT_THAT(run({"rules", "reload"}).out, ::testing::StartsWith("changed  User deactivated\n"));
  EXPECT_THAT(run({"rules", "explain", id, "--event", event}).out, HasSubstr("  stopped by: Event == 'user.disappeared'; here Event = user.deactivated\n"));
}

TEST_F(RulesTest, ABacktestSaysWhatARuleWouldHaveAlerted) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Send(1, 3);
  WaitForRows(3);
  Write("new.yaml", kDeactivated);
  const auto run = [this](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--address", host_ + ":" + std::to_string(kGrpcPort), "--plaintext"});
    return RunProgram("zoomwatch", arguments);
  };
  const ProgramResult result = run({"rules", "backtest", dir_.file("new.yaml")});
  EXPECT_EQ(result.code, 0) << result.error;
  EXPECT_THAT(result.out, HasSubstr("Account=user3@corp.example"));
  EXPECT_THAT(result.out, HasSubstr("3 events, 3 of them concern the rule; 3 alerts; "));
  EXPECT_THAT(run({"rules", "backtest", dir_.file("new.yaml"), "--until", "2026-01-01T00:00:00Z", "--since", "2025-01-01T00:00:00Z"}).out,
              HasSubstr("0 events, 0 of them concern the rule; 0 alerts; "));
  EXPECT_THAT(Alerts(), IsEmpty()) << "nothing is stored or delivered";
  std::string broken = kDeactivated;
  broken.replace(broken.find("summarize"), 9, "sumarize");
  Write("new.yaml", broken);
  const ProgramResult refused = run({"rules", "backtest", dir_.file("new.yaml")});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.error, HasSubstr("rule:17:"));
}

TEST_F(RulesTest, CheckAndTestNeedNothingButTheFiles) {
  Write("rules/deactivated.yaml", kDeactivated);
  const ProgramResult check = RunProgram("zoomwatch", {"rules", "check", dir_.file("rules")});
  EXPECT_EQ(check.code, 0) << check.out;
  EXPECT_THAT(check.out, HasSubstr("1 rules are right, 0 files are refused"));
  EXPECT_EQ(RunProgram("zoomwatch", {"rules", "test", dir_.file("rules")}).code, 1) << "no case file";
  Write("rules/deactivated.test.yaml", R"(events:
  gone:
    event: user.deactivated
    payload: {account_id: acc, object: {id: u-1, email: ann@corp.example}}
cases:
  - name: one who goes
    kind: firing
    steps:
      - {at: 0s, send: gone}
    alerts:
      - {at: 0s, severity: Low, row: {Account: ann@corp.example, Times: 1}}
  - name: one who goes twice
    kind: duplicate
    steps:
      - {at: 0s, send: gone}
      - {at: 1h, send: gone, happened: 1h}
    alerts:
      - {at: 0s, row: {Times: 1}, later: {Times: 2}}
)");
  const ProgramResult passed = RunProgram("zoomwatch", {"rules", "test", dir_.file("rules/deactivated.yaml")});
  EXPECT_EQ(passed.code, 0) << passed.out;
  EXPECT_THAT(passed.out, HasSubstr("2 cases passed, 0 failed"));
  std::string wrong = kDeactivated;
  wrong.replace(wrong.find("Times = count()"), 15, "Times = 2*count()");
  Write("rules/deactivated.yaml", wrong);
  const ProgramResult failed = RunProgram("zoomwatch", {"rules", "test", dir_.file("rules")});
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.out, HasSubstr("Times was expected to be 1, it is 2"));
  wrong.replace(wrong.find("| summarize"), 11, "| sumarize ");
  Write("rules/deactivated.yaml", wrong);
  const ProgramResult refused = RunProgram("zoomwatch", {"rules", "check", dir_.file("rules")});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.out, HasSubstr("deactivated.yaml:17:"));
  Write("rules/typo.test.yaml", "events: {}\ncases: []\n");
  EXPECT_THAT(RunProgram("zoomwatch", {"rules", "test", dir_.file("rules")}).out, HasSubstr("typo.test.yaml: there is no rule "));
  std::filesystem::create_directory(dir_.file("empty"));
  EXPECT_THAT(RunProgram("zoomwatch", {"rules", "check", dir_.file("empty")}).out, HasSubstr("empty: has no rule files"));
}

TEST_F(RulesTest, StartFailsWithoutAFolderOrAPlaceForAlerts) {
  std::filesystem::remove(dir_.file("rules"));
  const ProgramResult folder = RunProgram("zoomwatch", {"run", "--config", dir_.file("all.yaml")});
  EXPECT_EQ(folder.code, 1);
  EXPECT_THAT(folder.error, HasSubstr("rules"));
  std::filesystem::create_directory(dir_.file("rules"));
  std::ifstream file(dir_.file("all.yaml"));
  std::string config{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  config.replace(config.find(", alerts_file: alerts.jsonl"), std::string(", alerts_file: alerts.jsonl").size(), "");
  Write("all.yaml", config);
  const ProgramResult sink = RunProgram("zoomwatch", {"run", "--config", dir_.file("all.yaml")});
  EXPECT_EQ(sink.code, 1);
  EXPECT_THAT(sink.error, HasSubstr("delivery.json_lines.alerts_file"));
}

}  // namespace
}  // namespace zoomwatch
