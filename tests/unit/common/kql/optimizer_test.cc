// Filters above a join move below it when they only mention its left side; the columns of the result stay.
#include "common/kql/optimizer.h"

#include <gtest/gtest.h>

#include "tests/unit/common/kql/binder_catalog.h"

namespace zoomwatch::kql {
namespace {

RelationPtr Plan(std::string_view text) {
  const TestCatalog catalog;
  BoundQuery query = Compile(text, catalog);
  EXPECT_NE(query.root, nullptr) << text << (query.diagnostics.empty() ? "" : ": " + query.diagnostics[0].message);
  return query.root;
}

// "project(join(filter(T), U))"
std::string Shape(const Relation& relation) {
  static constexpr std::string_view kNames[] = {"table", "rows", "range", "input", "filter", "project", "aggregate", "join", "union",
                                                "sort",  "top",  "take",  "expand", "apply", "parse", "serialize"};
  if (relation.kind == RelationKind::kTable) return relation.table;
  std::string inputs;
  for (const RelationPtr& input : relation.inputs) inputs += (inputs.empty() ? "" : ", ") + Shape(*input);
  return fmt::format("{}({})", kNames[static_cast<std::size_t>(relation.kind)], inputs);
}

std::string ShapeOf(std::string_view text) { return Shape(*Plan(text)); }

constexpr std::string_view kJoined = "a:long, b:string, d:dynamic, t:datetime, a1:long, c:string, b1:string";

TEST(Optimizer, MovesFiltersOfTheLeftSideBelowInnerUnique) {
  const RelationPtr plan = Plan("T | join U on a | where b == 'x'");
  EXPECT_EQ(Shape(*plan), "join(filter(T), U)");
  EXPECT_EQ(SchemaText(plan->schema), kJoined);
  const Relation& filter = *plan->inputs[0];
  EXPECT_EQ(filter.predicate->children[0]->column, 1);
  EXPECT_EQ(SchemaText(filter.schema), "a:long, b:string, d:dynamic, t:datetime");
}

TEST(Optimizer, MovesOnlyTheConjunctsOfTheLeftSide) {
  const RelationPtr plan = Plan("T | join U on a | where b == 'x' and c == 'y' and t > ago(1d) and a < a1");
  EXPECT_EQ(Shape(*plan), "filter(join(filter(T), U))");
  EXPECT_EQ(SchemaText(plan->schema), kJoined);
  EXPECT_EQ(plan->predicate->children.size(), 2);
  EXPECT_EQ(plan->inputs[0]->inputs[0]->predicate->children.size(), 2);
}

TEST(Optimizer, LeavesFiltersOfTheRightSideAndOfBoth) {
  EXPECT_EQ(ShapeOf("T | join U on a | where c == 'y'"), "filter(join(T, U))");
  EXPECT_EQ(ShapeOf("T | join U on a | where b == b1"), "filter(join(T, U))");
  EXPECT_EQ(ShapeOf("T | join U on a | where now() > ago(1d)"), "filter(join(T, U))");
}

TEST(Optimizer, FollowsColumnsThroughProjectionsFiltersAndSorts) {
  const RelationPtr plan = Plan("T | join U on a | extend z = 1 | sort by a | project-rename name = b | where name == 'x' | where z == 1");
  EXPECT_EQ(Shape(*plan), "filter(project(sort(project(join(filter(T), U)))))");
  EXPECT_EQ(SchemaText(plan->schema), "a:long, name:string, d:dynamic, t:datetime, a1:long, c:string, b1:string, z:long");
  EXPECT_EQ(ShapeOf("T | join U on a | extend b = tolower(b) | where b == 'x'"), "filter(project(join(T, U)))");
}

TEST(Optimizer, StopsWhereOtherRowsCount) {
  EXPECT_EQ(ShapeOf("T | join U on a | take 5 | where b == 'x'"), "filter(take(join(T, U)))");
  EXPECT_EQ(ShapeOf("T | join U on a | serialize | extend p = prev(b) | where b == 'x'"), "filter(project(serialize(join(T, U))))");
  EXPECT_EQ(ShapeOf("T | join U on a | summarize count() by b | where b == 'x'"), "filter(aggregate(join(T, U)))");
}

TEST(Optimizer, KindsThatKeepOrAddLeftRowsTakeNoOthers) {
  EXPECT_EQ(ShapeOf("T | join kind=inner U on a | where b == 'x'"), "join(filter(T), U)");
  EXPECT_EQ(ShapeOf("T | join kind=leftouter U on a | where b == 'x'"), "join(filter(T), U)");
  EXPECT_EQ(ShapeOf("T | join kind=leftsemi U on a | where b == 'x'"), "join(filter(T), U)");
  EXPECT_EQ(ShapeOf("T | join kind=leftanti U on a | where b == 'x'"), "join(filter(T), U)");
  EXPECT_EQ(ShapeOf("T | join kind=rightouter U on a | where b == 'x'"), "filter(join(T, U))");
  EXPECT_EQ(ShapeOf("T | join kind=fullouter U on a | where b == 'x'"), "filter(join(T, U))");
  EXPECT_EQ(ShapeOf("T | join kind=rightanti U on a | where b == 'x'"), "filter(join(T, U))");
}

TEST(Optimizer, GoesDownThroughSeveralJoins) {
  EXPECT_EQ(ShapeOf("T | join U on a | join X1 on $left.a == $right.x | where b == 'x'"), "join(join(filter(T), U), X1)");
}

TEST(Optimizer, AJoinWithTwoReadersStaysOneNode) {
  const RelationPtr plan = Plan("let J = T | join U on a; union (J | where b == 'x'), (J | where b == 'y')");
  EXPECT_EQ(Shape(*plan), "union(filter(join(T, U)), filter(join(T, U)))");
  EXPECT_EQ(plan->inputs[0]->inputs[0], plan->inputs[1]->inputs[0]);
}

TEST(Optimizer, SharedNodesStaySharedWhenSomethingBelowChanges) {
  const RelationPtr plan = Plan("let J = T | join U on a | where b == 'x'; union J, (J | take 1), J");
  EXPECT_EQ(Shape(*plan), "union(join(filter(T), U), take(join(filter(T), U)), join(filter(T), U))");
  EXPECT_EQ(plan->inputs[0], plan->inputs[2]);
  EXPECT_EQ(plan->inputs[0], plan->inputs[1]->inputs[0]);
}

TEST(Optimizer, ReachesSubqueriesOfExpressions) {
  const RelationPtr plan = Plan("X1 | where x in (T | join U on a | where b == 'x' | project a)");
  ASSERT_EQ(plan->predicate->kind, ScalarKind::kInTable);
  EXPECT_EQ(Shape(*plan->predicate->relation), "project(join(filter(T), U))");
}

TEST(Optimizer, ReachesTheSubqueryOfApplyAndKeepsItsInput) {
  const RelationPtr plan = Plan("T | mv-apply x = d on (join U on a | where b == 'x')");
  EXPECT_EQ(Shape(*plan->applied), "join(filter(input()), U)");
  EXPECT_EQ(plan->applied->inputs[0]->inputs[0], plan->applied_input);
}

TEST(Optimizer, SharesAPlanThatDoesNotChange) {
  const RelationPtr plan = Plan("T | join U on a | where c == 'y'");
  EXPECT_EQ(Optimize(plan), plan);
  EXPECT_EQ(Optimize(nullptr), nullptr);
}

}  // namespace
}  // namespace zoomwatch::kql
