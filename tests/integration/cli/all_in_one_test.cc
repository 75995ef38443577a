// `zoomwatch run` and `zoomwatch send` as the programs that they are: webhooks in, rows out, stops and kills in
// between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "common/config/config.h"
#include "common/json/parser.h"
#include "tests/integration/cli/program.h"
#include "zoomwatch/config/v1/all_in_one.pb.h"

namespace zoomwatch {
namespace {

using ::testing::HasSubstr;
using testing::PipelineFolder;
using testing::ProgramResult;
using testing::RunProgram;

std::string EventIdOf(const std::string& row) {
  json::Parser parser;
  json::Document document;
  EXPECT_TRUE(parser.Parse(row, document).ok()) << row;
  const json::NodeIndex id = document.Find(json::Document::root(), "EventId");
  EXPECT_NE(id, json::kNoNode) << row;
  return std::string(document.RawString(id));
}

class AllInOneTest : public PipelineFolder {
 protected:
  ProgramResult Send(std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"send", "--url", url(), "--secret-file", dir_.file("token")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunProgram("zoomwatch", arguments);
  }
  // 3,000 events in about a second, with the pipeline ended and started again in the middle. What was not answered
  // comes again, as from Zoom. Afterwards every event must be there once.
  void InterruptUnderLoad(int signal_number, int expected_code) {
    ASSERT_NO_FATAL_FAILURE(Start());
    ProgramResult sent;
    std::thread sender([&] {
      sent = Send({"--generate", "3000", "--rate", "3000", "--concurrency", "8", "--retries", "3", "--time-scale",
                   "0.002", "--seed", std::to_string(seed_ % 1000)});
    });
    while (Rows().size() < 100) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(pipeline_->End(signal_number), expected_code);
    const size_t before = Rows().size();
    EXPECT_LT(before, 3000u) << "the interruption came too late to show anything";
    Start();
    sender.join();
    EXPECT_EQ(sent.code, 0) << sent.out << sent.error;
    const std::vector<std::string> rows = WaitForRows(3000);
    std::set<std::string> ids;
    for (const std::string& row : rows) ids.insert(EventIdOf(row));
    EXPECT_EQ(ids.size(), 3000u);
    EXPECT_EQ(rows.size(), 3000u);
  }
};

TEST_F(AllInOneTest, DeliversARowForEachEventAndRefusesWhatItMust) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const ProgramResult sent =
      Send({"--challenge", "--generate", "52", "--duplicate", "0.5", "--reorder", "8", "--replay", "3", "--not-json",
            "2", "--forged", "2", "--stale", "2", "--unsigned", "2", "--unsigned-challenge"});
  EXPECT_EQ(sent.code, 0) << sent.out << sent.error;
  EXPECT_THAT(sent.out, HasSubstr("event                          200        52            52           0"));
  const std::vector<std::string> rows = WaitForRows(53);
  EXPECT_EQ(rows.size(), 53u) << "the events and the challenge; no duplicate, no replay";
}

TEST_F(AllInOneTest, SendsTheSampleBodies) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const ProgramResult sent =
      Send({"--file", std::string(std::getenv("ZOOMWATCH_SOURCE_DIR")) + "/tests/data/zoom", "--json"});
  EXPECT_EQ(sent.code, 0) << sent.out << sent.error;
  EXPECT_THAT(sent.out, HasSubstr(R"("kinds":{"event":{"sent":14,"expected":14,"unexpected":0}})"));
  EXPECT_EQ(WaitForRows(14).size(), 14u);
}

TEST_F(AllInOneTest, SendFailsWhenAnAnswerIsNotTheExpectedOne) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Write("other", "never known to the receiver");
  const ProgramResult sent =
      RunProgram("zoomwatch", {"send", "--url", url(), "--secret-file", dir_.file("other"), "--generate", "2"});
  EXPECT_EQ(sent.code, 1);
  EXPECT_THAT(sent.out, HasSubstr("  401                          2\n"));
}

TEST_F(AllInOneTest, LosesNothingBySigtermUnderLoad) { InterruptUnderLoad(SIGTERM, 0); }

TEST_F(AllInOneTest, LosesNothingByKillUnderLoad) { InterruptUnderLoad(SIGKILL, -1); }

TEST_F(AllInOneTest, ServesTheMetricsOfAllThreeOnOnePort) {
  ASSERT_NO_FATAL_FAILURE(Start());
  EXPECT_EQ(Send({"--generate", "3"}).code, 0);
  WaitForRows(3);
  const std::string metrics = testing::HttpGet(host_, kAdminPort, "/metrics");
  EXPECT_THAT(metrics, HasSubstr("zoomwatch_receiver_"));
  EXPECT_THAT(metrics, HasSubstr("zoomwatch_normalizer_"));
  EXPECT_THAT(metrics, HasSubstr(R"(zoomwatch_detector_log_items_total{outcome="stored"} 3)"));
}

TEST_F(AllInOneTest, TheExampleConfigurationIsValid) {
  std::ifstream file(std::string(std::getenv("ZOOMWATCH_SOURCE_DIR")) + "/docs/examples/all-in-one.yaml");
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Write("example.yaml", text);
  const ProgramResult missing =
      RunProgram("zoomwatch", {"run", "--check-config", "--config", dir_.file("example.yaml")});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.error, HasSubstr("zoom-secret-token"));
  Write("zoom-secret-token", "secret");
  const ProgramResult result =
      RunProgram("zoomwatch", {"run", "--check-config", "--config", dir_.file("example.yaml")});
  EXPECT_EQ(result.code, 0) << result.error;
  const size_t rules = text.find("# rules:\n#   folders");
  ASSERT_NE(rules, std::string::npos);
  for (size_t line = rules; text.compare(line, 2, "# ") == 0; line = text.find('\n', line) + 1) text.erase(line, 2);
  Write("rules.yaml", text);
  const ProgramResult with_rules = RunProgram("zoomwatch", {"run", "--check-config", "--config", dir_.file("rules.yaml")});
  EXPECT_EQ(with_rules.code, 0) << with_rules.error;
}

}  // namespace
}  // namespace zoomwatch
