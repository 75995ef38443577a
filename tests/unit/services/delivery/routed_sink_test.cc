#include "services/detector/delivery/routed_sink.h"

#include <gmock/gmock.h>

#include <functional>
#include <string>

#include "common/status/reasons.h"
#include "common/testing/status_matchers.h"

namespace zoomwatch::detector {
namespace {

using Next = SendOutcome::Next;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::HasReason;

// One stream: remembers what it was given, and answers as it is told.
class FakeStream final : public RowSink {
 public:
  absl::Status Open(const std::string&) override { return open_status; }
  SendOutcome Send(const std::vector<OutgoingRow>& rows, const std::stop_token&) override {
    calls.emplace_back();
    for (const OutgoingRow& row : rows) calls.back().emplace_back(row.json);
    return answer ? answer(rows.size()) : SendOutcome{.settled = rows.size()};
  }
  void Cancel() override { cancelled = true; }
  std::string State() const override { return ""; }

  std::vector<std::vector<std::string>> calls;
  std::function<SendOutcome(size_t)> answer;  // to so many rows
  absl::Status open_status;
  bool cancelled = false;
};

std::function<SendOutcome(size_t)> Fails(Next next, Reason reason, size_t settled = 0, absl::Duration retry_after = {}) {
  return [=](size_t) { return SendOutcome{.settled = settled, .next = next, .status = Error(reason, "told to"), .retry_after = retry_after}; };
}

class RoutedSinkTest : public ::testing::Test {
 protected:
  RoutedSinkTest() {
    std::vector<std::unique_ptr<RowSink>> sinks;
    for (FakeStream*& stream : streams_) {
      auto sink = std::make_unique<FakeStream>();
      stream = sink.get();
      sinks.push_back(std::move(sink));
    }
    sink_ = std::make_unique<RoutedSink>(std::move(sinks));
  }
  // Rows "0", "1", ... for these streams; -1: not sent.
  SendOutcome Send(const std::vector<int>& streams) {
    std::vector<std::string> texts;
    for (size_t i = 0; i < streams.size(); ++i) texts.push_back(std::to_string(i));
    std::vector<OutgoingRow> rows;
    for (size_t i = 0; i < streams.size(); ++i) {
      rows.push_back({.json = texts[i], .time = absl::UnixEpoch(), .stream = streams[i] < 0 ? OutgoingRow::kNotSent : static_cast<size_t>(streams[i])});
    }
    return sink_->Send(rows, {});
  }

  FakeStream* streams_[3] = {};
  std::unique_ptr<RoutedSink> sink_;
};

TEST_F(RoutedSinkTest, GivesEachStreamItsRowsInOrder) {
  const SendOutcome outcome = Send({1, 0, -1, 1, 0, 0});
  EXPECT_EQ(outcome.settled, 6u);
  EXPECT_EQ(outcome.next, Next::kGoOn);
  EXPECT_OK(outcome.status);
  EXPECT_THAT(outcome.ahead, IsEmpty());
  EXPECT_THAT(streams_[0]->calls, ElementsAre(ElementsAre("1", "4", "5")));
  EXPECT_THAT(streams_[1]->calls, ElementsAre(ElementsAre("0", "3")));
  EXPECT_THAT(streams_[2]->calls, IsEmpty());
}

TEST_F(RoutedSinkTest, RowsOfNoStreamAreSettledAlone) {
  const SendOutcome outcome = Send({-1, -1});
  EXPECT_EQ(outcome.settled, 2u);
  for (const FakeStream* stream : streams_) EXPECT_THAT(stream->calls, IsEmpty());
}

TEST_F(RoutedSinkTest, ARefusingStreamLeavesTheRowsOfOthersSettledAhead) {
  streams_[1]->answer = Fails(Next::kWait, Reason::kDeliveryAllRefused, 1);
  const SendOutcome outcome = Send({0, 1, 0, 1, -1, 0, 1, 2});
  EXPECT_EQ(outcome.settled, 3u) << "up to the second row of the stream";
  EXPECT_THAT(outcome.ahead, ElementsAre(4, 5, 7));
  EXPECT_EQ(outcome.next, Next::kWait);
  EXPECT_THAT(outcome.status, HasReason(Reason::kDeliveryAllRefused));
  EXPECT_THAT(streams_[2]->calls, ElementsAre(ElementsAre("7"))) << "the others are tried all the same";
}

TEST_F(RoutedSinkTest, WhatHoldsForAllStreamsEndsTheAttempt) {
  for (const Reason reason : {Reason::kDeliveryUnreachable, Reason::kDeliveryThrottled, Reason::kDeliveryForbidden,
                              Reason::kDeliveryRuleUnknown, Reason::kTokenRefused, Reason::kShuttingDown}) {
    for (FakeStream* stream : streams_) stream->calls.clear();
    streams_[1]->answer = Fails(Next::kRetry, reason);
    const SendOutcome outcome = Send({-1, 1, 0, -1});
    EXPECT_EQ(outcome.settled, 1u);
    EXPECT_THAT(outcome.ahead, ElementsAre(3));
    EXPECT_THAT(outcome.status, HasReason(reason));
    EXPECT_THAT(streams_[0]->calls, IsEmpty());
  }
}

TEST_F(RoutedSinkTest, TheOldestRowThatWaitsSaysWhyAndTheLongestTimeIsKept) {
  streams_[0]->answer = Fails(Next::kWait, Reason::kDeliveryAllRefused, 2, absl::Seconds(7));
  streams_[1]->answer = Fails(Next::kRetry, Reason::kDeliveryThrottled, 0, absl::Seconds(3));
  const SendOutcome outcome = Send({0, 0, 1, 0, 1});
  EXPECT_EQ(outcome.settled, 2u);
  EXPECT_EQ(outcome.next, Next::kRetry);
  EXPECT_THAT(outcome.status, HasReason(Reason::kDeliveryThrottled));
  EXPECT_EQ(outcome.retry_after, absl::Seconds(7));
  EXPECT_THAT(outcome.ahead, IsEmpty());
}

TEST_F(RoutedSinkTest, RefusedRowsHaveTheirOwnNumbersAgain) {
  const auto refuses = [](size_t row) {
    return [row](size_t rows) {
      SendOutcome outcome{.settled = rows};
      outcome.refused.push_back({.row = row, .status = Error(Reason::kDeliveryRejected, "bad")});
      return outcome;
    };
  };
  streams_[0]->answer = refuses(1);  // row 4
  streams_[1]->answer = refuses(0);  // row 1
  streams_[2]->answer = Fails(Next::kWait, Reason::kDeliveryAllRefused);
  const SendOutcome outcome = Send({0, 1, 1, 2, 0});
  EXPECT_EQ(outcome.settled, 3u);
  EXPECT_THAT(outcome.ahead, ElementsAre(4));
  ASSERT_EQ(outcome.refused.size(), 2u);
  EXPECT_EQ(outcome.refused[0].row, 1u);
  EXPECT_EQ(outcome.refused[1].row, 4u);
}

TEST_F(RoutedSinkTest, OpensAndCancelsAll) {
  EXPECT_OK(sink_->Open(""));
  sink_->Cancel();
  for (const FakeStream* stream : streams_) EXPECT_TRUE(stream->cancelled);
  streams_[2]->open_status = Error(Reason::kSinkFailed, "no");
  EXPECT_THAT(sink_->Open(""), HasReason(Reason::kSinkFailed));
}

}  // namespace
}  // namespace zoomwatch::detector
