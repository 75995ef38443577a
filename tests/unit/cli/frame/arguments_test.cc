#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace zoomwatch::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr FlagSpec kFlags[] = {
    {"url", "URL", "where", true}, {"file", "PATH", "what", false, true},
    {"rate", "N", "how fast"},     {"wait", "DURATION", "how long"},
    {"at", "TIME", "when"},        {"json", "", "as JSON"},
};
constexpr CommandSpec kSpec = {.name = "x",
                               .summary = {},
                               .description = {},
                               .flags = kFlags,
                               .positional = {"NAME", "who", 0, 2},
                               .examples = {},
                               .exit_codes = {}};

absl::StatusOr<Arguments> Parse(std::vector<std::string> arguments) { return Arguments::Parse(kSpec, arguments); }
std::string ErrorOf(std::vector<std::string> arguments) {
  const auto parsed = Parse(std::move(arguments));
  EXPECT_EQ(ReasonOf(parsed.status()), Reason::kUsage);
  return std::string(parsed.status().message());
}

TEST(Arguments, ReadsValuesBehindASpaceAndBehindAnEqualsSign) {
  const auto parsed = Parse({"--url", "http://a", "--file=b=c", "--file", "", "--json", "name"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->Text("url"), "http://a");
  EXPECT_THAT(parsed->All("file"), ElementsAre("b=c", ""));
  EXPECT_TRUE(parsed->Has("json"));
  EXPECT_FALSE(parsed->Has("rate"));
  EXPECT_THAT(parsed->positional(), ElementsAre("name"));
}

TEST(Arguments, TakesEverythingBehindTwoDashesAsArguments) {
  const auto parsed = Parse({"--url", "u", "--", "--json", "-x"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_FALSE(parsed->Has("json"));
  EXPECT_THAT(parsed->positional(), ElementsAre("--json", "-x"));
}

TEST(Arguments, TakesALoneDashAsAnArgument) {
  const auto parsed = Parse({"--url", "u", "-"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(parsed->positional(), ElementsAre("-"));
}

TEST(Arguments, NamesTheNearestFlag) {
  EXPECT_EQ(ErrorOf({"--ulr", "u"}), "no such option: --ulr; did you mean --url?");
  EXPECT_EQ(ErrorOf({"--hepl"}), "no such option: --hepl; did you mean --help?");
  EXPECT_EQ(ErrorOf({"--qqqqqqqq=1"}), "no such option: --qqqqqqqq");
  EXPECT_EQ(ErrorOf({"-u"}), "no such option: -u; options begin with two dashes");
}

TEST(Arguments, RefusesMissingAndSuperfluousValues) {
  EXPECT_EQ(ErrorOf({"--url"}), "--url needs a value: --url URL");
  EXPECT_EQ(ErrorOf({"--url", "u", "--json=yes"}), "--json takes no value");
  EXPECT_EQ(ErrorOf({"--url", "u", "--url", "v"}), "--url is given twice");
  EXPECT_EQ(ErrorOf({}), "--url URL is required");
  EXPECT_EQ(ErrorOf({"--url", "u", "a", "b", "c"}), "unexpected argument: 'c'");
}

TEST(Arguments, AcceptsHelpWithoutTheRequiredFlags) {
  EXPECT_TRUE(Parse({"--help"})->help());
  EXPECT_TRUE(Parse({"--json", "-h", "--unknown"})->help());
}

TEST(Arguments, ReadsNumbersWithinTheirBounds) {
  const auto read = [](const char* text) {
    auto parsed = Parse({"--url", "u", "--rate", text});
    const int64_t value = parsed->Integer("rate", -1, 1, 10);
    return parsed->status().ok() ? value : -1;
  };
  EXPECT_EQ(read("0"), -1);
  EXPECT_EQ(read("1"), 1);
  EXPECT_EQ(read("10"), 10);
  EXPECT_EQ(read("11"), -1);
  EXPECT_EQ(read("3x"), -1);
  EXPECT_EQ(read(""), -1);
}

TEST(Arguments, ReadsFractions) {
  const auto read = [](const char* text) {
    auto parsed = Parse({"--url", "u", "--rate", text});
    const double value = parsed->Number("rate", -1, 0, 1);
    return parsed->status().ok() ? value : -1;
  };
  EXPECT_EQ(read("0.25"), 0.25);
  EXPECT_EQ(read("1"), 1);
  EXPECT_EQ(read("1.01"), -1);
  EXPECT_EQ(read("nan"), -1);
  EXPECT_EQ(read("0.5s"), -1);
}

TEST(Arguments, KeepsTheFirstFault) {
  auto parsed = Parse({"--url", "u", "--rate", "fast", "--wait", "soon", "--at", "noon"});
  EXPECT_EQ(parsed->Integer("rate", 7, 1, 10), 7);
  EXPECT_EQ(parsed->Duration("wait", absl::Seconds(3), absl::Seconds(1), absl::Minutes(1)), absl::Seconds(3));
  EXPECT_EQ(parsed->Time("at"), std::nullopt);
  EXPECT_EQ(parsed->status().message(), "--rate: expected a whole number from 1 to 10, found 'fast'");
}

TEST(Arguments, ReadsDurationsAndTimes) {
  auto parsed = Parse({"--url", "u", "--wait", "1m", "--at", "2026-05-04T10:00:00Z"});
  EXPECT_EQ(parsed->Duration("wait", absl::ZeroDuration(), absl::Seconds(1), absl::Minutes(1)), absl::Minutes(1));
  EXPECT_EQ(parsed->Time("at"), absl::FromUnixSeconds(1777888800));
  EXPECT_TRUE(parsed->status().ok());
  auto late = Parse({"--url", "u", "--wait", "61s"});
  late->Duration("wait", absl::ZeroDuration(), absl::Seconds(1), absl::Minutes(1));
  EXPECT_EQ(late->status().message(), "--wait: expected a duration from 1s to 1m, found '61s'");
}

}  // namespace
}  // namespace zoomwatch::cli
