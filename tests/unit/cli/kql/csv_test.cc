#include "cli/kql/csv.h"

#include <gtest/gtest.h>

namespace zoomwatch::cli {
namespace {

using Records = std::vector<std::vector<std::string>>;

Records ReadAll(std::string_view text, char separator = ',') {
  CsvReader reader(text, separator);
  Records records;
  std::vector<std::string> fields;
  while (true) {
    const auto more = reader.Next(fields);
    EXPECT_TRUE(more.ok()) << more.status();
    if (!more.ok() || !*more) return records;
    records.push_back(fields);
  }
}

TEST(Csv, ReadsFieldsAndLines) {
  EXPECT_EQ(ReadAll("a,b\n1,2\n"), (Records{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(ReadAll("a,b\r\n,\r\n"), (Records{{"a", "b"}, {"", ""}}));
  EXPECT_EQ(ReadAll("a"), (Records{{"a"}}));
  EXPECT_EQ(ReadAll("\n\na\n\n"), (Records{{"a"}}));
  EXPECT_EQ(ReadAll("a\tb,c", '\t'), (Records{{"a", "b,c"}}));
  EXPECT_EQ(ReadAll(""), Records{});
}

TEST(Csv, ReadsQuotedFields) {
  EXPECT_EQ(ReadAll("\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\nx,y,z"), (Records{{"a,b", "say \"hi\"", "two\nlines"}, {"x", "y", "z"}}));
  EXPECT_EQ(ReadAll("\"\""), (Records{{""}}));
  EXPECT_EQ(ReadAll("a\"b"), (Records{{"a\"b"}})) << "a quote inside is a character";
}

TEST(Csv, SaysOnWhichLineARecordBegins) {
  CsvReader reader("\na,\"1\n2\"\n\nb", ',');
  std::vector<std::string> fields;
  ASSERT_TRUE(reader.Next(fields).value());
  EXPECT_EQ(reader.line(), 2U);
  ASSERT_TRUE(reader.Next(fields).value());
  EXPECT_EQ(reader.line(), 5U);
}

TEST(Csv, RefusesBrokenQuotes) {
  for (const char* text : {"\"a", "a,\"b\n", "\"a\"b,c"}) {
    CsvReader reader(text, ',');
    std::vector<std::string> fields;
    EXPECT_EQ(reader.Next(fields).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace zoomwatch::cli
