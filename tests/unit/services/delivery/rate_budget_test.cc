#include "services/detector/delivery/rate_budget.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "common/testing/fake_clock.h"

namespace zoomwatch::detector {
namespace {

class RateBudgetTest : public ::testing::Test {
 protected:
  testing::FakeClock clock_{absl::FromUnixSeconds(1795512600)};
};

TEST_F(RateBudgetTest, GrantsATenthAtOnceAndNineTenthsAMinute) {
  RateBudget budget({.calls_per_minute = 600, .bytes_per_minute = 1e9}, clock_);
  for (int i = 0; i < 54; ++i) ASSERT_EQ(budget.Take(1), absl::ZeroDuration()) << i;
  const absl::Duration wait = budget.Take(1);
  EXPECT_GT(wait, absl::Milliseconds(111));  // 540 a minute
  EXPECT_LT(wait, absl::Milliseconds(113));
  EXPECT_EQ(budget.Take(1), wait) << "nothing was taken";
  clock_.Advance(wait);
  EXPECT_EQ(budget.Take(1), absl::ZeroDuration());
  EXPECT_GT(budget.Take(1), absl::ZeroDuration());
  clock_.Advance(absl::Hours(1));
  for (int i = 0; i < 54; ++i) ASSERT_EQ(budget.Take(1), absl::ZeroDuration()) << i;
  EXPECT_GT(budget.Take(1), absl::ZeroDuration());
}

TEST_F(RateBudgetTest, UrgentCallsHaveATenthOfTheirOwn) {
  RateBudget budget({.calls_per_minute = 600, .bytes_per_minute = 6000}, clock_);
  while (budget.Take(10) == absl::ZeroDuration()) {
  }
  for (int i = 0; i < 6; ++i) ASSERT_EQ(budget.Take(10, true), absl::ZeroDuration()) << i;
  EXPECT_GT(budget.Take(10, true), absl::ZeroDuration());
  // While others take all that they can get, an urgent call waits for its own share only.
  for (int i = 0; i < 1000; ++i) {
    clock_.Advance(absl::Milliseconds(200));
    while (budget.Take(10) == absl::ZeroDuration()) {
    }
  }
  EXPECT_EQ(budget.Take(50, true), absl::ZeroDuration());
}

TEST_F(RateBudgetTest, BytesCountToo) {
  RateBudget budget({.calls_per_minute = 1e9, .bytes_per_minute = 6000}, clock_);
  EXPECT_EQ(budget.Take(540), absl::ZeroDuration());
  const absl::Duration wait = budget.Take(90);
  EXPECT_GE(wait, absl::Seconds(1));
  EXPECT_LT(wait, absl::Seconds(1.1));
}

TEST_F(RateBudgetTest, ACallAboveAFullBucketIsNotRefusedForEver) {
  RateBudget budget({.calls_per_minute = 600, .bytes_per_minute = 6000}, clock_);
  EXPECT_EQ(budget.Take(1'000'000), absl::ZeroDuration());
  EXPECT_GT(budget.Take(1), absl::ZeroDuration());
  EXPECT_EQ(budget.Take(60, true), absl::ZeroDuration());
}

TEST_F(RateBudgetTest, NoMinuteExceedsTheLimits) {
  RateBudget budget({}, clock_);
  std::mt19937 random(1);
  struct Call {
    absl::Duration time;
    size_t bytes;
  };
  std::deque<Call> minute;
  size_t bytes_in_minute = 0;
  size_t most_calls = 0;
  size_t most_bytes = 0;
  for (int i = 0; i < 100'000; ++i) {
    const size_t bytes = random() % 3 == 0 ? 1'000'000 : 2'000;
    for (absl::Duration wait = budget.Take(bytes); wait > absl::ZeroDuration(); wait = budget.Take(bytes))
      clock_.Advance(wait);
    minute.push_back({clock_.Monotonic(), bytes});
    bytes_in_minute += bytes;
    while (clock_.Monotonic() - minute.front().time > absl::Minutes(1)) {
      bytes_in_minute -= minute.front().bytes;
      minute.pop_front();
    }
    most_calls = std::max(most_calls, minute.size());
    most_bytes = std::max(most_bytes, bytes_in_minute);
    if (random() % 20'000 == 0) clock_.Advance(absl::Minutes(5));
  }
  EXPECT_LE(most_calls, 12'000u);
  EXPECT_LE(most_bytes, 500'000'000u);
  EXPECT_GE(most_bytes, 440'000'000u) << "the budget is used";
}

}  // namespace
}  // namespace zoomwatch::detector
