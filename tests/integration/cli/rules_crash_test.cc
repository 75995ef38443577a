// All shipped rules under load, with the pipeline killed again and again: the alerts are those of a run without kills, each once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <map>
#include <set>

#include "tests/integration/cli/rules_load.h"

namespace zoomwatch {
namespace {

using testing::Text;

class RulesCrashTest : public testing::RulesLoad {
 protected:
  void SetUp() override { UseRules(", '" + std::string(std::getenv("ZOOMWATCH_SOURCE_DIR")) + "/rules'"); }
};

TEST_F(RulesCrashTest, TheAlertsAreThoseOfAnUndisturbedRunEachOnce) {
  const int kills = testing::KillsWanted(30);
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
  const std::size_t alerts = ExpectEachOnce(expected);
  RecordProperty("kills", killed);
  std::printf("%d kills, at %zu different numbers of rows; %zu events, %zu alerts\n", killed, points.size(), bodies, alerts);
  EXPECT_GE(killed, kills / 2) << "the load ended too soon to show much";
}

}  // namespace
}  // namespace zoomwatch
