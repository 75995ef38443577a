#include "common/transport/grpc/hunt_cells.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/kql/convert.h"
#include "common/kql/json.h"

namespace zoomwatch {
namespace {

using kql::Type;
using kql::Value;

Value RoundTrip(Type type, const Value& value) {
  hunt::v1::Cell cell;
  EXPECT_TRUE(cell.ParseFromString(ToCell(type, value).SerializeAsString()));
  const auto back = FromCell(type, cell);
  EXPECT_TRUE(back.has_value()) << kql::TypeName(type) << " " << cell.ShortDebugString();
  return back.value_or(Value());
}

TEST(HuntCells, GiveBackWhatTheyWereGiven) {
  const std::pair<Type, std::string> texts[] = {
      {Type::kBool, "true"},   {Type::kBool, "false"},  {Type::kInt, "-7"},     {Type::kLong, "9223372036854775807"},
      {Type::kReal, "0.1"},    {Type::kReal, "-2.5e-9"}, {Type::kDecimal, "12345678901234567890.123"},
      {Type::kString, ""},     {Type::kString, "grün\n"}, {Type::kDateTime, "2026-05-04T10:00:00.1234567Z"},
      {Type::kTimeSpan, "-1.02:03:04.5000000"}, {Type::kGuid, "0a1b2c3d-0000-1111-2222-333344445555"}};
  for (const auto& [type, text] : texts) {
    const Value value = type == Type::kString ? Value::String(text) : kql::ConvertTo(type, Value::String(text));
    ASSERT_FALSE(value.is_null()) << text;
    const Value back = RoundTrip(type, value);
    EXPECT_EQ(back.kind(), value.kind()) << text;
    EXPECT_EQ(kql::ToText(back), kql::ToText(value));
  }
  for (const char* json : {"null", "1", "\"a\"", "[1,{\"b\":null}]", "{\"a\":[true,1.5]}"}) {
    EXPECT_EQ(kql::ToJson(RoundTrip(Type::kDynamic, kql::ParseJson(json).value())), json);
  }
}

TEST(HuntCells, KeepNullAndNumbersThatAreNone) {
  for (const Type type : kql::kAllTypes) EXPECT_TRUE(RoundTrip(type, Value()).is_null());
  EXPECT_TRUE(std::isnan(RoundTrip(Type::kReal, Value::Real(NAN)).AsReal()));
  EXPECT_EQ(RoundTrip(Type::kReal, Value::Real(-INFINITY)).AsReal(), -INFINITY);
}

TEST(HuntCells, ReplaceBytesThatAreNotText) {
  EXPECT_EQ(RoundTrip(Type::kString, Value::String("a\xff z\xc3")).AsString(), "a\xef\xbf\xbd z\xef\xbf\xbd");
  const auto array = RoundTrip(Type::kDynamic, Value::OfArray({Value::String("\xfe")}));
  EXPECT_EQ(array.AsArray()[0].AsString(), "\xef\xbf\xbd");
}

TEST(HuntCells, RefuseCellsThatDoNotFitTheirColumn) {
  hunt::v1::Cell cell;
  cell.set_long_value(1);
  EXPECT_FALSE(FromCell(Type::kString, cell).has_value());
  EXPECT_FALSE(FromCell(Type::kDateTime, cell).has_value());
  cell.set_text_value("no guid");
  EXPECT_FALSE(FromCell(Type::kGuid, cell).has_value());
  EXPECT_FALSE(FromCell(Type::kLong, cell).has_value());
  cell.set_json_value("{");
  EXPECT_FALSE(FromCell(Type::kDynamic, cell).has_value());
  cell.set_datetime_ticks(-1);
  EXPECT_FALSE(FromCell(Type::kDateTime, cell).has_value());
}

}  // namespace
}  // namespace zoomwatch
