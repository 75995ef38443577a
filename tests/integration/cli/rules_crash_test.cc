// All shipped rules under load, with the pipeline killed again and again: the alerts are those of a run without kills, each once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include "tests/integration/cli/rules_folder.h"

namespace zoomwatch {
namespace {

using testing::RunProgram;
using testing::Text;

// What one person does, each step an event: eight of them end in an alert of some shipped rule.
constexpr const char* kSteps[] = {
    R"({"event":"user.signed_in","payload":{"account_id":"acc","object":{"id":"u-@","email":"p@@corp.example","client_type":"win","login_type":101,"date_time":"2026-01-05T00:00:00Z"}}})",
    R"({"event":"user.updated","payload":{"account_id":"acc","operator":"p@@corp.example","operator_id":"u-@","operation":"change_password","object":{"id":"u-@","email":"p@@corp.example"},"old_object":{"id":"u-@","email":"p@@corp.example"}}})",
    R"({"event":"meeting.participant_data","payload":{"account_id":"acc","object":{"uuid":"i1-@","participant":{"participant_id":"1","participant_user_id":"u-@","email":"p@@corp.example","data":[{"device":"WIN","location":"Lisbon","signaling_ip_address":"192.0.2.10"}]}}}})",
    R"({"event":"user.signed_in","payload":{"account_id":"acc","object":{"id":"u-@","email":"p@@corp.example","client_type":"browser","login_type":"100","date_time":"2026-01-05T00:10:00Z"}}})",
    R"({"event":"user.updated","payload":{"account_id":"acc","operator":"p@@corp.example","operator_id":"u-@","operation":"sign_out_from_all_devices","object":{"id":"u-@","email":"p@@corp.example"},"old_object":{"id":"u-@","email":"p@@corp.example"}}})",
    R"({"event":"meeting.participant_data","payload":{"account_id":"acc","object":{"uuid":"i2-@","participant":{"participant_id":"2","participant_user_id":"u-@","email":"p@@corp.example","data":[{"device":"WIN","location":"Oslo","signaling_ip_address":"198.51.100.7"}]}}}})",
    R"({"event":"user.updated","payload":{"account_id":"acc","operator":"ana@@corp.example","operator_id":"u-ana","object":{"id":"u-@","email":"p@@corp.example","role":"Admin"},"old_object":{"id":"u-@","email":"p@@corp.example","role":"Member"}}})",
    R"({"event":"recording.batch_trashed","payload":{"account_id":"acc","operator":"p@@corp.example","operator_id":"u-@","operation":"trash_recordings","object":{"meeting_uuids":["1-@","2-@","3-@","4-@","5-@","6-@","7-@","8-@","9-@","10-@","11-@"]}}})",
};

class RulesCrashTest : public testing::RulesFolder {
 protected:
  void SetUp() override { UseRules(", '" + std::string(std::getenv("ZOOMWATCH_SOURCE_DIR")) + "/rules'"); }

  // The steps of all people, in an order in which those of one person stand in theirs. Returns how many bodies there are.
  std::size_t WriteBodies(int people) const {
    std::filesystem::create_directory(dir_.file("bodies"));
    int number = 100000;
    for (int first = 0; first < people; first += 10) {
      for (const char* const step : kSteps) {
        for (int person = first; person < std::min(people, first + 10); ++person) {
          std::string body = step;
          for (std::size_t at = body.find('@'); at != std::string::npos; at = body.find('@', at)) {
            const bool address = body.compare(at, 2, "@@") == 0;
            const std::string text = std::to_string(person);
            body.replace(at, 1, text);
            at += text.size() + (address ? 1 : 0);
          }
          ++number;
          body.insert(1, "\"event_ts\":" + std::to_string(1767225600000 + number) + ",");
          Write("bodies/" + std::to_string(number) + ".json", body);
        }
      }
    }
    return static_cast<std::size_t>(number - 100000);
  }
  testing::ProgramResult Send(int rate) const {
    return RunProgram("zoomwatch", {"send", "--url", url(), "--secret-file", dir_.file("token"), "--file", dir_.file("bodies"), "--rate",
                                    std::to_string(rate), "--concurrency", "1", "--retries", "3", "--time-scale", "0.01"});
  }
  // Rule, title and entities of each alert, counted.
  static std::map<std::string, int> Summary(const std::vector<std::string>& alerts) {
    std::map<std::string, int> summary;
    for (const std::string& alert : alerts) {
      const std::size_t begin = alert.find("\"Entities\":");
      ++summary[Text(alert, "RuleName") + "|" + Text(alert, "AlertTitle") + "|" + alert.substr(begin, alert.find("],", begin) - begin)];
    }
    return summary;
  }
};

TEST_F(RulesCrashTest, TheAlertsAreThoseOfAnUndisturbedRunEachOnce) {
  const char* const wanted = std::getenv("ZOOMWATCH_KILLS");
  const int kills = wanted == nullptr ? 30 : std::atoi(wanted);
  const std::size_t bodies = WriteBodies(kills);

  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_EQ(Send(2000).code, 0);
  ASSERT_EQ(WaitForRows(bodies).size(), bodies);
  const std::map<std::string, int> expected = Summary(WaitForAlerts(static_cast<std::size_t>(kills) * 5));
  ASSERT_GE(expected.size(), static_cast<std::size_t>(kills) * 5) << "each person makes five alerts at least";
  EXPECT_EQ(pipeline_->End(SIGTERM), 0);
  for (const char* const name : {"store", "spool", "alerts", "rows.jsonl", "alerts.jsonl"}) std::filesystem::remove_all(dir_.file(name));

  ASSERT_NO_FATAL_FAILURE(Start());
  testing::ProgramResult sent;
  std::thread sender([&] { sent = Send(20); });
  int killed = 0;
  std::set<std::size_t> points;  // rows that were there when it was killed
  while (killed < kills && Rows().size() < bodies) {
    // Somewhere behind the next row, so that each run gets a little further.
    const std::size_t before = Rows().size();
    for (int wait = 0; wait < 500 && Rows().size() == before; ++wait) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 100));
    points.insert(Rows().size());
    EXPECT_EQ(pipeline_->End(SIGKILL), -1);
    ++killed;
    Start();
  }
  sender.join();
  // Zoom gives up after three retries, and so did the sender where a start took too long. All of it again: what was there is a duplicate.
  sent = Send(2000);
  EXPECT_EQ(sent.code, 0) << sent.out << sent.error;
  EXPECT_EQ(WaitForRows(bodies).size(), bodies);
  std::size_t total = 0;
  for (const auto& [alert, count] : expected) total += static_cast<std::size_t>(count);
  const std::vector<std::string> alerts = WaitForAlerts(total);
  EXPECT_EQ(Summary(alerts), expected);
  std::set<std::string> ids;
  for (const std::string& alert : alerts) ids.insert(Text(alert, "AlertId"));
  EXPECT_EQ(ids.size(), alerts.size());
  RecordProperty("kills", killed);
  std::printf("%d kills, at %zu different numbers of rows; %zu events, %zu alerts\n", killed, points.size(), bodies, alerts.size());
  EXPECT_GE(killed, kills / 2) << "the load ended too soon to show much";
}

}  // namespace
}  // namespace zoomwatch
