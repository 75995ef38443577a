#include "common/kql/functions/registry.h"

#include <gtest/gtest.h>

namespace zoomwatch::kql {
namespace {

TEST(FunctionRegistry, FindsByNameAndAlias) {
  const FunctionRegistry& registry = FunctionRegistry::Default();
  ASSERT_NE(registry.Find("iff"), nullptr);
  EXPECT_EQ(registry.Find("iff"), registry.Find("iif"));
  EXPECT_EQ(registry.Find("IFF"), nullptr);
  EXPECT_EQ(registry.Find("no_such_function"), nullptr);
}

TEST(FunctionRegistry, EveryFunctionIsEvaluatedOrASpecialForm) {
  for (const auto& function : FunctionRegistry::Default().functions()) {
    for (const Overload& overload : function->overloads) {
      EXPECT_EQ(overload.eval == nullptr, function->special != SpecialForm::kNone) << function->name;
    }
  }
}

TEST(FunctionRegistry, RefusesByNameWhatItDoesNotSupport) {
  EXPECT_TRUE(FunctionRegistry::IsRefused("series_decompose_anomalies"));
  EXPECT_TRUE(FunctionRegistry::IsRefused("geo_distance_2points"));
  EXPECT_FALSE(FunctionRegistry::IsRefused("tostring"));
  EXPECT_FALSE(FunctionRegistry::IsRefused("no_such_function"));
}

TEST(Overload, ParsesSignatureText) {
  const Overload overload("string literal=year/month, long?, scalar{2..64}", "arg1", nullptr);
  ASSERT_EQ(overload.parameters.size(), 3u);
  EXPECT_EQ(overload.parameters[0].rule, ArgumentRule::kLiteral);
  EXPECT_EQ(overload.parameters[0].values, (std::vector<std::string>{"year", "month"}));
  EXPECT_EQ(overload.parameters[1].min_occurs, 0);
  EXPECT_EQ(overload.parameters[2].max_occurs, 64);
  EXPECT_EQ(overload.min_arguments, 3);
  EXPECT_EQ(overload.max_arguments, 66);
  EXPECT_EQ(overload.result_rule, ResultRule::kArgument1);
}

}  // namespace
}  // namespace zoomwatch::kql
