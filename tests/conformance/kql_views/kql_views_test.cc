// A view shows at every moment what the batch evaluator computes over the same rows: on random queries and streams, fed in several ways.
// A case that fails prints its query and the rows that are needed to see it, and its seed, which runs it again:
//   ZOOMWATCH_VIEW_SEED=<seed> ZOOMWATCH_VIEW_CASES=1 kql_views_test
// ZOOMWATCH_VIEW_CASES alone asks for a longer run.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "common/kql/functions/aggregates.h"
#include "tests/conformance/kql_views/random_query.h"
#include "tests/conformance/kql_views/random_stream.h"
#include "tests/conformance/kql_views/view_check.h"

namespace zoomwatch::kql::testing {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kCases = 1200;  // a case costs ten times as much
#else
constexpr std::uint64_t kCases = 10'000;
#endif
constexpr std::uint64_t kTwins = kCases / 10;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Most are short, so that many fit; some are long enough to fill and empty the window several times.
std::vector<StreamRow> StreamOf(std::mt19937_64& random) { return RandomStream(random, random() % 40 == 0 ? 60 : 3 + random() % 10); }

// A failure, when there is one, with all that is needed to see it again.
::testing::AssertionResult Agrees(const std::string& query, const Tables& tables, const std::vector<StreamRow>& stream,
                                  const CheckOptions& options, Coverage* coverage) {
  static constexpr const char* kFeeds[] = {"row by row", "in groups", "shuffled"};
  const std::string found = CheckView(query, tables, stream, options, coverage);
  if (found.empty()) return ::testing::AssertionSuccess();
  const std::vector<StreamRow> few = Shrink(query, tables, stream, options);
  return ::testing::AssertionFailure() << "seed " << options.seed << ", " << kFeeds[static_cast<int>(options.feed)] << "\n" << query
                                       << (options.batch_query.empty() ? "" : "\n-- and in batch\n" + options.batch_query) << "\n" << ToText(few)
                                       << CheckView(query, tables, few, options);
}

class ViewEqualsBatch : public ::testing::Test {
 protected:
  const Tables tables_ = RandomTables();
  const std::uint64_t first_ = FromEnvironment("ZOOMWATCH_VIEW_SEED", 1);
};

TEST_F(ViewEqualsBatch, OnRandomQueriesAndStreams) {
  const std::uint64_t cases = FromEnvironment("ZOOMWATCH_VIEW_CASES", kCases);
  Coverage coverage;
  for (std::uint64_t seed = first_; seed < first_ + cases; ++seed) {
    std::mt19937_64 random(seed);
    const RandomQueryText query = RandomQuery(random);
    const std::vector<StreamRow> stream = StreamOf(random);
    for (const Feed feed : {Feed::kRowByRow, Feed::kGroups, Feed::kShuffled}) {
      if (feed == Feed::kShuffled && query.by_order) continue;
      ASSERT_TRUE(Agrees(query.text, tables_, stream, {.window = kRandomWindow, .seed = seed, .feed = feed},
                         feed == Feed::kRowByRow ? &coverage : nullptr));
    }
  }
  if (std::getenv("ZOOMWATCH_VIEW_COVERAGE") != nullptr) {
    for (const auto& [name, count] : coverage) std::printf("%8llu %s\n", static_cast<unsigned long long>(count), name.c_str());
  }
  if (cases < kCases) return;
  EXPECT_GT(coverage["views with rows"], cases / 2);
  EXPECT_GT(coverage["views with rows taken back"], cases / 2);
  EXPECT_LE(coverage["results too large to compare"], cases / 1000);
  for (const char* const step :
       {"where", "where, by the clock", "where, by other tables", "columns", "columns from other tables", "summarize", "union", "top", "take", "parse",
        "parse-where", "mv-expand", "mv-apply", "in (table)", "!in (table)", "join kind=inner", "join kind=innerunique", "join kind=leftouter",
        "join kind=rightouter", "join kind=fullouter", "join kind=leftsemi", "join kind=rightsemi", "join kind=leftanti", "join kind=rightanti",
        "earliest row of each key", "constant rows", "expiry"}) {
    EXPECT_GE(coverage[step], cases / 200) << step;
  }
  for (const AggregateFunction& function : AggregateFunctions()) {
    // Other names of the same.
    if (function.name == "cnt" || function.name == "makeset" || function.name == "makelist" || function.name.starts_with("argm") || function.name == "anyif") continue;
    EXPECT_GE(coverage["aggregate " + function.name], cases / 1000 + 1) << function.name;
  }
}

TEST_F(ViewEqualsBatch, OnTwoQueriesThatMeanTheSame) {
  const std::uint64_t cases = FromEnvironment("ZOOMWATCH_VIEW_CASES", kTwins);
  Coverage names;
  for (std::uint64_t seed = first_; seed < first_ + cases; ++seed) {
    std::mt19937_64 random(seed);
    const TwinQueries twins = RandomTwins(random);
    const std::vector<StreamRow> stream = StreamOf(random);
    ++names[twins.name];
    const CheckOptions options{.window = kRandomWindow, .seed = seed, .feed = Feed::kRowByRow, .batch_query = twins.other};
    ASSERT_TRUE(Agrees(twins.one, tables_, stream, options, nullptr)) << twins.name;
  }
  if (cases < kTwins) return;
  EXPECT_EQ(names.size(), 11U);
}

// Differences that random cases found.

TEST_F(ViewEqualsBatch, TheStateOfAGroupIsThatOfTheRowItShowsNow) {
  const std::vector<StreamRow> one = {
      {.table = "A", .cells = {Value::DateTime(1000), Value::String("a"), Value::String("x"), Value(), Value(), Value()}, .arrival = 1000}};
  EXPECT_TRUE(Agrees("A | summarize earliest = min(TimeGenerated)", tables_, one, {.window = kRandomWindow}, nullptr));
}

// A row of A with k, g and a list of texts in d.l, one second after the row before.
StreamRow RowOf(Ticks second, const char* k, const char* g, const std::vector<const char*>& list = {}) {
  std::vector<Value> texts;
  for (const char* text : list) texts.push_back(Value::String(text));
  const Ticks time = kTicksPerDay + second * kTicksPerSecond;
  const Value dynamic = Value::OfBag(Bag({{"l", Value::OfArray(std::move(texts))}}));
  return {.table = "A", .cells = {Value::DateTime(time), Value::String(k), Value::String(g), Value(), Value(), dynamic}, .arrival = time};
}

TEST_F(ViewEqualsBatch, AJoinKeepsTheOrderOfTheRowsThatAnEventWasExpandedTo) {
  std::vector<const char*> many = {"q", "p", "o", "n", "m", "l", "k", "j", "i"};  // so many that chance does not find their order
  const std::vector<StreamRow> one = {RowOf(0, "a", "x", many)};
  EXPECT_TRUE(Agrees("A | mv-expand e = d.l to typeof(string) | join kind=leftanti (A | where k == 'none') on k | project e | take 1", tables_, one,
                     {.window = kRandomWindow}, nullptr));
}

TEST_F(ViewEqualsBatch, AnElementThatComesInLaterIsStillBeforeTheNextOfItsEvent) {
  const std::vector<StreamRow> three = {RowOf(0, "a", "x", {"p", "q"}), RowOf(1, "b", "q"), RowOf(2, "b", "p")};
  for (const char* const choice : {"summarize take_any(e)", "summarize arg_max(k, e)", "summarize make_bag(bag_pack('e', e))"}) {
    const std::string query = std::string("A | mv-expand e = d.l to typeof(string) | where e in (A | project g) | ") + choice;
    EXPECT_TRUE(Agrees(query, tables_, three, {.window = kRandomWindow}, nullptr));
  }
  EXPECT_TRUE(Agrees("A | mv-expand e = d.l to typeof(string) | where e in (A | project g) | join kind=innerunique (A | where k == 'a') on k | project e",
                     tables_, three, {.window = kRandomWindow}, nullptr));
}

}  // namespace
}  // namespace zoomwatch::kql::testing
