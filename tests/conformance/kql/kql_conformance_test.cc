// Runs the queries of the external corpus and compares their results with the expected ones. Runs where
// ZOOMWATCH_CORPUS names the folder with kql/. Prints how many of each tier pass. What can be kept up to date is compared as a view too, with
// its rows in one tick and one by one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/kql/compare.h"
#include "common/kql/incremental/view.h"
#include "tests/conformance/kql/example.h"
#include "tests/conformance/kql/streamed.h"
#include "tests/conformance/kql_views/view_check.h"

namespace zoomwatch::kql {
namespace {

class NoTables final : public TableSource {
 public:
  absl::StatusOr<std::unique_ptr<TableReader>> Open(const ScanRequest& request) override {
    return absl::NotFoundError(request.table);
  }
};

constexpr Ticks kNow = 639'310'752'000'000'000;  // 2026-11-24; no example depends on it

// Examples of the second opinion that the documentation contradicts, with the rule that decides.
const std::map<std::string, std::string>& Explained() {
  static const std::map<std::string, std::string> explained = {
      {"loco.SimpleFunctionTests.SplitWithRequestedIndex",
       "split: with an index the result is an array of one element"},
      {"loco.SimpleFunctionTests.HasAny", "has_any: looks for whole terms, and 'aA' is none of 'AAA'"},
      {"loco.SimpleFunctionTests.array_concat",
       "array_concat: joins its arguments, not the arrays inside one argument"},
      {"loco.SimpleFunctionTests.DecimalMultiplication",
       "decimal: equal numbers have one text, without trailing zeros"},
      {"loco.EndToEndTests.BuiltIns_substring_Columnar",
       "substring: every row has a result; the listing lost the empty one"},
      {"loco.EndToEndTests.BuiltIns_Log10", "log10: null for a negative argument"},
  };
  return explained;
}

struct Tally {
  int passed = 0;
  int explained = 0;
  int refused = 0;
  int failed = 0;
};

enum class Outcome { kPassed, kRefused, kFailed };

// `problem` says what is wrong, or why the query was refused.
Outcome RunExample(const Example& example, std::string& problem) {
  const BoundQuery query = Compile(example.query, EmptyCatalog());
  if (query.root == nullptr) {
    for (const Diagnostic& diagnostic : query.diagnostics) problem += diagnostic.code + " " + diagnostic.message + "; ";
    return Outcome::kRefused;
  }
  problem = CompareColumns(example, query.root->schema);
  if (!problem.empty()) return Outcome::kFailed;
  if (example.skip_rows) return Outcome::kPassed;
  NoTables tables;
  ExecutionOptions options;
  options.now = kNow;
  const auto result = ExecuteToTable(query, tables, options);
  problem = result.ok() ? CompareRows(example, *result) : result.status().ToString();
  return problem.empty() ? Outcome::kPassed : Outcome::kFailed;
}

// The rows of a view over the query, in any order. None: it cannot be kept up to date.
std::optional<ResultTable> RowsOfView(const Example& example, std::string& problem) {
  BoundQuery query = Compile(example.query, EmptyCatalog());
  if (query.root == nullptr) return std::nullopt;
  Diagnostic refused;
  const auto view = incremental::View::Create(std::move(query), {}, refused);
  if (view == nullptr) return std::nullopt;
  ResultTable result{.schema = view->schema(), .rows = {}, .statistics = {}};
  const auto changes = view->Tick(kNow);
  if (!changes.ok()) problem = changes.status().ToString();
  for (std::size_t row = 0; changes.ok() && row < changes->rows(); ++row) {
    if (changes->weights[row] < 0) problem = "a row is taken back that never was there";
    for (std::int64_t n = 0; n < changes->weights[row]; ++n) result.rows.push_back(incremental::RowAt(*changes, row).cells);
  }
  return result;
}

class KqlConformance : public ::testing::TestWithParam<std::string> {};

TEST_P(KqlConformance, EveryExampleHasItsResult) {
  const char* corpus = std::getenv("ZOOMWATCH_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "ZOOMWATCH_CORPUS is not set: the documented results were not compared";
  const std::vector<Example> examples = ReadExamples((std::filesystem::path(corpus) / "kql" / GetParam()).string());
  ASSERT_FALSE(examples.empty());
  std::map<std::string, Tally> tallies;
  for (const Example& example : examples) {
    Tally& tally = tallies[example.tier];
    std::string problem;
    switch (RunExample(example, problem)) {
      case Outcome::kPassed:
        ++tally.passed;
        EXPECT_EQ(Explained().count(example.id), 0U) << example.id << " passes: its explanation can go";
        continue;
      case Outcome::kRefused:
        ++tally.refused;
        if (example.tier == "could") continue;  // refused by name is right there; a wrong answer is not
        break;
      case Outcome::kFailed:
        if (Explained().count(example.id) > 0) {
          ++tally.explained;
          continue;
        }
        ++tally.failed;
        break;
    }
    ADD_FAILURE() << "tier " << example.tier << " " << example.id << "\n  " << problem << "\n  " << example.query;
  }
  for (const auto& [tier, tally] : tallies) {
    std::printf("%s: %s: %d passed, %d explained, %d refused, %d failed\n", GetParam().c_str(), tier.c_str(),
                tally.passed, tally.explained, tally.refused, tally.failed);
  }
}

TEST_P(KqlConformance, EveryExampleThatCanBeKeptUpToDateHasItsResult) {
  const char* corpus = std::getenv("ZOOMWATCH_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "ZOOMWATCH_CORPUS is not set: the documented results were not compared";
  int kept = 0, refused = 0;
  for (Example& example : ReadExamples((std::filesystem::path(corpus) / "kql" / GetParam()).string())) {
    // Joined texts tell the order of rows.
    if (example.skip_rows || example.last_line || example.all_lines || Explained().count(example.id) > 0) continue;
    example.ordered = false;
    std::string problem;
    const auto result = RowsOfView(example, problem);
    ++(result ? kept : refused);
    if (result && problem.empty()) problem = CompareRows(example, *result);
    if (!problem.empty()) ADD_FAILURE() << example.id << "\n  " << problem << "\n  " << example.query;
  }
  std::printf("%s: %d kept up to date, %d refused\n", GetParam().c_str(), kept, refused);
  EXPECT_GT(kept, 0);
}

// The rows of all tables in turn, a second apart: first rows first.
std::vector<testing::StreamRow> RowsInTurn(const StreamedQuery& streamed) {
  std::vector<testing::StreamRow> stream;
  for (std::size_t row = 0, before = 1; before > 0; ++row) {
    before = 0;
    for (const StreamedQuery::Table& table : streamed.tables) {
      if (row >= table.rows.size()) continue;
      const Ticks time = kNow + static_cast<Ticks>(stream.size()) * kTicksPerSecond;
      std::vector<Value> cells = table.rows[row];
      cells.insert(cells.begin(), Value::DateTime(time));
      stream.push_back({.table = table.name, .cells = std::move(cells), .arrival = time});
      ++before;
    }
  }
  return stream;
}

// What a view shows in the end when the rows came one by one. None: it cannot be kept up to date, and `problem` says why.
std::optional<ResultTable> RowsOfStream(const BoundQuery& query, const std::vector<testing::StreamRow>& stream, std::string& problem) {
  Diagnostic refused;
  const auto view = incremental::View::Create(query, {}, refused);
  problem = refused.message;
  if (view == nullptr) return std::nullopt;
  std::vector<std::pair<std::vector<Value>, std::int64_t>> shown;
  const auto tick = [&](Ticks now) {
    const auto changes = view->Tick(now);
    if (!changes.ok()) problem = changes.status().ToString();
    for (std::size_t row = 0; changes.ok() && row < changes->rows(); ++row) {
      std::vector<Value> cells = incremental::RowAt(*changes, row).cells;
      const auto at = std::find_if(shown.begin(), shown.end(), [&](const auto& one) {
        return std::equal(cells.begin(), cells.end(), one.first.begin(), SameKey);
      });
      if (at == shown.end()) shown.emplace_back(std::move(cells), changes->weights[row]);
      else at->second += changes->weights[row];
    }
  };
  tick(kNow);
  for (std::size_t i = 0; i < stream.size(); ++i) {
    for (std::size_t table = 0; table < view->tables().size(); ++table) {
      if (view->tables()[table].name == stream[i].table) view->Insert(table, stream[i].cells, i);
    }
    tick(stream[i].arrival);
  }
  ResultTable result{.schema = view->schema(), .rows = {}, .statistics = {}};
  for (const auto& [cells, weight] : shown) {
    if (weight < 0) problem = "a row is taken back that never was there";
    for (std::int64_t n = 0; n < weight; ++n) result.rows.push_back(cells);
  }
  return result;
}

TEST_P(KqlConformance, EveryExampleThatCanBeKeptUpToDateHasItsResultWhenItsRowsComeOneByOne) {
  const char* corpus = std::getenv("ZOOMWATCH_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "ZOOMWATCH_CORPUS is not set: the documented results were not compared";
  std::map<std::string, int> outcomes;
  for (Example& example : ReadExamples((std::filesystem::path(corpus) / "kql" / GetParam()).string())) {
    const BoundQuery query = Compile(example.query, EmptyCatalog());
    if (query.root == nullptr) {
      ++outcomes["not streamed: the query is refused"];
      continue;
    }
    const StreamedQuery streamed = Streamed(query);
    const std::vector<testing::StreamRow> stream = RowsInTurn(streamed);
    if (stream.empty()) {
      ++outcomes["not streamed: print or range, there are no rows"];
      continue;
    }
    std::string problem;
    auto result = RowsOfStream(streamed.query, stream, problem);
    if (!result) {
      ++outcomes["not streamed: runs in batch, " + problem];
      continue;
    }
    // At each row, at each time at which one leaves, and until none is left; but which elements a full set keeps is not defined.
    const bool full_sets = example.id == "loco.AggregationFunctionTests.MakeSetIf_WithMaxSize" || example.id == "loco.EndToEndTests.BuiltInAggregates_make_set_int";
    if (problem.empty() && !full_sets) problem = testing::CheckView(streamed.query, stream, {.window = 14 * kTicksPerDay});
    const bool documented = !example.skip_rows && !example.last_line && !example.all_lines && Explained().count(example.id) == 0;
    if (problem.empty() && documented) {
      example.ordered = false;
      problem = CompareRows(example, *result);
    }
    ++outcomes[documented ? "streamed, with the documented result" : "streamed, with the result of the batch evaluator"];
    if (!problem.empty()) ADD_FAILURE() << example.id << "\n  " << problem << "\n  " << example.query;
  }
  for (const auto& [outcome, count] : outcomes) std::printf("%s: %4d %s\n", GetParam().c_str(), count, outcome.c_str());
  EXPECT_GT(outcomes["streamed, with the documented result"], 10);
}

INSTANTIATE_TEST_SUITE_P(Files, KqlConformance,
                         ::testing::Values("conformance.jsonl", "edge.jsonl", "second-opinion.jsonl"),
                         [](const auto& file) {
                           std::string name = file.param.substr(0, file.param.find('.'));
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace zoomwatch::kql
