#include "cli/result_printer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/kql/convert.h"
#include "common/kql/json.h"

namespace zoomwatch::cli {
namespace {

using kql::Type;
using kql::Value;

const kql::Schema kSchema = {{"name", Type::kString}, {"n", Type::kLong}, {"d", Type::kDynamic}};

ResultRows Rows() {
  return {{Value::String("Åsa"), Value::Long(12), *kql::ParseJson(R"({"a":[1,null,"x"]})")},
          {Value::String("a, \"b\""), Value(), Value()},
          {Value::String(""), Value::Long(-3), Value::Bool(true)}};
}

std::string Print(ResultFormat format, const ResultRows& rows, const kql::Schema& schema = kSchema, size_t width = 60) {
  return PrintResult(schema, rows, {.format = format, .max_width = width});
}

TEST(ResultPrinter, TableAlignsAndLeavesNullsBlank) {
  EXPECT_EQ(Print(ResultFormat::kTable, Rows()),
            "name       n  d\n"
            "string  long  dynamic\n"
            "------  ----  ------------------\n"
            "Åsa       12  {\"a\":[1,null,\"x\"]}\n"
            "a, \"b\"\n"
            "          -3  true\n"
            "(3 rows)\n");
  EXPECT_EQ(Print(ResultFormat::kTable, {}, {{"x", Type::kReal}}), "   x\nreal\n----\n(0 rows)\n");
  EXPECT_EQ(Print(ResultFormat::kTable, {{Value::Long(1)}}, {{"x", Type::kInt}}), "  x\nint\n---\n  1\n(1 row)\n");
}

TEST(ResultPrinter, TableCutsLongCellsAndDisarmsControlCharacters) {
  const kql::Schema schema = {{"s\n", Type::kString}};
  EXPECT_EQ(Print(ResultFormat::kTable, {{Value::String("abcdefghijkl\x1b[2J")}}, schema, 8),
            "s\\n\nstring\n--------\nabcdefg…\n(1 row)\n");
  EXPECT_EQ(Print(ResultFormat::kTable, {{Value::String("abcdefghijkl\x1b[2J")}}, schema, 0),
            "s\\n\nstring\n---------------------\nabcdefghijkl\\u{1b}[2J\n(1 row)\n");
}

TEST(ResultPrinter, CsvQuotesWhatNeedsIt) {
  EXPECT_EQ(Print(ResultFormat::kCsv, Rows()),
            "name,n,d\nÅsa,12,\"{\"\"a\"\":[1,null,\"\"x\"\"]}\"\n\"a, \"\"b\"\"\",,\n,-3,true\n");
  EXPECT_EQ(Print(ResultFormat::kCsv, {{Value::String("two\nlines")}}, {{"a,b", Type::kString}}), "\"a,b\"\n\"two\nlines\"\n");
}

TEST(ResultPrinter, NoFormatLetsACellActOnATerminal) {
  const kql::Schema schema = {{"s\xC2\x9B", Type::kString}, {"d", Type::kDynamic}};
  const ResultRows rows = {{Value::String("a\x1b[2J\xC2\x9B" "31m\x7f\nb"), *kql::ParseJson("[\"\xE2\x80\xAE\"]")}};
  for (const ResultFormat format : {ResultFormat::kTable, ResultFormat::kCsv, ResultFormat::kJson, ResultFormat::kJsonLines}) {
    const std::string text = PrintResult(schema, rows, {.format = format, .terminal = true});
    for (const char* const sign : {"\x1b", "\xC2\x9B", "\x7f", "\xE2\x80\xAE"}) {
      EXPECT_EQ(text.find(sign), std::string::npos) << text;
    }
  }
  EXPECT_EQ(Print(ResultFormat::kJsonLines, rows, schema), "{\"s\\u009b\":\"a\\u001b[2J\\u009b31m\\u007f\\nb\",\"d\":[\"\\u202e\"]}\n");
  EXPECT_EQ(Print(ResultFormat::kCsv, {{Value::String("a\x1b"), Value()}}, schema), "s\xC2\x9B,d\na\x1b,\n") << "a file gets what is there";
}

TEST(ResultPrinter, JsonHasColumnsAndRows) {
  EXPECT_EQ(Print(ResultFormat::kJson, Rows()),
            R"({"columns":[{"name":"name","type":"string"},{"name":"n","type":"long"},{"name":"d","type":"dynamic"}],)"
            R"("rows":[["Åsa",12,{"a":[1,null,"x"]}],["a, \"b\"",null,null],["",-3,true]]})"
            "\n");
  EXPECT_EQ(Print(ResultFormat::kJson, {}, {}), "{\"columns\":[],\"rows\":[]}\n");
}

TEST(ResultPrinter, JsonLinesHaveAnObjectForEachRow) {
  EXPECT_EQ(Print(ResultFormat::kJsonLines, Rows()),
            "{\"name\":\"Åsa\",\"n\":12,\"d\":{\"a\":[1,null,\"x\"]}}\n"
            "{\"name\":\"a, \\\"b\\\"\",\"n\":null,\"d\":null}\n"
            "{\"name\":\"\",\"n\":-3,\"d\":true}\n");
  EXPECT_EQ(Print(ResultFormat::kJsonLines, {{}}, {}), "{}\n");
}

TEST(ResultPrinter, JsonCellsOfEveryType) {
  const kql::Schema schema = {{"dt", Type::kDateTime}, {"ts", Type::kTimeSpan}, {"r", Type::kReal},
                              {"nan", Type::kReal},    {"g", Type::kGuid},      {"b", Type::kBool}};
  const ResultRows rows = {{Value::DateTime(*kql::ParseDateTime("2024-05-01T02:03:04.5Z")), Value::TimeSpan(kql::kTicksPerDay),
                            Value::Real(4), Value::Real(std::nan("")), Value::OfGuid(*kql::ParseGuid("74be27de-1e4e-49d9-b579-fe0b331d3642")),
                            Value::Bool(false)}};
  EXPECT_EQ(Print(ResultFormat::kJsonLines, rows, schema),
            R"({"dt":"2024-05-01T02:03:04.5000000Z","ts":"1.00:00:00","r":4.0,"nan":"NaN","g":"74be27de-1e4e-49d9-b579-fe0b331d3642","b":false})"
            "\n");
}

TEST(ResultPrinter, JsonIsValidWhateverBytesATextHas) {
  EXPECT_EQ(Print(ResultFormat::kJsonLines, {{Value::String("a\xFF\x01")}}, {{"s", Type::kString}}), "{\"s\":\"a\xEF\xBF\xBD\\u0001\"}\n");
  EXPECT_EQ(Print(ResultFormat::kJsonLines, {{Value::String("\xEF\xBF\xBD!")}}, {{"s", Type::kString}}), "{\"s\":\"\xEF\xBF\xBD!\"}\n");
}

TEST(ResultPrinter, KnowsItsFormatsByName) {
  EXPECT_EQ(ResultFormatOf("table"), ResultFormat::kTable);
  EXPECT_EQ(ResultFormatOf("jsonl"), ResultFormat::kJsonLines);
  EXPECT_EQ(ResultFormatOf("JSON"), std::nullopt);
}

}  // namespace
}  // namespace zoomwatch::cli
