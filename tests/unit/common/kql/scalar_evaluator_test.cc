#include "common/kql/scalar_evaluator.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/kql/convert.h"
#include "common/kql/json.h"
#include "tests/unit/common/kql/plan_builder.h"

namespace zoomwatch::kql {
namespace {

using plan::Bool;
using plan::Call;
using plan::Constant;
using plan::In;
using plan::Long;
using plan::Null;
using plan::Operator;
using plan::Real;
using plan::Text;
using plan::TextOperator;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

class ScalarEvaluatorTest : public testing::Test {
 protected:
  // The value as JSON, so that null and "" differ.
  std::string Once(const ScalarPtr& scalar) {
    return ToJson(ScalarEvaluator(scalar, context_, nullptr).EvaluateOnce());
  }

  std::string Over(const ScalarPtr& scalar, std::vector<Cells> columns) {
    Block block{.rows = columns[0].size(), .columns = {}};
    for (Cells& cells : columns) block.columns.push_back(std::make_shared<const Cells>(std::move(cells)));
    return ToJson(Value::OfArray(*ScalarEvaluator(scalar, context_, nullptr).Evaluate(block)));
  }

  std::vector<std::uint32_t> Selected(const ScalarPtr& scalar, std::vector<Cells> columns) {
    Block block{.rows = columns[0].size(), .columns = {}};
    for (Cells& cells : columns) block.columns.push_back(std::make_shared<const Cells>(std::move(cells)));
    std::vector<std::uint32_t> rows = {99};
    ScalarEvaluator(scalar, context_, nullptr).Select(block, rows);
    return rows;
  }

  std::uint64_t warnings(Warning warning) const { return context_.warnings[static_cast<std::size_t>(warning)]; }

  std::string Longs(Op op, std::int64_t a, std::int64_t b, Type type = Type::kLong) {
    return Once(Operator(op, type, {Long(a), Long(b)}));
  }
  bool TextHolds(TextOp op, std::string_view a, std::string_view b) {
    return Once(TextOperator(op, {Text(a), Text(b)})) == "true";
  }

  ExecutionContext context_{kUnixEpoch};
};

TEST_F(ScalarEvaluatorTest, IntegerDivisionTruncatesTowardZero) {
  EXPECT_EQ(Longs(Op::kDivide, 7, 2), "3");
  EXPECT_EQ(Longs(Op::kDivide, -7, 2), "-3");
  EXPECT_EQ(Longs(Op::kDivide, 7, -2), "-3");
}

TEST_F(ScalarEvaluatorTest, ModuloIsNeverNegative) {
  EXPECT_EQ(Longs(Op::kModulo, -14, 12), "10");
  EXPECT_EQ(Longs(Op::kModulo, 14, -12), "2");
  EXPECT_EQ(Longs(Op::kModulo, -14, -12), "10");
  EXPECT_EQ(Longs(Op::kModulo, kMin, -1), "0");
  EXPECT_EQ(Longs(Op::kModulo, -1, kMin), "9223372036854775807");
  EXPECT_EQ(Once(Operator(Op::kModulo, Type::kReal, {Real(-14.5), Real(12)})), "9.5");
}

TEST_F(ScalarEvaluatorTest, DivisionByZeroIsNullAndCounted) {
  EXPECT_EQ(Longs(Op::kDivide, 1, 0), "null");
  EXPECT_EQ(Longs(Op::kModulo, 1, 0), "null");
  EXPECT_EQ(warnings(Warning::kDivisionByZero), 2U);
}

TEST_F(ScalarEvaluatorTest, OverflowIsNullAndCounted) {
  EXPECT_EQ(Longs(Op::kAdd, kMax, 0), "9223372036854775807");
  EXPECT_EQ(Longs(Op::kAdd, kMax, 1), "null");
  EXPECT_EQ(Longs(Op::kSubtract, kMin, 1), "null");
  EXPECT_EQ(Longs(Op::kMultiply, kMax, 2), "null");
  EXPECT_EQ(Longs(Op::kDivide, kMin, -1), "null");
  EXPECT_EQ(Once(Operator(Op::kNegate, Type::kLong, {Long(kMin)})), "null");
  EXPECT_EQ(warnings(Warning::kOverflow), 5U);
}

TEST_F(ScalarEvaluatorTest, AnIntHas32Bits) {
  EXPECT_EQ(Longs(Op::kAdd, 2147483646, 1, Type::kInt), "2147483647");
  EXPECT_EQ(Longs(Op::kAdd, 2147483647, 1, Type::kInt), "null");
  EXPECT_EQ(warnings(Warning::kOverflow), 1U);
}

TEST_F(ScalarEvaluatorTest, ATimeOutsideTheCalendarIsNullAndCounted) {
  const ScalarPtr end = plan::Time(kMaxDateTime);
  const auto tick = [](Ticks ticks) { return Constant(Value::TimeSpan(ticks), Type::kTimeSpan); };
  EXPECT_EQ(Once(Operator(Op::kAdd, Type::kDateTime, {end, tick(0)})), "\"9999-12-31T23:59:59.9999999Z\"");
  EXPECT_EQ(Once(Operator(Op::kAdd, Type::kDateTime, {end, tick(1)})), "null");
  EXPECT_EQ(Once(Operator(Op::kSubtract, Type::kDateTime, {plan::Time(0), tick(1)})), "null");
  EXPECT_EQ(Once(Operator(Op::kMultiply, Type::kTimeSpan, {tick(kMax), Long(2)})), "null");
  EXPECT_EQ(warnings(Warning::kOverflow), 3U);
}

TEST_F(ScalarEvaluatorTest, TimesScaleAndDivide) {
  const auto span = [](Ticks ticks) { return Constant(Value::TimeSpan(ticks), Type::kTimeSpan); };
  EXPECT_EQ(Once(Operator(Op::kMultiply, Type::kTimeSpan, {span(kTicksPerDay), Real(1.5)})), "\"1.12:00:00\"");
  EXPECT_EQ(Once(Operator(Op::kDivide, Type::kTimeSpan, {span(kTicksPerDay), Long(24)})), "\"01:00:00\"");
  EXPECT_EQ(Once(Operator(Op::kDivide, Type::kReal, {span(kTicksPerDay), span(kTicksPerHour)})), "24.0");
  EXPECT_EQ(Once(Operator(Op::kSubtract, Type::kTimeSpan, {plan::Time(kTicksPerDay), plan::Time(0)})),
            "\"1.00:00:00\"");
}

TEST_F(ScalarEvaluatorTest, RealsDivideByZeroAsIeeeSays) {
  EXPECT_EQ(
      ToText(ScalarEvaluator(Operator(Op::kDivide, Type::kReal, {Real(1), Real(0)}), context_, nullptr).EvaluateOnce()),
      "Infinity");
  EXPECT_EQ(warnings(Warning::kDivisionByZero), 0U);
}

TEST_F(ScalarEvaluatorTest, ATextInsideADynamicDoesNotCalculate) {
  const ScalarPtr text = Constant(Value::String("5"), Type::kDynamic);
  EXPECT_EQ(Once(Operator(Op::kAdd, Type::kLong, {text, Long(1)})), "null");
  EXPECT_EQ(Once(Operator(Op::kAdd, Type::kDynamic,
                          {Constant(Value::Long(5), Type::kDynamic), Constant(Value::Real(0.5), Type::kDynamic)})),
            "5.5");
}

TEST_F(ScalarEvaluatorTest, NullComparesAsDocumented) {
  const ScalarPtr null = Null(Type::kLong);
  EXPECT_EQ(Once(Operator(Op::kEqual, Type::kBool, {null, Long(1)})), "false");
  EXPECT_EQ(Once(Operator(Op::kNotEqual, Type::kBool, {null, Long(1)})), "true");
  EXPECT_EQ(Once(Operator(Op::kNotEqual, Type::kBool, {null, null})), "null");
  EXPECT_EQ(Once(Operator(Op::kGreater, Type::kBool, {null, Long(1)})), "null");
}

TEST_F(ScalarEvaluatorTest, ColumnsCompareWithConstants) {
  const auto compare = [this](Op op, Type type, const ScalarPtr& with, Cells cells) {
    return Selected(Operator(op, Type::kBool, {plan::Column(0, type), with}), {std::move(cells)});
  };
  using Rows = std::vector<std::uint32_t>;
  const Cells longs = {Value::Long(1), Value::Long(2), Value(), Value::Long(3)};
  EXPECT_EQ(compare(Op::kGreaterOrEqual, Type::kLong, Long(2), longs), (Rows{1, 3}));
  EXPECT_EQ(compare(Op::kNotEqual, Type::kLong, Long(2), longs), (Rows{0, 2, 3}));
  EXPECT_EQ(compare(Op::kLess, Type::kLong, Real(2.5), longs), (Rows{0, 1}));
  const Cells texts = {Value::String("a"), Value::String("A"), Value::String("")};
  EXPECT_EQ(compare(Op::kEqual, Type::kString, Text("a"), texts), (Rows{0}));
  EXPECT_EQ(compare(Op::kNotEqual, Type::kString, Text("a"), texts), (Rows{1, 2}));
  const Cells times = {Value::DateTime(9), Value::DateTime(10), Value::DateTime(11)};
  EXPECT_EQ(compare(Op::kLessOrEqual, Type::kDateTime, plan::Time(10), times), (Rows{0, 1}));
}

TEST_F(ScalarEvaluatorTest, LogicIsThreeValued) {
  const ScalarPtr null = Null(Type::kBool);
  const auto logic = [this](Op op, const ScalarPtr& a, const ScalarPtr& b) {
    return Once(Operator(op, Type::kBool, {a, b}));
  };
  EXPECT_EQ(logic(Op::kAnd, null, Bool(false)), "false");
  EXPECT_EQ(logic(Op::kAnd, Bool(false), null), "false");
  EXPECT_EQ(logic(Op::kAnd, null, Bool(true)), "null");
  EXPECT_EQ(logic(Op::kOr, null, Bool(true)), "true");
  EXPECT_EQ(logic(Op::kOr, Bool(true), null), "true");
  EXPECT_EQ(logic(Op::kOr, null, Bool(false)), "null");
  EXPECT_EQ(Once(Call("not", Type::kBool, {null})), "null");
}

TEST_F(ScalarEvaluatorTest, DecidedRowsAreNotComputedFurther) {
  const ScalarPtr x = plan::Column(0, Type::kLong);
  const ScalarPtr quotient = Operator(Op::kDivide, Type::kLong, {Long(10), x});
  const ScalarPtr predicate = Operator(
      Op::kAnd, Type::kBool,
      {Operator(Op::kNotEqual, Type::kBool, {x, Long(0)}), Operator(Op::kGreater, Type::kBool, {quotient, Long(2)})});
  const Cells cells = {Value::Long(0), Value::Long(2), Value::Long(9)};
  EXPECT_EQ(Selected(predicate, {cells}), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(Over(predicate, {cells}), "[false,true,false]");
  EXPECT_EQ(warnings(Warning::kDivisionByZero), 0U);
}

TEST_F(ScalarEvaluatorTest, UntakenBranchesDoNotWarn) {
  const ScalarPtr x = plan::Column(0, Type::kLong);
  const ScalarPtr quotient = Operator(Op::kDivide, Type::kLong, {Long(10), x});
  const ScalarPtr is_zero = Operator(Op::kEqual, Type::kBool, {x, Long(0)});
  const Cells cells = {Value::Long(0), Value::Long(5), Value()};
  EXPECT_EQ(Over(Call("iff", Type::kLong, {is_zero, Long(-1), quotient}), {cells}), "[-1,2,null]");
  EXPECT_EQ(Over(Call("case", Type::kLong,
                      {is_zero, Long(-1), Operator(Op::kGreater, Type::kBool, {quotient, Long(1)}), quotient, Long(0)}),
                 {cells}),
            "[-1,2,0]");
  EXPECT_EQ(warnings(Warning::kDivisionByZero), 0U);
}

TEST_F(ScalarEvaluatorTest, BranchesTakeTheirCommonType) {
  EXPECT_EQ(Once(Call("iff", Type::kReal, {Bool(true), Long(1), Real(2.5)})), "1.0");
  EXPECT_EQ(Once(Call("iff", Type::kString, {Bool(false), Text("x"), Null(Type::kDynamic)})), "\"\"");
  const ScalarPtr bag = Constant(*ParseJson(R"({"a":1})"), Type::kDynamic);
  EXPECT_EQ(Once(Call("iff", Type::kString, {Bool(true), bag, Text("")})), R"("{\"a\":1}")");
}

TEST_F(ScalarEvaluatorTest, CoalescePassesOverNullsAndEmptyTexts) {
  EXPECT_EQ(Once(Call("coalesce", Type::kString, {Text(""), Text("b")})), "\"b\"");
  EXPECT_EQ(Once(Call("coalesce", Type::kLong, {Null(Type::kLong), Long(0), Long(1)})), "0");
  EXPECT_EQ(Once(Call("coalesce", Type::kString, {Text(""), Text("")})), "\"\"");
}

TEST_F(ScalarEvaluatorTest, BetweenIncludesBothEnds) {
  const auto between = [this](Op op, const ScalarPtr& value) {
    return Once(Operator(op, Type::kBool, {value, Long(2), Long(4)}));
  };
  EXPECT_EQ(between(Op::kBetween, Long(1)), "false");
  EXPECT_EQ(between(Op::kBetween, Long(2)), "true");
  EXPECT_EQ(between(Op::kBetween, Long(4)), "true");
  EXPECT_EQ(between(Op::kBetween, Long(5)), "false");
  EXPECT_EQ(between(Op::kNotBetween, Long(5)), "true");
  EXPECT_EQ(between(Op::kNotBetween, Null(Type::kLong)), "null");
}

TEST_F(ScalarEvaluatorTest, InFlattensArraysAndComparesByEquality) {
  const ScalarPtr list = Constant(*ParseJson("[1,[2,\"3\"]]"), Type::kDynamic);
  EXPECT_EQ(Once(In({Long(2), list})), "true");
  EXPECT_EQ(Once(In({Real(2.0), list})), "true");
  EXPECT_EQ(Once(In({Long(3), list})), "true") << "a text is read as the number that it is compared with";
  EXPECT_EQ(Once(In({Text("1"), list})), "true");
  EXPECT_EQ(Once(In({Text("1.5"), list})), "false");
  EXPECT_EQ(Once(In({Long(4), list}, true)), "true");
}

TEST_F(ScalarEvaluatorTest, NullIsInNothing) {
  EXPECT_EQ(Once(In({Null(Type::kLong), Long(1)})), "false");
  EXPECT_EQ(Once(In({Null(Type::kLong), Long(1)}, true)), "true");
  EXPECT_EQ(Once(In({Null(Type::kLong), Long(1), Null(Type::kLong)})), "null");
  const ScalarPtr empty = Constant(*ParseJson("[]"), Type::kDynamic);
  EXPECT_EQ(Once(In({Text("a"), empty})), "false");
  EXPECT_EQ(Once(In({Text("a"), empty}, true)), "true");
}

TEST_F(ScalarEvaluatorTest, InIgnoringCaseFoldsAsciiOnly) {
  EXPECT_EQ(Once(In({Text("ABC"), Text("abc")}, false, true)), "true");
  EXPECT_EQ(Once(In({Text("\xC3\x84"), Text("\xC3\xA4")}, false, true)), "false");
  EXPECT_EQ(Once(In({Text("ABC"), Text("abc")})), "false");
}

TEST_F(ScalarEvaluatorTest, InWithValuesOfTheRow) {
  const ScalarPtr scalar = In({plan::Column(0, Type::kLong), plan::Column(1, Type::kLong), Long(7)});
  EXPECT_EQ(Over(scalar,
                 {{Value::Long(1), Value::Long(7), Value::Long(2)}, {Value::Long(1), Value::Long(1), Value::Long(3)}}),
            "[true,true,false]");
}

TEST_F(ScalarEvaluatorTest, HasLooksForWholeTerms) {
  EXPECT_TRUE(TextHolds(TextOp::kHas, "user@Contoso.com", "contoso"));
  EXPECT_FALSE(TextHolds(TextOp::kHas, "user@contoso.com", "cont"));
  EXPECT_TRUE(TextHolds(TextOp::kHas, "a_b", "b"));
  EXPECT_TRUE(TextHolds(TextOp::kHas, "foobar foo", "foo"))
      << "a later place counts when an earlier one is inside a term";
  EXPECT_TRUE(TextHolds(TextOp::kHas, "see foo-bar!", "foo-bar"));
  EXPECT_FALSE(TextHolds(TextOp::kHas, "see foo-barn", "foo-bar"));
  EXPECT_FALSE(TextHolds(TextOp::kHas, "caf\xC3\xA9", "caf")) << "letters beyond ASCII belong to terms";
  EXPECT_TRUE(TextHolds(TextOp::kHas, "foo\xE2\x80\x94" "bar", "bar")) << "a dash does not";
  EXPECT_TRUE(TextHolds(TextOp::kHas, "x", ""));
  EXPECT_FALSE(TextHolds(TextOp::kHasCs, "Foo", "foo"));
  EXPECT_TRUE(TextHolds(TextOp::kHasPrefix, "foobar", "FOO"));
  EXPECT_FALSE(TextHolds(TextOp::kHasPrefix, "foobar", "bar"));
  EXPECT_TRUE(TextHolds(TextOp::kHasSuffix, "foobar baz", "bar"));
  EXPECT_FALSE(TextHolds(TextOp::kHasSuffix, "foobar", "foo"));
}

TEST_F(ScalarEvaluatorTest, TextOperatorsFoldAsciiUnlessCaseSensitive) {
  EXPECT_TRUE(TextHolds(TextOp::kEquals, "ABC", "abc"));
  EXPECT_FALSE(TextHolds(TextOp::kEquals, "ABC", "abcd"));
  EXPECT_TRUE(TextHolds(TextOp::kContains, "xABCx", "bc"));
  EXPECT_FALSE(TextHolds(TextOp::kContainsCs, "xABCx", "bc"));
  EXPECT_TRUE(TextHolds(TextOp::kContains, "x", ""));
  EXPECT_TRUE(TextHolds(TextOp::kStartsWith, "ABC", "ab"));
  EXPECT_FALSE(TextHolds(TextOp::kStartsWithCs, "ABC", "ab"));
  EXPECT_TRUE(TextHolds(TextOp::kEndsWith, "ABC", "bc"));
  EXPECT_FALSE(TextHolds(TextOp::kEndsWith, "c", "bc"));
  EXPECT_FALSE(TextHolds(TextOp::kContains, "\xC3\x84", "\xC3\xA4"));
}

TEST_F(ScalarEvaluatorTest, HasAnyAndHasAllTakeLists) {
  const ScalarPtr list = Constant(*ParseJson(R"(["bar","baz"])"), Type::kDynamic);
  EXPECT_EQ(Once(TextOperator(TextOp::kHasAny, {Text("foo bar"), list})), "true");
  EXPECT_EQ(Once(TextOperator(TextOp::kHasAll, {Text("foo bar"), list})), "false");
  EXPECT_EQ(Once(TextOperator(TextOp::kHasAll, {Text("baz-bar"), list})), "true");
  EXPECT_EQ(Once(TextOperator(TextOp::kHasAny, {Text("foo"), list}, true)), "true");
}

TEST_F(ScalarEvaluatorTest, RegexSearchesAndBadOnesWarn) {
  EXPECT_TRUE(TextHolds(TextOp::kMatchesRegex, "see http://x", R"(http(s?):\/\/)"));
  EXPECT_FALSE(TextHolds(TextOp::kMatchesRegex, "HTTP", "http"));
  EXPECT_FALSE(TextHolds(TextOp::kMatchesRegex, "a", "("));
  EXPECT_EQ(warnings(Warning::kBadRegex), 1U);
}

TEST_F(ScalarEvaluatorTest, MembersOfTheWrongKindOrPlaceAreNull) {
  const auto member = [this](std::string_view json, const ScalarPtr& index) {
    return Once(plan::Member(Constant(*ParseJson(json), Type::kDynamic), index));
  };
  EXPECT_EQ(member(R"({"a":{"b":1}})", Text("a")), R"({"b":1})");
  EXPECT_EQ(member(R"({"a":1})", Text("A")), "null");
  EXPECT_EQ(member("[1,2,3]", Long(0)), "1");
  EXPECT_EQ(member("[1,2,3]", Long(-1)), "3");
  EXPECT_EQ(member("[1,2,3]", Long(3)), "null");
  EXPECT_EQ(member("[1,2,3]", Long(-4)), "null");
  EXPECT_EQ(member("[1]", Text("0")), "null");
  EXPECT_EQ(member(R"({"0":1})", Long(0)), "null");
}

TEST_F(ScalarEvaluatorTest, CallsPropagateNulls) {
  EXPECT_EQ(Once(Call("strlen", Type::kLong, {Null(Type::kDynamic)})), "null");
  EXPECT_EQ(Once(Call("tolower", Type::kString, {Null(Type::kDynamic)})), "\"\"");
  EXPECT_EQ(Once(Call("isnull", Type::kBool, {Null(Type::kLong)})), "true");
}

TEST_F(ScalarEvaluatorTest, ALooseTextKeepsItsValueAndALooseNumberDoesNot) {
  const Cells cells = {Value::Bool(true), Value::Real(2.5)};
  EXPECT_EQ(Over(plan::Column(0, Type::kString, true), {cells}), "[true,2.5]");
  EXPECT_EQ(Over(plan::Column(0, Type::kLong, true), {cells}), "[1,2]");
}

TEST_F(ScalarEvaluatorTest, NeighboursAreThoseOfTheBlock) {
  const ScalarPtr x = plan::Column(0, Type::kLong);
  const std::vector<Cells> columns = {{Value::Long(10), Value::Long(20), Value::Long(30)}};
  EXPECT_EQ(Over(Call("prev", Type::kLong, {x}), columns), "[null,10,20]");
  EXPECT_EQ(Over(Call("next", Type::kLong, {x, Long(2)}), columns), "[30,null,null]");
  EXPECT_EQ(Over(Call("prev", Type::kLong, {x, Long(1), Long(-1)}), columns), "[-1,10,20]");
  EXPECT_EQ(Over(Call("prev", Type::kLong, {x, Long(kMin)}), columns), "[null,null,null]");
  const ScalarPtr second = Operator(Op::kEqual, Type::kBool, {x, Long(20)});
  EXPECT_EQ(Over(Call("iff", Type::kLong, {second, Call("prev", Type::kLong, {x}), Long(0)}), columns), "[0,10,0]");
}

TEST_F(ScalarEvaluatorTest, RunningValuesRestart) {
  const ScalarPtr x = plan::Column(0, Type::kLong);
  const ScalarPtr restart = plan::Column(1, Type::kBool);
  const std::vector<Cells> columns = {{Value::Long(1), Value::Long(2), Value::Long(3), Value::Long(4)},
                                      {Value::Bool(false), Value::Bool(false), Value::Bool(true), Value::Bool(false)}};
  EXPECT_EQ(Over(Call("row_number", Type::kLong, {}), columns), "[1,2,3,4]");
  EXPECT_EQ(Over(Call("row_number", Type::kLong, {Long(5), restart}), columns), "[5,6,5,6]");
  EXPECT_EQ(Over(Call("row_cumsum", Type::kLong, {x}), columns), "[1,3,6,10]");
  EXPECT_EQ(Over(Call("row_cumsum", Type::kLong, {x, restart}), columns), "[1,3,3,7]");
}

TEST_F(ScalarEvaluatorTest, NowIsTheContextsClock) {
  EXPECT_EQ(Once(Call("now", Type::kDateTime, {})), "\"1970-01-01T00:00:00.0000000Z\"");
  EXPECT_EQ(Once(Call("now", Type::kDateTime, {Constant(Value::TimeSpan(-kTicksPerDay), Type::kTimeSpan)})),
            "\"1969-12-31T00:00:00.0000000Z\"");
}

}  // namespace
}  // namespace zoomwatch::kql
