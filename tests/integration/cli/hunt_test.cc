// `zoomwatch hunt` over a running pipeline: signed webhooks in, answers to queries out. All of it as programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "common/time/clock.h"
#include "tests/integration/cli/program.h"

namespace zoomwatch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using testing::HttpGet;
using testing::PipelineFolder;
using testing::ProgramResult;
using testing::RunProgram;

constexpr char kEndless[] = "range X from 1 to 100000 step 1 | extend K = 1 | join kind=inner (range Y from 1 to 100000 step 1 | extend K = 1) on K "
                            "| summarize count()";

std::string Joined(int user) {
  return R"({"event":"meeting.participant_joined","event_ts":1767225600000,"payload":{"account_id":"acc","object":{"uuid":"m1","id":"9)" +
         std::to_string(user) + R"(","topic":"Weekly","participant":{"user_name":"User )" + std::to_string(user) + R"("}}}})";
}

class HuntTest : public PipelineFolder {
 protected:
  // Starts the pipeline and sends it participants; all are stored when this returns.
  void Send(int count) {
    ASSERT_NO_FATAL_FAILURE(Start());
    std::string bodies;
    for (int user = 1; user <= count; ++user) bodies += Joined(user) + "\n";
    Write("bodies.jsonl", bodies);
    const ProgramResult sent =
        RunProgram("zoomwatch", {"send", "--url", url(), "--secret-file", dir_.file("token"), "--file", dir_.file("bodies.jsonl")});
    ASSERT_EQ(sent.code, 0) << sent.out << sent.error;
    ASSERT_EQ(WaitForRows(static_cast<size_t>(count)).size(), static_cast<size_t>(count));
  }
  ProgramResult Hunt(std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"hunt", "--address", host_ + ":9191", "--plaintext"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunProgram("zoomwatch", arguments);
  }
};

TEST_F(HuntTest, FindsWhatWasSentInEveryFormat) {
  ASSERT_NO_FATAL_FAILURE(Send(30));
  const std::string query = "ZoomLogs | summarize Joined = count(), Users = dcount(tostring(Payload.payload.object.participant.user_name)) by Event";
  const ProgramResult csv = Hunt({"--format", "csv", query});
  EXPECT_EQ(csv.code, 0) << csv.error;
  EXPECT_EQ(csv.out, "Event,Joined,Users\nmeeting.participant_joined,30,30\n");
  EXPECT_THAT(csv.error, IsEmpty()) << "no progress where there is no terminal";
  EXPECT_EQ(Hunt({"--format", "json", "ZoomLogs | count"}).out, R"({"columns":[{"name":"Count","type":"long"}],"rows":[[30]]})"
                                                                "\n");
  EXPECT_EQ(Hunt({"--format", "jsonl", "Zoom_CL | where payload_object_id_s == '97' | project payload_object_participant_user_name_s"}).out,
            R"({"payload_object_participant_user_name_s":"User 7"})"
            "\n");
  const ProgramResult table = Hunt({"ZoomLogs | take 2 | project TimeGenerated, Event"});
  EXPECT_THAT(table.out, AllOf(HasSubstr("TimeGenerated"), HasSubstr("datetime"), HasSubstr("meeting.participant_joined")));
  const std::string drawn = "ZoomLogs | summarize Joined = count(), Bytes = max(strlen(User)) by Event | render columnchart with (title='a, b', "
                            "ycolumns=Joined, Bytes)";
  const ProgramResult chart = Hunt({"--output", dir_.file("chart.svg"), drawn});
  EXPECT_EQ(chart.code, 0) << chart.error;
  EXPECT_THAT(chart.out, AllOf(HasSubstr("a, b"), HasSubstr("Joined"), HasSubstr("Bytes")));
  EXPECT_TRUE(std::filesystem::exists(dir_.file("chart.svg")));
  const ProgramResult no_chart = Hunt({"--output", dir_.file("none.svg"), "ZoomLogs"});
  EXPECT_EQ(no_chart.code, 1);
  EXPECT_THAT(no_chart.error, HasSubstr("does not end in render"));
  Write("query.kql", "ZoomLogs\n| where TimeGenerated > ago(1h)\n| count\n");
  EXPECT_THAT(Hunt({"--format", "csv", "--file", dir_.file("query.kql")}).out, HasSubstr("30"));
  EXPECT_THAT(Hunt({"--format", "csv", "--file", dir_.file("query.kql"), "--now", "2001-01-01T00:00:00Z"}).out, HasSubstr("30"));
  EXPECT_THAT(Hunt({"--format", "csv", "--file", dir_.file("query.kql"), "--now", "2101-01-01T00:00:00Z"}).out, Not(HasSubstr("30")));
}

TEST_F(HuntTest, ReadsTheTimeRangeThatWasAskedFor) {
  ASSERT_NO_FATAL_FAILURE(Send(3));
  const auto count = [this](std::vector<std::string> range) {
    range.insert(range.end(), {"--format", "csv", "ZoomLogs | count"});
    return Hunt(range).out;
  };
  EXPECT_EQ(count({"--since", "1h"}), "Count\n3\n");
  EXPECT_EQ(count({"--until", "1h"}), "Count\n0\n");
  EXPECT_EQ(count({"--since", "2001-01-01T00:00:00Z", "--until", "2101-01-01T00:00:00Z"}), "Count\n3\n");
  EXPECT_EQ(count({"--since", "2101-01-01T00:00:00Z"}), "Count\n0\n");
}

TEST_F(HuntTest, SaysWhatIsWrong) {
  ASSERT_NO_FATAL_FAILURE(Send(3));
  const ProgramResult mistake = Hunt({"ZoomLogs | where Evnt == 'x'"});
  EXPECT_EQ(mistake.code, 1);
  EXPECT_THAT(mistake.out, IsEmpty());
  EXPECT_THAT(mistake.error, AllOf(StartsWith("query:1:18: error KS142"), HasSubstr("'Event'"), HasSubstr("\n                   ^~~~\n")));
  Write("query.kql", "ZoomLogs | wher X");
  const ProgramResult in_file = Hunt({"--file", dir_.file("query.kql")});
  EXPECT_EQ(in_file.code, 1);
  EXPECT_THAT(in_file.error, StartsWith(dir_.file("query.kql") + ":1:12: error"));
  const ProgramResult limit = Hunt({"--max-rows", "2", "ZoomLogs"});
  EXPECT_EQ(limit.code, 1);
  EXPECT_THAT(limit.error, HasSubstr("max_result_rows 2"));
  EXPECT_THAT(limit.out, IsEmpty());
  const ProgramResult late = Hunt({"--timeout", "200ms", kEndless});
  EXPECT_EQ(late.code, 1);
  EXPECT_THAT(late.error, HasSubstr("DEADLINE_EXCEEDED"));
  const ProgramResult checked = Hunt({"--check", "--format", "csv", "ZoomLogs | summarize N = count() by User"});
  EXPECT_EQ(checked.code, 0);
  EXPECT_EQ(checked.out, "ColumnName,ColumnType\nUser,string\nN,long\n");
  EXPECT_THAT(Hunt({"print X = 1 / int(0)"}).error, HasSubstr("query: note: integer division"));
}

TEST_F(HuntTest, StaysWithinTheLimitsOfTheConfiguration) {
  std::ofstream(dir_.file("all.yaml"), std::ios::app)
      << "hunting: {max_queries: 1, max_memory_bytes: 1MiB, max_result_rows: 7, max_result_bytes: 4KiB, max_duration: 1s}\n";
  ASSERT_NO_FATAL_FAILURE(Send(1));
  EXPECT_EQ(Hunt({"--format", "csv", "range X from 1 to 7 step 1 | summarize count()"}).out, "count_\n7\n");
  EXPECT_THAT(Hunt({"range X from 1 to 8 step 1"}).error, HasSubstr("max_result_rows 7"));
  EXPECT_THAT(Hunt({"--max-rows", "100", "range X from 1 to 8 step 1"}).error, HasSubstr("max_result_rows 7"));
  EXPECT_THAT(Hunt({"print strrep('x', 5000)"}).error, HasSubstr("max_result_bytes 4096"));
  EXPECT_THAT(Hunt({"range X from 1 to 100000 step 1 | summarize count() by X | count"}).error, HasSubstr("max_memory_bytes 1048576"));
  EXPECT_THAT(Hunt({"range X from 1 to 1000000000000 step 1 | count"}).error, HasSubstr("max_duration 1s"));
}

TEST_F(HuntTest, TellsWhatTheOperatorsTook) {
  ASSERT_NO_FATAL_FAILURE(Send(3));
  const ProgramResult result = Hunt({"--statistics", "--format", "csv", "ZoomLogs\n| where Event has 'meeting'\n | count"});
  EXPECT_EQ(result.out, "Count\n3\n");
  EXPECT_THAT(result.error, AllOf(HasSubstr("3 events decoded"), HasSubstr("3 rows  ZoomLogs at 1:1\n"), HasSubstr("1 rows  summarize at 3:4\n")));
}

TEST_F(HuntTest, RefusesCommandLinesThatMakeNoSense) {
  const ProgramResult picture = Hunt({"--output", "chart.png", "print 1 | render table"});
  EXPECT_EQ(picture.code, 2);
  EXPECT_THAT(picture.error, HasSubstr("'chart.png' does not end in .svg"));
  EXPECT_EQ(Hunt({"--format", "xml", "print 1"}).code, 2);
  EXPECT_EQ(Hunt({"--file", "q.kql", "print 1"}).code, 2);
  EXPECT_EQ(Hunt({"--since", "yesterday", "print 1"}).code, 2);
  EXPECT_EQ(Hunt({"--since", "1h", "--until", "2h", "print 1"}).code, 2);
  EXPECT_EQ(RunProgram("zoomwatch", {"hunt", "print 1"}).code, 2);
  for (const char* address : {"localhost", "localhost:", "http://localhost:9191", "localhost:port"}) {
    const ProgramResult wrong = RunProgram("zoomwatch", {"hunt", "--plaintext", "--address", address, "print 1"});
    EXPECT_EQ(wrong.code, 2) << address;
    EXPECT_THAT(wrong.error, HasSubstr("is not HOST:PORT"));
  }
  const ProgramResult nobody = Hunt({"print 1"});
  EXPECT_EQ(nobody.code, 1);
  EXPECT_THAT(nobody.error, HasSubstr("UNAVAILABLE"));
}

TEST_F(HuntTest, EndsWithThePipelineWhichDoesNotWaitForIt) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ProgramResult hunt;
  std::thread hunter([&] { hunt = Hunt({kEndless}); });
  while (HttpGet(host_, kAdminPort, "/metrics").find("zoomwatch_detector_hunts_running 1") == std::string::npos) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const absl::Duration begin = SystemClock::Get().Monotonic();
  EXPECT_EQ(pipeline_->End(SIGTERM), 0);
  EXPECT_LT(SystemClock::Get().Monotonic() - begin, absl::Seconds(8));
  hunter.join();
  EXPECT_EQ(hunt.code, 1);
  EXPECT_THAT(hunt.error, HasSubstr("SHUTTING_DOWN"));
}

}  // namespace
}  // namespace zoomwatch
