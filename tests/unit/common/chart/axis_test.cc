#include "common/chart/axis.h"

#include <gtest/gtest.h>

#include "common/kql/convert.h"

namespace zoomwatch::chart {
namespace {

std::string Labels(const std::vector<Tick>& ticks) {
  std::string text;
  for (const Tick& tick : ticks) text += (text.empty() ? "" : " | ") + tick.label;
  return text;
}

double At(std::string_view time) {
  return static_cast<double>(*kql::ParseDateTime(time) - kql::kUnixEpoch) / static_cast<double>(kql::kTicksPerSecond);
}

std::string TimeLabels(std::string_view from, std::string_view to, size_t count) { return Labels(TimeTicks(At(from), At(to), count)); }

TEST(Axis, NumbersAreRound) {
  EXPECT_EQ(Labels(NumberTicks(0, 97, 5)), "0 | 20 | 40 | 60 | 80");
  EXPECT_EQ(Labels(NumberTicks(-1, 1, 4)), "-1 | -0.5 | 0 | 0.5 | 1");
  EXPECT_EQ(Labels(NumberTicks(0.1, 0.35, 3)), "0.1 | 0.2 | 0.3");
  EXPECT_EQ(Labels(NumberTicks(7, 7, 5)), "7");
  EXPECT_EQ(Labels(NumberTicks(1000000.2, 1000001.1, 3)), "1000000.5 | 1000001") << "each mark is told from the next";
  EXPECT_EQ(Labels(NumberTicks(-2e18, 2e18, 3)), "-2e+18 | 0 | 2e+18");
  EXPECT_EQ(Labels(NumberTicks(0, 3e12, 3)), "0 | 1000000000000 | 2000000000000 | 3000000000000");
}

TEST(Axis, TimesAreWholeMinutesHoursDaysMonthsAndYears) {
  EXPECT_EQ(TimeLabels("2024-05-01T10:00:01", "2024-05-01T10:00:09", 4), "10:00:02 | 10:00:04 | 10:00:06 | 10:00:08");
  EXPECT_EQ(TimeLabels("2024-05-01T10:07", "2024-05-01T11:05", 4), "10:15 | 10:30 | 10:45 | 11:00");
  EXPECT_EQ(TimeLabels("2024-05-01T20:00", "2024-05-02T09:00", 4), "05-02 00:00 | 05-02 06:00");
  EXPECT_EQ(TimeLabels("2024-02-27", "2024-03-02", 5), "2024-02-27 | 2024-02-28 | 2024-02-29 | 2024-03-01 | 2024-03-02");
  EXPECT_EQ(TimeLabels("2023-11-15", "2024-03-15", 5), "2023-12 | 2024-01 | 2024-02 | 2024-03");
  EXPECT_EQ(TimeLabels("2019-06-01", "2024-06-01", 6), "2020 | 2021 | 2022 | 2023 | 2024");
  EXPECT_EQ(TimeLabels("2024-05-01T10:00", "2024-05-01T10:00", 5), "05-01 10:00:00");
  EXPECT_FALSE(TimeTicks(At("0001-01-01"), At("9999-12-31"), 5).empty());
}

TEST(Axis, NumbersAreShort) {
  EXPECT_EQ(NumberLabel(1.0 / 3), "0.333333");
  EXPECT_EQ(NumberLabel(1234567.891), "1234567.89");
  EXPECT_EQ(NumberLabel(-1234567.5), "-1234567.5");
  EXPECT_EQ(NumberLabel(1234567.001), "1234567");
  EXPECT_EQ(NumberLabel(2.5e18), "2.5e+18");
}

TEST(Axis, SaysOfWhichDaysTheTimesAre) {
  EXPECT_EQ(TimeRangeLabel(At("2024-05-01T10:00"), At("2024-05-01T23:59:59")), "2024-05-01 UTC");
  EXPECT_EQ(TimeRangeLabel(At("2023-12-31T10:00"), At("2024-01-01")), "2023-12-31 to 2024-01-01 UTC");
}

TEST(Axis, RangesOfValuesHoldZeroAndEndAtRoundNumbers) {
  const AxisRange positive = ValueRange(12, 97, 5);
  EXPECT_EQ(positive.from, 0);
  EXPECT_EQ(positive.to, 100);
  const AxisRange both = ValueRange(-3, 8, 5);
  EXPECT_EQ(both.from, -5);
  EXPECT_EQ(both.to, 10);
  EXPECT_EQ(Labels(RangeTicks(both)), "-5 | 0 | 5 | 10");
  EXPECT_EQ(Labels(RangeTicks(ValueRange(-30.5, 69.5, 5))), "-40 | -20 | 0 | 20 | 40 | 60 | 80");
  EXPECT_EQ(Labels(RangeTicks(ValueRange(0, 0.3, 3))), "0 | 0.1 | 0.2 | 0.3");
  const AxisRange none = ValueRange(0, 0, 5);
  EXPECT_LT(none.from, none.to);
}

}  // namespace
}  // namespace zoomwatch::chart
