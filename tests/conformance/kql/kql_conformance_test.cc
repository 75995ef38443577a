// Runs the queries of the external corpus and compares their results with the expected ones. Runs where
// ZOOMWATCH_CORPUS names the folder with kql/. Prints how many of each tier pass. What can be kept up to date is compared as a view too.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/kql/incremental/view.h"
#include "tests/conformance/kql/example.h"

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

class KqlConformance : public testing::TestWithParam<std::string> {};

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

INSTANTIATE_TEST_SUITE_P(Files, KqlConformance,
                         testing::Values("conformance.jsonl", "edge.jsonl", "second-opinion.jsonl"),
                         [](const auto& file) {
                           std::string name = file.param.substr(0, file.param.find('.'));
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace zoomwatch::kql
