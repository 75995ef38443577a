// `zoomwatch kql` as a program: files in, results and messages out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "common/testing/temp_dir.h"
#include "tests/integration/cli/program.h"

namespace zoomwatch {
namespace {

using ::testing::HasSubstr;
using testing::ProgramResult;
using testing::RunProgram;

class KqlProgram : public ::testing::Test {
 protected:
  std::string File(const std::string& name, const std::string& text) const {
    std::ofstream(dir_.file(name)) << text;
    return dir_.file(name);
  }
  static ProgramResult Kql(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "kql");
    return RunProgram("zoomwatch", arguments);
  }

  testing::TempDir dir_;
};

TEST_F(KqlProgram, RunsAQueryOverFiles) {
  const std::string events = File("events.jsonl",
                                  "{\"TimeGenerated\":\"2024-05-01T10:00:00Z\",\"Event\":\"meeting.started\",\"User\":\"a\"}\n"
                                  "{\"TimeGenerated\":\"2024-05-01T11:00:00Z\",\"Event\":\"meeting.started\",\"User\":\"b\"}\n"
                                  "{\"TimeGenerated\":\"2024-05-01T12:00:00Z\",\"Event\":\"meeting.ended\",\"User\":\"a\"}\n");
  const std::string people = File("people.csv", "User,Team\na,red\nb,blue\n");
  const ProgramResult result =
      Kql({"--table", "ZoomLogs=" + events, "--table", "People=" + people, "--now", "2024-05-01T12:30:00Z",
           "ZoomLogs | where TimeGenerated > ago(2h) | join kind=inner People on User | summarize n = count() by Team | sort by Team asc"});
  EXPECT_EQ(result.code, 0) << result.error;
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.out,
            "Team       n\n"
            "string  long\n"
            "------  ----\n"
            "blue       1\n"
            "red        1\n"
            "(2 rows)\n");
}

TEST_F(KqlProgram, PrintsOtherFormats) {
  EXPECT_EQ(Kql({"--format", "csv", "print a = 1, b = 'x,y'"}).out, "a,b\n1,\"x,y\"\n");
  EXPECT_EQ(Kql({"--format=json", "print a = 1"}).out, "{\"columns\":[{\"name\":\"a\",\"type\":\"long\"}],\"rows\":[[1]]}\n");
  EXPECT_EQ(Kql({"--format=jsonl", "range a from 1 to 2 step 1"}).out, "{\"a\":1}\n{\"a\":2}\n");
}

TEST_F(KqlProgram, MarksThePlaceOfAMistake) {
  const std::string query = File("query.kql", "range x from 1 to 3 step 1\n| where y > 1\n");
  const ProgramResult result = Kql({"--file", query});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.error, HasSubstr(query + ":2:9: error KS142: unknown"));
  EXPECT_THAT(result.error, HasSubstr("\n  | where y > 1\n          ^\n"));
}

TEST_F(KqlProgram, ChecksWithoutRunning) {
  const ProgramResult good = Kql({"--check", "--format", "csv", "range x from 1 to 1000000000 step 1 | extend y = strcat('a', x)"});
  EXPECT_EQ(good.code, 0) << good.error;
  EXPECT_EQ(good.out, "ColumnName,ColumnType\nx,long\ny,string\n");
  EXPECT_EQ(Kql({"--check", "print nosuch(1)"}).code, 1);
}

TEST_F(KqlProgram, KeepsItsLimits) {
  const ProgramResult rows = Kql({"--max-rows", "10", "range x from 1 to 11 step 1"});
  EXPECT_EQ(rows.code, 1);
  EXPECT_EQ(rows.out, "");
  EXPECT_THAT(rows.error, HasSubstr("more than max_result_rows 10"));
  const ProgramResult memory = Kql({"--max-memory", "1MiB", "range x from 1 to 1000000 step 1 | sort by x desc | take 1"});
  EXPECT_EQ(memory.code, 1);
  EXPECT_THAT(memory.error, HasSubstr("max_memory_bytes 1048576"));
}

TEST_F(KqlProgram, RunsAFileOfQueries) {
  const std::string lines = File("q.jsonl", "{\"id\":\"a\",\"query\":\"print x = 1\"}\n\n{\"id\":\"b\",\"query\":\"nosuch\"}\n{\"id\":\"c\",\"query\":\"print y = 2\"}\n");
  const ProgramResult result = Kql({"--jsonl", lines});
  EXPECT_EQ(result.code, 1) << "one of them is wrong";
  EXPECT_THAT(result.out, HasSubstr("{\"id\":\"a\",\"columns\":[{\"name\":\"x\",\"type\":\"long\"}],\"rows\":[[1]]}\n{\"id\":\"b\",\"errors\":["));
  EXPECT_THAT(result.out, HasSubstr("{\"id\":\"c\",\"columns\":[{\"name\":\"y\",\"type\":\"long\"}],\"rows\":[[2]]}\n"));
}

TEST_F(KqlProgram, SaysWhenItsOutputIsLost) {
  const std::string program = std::string(std::getenv("ZOOMWATCH_BIN_DIR")) + "/zoomwatch";
  const int status = std::system((program + " kql 'print 1' >/dev/full 2>/dev/null").c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
}

TEST_F(KqlProgram, DrawsWhatRenderAsksFor) {
  const std::string query = "datatable(k:string, n:long)['a<b', 2, 'c', 1] | render barchart";
  const std::string file = dir_.file("chart.svg");
  const ProgramResult drawn = Kql({"--output", file, query});
  EXPECT_EQ(drawn.code, 0) << drawn.error;
  EXPECT_THAT(drawn.out, HasSubstr("a<b │███"));
  std::ifstream stream(file);
  const std::string svg(std::istreambuf_iterator<char>(stream), {});
  EXPECT_THAT(svg, HasSubstr("<title>a&lt;b, n: 2</title>"));
  EXPECT_EQ(Kql({"--format", "csv", query}).out, "k,n\na<b,2\nc,1\n") << "rows in every other format";
  const ProgramResult none = Kql({"--output", file, "print x = 'a' | render piechart"});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.out, HasSubstr("(1 row)")) << "the rows are shown all the same";
  EXPECT_THAT(none.error, HasSubstr("chart.svg is not written: render piechart: the result has no column of numbers"));
  EXPECT_THAT(Kql({"--output", file, "print 1"}).error, HasSubstr("the query does not end in render"));
  EXPECT_EQ(Kql({"--output", dir_.file("no/chart.svg"), query}).code, 1);
  const ProgramResult picture = Kql({"--output", dir_.file("chart.png"), query});
  EXPECT_EQ(picture.code, 2);
  EXPECT_THAT(picture.error, HasSubstr("does not end in .svg"));
  const ProgramResult rows = Kql({"print x = 'a' | render piechart"});
  EXPECT_EQ(rows.code, 0);
  EXPECT_THAT(rows.out, HasSubstr("(1 row)"));
  EXPECT_THAT(rows.error, HasSubstr("no column of numbers besides x; the rows instead"));
}

TEST_F(KqlProgram, RefusesAWrongCommandLine) {
  const std::vector<std::vector<std::string>> wrong = {
      {"--table", "T", "print 1"},         {"--table", "T=-", "--table", "U=-", "print 1"}, {"--format", "xml", "print 1"},
      {"--file", "x.kql", "print 1"},      {"--jsonl", "x", "print 1"},                     {"--max-memory", "lots", "print 1"},
      {"--max-rows", "0", "print 1"},      {"--now", "soon", "print 1"},                    {"print 1", "print 2"},
      {"--check", "--jsonl", "x"},         {"--table", "T=-", "--file", "-"}};
  for (const auto& arguments : wrong) {
    const ProgramResult result = Kql(arguments);
    EXPECT_EQ(result.code, 2) << result.error;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.error, HasSubstr("Try 'zoomwatch help kql'."));
  }
}

TEST_F(KqlProgram, NamesTheFileThatIsWrong) {
  const ProgramResult absent = Kql({"--table", "T=" + dir_.file("absent.csv"), "T"});
  EXPECT_EQ(absent.code, 1);
  EXPECT_THAT(absent.error, HasSubstr("absent.csv: No such file or directory"));
  const ProgramResult broken = Kql({"--table", "T=" + File("t.jsonl", "{\"a\":1}\n{\"a\"\n"), "T"});
  EXPECT_EQ(broken.code, 1);
  EXPECT_THAT(broken.error, HasSubstr("t.jsonl:2: the line is no complete JSON"));
}

}  // namespace
}  // namespace zoomwatch
