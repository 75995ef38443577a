#include "services/detector/incidents/incident_sink.h"

#include <gmock/gmock.h>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "tests/unit/services/delivery/fixed_tokens.h"
#include "tests/unit/services/delivery/scripted_http_client.h"

namespace zoomwatch::detector {
namespace {

using Next = SendOutcome::Next;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::HasReason;

class IncidentSinkTest : public ::testing::Test {
 protected:
  IncidentSinkTest() {
    // Nothing is there; a PUT is answered with put_.
    http_.Answer([this](const RecordedRequest& request) -> absl::StatusOr<HttpResponse> {
      return request.method == "GET" ? HttpResponse{.status = 404} : put_;
    });
  }
  IncidentSink MakeSink() { return IncidentSink({.max_per_hour = 3, .max_refused_in_row = 2}, client_, clock_, metrics_); }
  SendOutcome Send(IncidentSink& sink, std::size_t count = 1) {
    return sink.Send(std::vector<OutgoingRow>(count, {.json = "{}", .time = clock_.Now(), .name = "n"}), {});
  }

  HttpResponse put_{.status = 201};
  testing::FakeClock clock_{absl::FromUnixSeconds(1'795'000'000)};
  Metrics metrics_;
  ScriptedHttpClient http_;
  TokenProvider tokens_{std::make_unique<FixedTokens>(), clock_, metrics_};
  IncidentClient client_{{.url = "https://management.example/w/incidents"}, http_, tokens_, clock_, metrics_};
};

TEST_F(IncidentSinkTest, SettlesWhatWasMade) {
  IncidentSink sink = MakeSink();
  const SendOutcome outcome = Send(sink, 2);
  EXPECT_EQ(outcome.settled, 2U);
  EXPECT_EQ(outcome.next, Next::kGoOn);
  EXPECT_OK(outcome.status);
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_detector_incidents_total{result=\"created\"} 2\n"));
}

TEST_F(IncidentSinkTest, BeyondTheLimitAnAlertWaitsUntilThereIsRoom) {
  IncidentSink sink = MakeSink();
  SendOutcome outcome = Send(sink, 5);
  EXPECT_EQ(outcome.settled, 3U);
  EXPECT_EQ(outcome.next, Next::kRetry);
  EXPECT_THAT(outcome.status, HasReason(Reason::kIncidentLimitReached));
  EXPECT_THAT(http_.requests(), SizeIs(6)) << "the fourth calls nobody";
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_detector_incident_limit_waits_total 1\n"));
  clock_.Advance(outcome.retry_after);
  outcome = Send(sink, 2);
  EXPECT_EQ(outcome.settled, 2U);
  EXPECT_OK(outcome.status);
}

TEST_F(IncidentSinkTest, TheLimitHoldsOverARestart) {
  IncidentSink sink = MakeSink();
  Send(sink, 3);
  IncidentSink again = MakeSink();
  ASSERT_OK(again.Open(sink.State()));
  EXPECT_THAT(Send(again).status, HasReason(Reason::kIncidentLimitReached));
}

TEST_F(IncidentSinkTest, WhatIsThereAlreadyDoesNotCountAgainstTheLimit) {
  http_.Answer([](const RecordedRequest&) -> absl::StatusOr<HttpResponse> { return HttpResponse{.status = 200}; });
  IncidentSink sink = MakeSink();
  EXPECT_EQ(Send(sink, 50).settled, 50U);
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_detector_incidents_total{result=\"existing\"} 50\n"));
}

TEST_F(IncidentSinkTest, ARefusedAlertIsGivenUpAloneAndTheRestGoesOn) {
  int number = 0;
  http_.Answer([&number](const RecordedRequest& request) -> absl::StatusOr<HttpResponse> {
    if (request.method == "GET") return HttpResponse{.status = 404};
    return HttpResponse{.status = ++number == 2 ? 400 : 201};
  });
  IncidentSink sink = MakeSink();
  const SendOutcome outcome = Send(sink, 3);
  EXPECT_EQ(outcome.settled, 3U);
  EXPECT_EQ(outcome.next, Next::kGoOn);
  ASSERT_THAT(outcome.refused, SizeIs(1));
  EXPECT_EQ(outcome.refused[0].row, 1U);
  EXPECT_THAT(outcome.refused[0].status, HasReason(Reason::kDeliveryRejected));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_detector_incidents_total{result=\"refused\"} 1\n"));
}

TEST_F(IncidentSinkTest, WhenAllAreRefusedNoMoreAreGivenUpAlsoAfterARestart) {
  put_.status = 400;
  IncidentSink sink = MakeSink();
  SendOutcome outcome = Send(sink, 5);
  EXPECT_EQ(outcome.settled, 2U);
  EXPECT_THAT(outcome.refused, SizeIs(2));
  EXPECT_EQ(outcome.next, Next::kWait);
  EXPECT_THAT(outcome.status, HasReason(Reason::kDeliveryAllRefused));
  IncidentSink again = MakeSink();
  ASSERT_OK(again.Open(sink.State()));
  outcome = Send(again);
  EXPECT_EQ(outcome.settled, 0U);
  EXPECT_THAT(outcome.status, HasReason(Reason::kDeliveryAllRefused));
  put_.status = 201;
  EXPECT_EQ(Send(again).settled, 1U);
  put_.status = 400;
  outcome = Send(again);
  EXPECT_EQ(outcome.settled, 1U) << "one was taken meanwhile";
  EXPECT_OK(outcome.status);
}

TEST_F(IncidentSinkTest, AFailureEndsTheAttemptBeforeItsRow) {
  put_ = {.status = 429, .headers = {{"Retry-After", "8"}}, .body = ""};
  IncidentSink sink = MakeSink();
  SendOutcome outcome = Send(sink, 2);
  EXPECT_EQ(outcome.settled, 0U);
  EXPECT_EQ(outcome.next, Next::kRetry);
  EXPECT_EQ(outcome.retry_after, absl::Seconds(8));
  put_ = {.status = 403, .headers = {}, .body = ""};
  outcome = Send(sink, 2);
  EXPECT_EQ(outcome.next, Next::kWait);
  EXPECT_THAT(outcome.status, HasReason(Reason::kDeliveryForbidden));
  EXPECT_THAT(outcome.refused, IsEmpty());
}

TEST_F(IncidentSinkTest, AStopSendsNothingMore) {
  std::stop_source stop;
  stop.request_stop();
  IncidentSink sink = MakeSink();
  const SendOutcome outcome = sink.Send({{.json = "{}", .time = clock_.Now(), .name = "n"}}, stop.get_token());
  EXPECT_EQ(outcome.settled, 0U);
  EXPECT_THAT(outcome.status, HasReason(Reason::kShuttingDown));
  EXPECT_THAT(http_.requests(), IsEmpty());
}

TEST_F(IncidentSinkTest, AStateThatIsNotOursIsAnError) {
  for (const char* const state : {"x", " 1", "1 x"}) {
    IncidentSink sink = MakeSink();
    EXPECT_THAT(sink.Open(state), HasReason(Reason::kStorageCorrupt)) << state;
  }
}

}  // namespace
}  // namespace zoomwatch::detector
