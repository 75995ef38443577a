#include "cli/kql/column_types.h"

#include <gtest/gtest.h>

#include "common/kql/convert.h"
#include "common/kql/json.h"

namespace zoomwatch::cli {
namespace {

using kql::Type;
using kql::Value;

Type JsonType(const std::string& array) { return InferJsonType(kql::ParseJson(array)->AsArray()); }

Type CsvType(const std::vector<std::string>& fields) {
  std::vector<Value> cells;
  for (const std::string& field : fields) cells.push_back(field.empty() ? Value() : Value::String(field));
  return InferCsvType(cells);
}

TEST(ColumnTypes, OfJsonValues) {
  EXPECT_EQ(JsonType("[true, null, false]"), Type::kBool);
  EXPECT_EQ(JsonType("[1, -9223372036854775808]"), Type::kLong);
  EXPECT_EQ(JsonType("[1, 2.5]"), Type::kReal);
  EXPECT_EQ(JsonType("[18446744073709551615]"), Type::kReal) << "does not fit a long";
  EXPECT_EQ(JsonType(R"(["2024-05-01", "2024-05-01T10:00:00.123+02:00"])"), Type::kDateTime);
  EXPECT_EQ(JsonType(R"(["2024-05-01", "soon"])"), Type::kString);
  EXPECT_EQ(JsonType(R"(["", "2024-05-01"])"), Type::kString);
  EXPECT_EQ(JsonType(R"([{"a":1}, null])"), Type::kDynamic);
  EXPECT_EQ(JsonType(R"([[], {}])"), Type::kDynamic);
  EXPECT_EQ(JsonType(R"([1, "x"])"), Type::kDynamic);
  EXPECT_EQ(JsonType(R"([true, 1])"), Type::kDynamic);
  EXPECT_EQ(JsonType("[null, null]"), Type::kString);
  EXPECT_EQ(JsonType("[]"), Type::kString);
}

TEST(ColumnTypes, OfCsvFields) {
  EXPECT_EQ(CsvType({"true", "", "False"}), Type::kBool);
  EXPECT_EQ(CsvType({"0", "-12"}), Type::kLong);
  EXPECT_EQ(CsvType({"1", "2.5e-3"}), Type::kReal);
  EXPECT_EQ(CsvType({"99999999999999999999"}), Type::kReal);
  EXPECT_EQ(CsvType({"007"}), Type::kString) << "a number would lose the zeros";
  EXPECT_EQ(CsvType({"00.5"}), Type::kString);
  EXPECT_EQ(CsvType({"1.", "2"}), Type::kString);
  EXPECT_EQ(CsvType({"0x10"}), Type::kString);
  EXPECT_EQ(CsvType({"NaN"}), Type::kString);
  EXPECT_EQ(CsvType({"2024-05-01 10:00", "2024-05-01T10:00:00Z"}), Type::kDateTime);
  EXPECT_EQ(CsvType({R"({"a":1})", "[1]"}), Type::kDynamic);
  EXPECT_EQ(CsvType({R"({"a":1})", "{a}"}), Type::kString);
  EXPECT_EQ(CsvType({"1", "x"}), Type::kString);
  EXPECT_EQ(CsvType({"", ""}), Type::kString);
}

TEST(ColumnTypes, TimesAreThoseOfIso8601) {
  for (const char* text : {"2024-02-29", "2024-05-01T10:00", "2024-05-01 10:00:59", "2024-05-01T10:00:00.1234567Z", "2024-05-01T10:00:00+0200"}) {
    EXPECT_TRUE(IsIsoTime(text)) << text;
  }
  for (const char* text : {"", "2024", "2024-05", "2023-02-29", "2024-13-01", "2024-05-01T25:00:00", "2024-05-01T10", "2024-05-01T10:00:00.",
                           "2024-05-01T10:00:00 Z", "1 May 2024", "2024-05-01x", "20240501"}) {
    EXPECT_FALSE(IsIsoTime(text)) << text;
  }
}

TEST(ColumnTypes, ConvertingKeepsNullsAndSaysWhichCellDoesNotFit) {
  std::vector<Value> cells = {Value(), Value::String("12"), Value::Long(3)};
  EXPECT_EQ(ConvertColumn(Type::kLong, false, cells), std::nullopt);
  EXPECT_TRUE(cells[0].is_null());
  EXPECT_EQ(cells[1].AsLong(), 12);
  EXPECT_EQ(cells[2].AsLong(), 3);

  cells = {Value(), Value::Long(1), Value::String("1.5")};
  EXPECT_EQ(ConvertColumn(Type::kLong, false, cells), 2U);
  cells = {Value::Real(1.5)};
  EXPECT_EQ(ConvertColumn(Type::kLong, false, cells), 0U) << "would be cut";
  cells = {Value::Long(5)};
  EXPECT_EQ(ConvertColumn(Type::kDateTime, false, cells), 0U) << "would be ticks";
  cells = {Value::Long(1)};
  EXPECT_EQ(ConvertColumn(Type::kBool, false, cells), 0U);

  cells = {Value(), Value::Long(1)};
  EXPECT_EQ(ConvertColumn(Type::kString, false, cells), std::nullopt);
  EXPECT_TRUE(cells[0].is_string()) << "a string is never null";
  EXPECT_EQ(cells[1].AsString(), "1");
}

TEST(ColumnTypes, TextsOfDynamicColumnsAreJsonInCsvOnly) {
  std::vector<Value> cells = {Value::String("[1]")};
  EXPECT_EQ(ConvertColumn(Type::kDynamic, false, cells), std::nullopt);
  EXPECT_TRUE(cells[0].is_string());
  EXPECT_EQ(ConvertColumn(Type::kDynamic, true, cells), std::nullopt);
  EXPECT_TRUE(cells[0].is_array());
}

}  // namespace
}  // namespace zoomwatch::cli
