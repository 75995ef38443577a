#include <gtest/gtest.h>

#include "tests/unit/common/kql_functions/call_function.h"

namespace zoomwatch::kql {
namespace {

TEST(ArrayFunctions, Pieces) {
  const Value array = J("[1,2,3,4]");
  ExpectAll({
      {"array_length", {array}, "4"},
      {"array_length", {J("{}")}, "null"},
      {"array_concat", {array, J("[]"), J("[\"x\"]")}, "[1,2,3,4,\"x\"]"},
      {"array_concat", {array, J("{}")}, "null"},
      {"array_reverse", {array}, "[4,3,2,1]"},
      {"array_slice", {array, L(1), L(2)}, "[2,3]"},
      {"array_slice", {array, L(-3), L(-2)}, "[2,3]"},
      {"array_slice", {array, L(-99), L(99)}, "[1,2,3,4]"},
      {"array_slice", {array, L(3), L(1)}, "[]"},
      {"array_slice", {array, L(0), L(-99)}, "[]"},
      {"array_slice", {array, L(INT64_MIN), L(INT64_MIN)}, "[]"},
      {"array_slice", {J("[]"), L(0), L(0)}, "[]"},
      {"pack_array", {L(1), S(""), Value()}, "[1,\"\",null]"},
      {"array_sum", {J("[1,2.5]")}, "3.5"},
      {"array_sum", {J("[1,\"x\"]")}, "null"},
      {"zip", {J("[1,2]"), J("[\"a\"]")}, "[[1,\"a\"],[2,null]]"},
  });
}

TEST(ArrayFunctions, IndexOf) {
  const Value array = J(R"(["a","b","a",1])");
  ExpectAll({
      {"array_index_of", {array, S("a")}, "0"},
      {"array_index_of", {array, S("a"), L(1)}, "2"},
      {"array_index_of", {array, S("a"), L(1), L(1)}, "-1"},
      {"array_index_of", {array, S("a"), L(0), L(-1), L(2)}, "2"},
      {"array_index_of", {array, S("a"), L(-2)}, "2"},
      {"array_index_of", {array, R(1.0)}, "3"},
      {"array_index_of", {array, S("1")}, "-1"},
      {"array_index_of", {array, S("a"), L(0), L(-2)}, "null"},
      {"array_index_of", {array, S("a"), L(0), L(-1), L(-1)}, "null"},
      {"array_index_of", {array, S("a"), L(INT64_MAX)}, "-1"},
  });
}

TEST(ArrayFunctions, RangeIncludesItsEnd) {
  ExpectAll({
      {"range", {L(1), L(8), L(3)}, "[1,4,7]"},
      {"range", {L(1), L(3)}, "[1,2,3]"},
      {"range", {L(3), L(1), L(-1)}, "[3,2,1]"},
      {"range", {L(3), L(1)}, "[]"},
      {"range", {L(1), L(3), L(0)}, "null"},
      {"range", {L(INT64_MAX - 1), L(INT64_MAX)}, "[9223372036854775806,9223372036854775807]"},
      {"range", {R(0), R(1), R(0.5)}, "[0.0,0.5,1.0]"},
      {"range", {Span("0h"), Span("2h")}, R"(["00:00:00","01:00:00","02:00:00"])"},
      {"range", {Date("2031-05-25"), Date("2031-05-26"), Span("1d")},
       R"(["2031-05-25T00:00:00.0000000Z","2031-05-26T00:00:00.0000000Z"])"},
  });
  Warning warning = Warning::kOverflow;
  EXPECT_EQ(CallFunction("range", {L(0), L(INT64_MAX)}, {.warning = &warning}).AsArray().size(), 1048576u);
  EXPECT_EQ(warning, Warning::kTruncated);
}

TEST(ArrayFunctions, SortPutsNullsWhereAsked) {
  ExpectAll({
      {"array_sort_asc", {J(R"([null,3,"b",1.5,"a",null])")}, R"([1.5,3,"a","b",null,null])"},
      {"array_sort_asc", {J("[2,null,1]"), B(false)}, "[null,1,2]"},
      {"array_sort_desc", {J(R"([1,3,"a",2,"b"])")}, R"([3,2,1,"b","a"])"},
      {"array_sort_desc", {J("[2,null,3]"), B(false)}, "[null,3,2]"},
      {"array_sort_asc", {J("[]")}, "[]"},
      {"array_sort_asc", {J("{}")}, "null"},
  });
}

TEST(ArrayFunctions, Sets) {
  ExpectAll({
      {"set_union", {J("[1,1,2]"), J("[2.0,3]")}, "[1,2,3]"},
      {"set_intersect", {J("[1,2,2,3]"), J("[3,2]")}, "[2,3]"},
      {"set_difference", {J("[1,1,2,3]"), J("[2]"), J("[3]")}, "[1]"},
      {"set_has_element", {J("[\"a\",null]"), S("a")}, "true"},
      {"set_has_element", {J("[\"a\"]"), S("A")}, "false"},
      {"set_equals", {J("[1,2,2]"), J("[2,1]")}, "true"},
      {"set_equals", {J("[1]"), J("[1,2]")}, "false"},
      {"set_union", {J("[1]"), J("{}")}, "null"},
  });
}

}  // namespace
}  // namespace zoomwatch::kql
