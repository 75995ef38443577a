// The sink against a scripted Azure that parses each body as the service does: it keeps rows, refuses poison, and can
// be told how to answer.
#include "services/detector/delivery/logs_ingestion_sink.h"

#include <gmock/gmock.h>

#include <random>

#include "common/json/document.h"
#include "common/json/parser.h"
#include "common/testing/fake_clock.h"
#include "common/testing/fake_sleeper.h"
#include "common/testing/status_matchers.h"
#include "tests/unit/services/delivery/fixed_tokens.h"
#include "tests/unit/services/delivery/gunzip.h"
#include "tests/unit/services/delivery/scripted_http_client.h"

namespace zoomwatch::detector {
namespace {

using Next = SendOutcome::Next;
using ::testing::ElementsAre;
using testing::HasReason;
using testing::HasReasonAndMessage;
using ::testing::HasSubstr;

constexpr absl::Time kNow = absl::FromUnixSeconds(1795512600);

class LogsIngestionSinkTest : public ::testing::Test {
 protected:
  LogsIngestionSinkTest() {
    http_.Answer([this](const RecordedRequest& request) { return Receive(request); });
  }

  // What Azure does with a call: the status of `script_` while there is one, 400 when a row says "poison", otherwise
  // 204.
  HttpResponse Receive(const RecordedRequest& request) {
    const std::string body = request.Header("Content-Encoding") == "gzip" ? Gunzip(request.body) : request.body;
    json::Parser parser;
    json::Document document;
    EXPECT_OK(parser.Parse(body, document));
    EXPECT_EQ(document.at(json::Document::root()).type, json::Type::kArray);
    EXPECT_LE(body.size(), max_body_bytes_);
    EXPECT_LE(request.body.size(), body.size());
    std::vector<std::string> rows;
    for (json::NodeIndex node = json::Document::first_child(json::Document::root());
         node < document.end_of(json::Document::root()); node = document.at(node).next) {
      rows.emplace_back(document.Raw(node));
    }
    call_rows_.push_back(rows.size());
    body_bytes_.push_back(body.size());
    if (!script_.empty()) {
      const HttpResponse response = script_.front();
      script_.erase(script_.begin());
      return response;
    }
    if (all_refused_ || body.find("poison") != std::string::npos) {
      return {.status = 400, .body = R"({"error":{"code":"InvalidPayload","message":"a row is wrong"}})"};
    }
    stored_.insert(stored_.end(), rows.begin(), rows.end());
    return {.status = 204};
  }

  // Rows {"n":<first>}, ... of `count`, one second apart.
  void AddRows(int first, int count) {
    for (int i = first; i < first + count; ++i) AddRow("{\"n\":" + std::to_string(i) + "}");
  }
  void AddRow(std::string json) { AddRow(std::move(json), kNow + absl::Seconds(static_cast<int64_t>(texts_.size()))); }
  void AddRow(std::string json, absl::Time time) {
    texts_.push_back(std::move(json));
    times_.push_back(time);
  }
  SendOutcome Send(const std::stop_token& stop = {}) {
    std::vector<OutgoingRow> rows;
    for (size_t i = 0; i < texts_.size(); ++i) rows.push_back({.json = texts_[i], .time = times_[i]});
    return Sink().Send(rows, stop);
  }
  LogsIngestionSink& Sink() {
    if (sink_ == nullptr) {
      sink_ = std::make_unique<LogsIngestionSink>(
          LogsIngestionSink::Options{
              .stream = "Custom-ZoomLogs_CL", .max_body_bytes = max_body_bytes_, .max_suspects = max_suspects_},
          client_, clock_);
      EXPECT_OK(sink_->Open("a state of another sink"));
    }
    return *sink_;
  }
  // The stream is known to take rows.
  void Prove() {
    AddRow("{\"first\":true}");
    EXPECT_EQ(Send().next, Next::kGoOn);
    texts_.clear();
    times_.clear();
    stored_.clear();
    call_rows_.clear();
    body_bytes_.clear();
  }

  testing::FakeClock clock_{kNow};
  testing::FakeSleeper sleeper_{clock_};
  Metrics metrics_;
  ScriptedHttpClient http_;
  FixedTokens* source_ = new FixedTokens;  // owned by tokens_
  TokenProvider tokens_{std::unique_ptr<CredentialSource>(source_), clock_, metrics_};
  RateBudget budget_{{}, clock_};
  LogsIngestionClient client_{
      {.endpoint = "https://dce.example", .rule_id = "dcr-1"}, http_, tokens_, budget_, clock_, sleeper_, metrics_};
  size_t max_body_bytes_ = 1'000'000;
  size_t max_suspects_ = 50;
  std::unique_ptr<LogsIngestionSink> sink_;
  std::vector<std::string> texts_;
  std::vector<absl::Time> times_;
  std::vector<HttpResponse> script_;
  bool all_refused_ = false;
  std::vector<std::string> stored_;
  std::vector<size_t> call_rows_;
  std::vector<size_t> body_bytes_;
};

TEST_F(LogsIngestionSinkTest, SendsOneArrayInOrder) {
  AddRows(1, 3);
  const SendOutcome outcome = Send();
  EXPECT_EQ(outcome.next, Next::kGoOn);
  EXPECT_OK(outcome.status);
  EXPECT_EQ(outcome.settled, 3u);
  EXPECT_TRUE(outcome.refused.empty());
  EXPECT_THAT(stored_, ElementsAre("{\"n\":1}", "{\"n\":2}", "{\"n\":3}"));
  EXPECT_EQ(sink_->State(), "");
}

TEST_F(LogsIngestionSinkTest, ASingleRowIsAnArrayTooAndGoesPlainWhenGzipWouldBeLarger) {
  AddRows(1, 1);
  Send();
  ASSERT_EQ(http_.requests().size(), 1u);
  EXPECT_EQ(http_.requests()[0].body, "[{\"n\":1}]");
  EXPECT_EQ(http_.requests()[0].Header("Content-Encoding"), "");
}

TEST_F(LogsIngestionSinkTest, CutsCallsExactlyAtTheLimit) {
  // Each row has 10 bytes: two make an array of 23 bytes, three one of 34.
  for (const auto& [limit, rows_in_first_call] : std::vector<std::pair<size_t, size_t>>{{33, 2}, {34, 3}, {35, 3}}) {
    SCOPED_TRACE(limit);
    max_body_bytes_ = limit;
    sink_.reset();
    texts_.clear();
    times_.clear();
    call_rows_.clear();
    for (int i = 0; i < 3; ++i) AddRow("{\"n\":\"xx\"}");
    EXPECT_EQ(Send().settled, 3u);
    ASSERT_FALSE(call_rows_.empty());
    EXPECT_EQ(call_rows_[0], rows_in_first_call);
  }
}

TEST_F(LogsIngestionSinkTest, ACallSpansAtMostThirtyMinutes) {
  AddRow("{\"n\":1}", kNow);
  AddRow("{\"n\":2}", kNow + absl::Minutes(30));
  AddRow("{\"n\":3}", kNow + absl::Minutes(30) + absl::Microseconds(1));
  AddRow("{\"n\":4}", kNow + absl::Minutes(60));
  AddRow("{\"n\":5}", kNow + absl::Minutes(29));  // out of order
  EXPECT_EQ(Send().settled, 5u);
  EXPECT_THAT(call_rows_, ElementsAre(2, 2, 1));
}

TEST_F(LogsIngestionSinkTest, RandomRowsKeepWithinTheLimitsAndArriveOnceInOrder) {
  std::mt19937 random(3);
  max_body_bytes_ = 10'000;
  for (int i = 0; i < 5000; ++i) {
    const size_t size = random() % 50 == 0 ? 9'980 + random() % 19 : 2 + random() % 700;
    std::string json = "{\"" + std::string(size > 8 ? size - 6 : 1, static_cast<char>('a' + random() % 26)) + "\":1}";
    AddRow(std::move(json), kNow + absl::Minutes(static_cast<int64_t>(random() % 90)));
  }
  const SendOutcome outcome = Send();
  EXPECT_EQ(outcome.settled, 5000u);
  EXPECT_TRUE(outcome.refused.empty());
  EXPECT_EQ(stored_, texts_);
}

TEST_F(LogsIngestionSinkTest, PoisonIsFoundAloneInFewCalls) {
  Prove();
  AddRows(0, 10'000);
  texts_[6789] = R"({"n":"poison"})";
  const SendOutcome outcome = Send();
  EXPECT_EQ(outcome.next, Next::kGoOn);
  EXPECT_EQ(outcome.settled, 10'000u);
  ASSERT_EQ(outcome.refused.size(), 1u);
  EXPECT_EQ(outcome.refused[0].row, 6789u);
  EXPECT_THAT(outcome.refused[0].status,
              HasReasonAndMessage(Reason::kDeliveryRejected, HasSubstr("status 400: InvalidPayload: a row is wrong")));
  EXPECT_EQ(stored_.size(), 9'999u);
  const size_t calls_without_poison = 6;  // 10,000 rows within 30 minutes each
  EXPECT_LE(call_rows_.size(), calls_without_poison + 40);
  texts_.erase(texts_.begin() + 6789);
  EXPECT_EQ(stored_, texts_) << "each once and in order";
}

TEST_F(LogsIngestionSinkTest, SeveralPoisonRowsAreRefusedAtTheirPlaces) {
  Prove();
  AddRows(0, 64);
  for (const size_t row : {0u, 1u, 31u, 63u}) texts_[row] = R"({"n":"poison"})";
  const SendOutcome outcome = Send();
  EXPECT_EQ(outcome.settled, 64u);
  ASSERT_EQ(outcome.refused.size(), 4u);
  EXPECT_EQ(outcome.refused[0].row, 0u);
  EXPECT_EQ(outcome.refused[1].row, 1u);
  EXPECT_EQ(outcome.refused[2].row, 31u);
  EXPECT_EQ(outcome.refused[3].row, 63u);
  EXPECT_EQ(stored_.size(), 60u);
}

TEST_F(LogsIngestionSinkTest, AStoreInTheSameAttemptProvesThatTheRowIsAtFault) {
  AddRow(R"({"n":"poison"})");
  AddRows(1, 3);
  const SendOutcome outcome = Send();
  EXPECT_EQ(outcome.next, Next::kGoOn);
  EXPECT_EQ(outcome.settled, 4u);
  ASSERT_EQ(outcome.refused.size(), 1u);
  EXPECT_EQ(outcome.refused[0].row, 0u);
}

TEST_F(LogsIngestionSinkTest, WithoutAnyStoreNoRowIsGivenUp) {
  AddRow(R"({"n":"poison"})");
  SendOutcome outcome = Send();
  EXPECT_EQ(outcome.next, Next::kWait);
  EXPECT_EQ(outcome.settled, 0u);
  EXPECT_TRUE(outcome.refused.empty());
  EXPECT_THAT(outcome.status,
              HasReasonAndMessage(Reason::kDeliveryAllRefused, HasSubstr("InvalidPayload: a row is wrong")));
  AddRows(1, 1);  // a good one came meanwhile
  outcome = Send();
  EXPECT_EQ(outcome.next, Next::kGoOn);
  EXPECT_EQ(outcome.settled, 2u);
  EXPECT_EQ(outcome.refused.size(), 1u);
}

TEST_F(LogsIngestionSinkTest, AStoreProvesForAnHour) {
  Prove();
  AddRow(R"({"n":"poison"})");
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Send().next, Next::kGoOn);
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_THAT(Send().status, HasReason(Reason::kDeliveryAllRefused));
}

TEST_F(LogsIngestionSinkTest, ATableThatBreaksLosesFewRows) {
  max_suspects_ = 5;
  Prove();
  all_refused_ = true;
  AddRows(0, 1000);
  const SendOutcome outcome = Send();
  EXPECT_EQ(outcome.next, Next::kWait);
  EXPECT_THAT(outcome.status, HasReason(Reason::kDeliveryAllRefused));
  EXPECT_EQ(outcome.settled, 0u);
  EXPECT_TRUE(outcome.refused.empty());
  EXPECT_LE(call_rows_.size(), 25u) << "and it is found out quickly";
  all_refused_ = false;
  EXPECT_EQ(Send().settled, 1000u);
}

TEST_F(LogsIngestionSinkTest, RowsGivenUpOneByOneCountTogether) {
  max_suspects_ = 3;
  Prove();
  AddRow(R"({"n":"poison"})");
  EXPECT_EQ(Send().refused.size(), 1u);
  EXPECT_EQ(Send().refused.size(), 1u);
  EXPECT_THAT(Send().status, HasReason(Reason::kDeliveryAllRefused));
  EXPECT_THAT(Send().status, HasReason(Reason::kDeliveryAllRefused));
  AddRows(1, 1);
  all_refused_ = false;
  texts_.erase(texts_.begin());
  times_.erase(times_.begin());
  EXPECT_EQ(Send().settled, 1u) << "a store starts the count anew";
  texts_[0] = R"({"n":"poison"})";
  EXPECT_EQ(Send().refused.size(), 1u);
}

TEST_F(LogsIngestionSinkTest, AFailureInTheMiddleKeepsWhatWasStored) {
  max_body_bytes_ = 34;
  for (int i = 0; i < 9; ++i) AddRow("{\"n\":\"0" + std::to_string(i) + "\"}");
  script_ = {{.status = 204}, {.status = 429, .headers = {{"Retry-After", "5"}}}};
  const SendOutcome outcome = Send();
  EXPECT_EQ(outcome.settled, 3u);
  EXPECT_EQ(outcome.next, Next::kRetry);
  EXPECT_THAT(outcome.status, HasReason(Reason::kDeliveryThrottled));
  EXPECT_EQ(outcome.retry_after, absl::Seconds(5));
  EXPECT_THAT(call_rows_, ElementsAre(3, 3));
}

TEST_F(LogsIngestionSinkTest, AFailureDuringTheSearchForPoisonSettlesAPrefix) {
  Prove();
  AddRows(0, 8);
  texts_[2] = R"({"n":"poison"})";
  // 8 refused, 0-3 refused, 0-1 stored, 2-3 refused, 2 refused, 3 fails.
  script_ = {{.status = 400}, {.status = 400}, {.status = 204}, {.status = 400}, {.status = 400}, {.status = 500}};
  const SendOutcome outcome = Send();
  EXPECT_THAT(call_rows_, ElementsAre(8, 4, 2, 2, 1, 1));
  EXPECT_EQ(outcome.settled, 3u);
  ASSERT_EQ(outcome.refused.size(), 1u);
  EXPECT_EQ(outcome.refused[0].row, 2u);
  EXPECT_EQ(outcome.next, Next::kRetry);
  EXPECT_THAT(outcome.status, HasReason(Reason::kDeliveryUnreachable));
}

TEST_F(LogsIngestionSinkTest, AFailureBehindAnUnprovenRefusalIsTheOutcome) {
  AddRows(0, 2);
  script_ = {{.status = 400}, {.status = 400}, {.status = 503, .headers = {{"Retry-After", "7"}}}};
  const SendOutcome outcome = Send();
  EXPECT_EQ(outcome.settled, 0u);
  EXPECT_TRUE(outcome.refused.empty());
  EXPECT_EQ(outcome.next, Next::kRetry);
  EXPECT_EQ(outcome.retry_after, absl::Seconds(7));
}

TEST_F(LogsIngestionSinkTest, ForbiddenAndUnknownRulesWait) {
  AddRows(0, 1);
  script_ = {{.status = 403}, {.status = 404}};
  SendOutcome outcome = Send();
  EXPECT_EQ(outcome.next, Next::kWait);
  EXPECT_THAT(outcome.status, HasReason(Reason::kDeliveryForbidden));
  outcome = Send();
  EXPECT_EQ(outcome.next, Next::kWait);
  EXPECT_THAT(outcome.status, HasReason(Reason::kDeliveryRuleUnknown));
  EXPECT_EQ(outcome.settled, 0u);
}

TEST_F(LogsIngestionSinkTest, ARowThatIsTooLargeAloneIsRefused) {
  Prove();
  AddRows(0, 2);
  script_ = {{.status = 413}, {.status = 413}, {.status = 204}};
  const SendOutcome outcome = Send();
  EXPECT_EQ(outcome.settled, 2u);
  ASSERT_EQ(outcome.refused.size(), 1u);
  EXPECT_THAT(outcome.refused[0].status, HasReason(Reason::kDeliveryTooLarge));
}

TEST_F(LogsIngestionSinkTest, AStopEndsAnAttemptBetweenCalls) {
  max_body_bytes_ = 34;
  for (int i = 0; i < 6; ++i) AddRow("{\"n\":\"0" + std::to_string(i) + "\"}");
  std::stop_source stop;
  http_.Answer([&](const RecordedRequest& request) {
    stop.request_stop();
    return Receive(request);
  });
  const SendOutcome outcome = Send(stop.get_token());
  EXPECT_EQ(outcome.settled, 3u);
  EXPECT_EQ(outcome.next, Next::kRetry);
  EXPECT_THAT(outcome.status, HasReason(Reason::kShuttingDown));
}

TEST_F(LogsIngestionSinkTest, CancelEndsTheCall) {
  AddRows(0, 1);
  Sink().Cancel();
  const SendOutcome outcome = Send();
  EXPECT_EQ(outcome.settled, 0u);
  EXPECT_THAT(outcome.status, HasReason(Reason::kShuttingDown));
}

TEST_F(LogsIngestionSinkTest, NothingToSendIsSettled) {
  const SendOutcome outcome = Send();
  EXPECT_EQ(outcome.settled, 0u);
  EXPECT_EQ(outcome.next, Next::kGoOn);
  EXPECT_TRUE(http_.requests().empty());
}

}  // namespace
}  // namespace zoomwatch::detector
