#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/common/kql_functions/call_function.h"

namespace zoomwatch::kql {
namespace {

TEST(MathFunctions, BinRoundsTowardMinusInfinity) {
  ExpectAll({
      {"bin", {L(7), L(3)}, "6"},
      {"bin", {L(-7), L(3)}, "-9"},
      {"bin", {L(6), L(3)}, "6"},
      {"bin", {R(4.5), L(1)}, "4.0"},
      {"bin", {R(-0.5), R(1)}, "-1.0"},
      {"bin", {Dec("2.5"), L(2)}, "2"},
      {"bin", {L(7), L(0)}, "null"},
      {"bin", {L(7), L(-3)}, "null"},
      {"bin", {Value(), L(3)}, "null"},
      {"bin", {L(INT64_MIN), L(3)}, "null"},
      {"bin", {L(INT64_MAX), L(INT64_MAX)}, "9223372036854775807"},
      {"bin", {Date("2031-05-25T13:47:12Z"), Span("1h")}, "\"2031-05-25T13:00:00.0000000Z\""},
      {"bin", {Date("2031-05-25T13:47:12Z"), Span("0s")}, "null"},
      {"bin", {Span("-1s"), Span("1h")}, "\"-01:00:00\""},
      {"bin", {Span("16d"), Span("7d")}, "\"14.00:00:00\""},
      {"floor", {R(9.99), L(5)}, "5.0"},
  });
}

TEST(MathFunctions, BinAtAlignsToTheFixedPoint) {
  ExpectAll({
      {"bin_at", {L(10), L(4), L(3)}, "7"},
      {"bin_at", {L(2), L(4), L(3)}, "-1"},
      {"bin_at", {L(INT64_MIN), L(2), L(INT64_MAX)}, "null"},
      {"bin_at", {Date("2031-05-25T00:10:00Z"), Span("1d"), Date("2000-01-01T12:00:00Z")}, "\"2031-05-24T12:00:00.0000000Z\""},
      {"bin_at", {Date("0001-01-01"), Span("7d"), Date("0001-01-03")}, "null"},
      {"bin_at", {Span("1h"), Span("0s"), Span("1h")}, "null"},
  });
}

TEST(MathFunctions, RoundIsHalfAwayFromZeroOnPrintedDigits) {
  ExpectAll({
      {"round", {R(2.675), L(2)}, "2.68"},
      {"round", {R(-2.5)}, "-3.0"},
      {"round", {R(2.5)}, "3.0"},
      {"round", {R(1234.5), L(-2)}, "1200.0"},
      {"round", {R(0.1), L(400)}, "0.1"},
      {"round", {R(1e300), L(2)}, "1e+300"},
      {"round", {R(5), L(-400)}, "0.0"},
      {"round", {L(15), L(-1)}, "20"},
      {"round", {L(-15), L(-1)}, "-20"},
      {"round", {L(INT64_MAX), L(-1)}, "null"},
      {"round", {L(7), L(5)}, "7"},
      {"round", {L(7), L(-300)}, "0"},
      {"round", {Dec("2.345"), L(2)}, "2.35"},
  });
  EXPECT_TRUE(std::isnan(CallFunction("round", {R(NAN)}).AsReal()));
  EXPECT_EQ(Text("round", {L(2147483647), L(-1)}, {.int_arguments = true}), "null");
}

TEST(MathFunctions, Ceiling) {
  ExpectAll({
      {"ceiling", {R(-1.1)}, "-1.0"},
      {"ceiling", {R(0.9)}, "1.0"},
      {"ceiling", {L(4)}, "4"},
      {"ceiling", {Dec("4.1")}, "5"},
      {"ceiling", {Dec("-4.1")}, "-4"},
  });
}

TEST(MathFunctions, AbsOfTheSmallestIsNull) {
  ExpectAll({
      {"abs", {L(-5)}, "5"},
      {"abs", {R(-5.5)}, "5.5"},
      {"abs", {Dec("-1.5")}, "1.5"},
      {"abs", {Span("-2h")}, "\"02:00:00\""},
      {"abs", {L(INT64_MIN)}, "null"},
      {"abs", {Value::TimeSpan(INT64_MIN)}, "null"},
  });
}

TEST(MathFunctions, RealFunctions) {
  ExpectAll({
      {"pow", {L(2), L(10)}, "1024.0"},
      {"exp", {L(0)}, "1.0"},
      {"exp2", {L(3)}, "8.0"},
      {"exp10", {L(3)}, "1000.0"},
      {"log2", {L(8)}, "3.0"},
      {"log10", {R(1000)}, "3.0"},
      {"log", {L(-1)}, "null"},
      {"sqrt", {L(16)}, "4.0"},
      {"sqrt", {R(-0.1)}, "null"},
      {"sign", {R(-0.5)}, "-1.0"},
      {"sign", {L(0)}, "0.0"},
      {"isnan", {R(NAN)}, "true"},
      {"isnan", {R(1)}, "false"},
      {"isinf", {R(-INFINITY)}, "true"},
      {"isfinite", {R(INFINITY)}, "false"},
      {"isfinite", {L(3)}, "true"},
  });
  EXPECT_EQ(CallFunction("log", {L(0)}).AsReal(), -INFINITY);
}

TEST(MathFunctions, ExtremesPreferValuesToNulls) {
  ExpectAll({
      {"max_of", {L(3), L(10), L(-1)}, "10"},
      {"min_of", {L(3), L(10), L(-1)}, "-1"},
      {"max_of", {Value(), L(-5)}, "-5"},
      {"min_of", {L(4), Value()}, "4"},
      {"max_of", {Value(), Value()}, "null"},
      {"max_of", {L(1), R(0.5)}, "1.0"},
      {"max_of", {S("b"), S("abc")}, "\"b\""},
      {"min_of", {Date("2031-01-02"), Date("2031-01-01")}, "\"2031-01-01T00:00:00.0000000Z\""},
  });
}

TEST(MathFunctions, Bits) {
  ExpectAll({
      {"binary_and", {L(12), L(10)}, "8"},
      {"binary_or", {L(12), L(10)}, "14"},
      {"binary_xor", {L(12), L(10)}, "6"},
      {"binary_not", {L(0)}, "-1"},
      {"binary_shift_left", {L(1), L(63)}, "-9223372036854775808"},
      {"binary_shift_left", {L(1), L(64)}, "1"},
      {"binary_shift_right", {L(-8), L(1)}, "-4"},
      {"bitset_count_ones", {L(-1)}, "64"},
      {"bitset_count_ones", {L(42)}, "3"},
  });
}

TEST(ConversionFunctions, ToHex) {
  ExpectAll({
      {"tohex", {L(255)}, "\"ff\""},
      {"tohex", {L(0)}, "\"0\""},
      {"tohex", {L(-1)}, "\"ffffffffffffffff\""},
      {"tohex", {L(255), L(6)}, "\"0000ff\""},
      {"tohex", {L(255), L(99)}, "\"00000000000000ff\""},
      {"tohex", {L(255), L(-3)}, "\"ff\""},
      {"tohex", {Value()}, "\"\""},
  });
  EXPECT_EQ(Text("tohex", {L(-1)}, {.int_arguments = true}), "\"ffffffff\"");
}

TEST(ConversionFunctions, Conversions) {
  ExpectAll({
      {"toint", {S("7.9")}, "7"},
      {"toint", {S("2147483648")}, "null"},
      {"tolong", {S(" 42 ")}, "42"},
      {"tolong", {S("x")}, "null"},
      {"todouble", {S("1.5")}, "1.5"},
      {"toreal", {L(2)}, "2.0"},
      {"todecimal", {S("1.10")}, "1.1"},
      {"tobool", {S("TRUE")}, "true"},
      {"toboolean", {L(0)}, "false"},
      {"tobool", {S("yes")}, "null"},
      {"todatetime", {S("2031-05-25")}, "\"2031-05-25T00:00:00.0000000Z\""},
      {"todatetime", {S("soon")}, "null"},
      {"totimespan", {S("01:02")}, "\"01:02:00\""},
      {"totime", {S("1d")}, "\"1.00:00:00\""},
      {"toguid", {S("01234567-89ab-cdef-0123-456789abcdef")}, "\"01234567-89ab-cdef-0123-456789abcdef\""},
      {"toguid", {S("nothing")}, "null"},
      {"tostring", {Value()}, "\"\""},
      {"tostring", {J(R"({"a":[1]})")}, R"("{\"a\":[1]}")"},
      {"gettype", {L(1)}, "\"long\""},
      {"gettype", {Value()}, "\"null\""},
      {"gettype", {J("{}")}, "\"dictionary\""},
      {"gettype", {J("[]")}, "\"array\""},
  });
}

}  // namespace
}  // namespace zoomwatch::kql
