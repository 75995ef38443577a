#include "common/config/values.h"

#include <gtest/gtest.h>

namespace zoomwatch::config {
namespace {

TEST(ParseDuration, AcceptsUnitsAndSums) {
  EXPECT_EQ(ParseDuration("250ms"), absl::Milliseconds(250));
  EXPECT_EQ(ParseDuration("3s"), absl::Seconds(3));
  EXPECT_EQ(ParseDuration("90m"), absl::Minutes(90));
  EXPECT_EQ(ParseDuration("1h30m"), absl::Minutes(90));
  EXPECT_EQ(ParseDuration("30d"), absl::Hours(720));
  EXPECT_EQ(ParseDuration("0"), absl::ZeroDuration());
}

TEST(ParseDuration, RefusesWhatCouldBeMisread) {
  for (const char* text : {"", "5", "-5s", "+5s", "5 s", "s", "1.5h", "1h30", "5S", "99999999999999999999d", "40000d"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(FormatDuration, IsReadBack) {
  for (const char* text : {"0s", "250ms", "2500ms", "3s", "1h30m", "3d8h", "1m1s"}) {
    EXPECT_EQ(config::FormatDuration(*ParseDuration(text)), text);
  }
}

TEST(ParseInteger, AcceptsUnitsForSizesOnly) {
  EXPECT_EQ(ParseInteger("65536", true), 65536);
  EXPECT_EQ(ParseInteger("64KiB", true), 65536);
  EXPECT_EQ(ParseInteger("10GiB", true), int64_t{10} << 30);
  EXPECT_EQ(ParseInteger("64KiB", false), std::nullopt);
  EXPECT_EQ(ParseInteger("-3", false), -3);
  EXPECT_EQ(ParseInteger("-3KiB", true), std::nullopt);
  EXPECT_EQ(ParseInteger("9999999999GiB", true), std::nullopt);
  EXPECT_EQ(ParseInteger("99999999999999999999", false), std::nullopt);
  EXPECT_EQ(ParseInteger("", false), std::nullopt);
  EXPECT_EQ(ParseInteger("1e3", false), std::nullopt);
}

}  // namespace
}  // namespace zoomwatch::config
