#include "cli/zoom/zoom_sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "common/status/reasons.h"
#include "common/sync/mutex.h"
#include "common/testing/status_matchers.h"

namespace zoomwatch::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// Answers by a function of the body and the number of times it was sent before; remembers what it was sent.
class ScriptedHttpClient final : public HttpClient {
 public:
  using Script = std::function<int(const std::string& body, int before)>;
  explicit ScriptedHttpClient(Script script) : script_(std::move(script)) {}

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request, const std::stop_token&) override {
    int status = 0;
    {
      MutexLock lock(mutex_);
      const std::string body(request.body);
      status = script_(body, times_[body]++);
      std::string signature;
      for (const auto& [name, value] : request.headers) {
        if (name == "x-zm-signature") signature = value;
      }
      sent.emplace_back(body, signature);
    }
    if (status == 0) return Error(Reason::kHttpCallFailed, "refused");
    return HttpResponse{.status = status, .headers = {}, .body = {}};
  }

  std::vector<std::pair<std::string, std::string>> sent;  // body and signature

 private:
  const Script script_;
  Mutex mutex_;
  std::map<std::string, int> times_;
};

// A clock whose time of day moves a second at each look, so that a signature made anew differs.
class TickingClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(1777888800 + ticks_++); }
  absl::Duration Monotonic() const override { return SystemClock::Get().Monotonic(); }

 private:
  mutable std::atomic<int64_t> ticks_ = 0;
};

class ZoomSenderTest : public ::testing::Test {
 protected:
  SendReport Send(ZoomSenderOptions options, std::vector<std::string> bodies, ScriptedHttpClient& http,
                  const std::stop_token& stop = {}) {
    const auto traffic = Traffic::Make({}, BodySource(std::move(bodies), absl::UnixEpoch()), absl::UnixEpoch());
    options.url = "http://localhost/webhook";
    return ZoomSender(options, *traffic, key_, http, clock_).Run(stop);
  }
  static KindCount Events(const SendReport& report) { return report.kinds[static_cast<size_t>(Kind::kEvent)]; }

  const TickingClock clock_;
  const HmacSha256Key key_{Secret("sender-test")};
};

TEST(RetryWait, IsThatOfZoom) {
  EXPECT_EQ(RetryWait(1, 1), absl::Minutes(5));
  EXPECT_EQ(RetryWait(2, 1), absl::Minutes(20));
  EXPECT_EQ(RetryWait(3, 1), absl::Minutes(60));
  EXPECT_EQ(RetryWait(4, 1), std::nullopt);
  EXPECT_EQ(RetryWait(0, 1), std::nullopt);
  EXPECT_EQ(RetryWait(1, 0.001), absl::Milliseconds(300));
}

TEST(IsRetried, OnlyForServerErrorsAndNoAnswer) {
  for (const int status : {0, 500, 503, 599}) EXPECT_TRUE(IsRetried(status)) << status;
  for (const int status : {200, 204, 301, 400, 401, 404, 408, 429, 499}) EXPECT_FALSE(IsRetried(status)) << status;
}

TEST_F(ZoomSenderTest, SendsInOrderOnOneConnection) {
  ScriptedHttpClient http([](const std::string&, int) { return 200; });
  const SendReport report = Send({}, {"a", "b", "c"}, http);
  EXPECT_TRUE(report.ok());
  ASSERT_EQ(http.sent.size(), 3u);
  EXPECT_EQ(http.sent[0].first, "a");
  EXPECT_EQ(http.sent[2].first, "c");
  EXPECT_THAT(report.answers, ElementsAre(Pair(200, 3)));
  EXPECT_EQ(report.latencies_us.size(), 3u);
}

TEST_F(ZoomSenderTest, RetriesWhatWasNotAcceptedAndSignsItAnew) {
  ScriptedHttpClient http(
      [](const std::string& body, int before) { return body == "a" && before < 2 ? (before == 0 ? 503 : 0) : 200; });
  const SendReport report = Send({.retries = 3, .time_scale = 0}, {"a", "b"}, http);
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.retries, 2u);
  EXPECT_EQ(report.given_up, 0u);
  EXPECT_THAT(report.answers, ElementsAre(Pair(0, 1), Pair(200, 2), Pair(503, 1)));
  EXPECT_EQ(report.first_failure, "HTTP_CALL_FAILED: refused");
  ASSERT_EQ(http.sent[0].first, "a");
  ASSERT_EQ(http.sent[1].first, "a");
  EXPECT_NE(http.sent[0].second, http.sent[1].second);
}

TEST_F(ZoomSenderTest, KeepsTheSignatureOnRequest) {
  ScriptedHttpClient http([](const std::string&, int before) { return before < 3 ? 500 : 201; });
  const SendReport report = Send({.retries = 3, .time_scale = 0, .keep_signature = true}, {"a"}, http);
  EXPECT_TRUE(report.ok()) << "after a retry any 2xx is good";
  ASSERT_EQ(http.sent.size(), 4u);
  EXPECT_EQ(http.sent[0].second, http.sent[3].second);
}

TEST_F(ZoomSenderTest, GivesUpAfterTheLastRetry) {
  ScriptedHttpClient http([](const std::string&, int) { return 503; });
  const SendReport report = Send({.retries = 2, .time_scale = 0}, {"a"}, http);
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(http.sent.size(), 3u);
  EXPECT_EQ(report.given_up, 1u);
  EXPECT_EQ(Events(report).unexpected, 1u);
}

TEST_F(ZoomSenderTest, NeverRetriesAnAnswerBelow500) {
  ScriptedHttpClient http([](const std::string&, int) { return 429; });
  const SendReport report = Send({.retries = 3, .time_scale = 0}, {"a"}, http);
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(http.sent.size(), 1u);
  EXPECT_EQ(report.given_up, 0u);
}

TEST_F(ZoomSenderTest, SendsEverythingOnceOverManyConnections) {
  ScriptedHttpClient http([](const std::string&, int before) { return before == 0 ? 200 : 500; });
  std::vector<std::string> bodies;
  for (int i = 0; i < 500; ++i) bodies.push_back("body " + std::to_string(i));
  const SendReport report = Send({.concurrency = 16, .retries = 3}, bodies, http);
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(http.sent.size(), 500u);
}

TEST_F(ZoomSenderTest, KeepsToTheRate) {
  ScriptedHttpClient http([](const std::string&, int) { return 200; });
  const SendReport report = Send({.concurrency = 4, .rate = 100}, {"a", "b", "c", "d", "e", "f"}, http);
  EXPECT_GE(report.duration, absl::Milliseconds(50)) << "the sixth is due after five intervals";
}

TEST_F(ZoomSenderTest, StopsEarly) {
  std::stop_source stop;
  ScriptedHttpClient http([&](const std::string&, int) {
    stop.request_stop();
    return 503;
  });
  const SendReport report = Send({.retries = 3}, {"a", "b"}, http, stop.get_token());
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(http.sent.size(), 1u);
  EXPECT_EQ(Events(report).planned, 2u);
  EXPECT_EQ(Events(report).expected + Events(report).unexpected, 0u);
}

}  // namespace
}  // namespace zoomwatch::cli
