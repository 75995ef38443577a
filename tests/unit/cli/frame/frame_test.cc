#include "cli/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "cli/arguments.h"
#include "common/status/reasons.h"

namespace zoomwatch::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr FlagSpec kFlags[] = {
    {"answer", "N", "The exit code, a text long enough to be continued on a line of its own below the first.", true}};
constexpr Example kExamples[] = {{"the usual", "zoomwatch echo --answer 0"}};
constexpr CommandSpec kCommands[] = {
    {.name = "echo",
     .summary = "answer with a number",
     .description = "First paragraph.\n\nSecond paragraph.",
     .flags = kFlags,
     .positional = {},
     .examples = kExamples,
     .exit_codes = "0: so it was asked.",
     .run = [](Arguments& arguments, const Console& console) -> absl::StatusOr<int> {
       console.out << "echo";
       const int64_t answer = arguments.Integer("answer", 0, 0, 255);
       if (!arguments.status().ok()) return arguments.status();
       return static_cast<int>(answer);
     }},
    {.name = "fail",
     .summary = "always fail",
     .description = "",
     .flags = {},
     .positional = {},
     .examples = {},
     .exit_codes = "1: always.",
     .run = [](Arguments&, const Console&) -> absl::StatusOr<int> {
       return Error(Reason::kSecretEmpty, "token: nothing in it");
     }},
};

struct Result {
  int code;
  std::string out;
  std::string error;
};

Result RunLine(std::vector<std::string> arguments) {
  std::ostringstream out;
  std::ostringstream error;
  const int code = RunCommandLine(kCommands, arguments, Console{.out = out, .error = error});
  return {code, out.str(), error.str()};
}

TEST(Frame, RunsTheCommandAndReturnsItsExitCode) {
  const Result result = RunLine({"echo", "--answer", "7"});
  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(result.out, "echo");
  EXPECT_EQ(result.error, "");
}

TEST(Frame, EndsAWrongCommandLineWithCode2AndAPointerToTheHelp) {
  const Result result = RunLine({"echo", "--anwser", "7"});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.error,
            "zoomwatch echo: no such option: --anwser; did you mean --answer?\nTry 'zoomwatch help echo'.\n");
  EXPECT_EQ(RunLine({"echo", "--answer", "256"}).code, 2);
}

TEST(Frame, EndsAFailureWithCode1AndItsReason) {
  const Result result = RunLine({"fail"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.error, "zoomwatch fail: SECRET_EMPTY: token: nothing in it\n");
}

TEST(Frame, NamesTheNearestCommand) {
  const Result result = RunLine({"ehco"});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.error, "zoomwatch: no such command: ehco; did you mean echo?\nTry 'zoomwatch --help'.\n");
  EXPECT_EQ(RunLine({"zzzzzzzzz"}).error, "zoomwatch: no such command: zzzzzzzzz\nTry 'zoomwatch --help'.\n");
  EXPECT_EQ(RunLine({"help", "fial"}).error,
            "zoomwatch: no such command: fial; did you mean fail?\nTry 'zoomwatch --help'.\n");
}

TEST(Frame, WithoutArgumentsListsTheCommandsOnTheErrorStream) {
  const Result result = RunLine({});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.error, HasSubstr("answer with a number"));
}

TEST(Frame, HelpGoesToStandardOutput) {
  for (const char* word : {"--help", "-h", "help"}) {
    const Result result = RunLine({word});
    EXPECT_EQ(result.code, 0) << word;
    EXPECT_THAT(result.out, HasSubstr("  fail                      always fail\n")) << word;
  }
  EXPECT_THAT(RunLine({"--version"}).out, StartsWith("zoomwatch "));
  EXPECT_EQ(RunLine({"--versoin"}).code, 2);
}

TEST(Frame, SaysWhatAServiceWithoutACallLacks) {
  EXPECT_EQ(FaultText(absl::UnavailableError("connection refused")), "UNAVAILABLE: connection refused");
  EXPECT_THAT(FaultText(absl::UnimplementedError("")), HasSubstr("rules in its configuration"));
  EXPECT_EQ(FaultText(absl::UnimplementedError("not yet")), "UNIMPLEMENTED: not yet");
}

TEST(Frame, PrintsTheSameHelpOnBothWays) {
  const std::string expected =
      "zoomwatch echo: answer with a number\n\n"
      "Usage: zoomwatch echo --answer N\n\n"
      "First paragraph.\n\nSecond paragraph.\n\n"
      "Options:\n"
      "  --answer N                The exit code, a text long enough to be continued on a line of its own\n"
      "                            below the first. Required.\n"
      "  --help                    Print this text.\n\n"
      "Examples:\n  # the usual\n  zoomwatch echo --answer 0\n\n"
      "Exit codes: 0: so it was asked. 2: wrong command line.\n";
  EXPECT_EQ(RunLine({"help", "echo"}).out, expected);
  EXPECT_EQ(RunLine({"echo", "--help"}).out, expected);
}

TEST(Frame, ContinuesLongExamplesBeforeAnOption) {
  constexpr Example kLong[] = {
      {"long",
       "zoomwatch echo --first aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa --second b --third "
       "c"}};
  CommandSpec spec = kCommands[0];
  spec.examples = kLong;
  EXPECT_THAT(
      HelpText(spec),
      HasSubstr("  zoomwatch echo --first aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa \\\n"
                "      --second b --third c\n"));
}

}  // namespace
}  // namespace zoomwatch::cli
