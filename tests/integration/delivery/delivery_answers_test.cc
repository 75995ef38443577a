// Every answer that Azure or what stands before it may give, at every point where a call can fail, and every limit of a call below,
// at and above it. Claims: no row is lost; rows come twice only where Azure committed and the answer did not say so, and the copies
// are the same, so that `summarize arg_min(TimeGenerated, *) by EventId` removes them; and nothing is refused for its form or size.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

#include "common/event_table/event_row.h"
#include "tests/integration/delivery/azure_delivery_fixture.h"

namespace zoomwatch::detector {
namespace {

using fakes::Fault;
using fakes::FaultAction;
using fakes::FaultTarget;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

// Registered statuses that are no success; those in common use by gateways and proxies beside them.
constexpr int kStatuses[] = {300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411,
                             412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499, 500, 501,
                             502, 503, 504, 505, 506, 507, 508, 510, 511, 520, 521, 522, 523, 524, 525, 526, 529, 530, 599};
constexpr char kInjected[] = "Injected";
constexpr int kRows = 30;  // of a case: four calls

class DeliveryAnswersTest : public AzureDeliveryFixture {
 protected:
  void SetUp() override {
    AzureDeliveryFixture::SetUp();
    StartAzure();
    // Bodies of 10,000 bytes hold nine of the rows.
    Deliver("", "    max_body_bytes: 10000\n");
  }

  // Delivers some rows while the faults are in force. `committed`: Azure may have stored rows and said something else.
  void Check(const std::string& name, const std::vector<Fault>& faults, bool committed) {
    SCOPED_TRACE(name);
    azure_->Forget();
    for (const Fault& fault : faults) {
      if (fault.target == FaultTarget::kToken) azure_->tokens().RevokeTokens();
      ASSERT_OK(azure_->AddFault(fault));
    }
    const int first = next_;
    next_ += kRows;
    AppendEvents(first, kRows, 700);
    AwaitAll();
    EXPECT_EQ(azure_->pending_faults(), 0u) << "no call ran into the fault";
    const std::map<int, int> arrived = Arrived();
    EXPECT_THAT(arrived, SizeIs(kRows)) << "rows lost";
    int doubled = 0;
    for (const auto& [number, times] : arrived) doubled += times > 1;
    if (!committed) {
      EXPECT_EQ(doubled, 0);
    }
    const std::vector<std::string> rows = azure_->Rows(kStream);
    EXPECT_THAT(std::set<std::string>(rows.begin(), rows.end()), SizeIs(kRows)) << "copies differ";
    EXPECT_THAT(*log_->ListQuarantine(0, 10), IsEmpty());
    for (const auto& [code, count] : azure_->state().refusals) {
      EXPECT_TRUE(code == kInjected || (code == "InvalidAuthenticationToken" && faults[0].target == FaultTarget::kToken)) << code;
    }
    ++cases_;
    doubled_ += doubled;
  }

  int next_ = 0, cases_ = 0, doubled_ = 0;
};

Fault At(FaultTarget target, FaultAction action, int status = 503) {
  // Of a row's calls the second one fails; a token is asked for once.
  return {.target = target, .action = action, .skip = target == FaultTarget::kToken ? 0 : 1, .status = status, .code = kInjected,
          .message = "injected"};
}

TEST_F(DeliveryAnswersTest, EveryStatusBeforeAnythingIsStored) {
  for (const int status : kStatuses) {
    Check(fmt::format("ingestion {}", status), {At(FaultTarget::kIngestion, FaultAction::kAnswer, status)}, false);
    Check(fmt::format("token {}", status), {At(FaultTarget::kToken, FaultAction::kAnswer, status)}, false);
  }
  EXPECT_EQ(cases_, 2 * static_cast<int>(std::size(kStatuses)));
}

TEST_F(DeliveryAnswersTest, EveryStatusInPlaceOfTheAnswerToStoredRows) {
  for (const int status : kStatuses) {
    Check(fmt::format("stored, then {}", status), {At(FaultTarget::kIngestion, FaultAction::kCommitThenAnswer, status)}, true);
  }
  EXPECT_GT(doubled_, 0) << "the case that removing repeats is for";
}

TEST_F(DeliveryAnswersTest, EveryPointAtWhichAConnectionCanBeCut) {
  for (const FaultTarget target : {FaultTarget::kIngestion, FaultTarget::kToken}) {
    for (const FaultAction action : {FaultAction::kCutInBody, FaultAction::kCutBeforeCommit}) {
      Check(fmt::format("target {} action {}", static_cast<int>(target), static_cast<int>(action)), {At(target, action)}, false);
    }
    for (const FaultAction action : {FaultAction::kCommitThenCut, FaultAction::kCommitThenCutInAnswer}) {
      // A token that was given and cut makes no row come twice.
      Check(fmt::format("target {} action {}", static_cast<int>(target), static_cast<int>(action)), {At(target, action)},
            target == FaultTarget::kIngestion);
    }
  }
}

TEST_F(DeliveryAnswersTest, EveryFormOfRetryAfter) {
  for (const int status : {429, 500, 503}) {
    for (const int seconds : {0, 1, 59, 3599, 3600, 3601, 2'000'000'000}) {
      const std::size_t before = sleeper_.sleeps().size();
      Fault fault = At(FaultTarget::kIngestion, FaultAction::kAnswer, status);
      fault.retry_after_seconds = seconds;
      Check(fmt::format("{} Retry-After {}", status, seconds), {fault}, false);
      const std::vector<absl::Duration> sleeps = sleeper_.sleeps();
      ASSERT_GT(sleeps.size(), before);
      EXPECT_GE(sleeps[before], absl::Seconds(std::min(seconds, 3600)));
      EXPECT_LE(sleeps[before], absl::Hours(1)) << "no longer than an hour is obeyed";
    }
  }
}

TEST_F(DeliveryAnswersTest, SeveralFaultsInARow) {
  for (const int status : {400, 401, 403, 404, 413, 429, 500, 503}) {
    Check(fmt::format("cut, {}, stored and cut, {}", status, status),
          {At(FaultTarget::kIngestion, FaultAction::kCutBeforeCommit), At(FaultTarget::kIngestion, FaultAction::kAnswer, status),
           At(FaultTarget::kIngestion, FaultAction::kCommitThenCut), At(FaultTarget::kIngestion, FaultAction::kAnswer, status)},
          true);
  }
}

// Limits. Each test starts its own worker, so that its rows are there before the first attempt.
class DeliveryLimitsTest : public AzureDeliveryFixture {
 protected:
  // An event whose row has exactly that many bytes.
  event::v1::Event EventOfRowSize(int number, std::size_t row_bytes) const {
    event::v1::Event event = MakeEvent(number, 0);
    std::string row;
    event_table::RowEncoder({.max_row_bytes = 999'998}).Append(event, row);
    ZOOMWATCH_CHECK(row.size() <= row_bytes);
    event = MakeEvent(number, row_bytes - row.size());
    row.clear();
    event_table::RowEncoder({.max_row_bytes = 999'998}).Append(event, row);
    ZOOMWATCH_CHECK(row.size() == row_bytes);
    return event;
  }
  event::v1::Event EventAt(int number, absl::Time time) const {
    event::v1::Event event = MakeEvent(number, 10);
    event.mutable_receive_time()->set_seconds(absl::ToUnixSeconds(time));
    event.mutable_receive_time()->set_nanos(static_cast<int32_t>(absl::ToUnixMicros(time) % 1'000'000 * 1000));
    return event;
  }
  uint64_t Calls() const { return azure_->state().streams.at(kStream).calls; }
};

class CallSizeTest : public DeliveryLimitsTest, public ::testing::WithParamInterface<std::tuple<int, int>> {};

TEST_P(CallSizeTest, TwoRowsAreOneCallUpToTheLimit) {
  const auto [limit, above] = GetParam();
  options_.limits.max_body_bytes = options_.limits.max_content_bytes = static_cast<std::size_t>(limit);  // the fake is as strict
  StartAzure();
  // Each row has at most 60,000 bytes, so that its payload stays in one column.
  const int rows = limit > 100'000 ? 20 : 2;
  const int room = limit + above - 2 - (rows - 1);  // brackets and commas
  std::vector<event::v1::Event> events;
  for (int i = 0; i < rows; ++i) events.push_back(EventOfRowSize(i, static_cast<std::size_t>(room / rows + (i < room % rows ? 1 : 0))));
  Append(std::move(events));
  Deliver("", fmt::format("    max_body_bytes: {}\n", limit));
  AwaitAll();
  ExpectEachOnce(rows);
  ExpectNothingRefusedOrChanged();
  EXPECT_EQ(Calls(), above > 0 ? 2u : 1u);
  if (above <= 0) {
    EXPECT_EQ(azure_->state().largest_content_bytes, static_cast<uint64_t>(limit + above));
  }
}

TEST_P(CallSizeTest, ALargeRowFitsIntoACall) {
  const auto [limit, above] = GetParam();
  options_.limits.max_body_bytes = options_.limits.max_content_bytes = static_cast<std::size_t>(limit);
  options_.limits.max_field_bytes = 64'000;
  StartAzure();
  for (int i = 0; i < 3; ++i) Append({MakeEvent(i, static_cast<std::size_t>(limit + above - 600 + 300 * i))});
  Append({MakeEvent(3, static_cast<std::size_t>(2 * limit))});
  Deliver("", fmt::format("    max_body_bytes: {}\n", limit));
  AwaitAll();
  ExpectEachOnce(4);
  ExpectNothingRefusedOrChanged();
}

INSTANTIATE_TEST_SUITE_P(BelowAtAbove, CallSizeTest,
                         ::testing::Combine(::testing::Values(10'000, 1'000'000), ::testing::Values(-1, 0, 1)));

TEST_F(DeliveryLimitsTest, SpanOfACallToAnAuxiliaryTable) {
  options_.streams[0].auxiliary = true;
  int number = 0;
  for (const absl::Duration beyond : {-absl::Microseconds(1), absl::ZeroDuration(), absl::Microseconds(1)}) {
    SCOPED_TRACE(absl::FormatDuration(beyond));
    if (worker_ != nullptr) worker_->Stop(absl::Seconds(30));
    StartAzure();
    const absl::Time begin = absl::FromUnixMicros(absl::ToUnixMicros(clock_.Now()));
    Append({EventAt(number, begin), EventAt(number + 1, begin + absl::Minutes(30) + beyond)});
    number += 2;
    Deliver();
    AwaitAll();
    ExpectEachOnce(2);
    ExpectNothingRefusedOrChanged();
    EXPECT_EQ(Calls(), beyond > absl::ZeroDuration() ? 2u : 1u);
  }
}

TEST_F(DeliveryLimitsTest, SpanCountsWhateverTheOrderOfTimes) {
  options_.streams[0].auxiliary = true;
  StartAzure();
  const absl::Time now = clock_.Now();
  Append({EventAt(0, now), EventAt(1, now - absl::Minutes(20)), EventAt(2, now + absl::Minutes(11)), EventAt(3, now - absl::Minutes(19))});
  Deliver();
  AwaitAll();
  ExpectEachOnce(4);
  ExpectNothingRefusedOrChanged();
}

TEST_F(DeliveryLimitsTest, FieldsBelowAtAndAboveTheirLimit) {
  options_.limits.max_field_bytes = 64'000;  // the smaller reading of "64 KB"
  StartAzure();
  int number = 0;
  for (const std::size_t size : {63'998, 63'999, 64'000, 64'001, 65'535, 65'536, 65'537, 200'000}) {
    for (const char* const unit : {"x", "\"", "\x01", "\u00e9", "\U0001f4ce"}) {
      event::v1::Event event = MakeEvent(number++, size - 11);
      std::string text;
      while (text.size() < size) text += unit;
      event.set_user(text);
      event.mutable_meeting()->set_topic(text);
      Append({std::move(event)});
    }
  }
  Deliver();
  AwaitAll();
  ExpectEachOnce(number);
  ExpectNothingRefusedOrChanged();
}

TEST_F(DeliveryLimitsTest, TimesBelowAtAndAboveWhatTheServiceKeeps) {
  StartAzure();
  const absl::Time now = absl::FromUnixMicros(absl::ToUnixMicros(clock_.Now()));
  clock_.SetNow(now);
  int number = 0;
  for (const absl::Time edge : {now - absl::Hours(48), now + absl::Hours(24)}) {
    for (const absl::Duration step : {-absl::Microseconds(1), absl::ZeroDuration(), absl::Microseconds(1)}) {
      event::v1::Event event = EventAt(number++, edge + step);
      *event.mutable_event_time() = event.receive_time();
      Append({std::move(event)});
    }
  }
  Deliver();
  AwaitAll();
  ExpectEachOnce(number);
  const fakes::AzureState state = azure_->state();
  EXPECT_THAT(state.refusals, IsEmpty());
  EXPECT_EQ(state.streams.at(kStream).changes.time_replaced, 2u) << "one too old, one too far ahead";
  // What the service replaced is still in the row.
  for (const std::string& row : azure_->Rows(kStream)) EXPECT_NE(row.find("\"EventTime\":\""), std::string::npos);
  const std::string too_old = absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", now - absl::Hours(48) - absl::Microseconds(1), absl::UTCTimeZone());
  EXPECT_NE(azure_->Rows(kStream)[0].find("\"EventTime\":\"" + too_old), std::string::npos);
}

}  // namespace
}  // namespace zoomwatch::detector
