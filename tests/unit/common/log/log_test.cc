#include "common/log/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "common/status/reasons.h"

namespace zoomwatch {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    SetLogSinkForTest([this](std::string_view line) { lines_.emplace_back(line); });
  }
  ~LogTest() override {
    SetLogSinkForTest(nullptr);
    ConfigureLog({});
  }
  std::vector<std::string> lines_;
};

TEST_F(LogTest, WritesOneJsonObjectWithTypedFields) {
  ConfigureLog({.service = "receiver"});
  Log(Severity::kWarning, "thing happened", {{"account", "main"}, {"count", 3}, {"ratio", 0.5}, {"good", true}});
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_THAT(lines_[0], HasSubstr(R"("severity":"WARNING","message":"thing happened","service":"receiver","account":"main","count":3,"ratio":0.5,"good":true})"));
}

TEST_F(LogTest, EscapesWhatAPeerMayPutIntoAField) {
  Log(Severity::kInfo, "m", {{"value", std::string_view("a\"b\\c\n\x1b[31m\xff\xc3\xa9")}});
  EXPECT_THAT(lines_[0], HasSubstr(R"("value":"a\"b\\c\u000a\u001b[31m\ufffdé")"));
}

TEST_F(LogTest, WhatOnlyATerminalWouldActOnIsEscapedToo) {
  Log(Severity::kInfo, "escapes", {{"value", "\xC2\x80\xC2\x9B" "2J\xC2\x9F\xC2\xA0\xD8\x9C\xE2\x80\x8D\xE2\x80\x8E\xE2\x80\xA8\xE2\x80\xAE\xE2\x81\xA6\xE2\x81\xAA"}});
  EXPECT_THAT(lines_[0], HasSubstr("\"value\":\"\\u0080\\u009b2J\\u009f\xC2\xA0\\u061c\xE2\x80\x8D\\u200e\\u2028\\u202e\\u2066\xE2\x81\xAA\""));
}

TEST_F(LogTest, CutsLongFieldsOnACharacterBoundary) {
  Log(Severity::kInfo, "m", {{"value", std::string(kMaxLogFieldBytes - 1, 'x') + "\xc3\xa9"}});
  EXPECT_THAT(lines_[0], HasSubstr("xx...\""));
  Log(Severity::kInfo, "n", {{"value", std::string(kMaxLogFieldBytes, 'x')}});
  EXPECT_THAT(lines_[1], HasSubstr("xx\""));
}

TEST_F(LogTest, DropsLinesBelowTheConfiguredSeverity) {
  ConfigureLog({.least_severity = Severity::kWarning});
  Log(Severity::kInfo, "quiet");
  Log(Severity::kError, "loud");
  EXPECT_THAT(lines_, SizeIs(1));
}

TEST_F(LogTest, LimitsEachMessageApart) {
  ConfigureLog({.max_lines_per_second = 2});
  for (int i = 0; i < 50; ++i) Log(Severity::kInfo, "often");
  Log(Severity::kInfo, "rare");
  EXPECT_LE(lines_.size(), 5u);  // two of "often" a second, over at most two seconds, and "rare"
  EXPECT_THAT(lines_.back(), HasSubstr("rare"));
}

TEST_F(LogTest, NamesReasonAndMessageOfAStatus) {
  Log(Severity::kError, "m", {{"error", Error(Reason::kSpoolFull, "spool: full")}});
  EXPECT_THAT(lines_[0], HasSubstr(R"("error":"SPOOL_FULL: spool: full")"));
}

}  // namespace
}  // namespace zoomwatch
