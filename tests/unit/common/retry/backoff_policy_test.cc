#include "common/retry/backoff_policy.h"

#include <gtest/gtest.h>

namespace zoomwatch {
namespace {

TEST(BackoffPolicy, BoundDoublesUntilTheLongest) {
  BackoffPolicy policy({.initial = absl::Milliseconds(100), .longest = absl::Milliseconds(500)}, 1);
  EXPECT_EQ(policy.bound(), absl::Milliseconds(100));
  policy.Next();
  EXPECT_EQ(policy.bound(), absl::Milliseconds(200));
  policy.Next();
  EXPECT_EQ(policy.bound(), absl::Milliseconds(400));
  policy.Next();
  EXPECT_EQ(policy.bound(), absl::Milliseconds(500));
  policy.Next();
  EXPECT_EQ(policy.bound(), absl::Milliseconds(500));
}

TEST(BackoffPolicy, DelaysFillTheWholeRangeBelowTheBound) {
  BackoffPolicy policy({.initial = absl::Seconds(1), .longest = absl::Seconds(1)}, 7);
  absl::Duration least = absl::InfiniteDuration(), most = absl::ZeroDuration(), sum;
  for (int i = 0; i < 2000; ++i) {
    const absl::Duration delay = policy.Next();
    ASSERT_GE(delay, absl::ZeroDuration());
    ASSERT_LE(delay, absl::Seconds(1));
    least = std::min(least, delay);
    most = std::max(most, delay);
    sum += delay;
  }
  EXPECT_LT(least, absl::Milliseconds(20));
  EXPECT_GT(most, absl::Milliseconds(980));
  EXPECT_NEAR(absl::ToDoubleSeconds(sum / 2000), 0.5, 0.05);
}

TEST(BackoffPolicy, ResetStartsAtTheFirstBoundAgain) {
  BackoffPolicy policy({.initial = absl::Milliseconds(10), .longest = absl::Seconds(10)}, 3);
  for (int i = 0; i < 5; ++i) policy.Next();
  policy.Reset();
  EXPECT_EQ(policy.bound(), absl::Milliseconds(10));
}

TEST(BackoffPolicy, SeedDecidesTheDelays) {
  BackoffPolicy a({}, 11), b({}, 11), c({}, 12);
  const absl::Duration first = a.Next();
  EXPECT_EQ(first, b.Next());
  EXPECT_NE(first, c.Next());
}

}  // namespace
}  // namespace zoomwatch
