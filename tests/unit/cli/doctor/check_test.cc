#include "cli/doctor/check.h"

#include <gtest/gtest.h>

namespace zoomwatch::cli {
namespace {

Checks Example() {
  Checks checks;
  Pass(checks, "config", "fine");
  Warn(checks, "clock", "late", "look");
  Fail(checks, "running", "503\nspool: full", "make room");
  return checks;
}

TEST(Checks, FailOnlyByAFailure) {
  Checks checks = Example();
  EXPECT_TRUE(AnyFailed(checks));
  checks.pop_back();
  EXPECT_FALSE(AnyFailed(checks));
}

TEST(Checks, PrintALineEachAndTheRemedyBelow) {
  EXPECT_EQ(ChecksTable(Example()),
            "ok    config        fine\n"
            "warn  clock         late\n"
            "                    -> look\n"
            "FAIL  running       503\n"
            "                    spool: full\n"
            "                    -> make room\n");
}

TEST(Checks, LetNoAnswerActOnTheTerminal) {
  Checks checks;
  Fail(checks, "running", "a\x1b[2J\xC2\x9Bz\n\rb", "look");
  EXPECT_EQ(ChecksTable(checks),
            "FAIL  running       a\\u{1b}[2J\\u{9b}z\n"
            "                    \\rb\n"
            "                    -> look\n");
}

TEST(Checks, PrintAsJson) {
  EXPECT_EQ(
      ChecksJson(Example()),
      R"({"checks":[{"verdict":"ok","check":"config","finding":"fine","remedy":""},)"
      R"({"verdict":"warn","check":"clock","finding":"late","remedy":"look"},)"
      R"({"verdict":"fail","check":"running","finding":"503\u000aspool: full","remedy":"make room"}],"ok":false})");
}

}  // namespace
}  // namespace zoomwatch::cli
