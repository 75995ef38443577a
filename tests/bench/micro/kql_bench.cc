// What it costs to get queries ready to run, as a multiple of parsing them.
//
//   ZOOMWATCH_CORPUS=FOLDER kql_bench [Google Benchmark's options]
//
// Queries: the published Zoom queries of the corpus, or without one those of rules/zoom. An iteration does all of them.
//   lex      tokens
//   parse    and the syntax tree
//   compile  and binding and optimizing
//   plan     and the dataflow of the incremental evaluator, for the queries that it can keep up to date
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/event_table/event_catalog.h"
#include "common/kql/binder.h"
#include "common/kql/incremental/view.h"
#include "common/kql/lexer.h"
#include "common/kql/parser.h"
#include "common/testing/rule_query.h"
#include "tests/bench/micro/ratio_reporter.h"

namespace zoomwatch::bench {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> ReadQueries() {
  const char* const corpus = std::getenv("ZOOMWATCH_CORPUS");
  const fs::path folder = corpus != nullptr ? fs::path(corpus) / "sentinel-zoom" : fs::path(ZOOMWATCH_SOURCE_DIR) / "rules/zoom";
  std::vector<std::string> queries;
  size_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml" || entry.path().stem().extension() == ".test") continue;
    queries.push_back(testing::QueryOfRule(entry.path()));
    bytes += queries.back().size();
  }
  std::printf("%zu queries of %s, %zu bytes on average\n", queries.size(), corpus != nullptr ? "the corpus" : "rules/zoom",
              queries.empty() ? 0 : bytes / queries.size());
  return queries;
}

void Lex(benchmark::State& state, const std::vector<std::string>& queries) {
  std::vector<kql::Diagnostic> diagnostics;
  for (auto _ : state) {
    for (const std::string& query : queries) benchmark::DoNotOptimize(kql::Lex(query, diagnostics));
  }
  if (!diagnostics.empty()) state.SkipWithError("a query has bad tokens");
}

void Parse(benchmark::State& state, const std::vector<std::string>& queries) {
  std::vector<kql::Diagnostic> diagnostics;
  for (auto _ : state) {
    for (const std::string& query : queries) benchmark::DoNotOptimize(kql::Parse(query, diagnostics));
  }
  if (!diagnostics.empty()) state.SkipWithError("a query cannot be parsed");
}

void Compile(benchmark::State& state, const std::vector<std::string>& queries, bool plan) {
  const event_table::EventCatalog catalog;
  int planned = 0;
  for (auto _ : state) {
    planned = 0;
    for (const std::string& query : queries) {
      kql::BoundQuery bound = kql::Compile(query, catalog);
      if (bound.root == nullptr) state.SkipWithError("a query does not bind");
      if (plan && bound.root != nullptr) {
        kql::Diagnostic refused;
        planned += kql::incremental::View::Create(std::move(bound), {}, refused) != nullptr;
      }
      benchmark::DoNotOptimize(bound);
    }
  }
  if (plan) state.counters["incremental"] = planned;
}

}  // namespace
}  // namespace zoomwatch::bench

int main(int argc, char** argv) {
  using namespace zoomwatch::bench;
  const std::vector<std::string> queries = ReadQueries();
  if (queries.empty()) return 1;
  benchmark::RegisterBenchmark("lex", [&](benchmark::State& state) { Lex(state, queries); });
  benchmark::RegisterBenchmark("parse", [&](benchmark::State& state) { Parse(state, queries); });
  benchmark::RegisterBenchmark("compile", [&](benchmark::State& state) { Compile(state, queries, false); });
  benchmark::RegisterBenchmark("plan", [&](benchmark::State& state) { Compile(state, queries, true); });
  return RunWithRatios(argc, argv, "parse");
}
