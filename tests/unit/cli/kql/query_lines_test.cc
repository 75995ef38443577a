#include "cli/kql/query_lines.h"

#include <gtest/gtest.h>

#include "cli/kql/table_file.h"

namespace zoomwatch::cli {
namespace {

LineResult RunLine(const std::string& line) {
  MemoryTables tables;
  tables.Add("Shared", *ParseTable("Shared", "s.csv", "a\n1\n2\n"));
  return RunQueryLine(line, tables, {.now = 0, .limits = {}, .check = {}});
}

TEST(QueryLines, RunsAQueryOverItsOwnTables) {
  const LineResult result = RunLine(
      R"j({"id":"x","query":"T | where t > ago(1d) | project s, n","now":"2024-05-02T00:00:00Z","tables":{"T":{)j"
      R"j("columns":[{"name":"t","type":"datetime"},{"name":"s","type":"string"},["n","int"]],)j"
      R"j("rows":[["2024-05-01T12:00:00.0000000Z","new",null],["2024-04-01T00:00:00Z","old",1]]}}})j");
  EXPECT_TRUE(result.ok);
  EXPECT_EQ(result.json, R"({"id":"x","columns":[{"name":"s","type":"string"},{"name":"n","type":"int"}],"rows":[["new",null]]})");
}

TEST(QueryLines, TablesHaveSeveralForms) {
  const std::string two = R"("columns":[{"name":"Count","type":"long"}],"rows":[[2]]})";
  EXPECT_EQ(RunLine(R"({"id":1,"query":"T | count","tables":{"T":[{"a":1},{"b":2}]}})").json, R"({"id":1,)" + two);
  EXPECT_EQ(RunLine(R"({"id":2,"query":"T | count","tables":[{"name":"T","rows":[{"a":1},{"b":2}]}]})").json, R"({"id":2,)" + two);
  EXPECT_EQ(RunLine(R"({"query":"T | where isnull(b) | project a","tables":{"T":{"columns":[["a","long"],["b","long"]],"rows":[{"a":7}]}}})").json,
            R"({"id":null,"columns":[{"name":"a","type":"long"}],"rows":[[7]]})");
  EXPECT_EQ(RunLine(R"({"id":3,"query":"Shared | count"})").json, R"({"id":3,)" + two) << "of the command line";
}

TEST(QueryLines, ReportsErrorsWithTheirPlace) {
  const LineResult result = RunLine(R"({"id":"e","query":"Shared\n| where b == 1"})");
  EXPECT_FALSE(result.ok);
  EXPECT_TRUE(result.json.starts_with(R"({"id":"e","errors":[{"code":"KS142","line":2,"column":9,"message":)")) << result.json;
}

TEST(QueryLines, ReportsLimits) {
  MemoryTables tables;
  kql::ExecutionOptions options;
  options.limits.max_result_rows = 5;
  EXPECT_EQ(RunQueryLine(R"({"query":"range x from 1 to 9 step 1"})", tables, options).json,
            R"({"id":null,"errors":[{"code":"RESOURCE_EXHAUSTED","message":"result: more than max_result_rows 5"}]})");
}

TEST(QueryLines, SaysWhatIsWrongWithALine) {
  const auto message = [](const std::string& line) {
    const std::string json = RunLine(line).json;
    const size_t at = json.find(R"("message":")") + 11;
    return json.substr(at, json.find('"', at) - at);
  };
  EXPECT_EQ(message("nonsense"), "the line is no JSON object");
  EXPECT_EQ(message("[1]"), "the line is no JSON object");
  EXPECT_EQ(message(R"({"id":1})"), "the line has no query");
  EXPECT_EQ(message(R"({"query":"print 1","now":"soon"})"), "now is no time");
  EXPECT_EQ(message(R"({"query":"print 1","tables":5})"), "tables is no object");
  EXPECT_EQ(message(R"({"query":"print 1","tables":[{"rows":[]}]})"), "table : it has no name");
  EXPECT_EQ(message(R"({"query":"T","tables":{"T":{"columns":[["a","long"]],"rows":[[1,2]]}}})"),
            "table T: a row is an object, or a list with a cell for each column");
  EXPECT_EQ(message(R"({"query":"T","tables":{"T":{"columns":[["a","long"]],"rows":[[1],["x"]]}}})"),
            "table T: row 2: a is of type long, and this is not: x");
  EXPECT_EQ(message(R"({"query":"T","tables":{"T":{"columns":[["a","long"],["a","long"]],"rows":[]}}})"), "table T: two columns are called a");
}

TEST(QueryLines, NotesWhatMadeValuesNull) {
  EXPECT_EQ(RunLine(R"({"query":"print x = 1/0"})").json,
            R"({"id":null,"columns":[{"name":"x","type":"long"}],"rows":[[null]],)"
            R"x("notes":["integer division or modulo by zero yielded null (1 time)"]})x");
}

}  // namespace
}  // namespace zoomwatch::cli
