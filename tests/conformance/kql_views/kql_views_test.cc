// A view shows at every moment what the batch evaluator computes over the same rows: on random queries and streams, step by step,
// and in random groups. ZOOMWATCH_VIEW_CASES and ZOOMWATCH_VIEW_SEED ask for a longer or another run.
#include <cstdlib>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/conformance/kql_views/random_query.h"
#include "tests/conformance/kql_views/view_check.h"

namespace zoomwatch::kql::testing {
namespace {

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(ViewEqualsBatch, OnRandomQueriesAndStreams) {
  const std::uint64_t cases = FromEnvironment("ZOOMWATCH_VIEW_CASES", 1500);
  const std::uint64_t first = FromEnvironment("ZOOMWATCH_VIEW_SEED", 1);
  const Tables tables = RandomTables();
  std::uint64_t refused = 0;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    std::mt19937_64 random(seed);
    const std::string query = RandomQuery(random);
    const auto stream = RandomStream(random, 5 + random() % 30);
    for (const bool one_by_one : {true, false}) {
      const std::string found = CheckView(query, tables, stream, {.window = kRandomWindow, .seed = seed, .one_by_one = one_by_one});
      if (found.starts_with("refused")) {
        ++refused;
        continue;
      }
      ASSERT_EQ(found, "") << "seed " << seed << (one_by_one ? ", row by row" : ", in groups") << "\n" << query;
    }
  }
  EXPECT_EQ(refused, 0U);
}

}  // namespace
}  // namespace zoomwatch::kql::testing
