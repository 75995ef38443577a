// Laws that hold for any table: two queries that must give the same rows, over random tables with few keys, nulls, empty texts,
// duplicates, NaN and negative numbers. The seed of a table that breaks one is in its message.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/kql/json.h"

namespace zoomwatch::kql {
namespace {

constexpr unsigned kTables = 200;

class NoTables final : public TableSource {
 public:
  absl::StatusOr<std::unique_ptr<TableReader>> Open(const ScanRequest& request) override { return absl::NotFoundError(request.table); }
};

std::string Pick(std::mt19937& random, const std::vector<std::string>& texts) { return texts[random() % texts.size()]; }

// T has up to 40 rows and S up to 8; either may be empty.
std::string RandomTables(unsigned seed) {
  std::mt19937 random(seed);
  const std::vector<std::string> keys = {"'a'", "'a'", "'a'", "'b'", "'A'", "''", "'c d'", "'é'"};
  const auto number = [&] { return random() % 6 == 0 ? std::string("long(null)") : std::to_string(static_cast<int>(random() % 7) - 2); };
  const std::vector<std::string> reals = {"1.5", "2.5", "-1.0", "real(nan)", "real(null)", "0.0", "real(+inf)"};
  const std::vector<std::string> arrays = {"dynamic([1,2])", "dynamic([])", "dynamic(null)", "dynamic(['a'])", "dynamic({'k':1})"};
  std::string rows;
  for (auto i = random() % 41; i > 0; --i) {
    rows += fmt::format("{}, {}, {}, {},", Pick(random, keys), number(), Pick(random, reals), Pick(random, arrays));
  }
  std::string text = "let T = datatable(k: string, v: long, r: real, d: dynamic)[" + rows + "];";
  rows.clear();
  for (auto i = random() % 9; i > 0; --i) rows += fmt::format("{}, {},", Pick(random, keys), number());
  return text + "let S = datatable(k: string, w: long)[" + rows + "];";
}

// The rows in any order, each as JSON, or what is wrong with the query.
std::multiset<std::string> RowsOf(std::string_view text) {
  const BoundQuery query = Compile(text, EmptyCatalog());
  if (query.root == nullptr) return {query.diagnostics.empty() ? "no root" : query.diagnostics.front().message};
  NoTables tables;
  const auto result = ExecuteToTable(query, tables, {.now = kUnixEpoch});
  if (!result.ok()) return {result.status().ToString()};
  std::multiset<std::string> rows;
  for (const auto& row : result->rows) rows.insert(ToJson(Value::OfArray(row)));
  return rows;
}

using Law = std::pair<std::string, std::string>;

class BatchLaws : public ::testing::TestWithParam<Law> {};

TEST_P(BatchLaws, HoldForRandomTables) {
  std::size_t rows = 0;
  for (unsigned seed = 1; seed <= kTables; ++seed) {
    const std::string tables = RandomTables(seed);
    const std::multiset<std::string> one = RowsOf(tables + GetParam().first);
    ASSERT_EQ(one, RowsOf(tables + GetParam().second)) << "seed " << seed << "\n" << tables;
    ASSERT_TRUE(one.empty() || one.begin()->front() == '[') << *one.begin();
    rows += one.size();
  }
  EXPECT_GT(rows, kTables / 2) << "too few rows to say anything";
}

INSTANTIATE_TEST_SUITE_P(
    Laws, BatchLaws,
    ::testing::Values(
        Law{"T | summarize by k", "T | distinct k"}, Law{"T | summarize by k, v, r", "T | distinct k, v, r"},
        Law{"T | where k in (S)", "T | join kind=leftsemi S on k"}, Law{"T | where k !in (S)", "T | join kind=leftanti S on k"},
        Law{"S | join kind=rightsemi T on k", "T | where k in ((S | project k))"},
        Law{"S | join kind=rightanti T on k", "T | where k !in ((S | project k))"},
        Law{"T | summarize dcount(v), dcount(k)", "T | summarize array_length(make_set(v)), array_length(make_set(k))"},
        Law{"T | summarize dcount(v) by k", "T | summarize array_length(make_set(v)) by k"},
        Law{"T | where v > 1 and k != 'A'", "T | where v > 1 | where k != 'A'"},
        Law{"T | where v > 1 or k != 'A'", "union (T | where v > 1), (T | where not(v > 1) or isnull(v) | where k != 'A')"},
        Law{"T | where v != 1", "T | where not(v == 1)"}, Law{"T | where v in (1, 2)", "T | where v == 1 or v == 2"},
        Law{"T | where k in ('a', 'b')", "T | where k == 'a' or k == 'b'"},
        Law{"T | where v between (1 .. 2)", "T | where v >= 1 and v <= 2"},
        Law{"T | where v > 0 | summarize count() by k", "let positive = T | where v > 0; let by_key = positive | summarize count() by k; by_key"},
        Law{"let f = (limit: long) { T | where v > limit }; f(0)", "T | where v > 0"},
        Law{"let n = 2; T | extend x = v * n", "T | extend x = v * 2"},
        Law{"T | join kind=inner S on k | project k, v, r, w", "S | join kind=inner T on k | project k, v, r, w"},
        Law{"T | join kind=leftouter S on k | project k, v, w", "S | join kind=rightouter T on k | project k = k1, v, w"},
        Law{"T | join kind=inner S on k | count", "T | lookup kind=inner S on k | count"},
        Law{"T | join kind=fullouter S on k | count",
            "union (T | join kind=leftouter S on k), (S | join kind=leftanti T on k) | count"},
        Law{"T | join S on k | project k, v, w", "T | join kind=innerunique S on k | project k, v, w"},
        Law{"T | summarize count()", "T | summarize c = sum(1) | project coalesce(c, 0)"},
        Law{"T | summarize count() by k", "T | where true | summarize count() by k"},
        Law{"T | summarize countif(v > 0) by k", "T | summarize sum(iff(v > 0, 1, 0)) by k"},
        Law{"T | summarize sum(v), min(v), max(r) by k", "T | extend x = v, y = r | where true | summarize sum(x), min(x), max(y) by k"},
        Law{"T | summarize n = count() by k | summarize sum(n)", "T | where true | summarize sum(1)"},
        Law{"T | top 3 by v | project v", "T | sort by v | take 3 | project v"}, Law{"T | sort by r asc, v desc", "T"},
        Law{"T | extend x = v + 1 | project k, x", "T | project k, x = v + 1"},
        Law{"T | project-rename key = k | project-away r, d", "T | project key = k, v"},
        Law{"union T, T | count", "T | mv-expand i = dynamic([1, 2]) | count"},
        Law{"T | where v > 0 | as A | union T", "union (T | where v > 0), T"},
        Law{"T | summarize take_any(k) by v | project v", "T | summarize arg_max(k, *) by v | project v"},
        Law{"T | summarize make_list(v) by k | mv-expand list_v to typeof(long) | where isnotnull(list_v)",
            "T | where isnotnull(v) | project k, v"}));

}  // namespace
}  // namespace zoomwatch::kql
