#include "services/detector/incidents/hourly_budget.h"

#include <gtest/gtest.h>

#include "common/testing/fake_clock.h"

namespace zoomwatch::detector {
namespace {

class HourlyBudgetTest : public ::testing::Test {
 protected:
  testing::FakeClock clock_{absl::FromUnixSeconds(1'795'000'000)};
  HourlyBudget budget_{3, clock_};
};

TEST_F(HourlyBudgetTest, GivesTheLimitAtOnceAndThenOneForEachThatIsAnHourOld) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(budget_.Wait(), absl::ZeroDuration());
    budget_.Take();
    clock_.Advance(absl::Minutes(10));
  }
  EXPECT_EQ(budget_.Wait(), absl::Minutes(30) + absl::Seconds(1));
  clock_.Advance(absl::Minutes(30) + absl::Seconds(1));
  EXPECT_EQ(budget_.Wait(), absl::ZeroDuration());
  budget_.Take();
  EXPECT_EQ(budget_.Wait(), absl::Minutes(10));
}

TEST_F(HourlyBudgetTest, InNoHourMoreThanTheLimit) {
  std::vector<absl::Time> taken;
  for (int i = 0; i < 20'000; ++i) {
    if (budget_.Wait() == absl::ZeroDuration()) {
      budget_.Take();
      taken.push_back(clock_.Now());
    }
    clock_.Advance(absl::Milliseconds(1370));
  }
  ASSERT_GT(taken.size(), 20U);
  for (size_t i = 3; i < taken.size(); ++i) EXPECT_GE(taken[i] - taken[i - 3], absl::Hours(1));
}

TEST_F(HourlyBudgetTest, GoesOnBehindARestart) {
  for (int i = 0; i < 3; ++i) budget_.Take();
  HourlyBudget again(3, clock_);
  ASSERT_TRUE(again.Load(budget_.Save()));
  EXPECT_EQ(again.Wait(), budget_.Wait());
  EXPECT_GT(again.Wait(), absl::Minutes(59));
}

TEST_F(HourlyBudgetTest, ALowerLimitThanBeforeHoldsAtOnce) {
  for (int i = 0; i < 3; ++i) {
    budget_.Take();
    clock_.Advance(absl::Minutes(1));
  }
  HourlyBudget lower(1, clock_);
  ASSERT_TRUE(lower.Load(budget_.Save()));
  EXPECT_EQ(lower.Wait(), absl::Minutes(59) + absl::Seconds(1)) << "the youngest must be an hour old";
}

TEST_F(HourlyBudgetTest, AClockThatWasSetBackDelaysByAnHourAtMost) {
  for (int i = 0; i < 3; ++i) budget_.Take();
  HourlyBudget again(3, clock_);
  ASSERT_TRUE(again.Load(budget_.Save()));
  clock_.Advance(-absl::Hours(24 * 365));
  EXPECT_LE(again.Wait(), absl::Hours(1) + absl::Seconds(1));
  clock_.Advance(absl::Hours(1) + absl::Seconds(1));
  EXPECT_EQ(again.Wait(), absl::ZeroDuration());
}

TEST_F(HourlyBudgetTest, RefusesWhatItDidNotSave) {
  for (const char* const text : {"x", "1 2x", "99999999999999999999"}) EXPECT_FALSE(budget_.Load(text)) << text;
  EXPECT_TRUE(budget_.Load(""));
  EXPECT_EQ(budget_.Wait(), absl::ZeroDuration());
}

}  // namespace
}  // namespace zoomwatch::detector
