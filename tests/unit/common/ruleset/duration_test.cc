#include "common/ruleset/duration.h"

#include <gtest/gtest.h>

namespace zoomwatch::ruleset {
namespace {

absl::Duration Parsed(std::string_view text) {
  const auto duration = ParseRuleDuration(text);
  EXPECT_TRUE(duration.ok()) << text << ": " << duration.status();
  return duration.value_or(-absl::Seconds(1));
}

TEST(RuleDuration, ReadsTheShorthand) {
  EXPECT_EQ(Parsed("30s"), absl::Seconds(30));
  EXPECT_EQ(Parsed("5m"), absl::Minutes(5));
  EXPECT_EQ(Parsed("1h"), absl::Hours(1));
  EXPECT_EQ(Parsed("14d"), absl::Hours(336));
  EXPECT_EQ(Parsed("14D"), absl::Hours(336));
  EXPECT_EQ(Parsed("0d"), absl::ZeroDuration());
  EXPECT_EQ(Parsed("999999d"), absl::Hours(999999 * 24));
}

TEST(RuleDuration, ReadsIso8601) {
  EXPECT_EQ(Parsed("PT1H"), absl::Hours(1));
  EXPECT_EQ(Parsed("P14D"), absl::Hours(336));
  EXPECT_EQ(Parsed("P2DT1H30M"), absl::Hours(49) + absl::Minutes(30));
  EXPECT_EQ(Parsed("PT5M"), absl::Minutes(5));
  EXPECT_EQ(Parsed("PT90S"), absl::Seconds(90));
  EXPECT_EQ(Parsed("P1W"), absl::Hours(168));
  EXPECT_EQ(Parsed("p1dt2h"), absl::Hours(26));
}

TEST(RuleDuration, RefusesWhatIsNotOne) {
  for (const char* text : {"", "5", "m", "5 m", "5min", "-5m", "1.5h", "1000000d", "5w", "P", "PT", "P1DT", "PT1H1D", "PT1M1H", "P1H", "PT1D",
                           "P1.5D", "PD", "PT1HT1M", "1.00:00:00", "P1D "}) {
    EXPECT_FALSE(ParseRuleDuration(text).ok()) << text;
  }
}

TEST(RuleDuration, SaysWhyYearsAndMonthsAreRefused) {
  EXPECT_EQ(ParseRuleDuration("P1M").status().message(), "'P1M' is not a duration: years and months have no fixed length, use days");
  EXPECT_EQ(ParseRuleDuration("P1Y").status().message(), "'P1Y' is not a duration: years and months have no fixed length, use days");
  EXPECT_EQ(ParseRuleDuration("1 day").status().message(), "'1 day' is not a duration: write 5m, 1h, 14d or PT5M, PT1H, P14D");
}

TEST(RuleDuration, IsWrittenWithTheLargestUnit) {
  EXPECT_EQ(RuleDurationText(absl::ZeroDuration()), "0s");
  EXPECT_EQ(RuleDurationText(absl::Seconds(59)), "59s");
  EXPECT_EQ(RuleDurationText(absl::Seconds(60)), "1m");
  EXPECT_EQ(RuleDurationText(absl::Minutes(90)), "90m");
  EXPECT_EQ(RuleDurationText(absl::Hours(23)), "23h");
  EXPECT_EQ(RuleDurationText(absl::Hours(24)), "1d");
  EXPECT_EQ(RuleDurationText(absl::Hours(25)), "25h");
}

TEST(RuleDuration, ReadsWhatItWrites) {
  for (const std::int64_t seconds : {1, 59, 300, 3600, 5400, 86400, 1209600}) {
    EXPECT_EQ(Parsed(RuleDurationText(absl::Seconds(seconds))), absl::Seconds(seconds));
  }
}

}  // namespace
}  // namespace zoomwatch::ruleset
