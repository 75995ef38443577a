#include "services/detector/delivery/json_lines_sink.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"

namespace zoomwatch::detector {
namespace {

using testing::HasReason;
using testing::HasReasonAndMessage;
using ::testing::HasSubstr;

std::string ReadAll(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The status of an attempt with these rows; an attempt settles all of them or none.
absl::Status Send(JsonLinesSink& sink, const std::vector<std::string_view>& texts) {
  std::vector<OutgoingRow> rows;
  for (const std::string_view text : texts) rows.push_back({.json = text, .time = absl::UnixEpoch()});
  const SendOutcome outcome = sink.Send(rows, {});
  EXPECT_EQ(outcome.settled, outcome.status.ok() ? rows.size() : 0);
  EXPECT_EQ(outcome.next, outcome.status.ok() ? SendOutcome::Next::kGoOn : SendOutcome::Next::kRetry);
  EXPECT_TRUE(outcome.refused.empty());
  return outcome.status;
}

void WriteAll(const std::string& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

class JsonLinesSinkTest : public ::testing::Test {
 protected:
  testing::TempDir dir_;
  const std::string file_ = dir_.file("rows.jsonl");
};

TEST_F(JsonLinesSinkTest, WritesOneLineForEachRow) {
  JsonLinesSink sink(file_);
  ASSERT_OK(sink.Open(""));
  EXPECT_EQ(sink.State(), "0");
  ASSERT_OK(Send(sink, {R"({"a":1})", R"({"b":2})"}));
  EXPECT_EQ(sink.State(), "16");
  ASSERT_OK(Send(sink, {R"({"c":3})"}));
  EXPECT_EQ(sink.State(), "24");
  EXPECT_EQ(ReadAll(file_), "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
}

TEST_F(JsonLinesSinkTest, MakesTheFolder) {
  JsonLinesSink sink(dir_.file("new/deep/rows.jsonl"));
  ASSERT_OK(sink.Open(""));
  ASSERT_OK(Send(sink, {"{}"}));
  EXPECT_EQ(ReadAll(dir_.file("new/deep/rows.jsonl")), "{}\n");
}

TEST_F(JsonLinesSinkTest, ReopeningCutsWhatWasNotCommitted) {
  std::string committed;
  {
    JsonLinesSink sink(file_);
    ASSERT_OK(sink.Open(""));
    ASSERT_OK(Send(sink, {"first"}));
    committed = sink.State();
    ASSERT_OK(Send(sink, {"second"}));
  }
  JsonLinesSink sink(file_);
  ASSERT_OK(sink.Open(committed));
  EXPECT_EQ(ReadAll(file_), "first\n");
  EXPECT_EQ(sink.State(), committed);
  ASSERT_OK(Send(sink, {"second"}));
  EXPECT_EQ(ReadAll(file_), "first\nsecond\n");
}

TEST_F(JsonLinesSinkTest, RowsThatTheStoreKnowsNothingOfAreSetAsideAndNeverCut) {
  WriteAll(file_, "old\n");
  {
    JsonLinesSink sink(file_);
    ASSERT_OK(sink.Open(""));
    ASSERT_OK(Send(sink, {"new"}));
  }
  EXPECT_EQ(ReadAll(file_ + ".uncommitted.1"), "old\n");
  EXPECT_EQ(ReadAll(file_), "new\n");
  JsonLinesSink again(file_);
  ASSERT_OK(again.Open(""));
  EXPECT_EQ(ReadAll(file_ + ".uncommitted.1"), "old\n");
  EXPECT_EQ(ReadAll(file_ + ".uncommitted.2"), "new\n");
  EXPECT_EQ(ReadAll(file_), "");
}

TEST_F(JsonLinesSinkTest, ReopeningAtTheLengthChangesNothing) {
  WriteAll(file_, "first\n");
  JsonLinesSink sink(file_);
  ASSERT_OK(sink.Open("6"));
  EXPECT_EQ(ReadAll(file_), "first\n");
}

TEST_F(JsonLinesSinkTest, AShorterFileIsAnErrorAndStays) {
  WriteAll(file_, "first\n");
  JsonLinesSink sink(file_);
  EXPECT_THAT(sink.Open("7"), HasReasonAndMessage(Reason::kSinkFailed, HasSubstr("6 bytes, but 7 were committed")));
  EXPECT_EQ(ReadAll(file_), "first\n");
}

TEST_F(JsonLinesSinkTest, AMissingFileIsAnErrorOnceRowsWereCommitted) {
  JsonLinesSink sink(file_);
  EXPECT_THAT(sink.Open("1"), HasReason(Reason::kSinkFailed));
}

TEST_F(JsonLinesSinkTest, ASecondOpenerIsRefusedAndCutsNothing) {
  JsonLinesSink first(file_);
  ASSERT_OK(first.Open(""));
  ASSERT_OK(Send(first, {"row"}));
  JsonLinesSink second(file_);
  EXPECT_THAT(second.Open(""), HasReasonAndMessage(Reason::kSinkFailed, HasSubstr("is in use by another process")));
  EXPECT_EQ(ReadAll(file_), "row\n");
}

TEST_F(JsonLinesSinkTest, ClosingFreesTheFile) {
  auto first = std::make_optional<JsonLinesSink>(file_);
  ASSERT_OK(first->Open(""));
  first.reset();
  JsonLinesSink second(file_);
  EXPECT_OK(second.Open("0"));
}

TEST_F(JsonLinesSinkTest, AStateOfAnotherKindIsAnErrorAndLeavesTheFile) {
  WriteAll(file_, "first\n");
  for (const char* state : {"x", "6x", "-1", " 6", "6 ", "18446744073709551616", "{\"offset\":6}"}) {
    SCOPED_TRACE(state);
    JsonLinesSink sink(file_);
    EXPECT_THAT(sink.Open(state),
                HasReasonAndMessage(Reason::kSinkFailed, HasSubstr("the state of another kind of sink")));
    EXPECT_EQ(ReadAll(file_), "first\n");
  }
}

TEST_F(JsonLinesSinkTest, AFileThatCannotBeOpenedIsAnError) {
  std::filesystem::create_directory(file_);
  JsonLinesSink sink(file_);
  EXPECT_THAT(sink.Open(""), HasReasonAndMessage(Reason::kSinkFailed, HasSubstr("cannot be opened")));
}

TEST_F(JsonLinesSinkTest, AFailedAttemptSettlesNothing) {
  JsonLinesSink sink(file_);  // not opened
  EXPECT_THAT(Send(sink, {"row"}), HasReasonAndMessage(Reason::kSinkFailed, HasSubstr("cannot be written")));
}

}  // namespace
}  // namespace zoomwatch::detector
