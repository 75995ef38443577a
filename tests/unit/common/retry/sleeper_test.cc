#include "common/retry/sleeper.h"

#include <gtest/gtest.h>

#include <thread>

#include "common/testing/fake_sleeper.h"

namespace zoomwatch {
namespace {

TEST(SystemSleeper, SleepsAndReturnsTrue) {
  std::stop_source source;
  EXPECT_TRUE(SystemSleeper::Get().Sleep(absl::Milliseconds(1), source.get_token()));
}

TEST(SystemSleeper, ReturnsFalseAtOnceWhenStopped) {
  std::stop_source source;
  source.request_stop();
  EXPECT_FALSE(SystemSleeper::Get().Sleep(absl::Hours(1), source.get_token()));
}

TEST(SystemSleeper, StopEndsASleepThatHasBegun) {
  std::stop_source source;
  std::jthread stopper([&source] { source.request_stop(); });
  EXPECT_FALSE(SystemSleeper::Get().Sleep(absl::Hours(1), source.get_token()));
}

TEST(FakeSleeper, MovesTheClockAndRemembers) {
  testing::FakeClock clock(absl::FromUnixSeconds(1000));
  testing::FakeSleeper sleeper(clock);
  std::stop_source source;
  EXPECT_TRUE(sleeper.Sleep(absl::Seconds(5), source.get_token()));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1005));
  ASSERT_EQ(sleeper.sleeps().size(), 1u);
  EXPECT_EQ(sleeper.sleeps()[0], absl::Seconds(5));
}

}  // namespace
}  // namespace zoomwatch
