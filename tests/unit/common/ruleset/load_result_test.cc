#include "common/ruleset/load_result.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace zoomwatch::ruleset {
namespace {

TEST(LoadCodes, EachHasOneRowInOrderWithNameAndText) {
  std::set<std::string_view> names;
  int number = 0;
  for (const LoadCodeRow& row : LoadCodeTable()) {
    EXPECT_EQ(static_cast<int>(row.code), number++) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(std::all_of(row.name.begin(), row.name.end(), [](char c) { return std::isupper(static_cast<unsigned char>(c)) != 0 || c == '_'; }))
        << row.name;
    EXPECT_EQ(row.text.back(), '.') << row.name;
  }
  EXPECT_EQ(number, static_cast<int>(LoadCode::kOverridden) + 1);
}

TEST(LoadResult, OnlyErrorsAreErrors) {
  LoadResult result;
  EXPECT_FALSE(result.HasErrors());
  result.Add(LoadCode::kUnknownKey, {1, 1}, "x: unknown key, ignored");
  EXPECT_FALSE(result.HasErrors());
  result.Add(LoadCode::kMissingKey, {1, 1}, "id: is required");
  EXPECT_TRUE(result.HasErrors());
}

TEST(LoadResult, SortsByPlaceAndKeepsTheOrderOfOne) {
  LoadResult result;
  result.Add(LoadCode::kUnknownKey, {3, 1}, "c");
  result.Add(LoadCode::kUnknownKey, {1, 5}, "b");
  result.Add(LoadCode::kUnknownKey, {1, 2}, "a");
  result.Add(LoadCode::kUnknownKey, {3, 1}, "d");
  result.Sort();
  std::string order;
  for (const LoadFinding& finding : result.findings) order += finding.message;
  EXPECT_EQ(order, "abcd");
}

TEST(LoadResult, IsExplainedWithPlaceImpactAndCode) {
  EXPECT_EQ(Explain("a.yaml", {LoadCode::kMissingKey, {3, 7}, "id: is required"}), "a.yaml:3:7: error MISSING_KEY: id: is required");
  EXPECT_EQ(Explain("a.yaml", {LoadCode::kUnknownKey, {1, 1}, "x: unknown key, ignored"}), "a.yaml:1:1: warning UNKNOWN_KEY: x: unknown key, ignored");
  EXPECT_EQ(Explain("a.yaml", {LoadCode::kDuplicateId, {}, "id: x"}), "a.yaml: error DUPLICATE_ID: id: x");
}

}  // namespace
}  // namespace zoomwatch::ruleset
