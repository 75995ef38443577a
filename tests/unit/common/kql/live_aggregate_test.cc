#include "common/kql/incremental/live_aggregate.h"

#include <gtest/gtest.h>

#include "common/kql/convert.h"

namespace zoomwatch::kql::incremental {
namespace {

AggregateCall CallOf(Aggregate aggregate, Type type) {
  auto argument = std::make_shared<Scalar>();
  argument->kind = ScalarKind::kColumn;
  argument->type = type;
  return {.function = nullptr, .aggregate = aggregate, .arguments = {argument}, .parameters = {}};
}

std::string Result(LiveAggregate& aggregate) {
  std::vector<Value> row;
  aggregate.AppendTo(row);
  return ToText(row.at(0));
}

TEST(LiveAggregate, SumOfRealsMayBeTakenBackBeforeItIsAdded) {
  const auto sum = MakeLiveAggregate(CallOf(Aggregate::kSum, Type::kReal));
  sum->Add({Value::Real(0.75)}, 1, 1);
  sum->Add({Value::Real(1.75)}, -1, 2);  // leaves no real for a moment
  sum->Add({Value::Real(1.75)}, 1, 2);
  EXPECT_EQ(Result(*sum), "0.75");
}

TEST(LiveAggregate, SumOfRealsIsExactlyZeroWhenNoneIsLeft) {
  const auto sum = MakeLiveAggregate(CallOf(Aggregate::kSum, Type::kReal));
  for (const double value : {0.1, 1e17, 0.3}) sum->Add({Value::Real(value)}, 1, 1);
  for (const double value : {1e17, 0.1, 0.3}) sum->Add({Value::Real(value)}, -1, 1);
  EXPECT_EQ(Result(*sum), "0.0");
  sum->Add({Value::Real(0.3)}, 1, 1);
  EXPECT_EQ(Result(*sum), "0.3");
}

TEST(LiveAggregate, SumOfWholeNumbersOverflowsToNullAndBack) {
  const auto sum = MakeLiveAggregate(CallOf(Aggregate::kSum, Type::kLong));
  sum->Add({Value::Long(INT64_MAX)}, 1, 1);
  sum->Add({Value::Long(1)}, 1, 2);
  EXPECT_EQ(Result(*sum), "");
  sum->Add({Value::Long(1)}, -1, 2);
  EXPECT_EQ(Result(*sum), "9223372036854775807");
}

TEST(LiveAggregate, MaximumFallsBackToTheNextValue) {
  const auto max = MakeLiveAggregate(CallOf(Aggregate::kMax, Type::kLong));
  for (const std::int64_t value : {3, 5, 5, 4}) max->Add({Value::Long(value)}, 1, 1);
  EXPECT_EQ(Result(*max), "5");
  max->Add({Value::Long(5)}, -1, 1);
  EXPECT_EQ(Result(*max), "5");
  max->Add({Value::Long(5)}, -1, 1);
  EXPECT_EQ(Result(*max), "4");
}

TEST(LiveAggregate, ArgMaxPrefersTheEarliestOfEqualValuesAndAnyValueToNull) {
  AggregateCall call = CallOf(Aggregate::kArgMax, Type::kLong);
  call.arguments.push_back(call.arguments[0]);
  call.outputs = 2;
  const auto arg_max = MakeLiveAggregate(call);
  const auto second = [&] {
    std::vector<Value> row;
    arg_max->AppendTo(row);
    return ToText(row.at(1));
  };
  arg_max->Add({Value(), Value::String("none")}, 1, 1);
  EXPECT_EQ(second(), "none");
  arg_max->Add({Value::Long(7), Value::String("late")}, 1, 3);
  arg_max->Add({Value::Long(7), Value::String("early")}, 1, 2);
  EXPECT_EQ(second(), "early");
  arg_max->Add({Value::Long(7), Value::String("early")}, -1, 2);
  EXPECT_EQ(second(), "late");
}

}  // namespace
}  // namespace zoomwatch::kql::incremental
