#include "cli/kql/table_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "cli/kql/query_run.h"
#include "cli/result_printer.h"
#include "common/event_table/columns.h"
#include "common/testing/temp_dir.h"

namespace zoomwatch::cli {
namespace {

using ::testing::HasSubstr;

std::string SchemaText(const kql::Schema& schema) {
  std::string text;
  for (const kql::Column& column : schema) text += (text.empty() ? "" : " ") + column.name + ":" + std::string(kql::TypeName(column.type));
  return text;
}

// The result of a query over one table, as CSV.
std::string Query(const std::string& table, const std::string& path, const std::string& text, const std::string& query) {
  absl::StatusOr<MemoryTable> read = ParseTable(table, path, text);
  if (!read.ok()) return read.status().ToString();
  MemoryTables tables;
  tables.Add(table, *std::move(read));
  const QueryOutcome outcome = RunQuery(query, tables, {});
  return outcome.ok ? PrintResult(outcome.schema, outcome.rows, {.format = ResultFormat::kCsv}) : "failed";
}

std::string Refusal(const std::string& table, const std::string& path, const std::string& text) {
  return std::string(ParseTable(table, path, text).status().message());
}

// Columns of an event that no row has cost one block, however many rows there are.
TEST(TableFile, ColumnsThatTheFileDoesNotHaveTakeNoMemory) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "{\"Event\":\"meeting.started\"}\n";
  const absl::StatusOr<MemoryTable> table = ParseTable("ZoomLogs", "t.jsonl", text);
  EXPECT_EQ(table->rows, 5000U);
  EXPECT_EQ(table->MemoryBytes(), ParseTable("T", "t.jsonl", text)->MemoryBytes());
  EXPECT_EQ(Query("ZoomLogs", "t.jsonl", text, "ZoomLogs | summarize count() by User, Alert = isnull(Payload), Name = Event"),
            "User,Alert,Name,count_\n,true,meeting.started,5000\n");
}

TEST(TableFile, ReadsJsonLines) {
  const std::string text = "{\"a\":1,\"b\":\"x\"}\n\n{\"c\":[1],\"a\":2}\r\n";
  EXPECT_EQ(SchemaText(ParseTable("T", "t.jsonl", text)->schema), "a:long b:string c:dynamic");
  EXPECT_EQ(Query("T", "t.jsonl", text, "T"), "a,b,c\n1,x,\n2,,[1]\n");
  EXPECT_EQ(Query("T", "t.jsonl", text, "T | where isnull(c) | project a"), "a\n1\n");
}

TEST(TableFile, ReadsAJsonArray) { EXPECT_EQ(Query("T", "t.json", " [{\"a\":1},\n {\"a\":2.5}]", "T"), "a\n1.0\n2.5\n"); }

TEST(TableFile, ReadsCsv) {
  const std::string text = "\xEF\xBB\xBFname,n\n\"a,b\",1\n,2\n";
  EXPECT_EQ(SchemaText(ParseTable("T", "t.csv", text)->schema), "name:string n:long");
  EXPECT_EQ(Query("T", "t.csv", text, "T | where n == 2 | extend isempty(name)"), "name,n,Column1\n,2,true\n");
  EXPECT_EQ(Query("T", "-", "a\n5\n", "T"), "a\n5\n") << "without a name, what it looks like decides";
  EXPECT_EQ(Query("T", "t.tsv", "a\tb\n1,5\t2\n", "T"), "a,b\n\"1,5\",2\n");
}

TEST(TableFile, ReadsMoreRowsThanABlockHas) {
  std::string text = "n\n";
  for (int i = 1; i <= 5000; ++i) text += std::to_string(i) + "\n";
  EXPECT_EQ(Query("T", "t.csv", text, "T | summarize count(), sum(n), max(n)"), "count_,sum_n,max_n\n5000,12502500,5000\n");
  EXPECT_EQ(Query("T", "t.csv", text, "T | where n in (1, 1024, 1025, 5000)"), "n\n1\n1024\n1025\n5000\n");
}

TEST(TableFile, AnEmptyFileIsATableWithoutRows) {
  EXPECT_EQ(Query("T", "t.jsonl", "\n", "T | count"), "Count\n0\n");
  EXPECT_EQ(Query("T", "t.csv", "a,b\n", "T"), "a,b\n");
}

TEST(TableFile, EventsHaveTheirDeclaredColumns) {
  const std::string text = R"({"TimeGenerated":"2024-05-01T10:00:00.000000Z","Event":"meeting.started","PayloadBytes":"9007199254740993","Extra":1})";
  const auto table = ParseTable("ZoomLogs", "events.jsonl", text);
  ASSERT_TRUE(table.ok()) << table.status();
  const auto declared = event_table::EventColumns();
  ASSERT_EQ(table->schema.size(), declared.size() + 1);
  for (size_t i = 0; i < declared.size(); ++i) {
    EXPECT_EQ(table->schema[i].name, declared[i].name);
    EXPECT_EQ(kql::TypeName(table->schema[i].type), event_table::NameOf(declared[i].type));
  }
  EXPECT_EQ(table->schema.back().name, "Extra");
  EXPECT_EQ(Query("ZoomLogs", "events.jsonl", text, "ZoomLogs | project PayloadBytes, User, isnull(MeetingEvents)"),
            "PayloadBytes,User,Column1\n9007199254740993,,true\n");
}

TEST(TableFile, EventsHaveTheColumnsOfTheRetiredConnector) {
  const std::string text =
      R"({"Event":"a","Payload":{"event":"a","payload":{"object":{"id":"77","duration":5}}}})"
      "\n"
      R"({"Event":"b","Payload":{"event":"b","payload":{}}})";
  EXPECT_EQ(Query("ZoomLogs", "e.jsonl", text, "ZoomLogs | project Event, payload_object_id_s, payload_object_duration_d"),
            "Event,payload_object_id_s,payload_object_duration_d\na,77,5.0\nb,,\n");
  EXPECT_EQ(Query("ZoomLogs", "e.jsonl", text, "ZoomLogs | where payload_object_nosuch_s == 'x'"), "failed") << "no event has it";
  EXPECT_EQ(Query("T", "e.jsonl", text, "T | project payload_object_id_s"), "failed") << "no table of events";
  EXPECT_EQ(Query("ZoomLogs", "e.jsonl", text, "ZoomLogs | where payload_object_id_s == '77' | join kind=inner ZoomLogs on Event | count"),
            "Count\n1\n");
}

TEST(TableFile, SaysWhereAFileIsWrong) {
  EXPECT_EQ(Refusal("T", "t.jsonl", "{\"a\":1}\n{\"a\":\n"),
            "t.jsonl:2: the line is no complete JSON, or has a whole number beyond 64 bits; an object stands on one line");
  EXPECT_EQ(Refusal("T", "t.jsonl", "{\"a\":1}\n5\n"), "t.jsonl:2: the line is no JSON object with named keys");
  EXPECT_EQ(Refusal("T", "t.jsonl", "{\"\":1}\n"), "t.jsonl:1: the line is no JSON object with named keys");
  EXPECT_EQ(Refusal("T", "t.json", "[{\"a\":1},2]"), "t.json: element 1 is no JSON object with named keys");
  EXPECT_EQ(Refusal("T", "t.json", "[{\"a\":1}"), "t.json: not a JSON array");
  EXPECT_EQ(Refusal("T", "t.csv", "a,b\n1,2\n3\n"), "t.csv:3: 1 field, but the header has 2");
  EXPECT_EQ(Refusal("T", "t.csv", "a,a\n"), "t.csv:1: two columns are called a");
  EXPECT_EQ(Refusal("T", "t.csv", "a,\n"), "t.csv:1: column 2 has no name");
  EXPECT_EQ(Refusal("T", "t.csv", "a\n\"x\n"), "t.csv:2: a quote is not closed");
  EXPECT_EQ(Refusal("ZoomLogs", "e.jsonl", "\n{\"TimeGenerated\":\"soon\"}"), "e.jsonl:2: TimeGenerated is of type datetime, and this is not: soon");
}

TEST(TableFile, RefusesWhatIsNoText) {
  EXPECT_EQ(Refusal("T", "t.jsonl.gz", "\x1f\x8b\x08..."), "t.jsonl.gz: it is compressed; give the output of zcat, with - for the file");
  EXPECT_EQ(Refusal("T", "t.csv", std::string("\xff\xfe" "a\0", 4)), "t.csv: it is UTF-16; make it UTF-8, for example with iconv");
  EXPECT_EQ(Refusal("T", "t.csv", std::string("a\0b", 3)), "t.csv: it is no text: it has a byte of zero");
}

TEST(TableFile, ReadsAnObjectOverSeveralLines) { EXPECT_EQ(Query("T", "t.json", "{\n  \"a\": 1\n}\n", "T"), "a\n1\n"); }

TEST(TableFile, HasALimitOfColumns) {
  std::string text = "{";
  for (int i = 0; i < 4097; ++i) text += (i > 0 ? ",\"c" : "\"c") + std::to_string(i) + "\":1";
  EXPECT_EQ(ParseTable("T", "t.jsonl", text + "}").status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(TableFile, ReadsFilesWithinTheLimitOfMemory) {
  const testing::TempDir dir;
  std::ofstream(dir.file("t.csv")) << "a\n1\n2\n";
  const auto read = ReadTableFile("T", dir.file("t.csv"), 1000);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->rows, 2U);
  EXPECT_EQ(ReadTableFile("T", dir.file("t.csv"), 10).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReadTableFile("T", dir.file("absent.csv"), 1000).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(ReadTableFile("T", dir.path(), 1000).ok()) << "a folder";
}

}  // namespace
}  // namespace zoomwatch::cli
