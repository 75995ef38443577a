#include "services/detector/alerts/delivered_alerts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "services/detector/alerts/stored_numbers.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string RunsOf(const std::vector<std::uint64_t>& numbers) {
  std::string text;
  for (const std::uint64_t number : numbers) AppendNumber(number, text);
  return text;
}

TEST(DeliveredAlerts, TheNewestWaitFirst) {
  const DeliveredAlerts delivered(2);
  EXPECT_THAT(delivered.Waiting(7, 10, false), ElementsAre(6, 5, 4, 3));
  EXPECT_THAT(delivered.Waiting(7, 2, false), ElementsAre(6, 5));
  EXPECT_THAT(delivered.Waiting(7, 2, true), ElementsAre(3, 4));
  EXPECT_THAT(delivered.Waiting(3, 10, false), IsEmpty());
  EXPECT_THAT(delivered.Waiting(7, 0, false), IsEmpty());
}

TEST(DeliveredAlerts, ABacklogThatIsCaughtUpLeavesThePositionAlone) {
  DeliveredAlerts delivered;
  std::uint64_t end = 101;
  for (int batch = 0; batch < 40; ++batch) {
    for (const std::uint64_t sequence : delivered.Waiting(end, 5, false)) delivered.Add(sequence);
    if (batch < 10) end += 2;  // alerts that come meanwhile go first
    EXPECT_LE(delivered.Runs().size(), 16U) << "one run";
  }
  EXPECT_EQ(delivered.position(), 120U);
  EXPECT_EQ(delivered.Count(), 120U);
  EXPECT_EQ(delivered.Runs(), "");
}

// Against a set of numbers.
TEST(DeliveredAlerts, AreWhatWasAddedWhateverTheOrder) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    DeliveredAlerts delivered;
    std::set<std::uint64_t> waiting;
    std::uint64_t end = 1;
    for (int step = 0; step < 60; ++step) {
      for (auto fresh = random() % 5; fresh > 0; --fresh) waiting.insert(end++);
      for (auto count = random() % 5; count > 0 && !waiting.empty(); --count) {
        const auto chosen = std::next(waiting.begin(), static_cast<std::ptrdiff_t>(random() % waiting.size()));
        delivered.Add(*chosen);
        waiting.erase(chosen);
      }
      const std::vector<std::uint64_t> ascending(waiting.begin(), waiting.end());
      const std::vector<std::uint64_t> descending(waiting.rbegin(), waiting.rend());
      ASSERT_EQ(delivered.Waiting(end, 1000, true), ascending) << "seed " << seed;
      ASSERT_EQ(delivered.Waiting(end, 1000, false), descending) << "seed " << seed;
      ASSERT_EQ(delivered.Count(), end - 1 - waiting.size()) << "seed " << seed;
      ASSERT_EQ(delivered.position(), waiting.empty() ? end - 1 : *waiting.begin() - 1) << "seed " << seed;
      for (std::uint64_t sequence = 1; sequence < end; ++sequence) {
        ASSERT_EQ(delivered.Contains(sequence), !waiting.contains(sequence)) << "seed " << seed;
      }
      const auto again = DeliveredAlerts::Parse(delivered.position(), delivered.Runs(), end);
      ASSERT_TRUE(again.has_value()) << "seed " << seed;
      ASSERT_EQ(again->Runs(), delivered.Runs()) << "seed " << seed;
      ASSERT_EQ(again->Count(), delivered.Count()) << "seed " << seed;
      delivered = *again;
    }
  }
}

TEST(DeliveredAlerts, ManyRunsLeadBackToTheOldest) {
  DeliveredAlerts delivered;
  const std::uint64_t end = 2 * DeliveredAlerts::kMaxRuns + 2;
  for (std::uint64_t sequence = 2; sequence < end; sequence += 2) delivered.Add(sequence);
  EXPECT_THAT(delivered.Waiting(end, 3, false), ElementsAre(1, 3, 5));
  delivered.Add(1);
  EXPECT_EQ(delivered.position(), 2U);
  EXPECT_THAT(delivered.Waiting(end, 1, false), ElementsAre(end - 1)) << "fewer runs again";
}

TEST(DeliveredAlerts, RunsThatCannotBeAreRefused) {
  EXPECT_TRUE(DeliveredAlerts::Parse(5, "", 6).has_value());
  EXPECT_TRUE(DeliveredAlerts::Parse(5, RunsOf({7, 8, 10, 10}), 11).has_value());
  EXPECT_FALSE(DeliveredAlerts::Parse(5, RunsOf({7}), 11).has_value()) << "half of one";
  EXPECT_FALSE(DeliveredAlerts::Parse(5, "garbage", 11).has_value());
  EXPECT_FALSE(DeliveredAlerts::Parse(5, RunsOf({7, 8, 10, 11}), 11).has_value()) << "not stored yet";
  EXPECT_FALSE(DeliveredAlerts::Parse(5, RunsOf({6, 7}), 11).has_value()) << "belongs to the position";
  EXPECT_FALSE(DeliveredAlerts::Parse(5, RunsOf({7, 8, 9, 10}), 11).has_value()) << "one run";
  EXPECT_FALSE(DeliveredAlerts::Parse(5, RunsOf({9, 10, 7, 7}), 11).has_value()) << "out of order";
  EXPECT_FALSE(DeliveredAlerts::Parse(5, RunsOf({9, 8}), 11).has_value()) << "backwards";
  EXPECT_FALSE(DeliveredAlerts::Parse(5, RunsOf({3, 4}), 11).has_value()) << "before the position";
  EXPECT_FALSE(DeliveredAlerts::Parse(5, RunsOf({7, UINT64_MAX}), 11).has_value());
}

}  // namespace
}  // namespace zoomwatch::detector
