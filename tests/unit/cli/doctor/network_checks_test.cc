#include "cli/doctor/network_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "common/status/reasons.h"
#include "common/testing/fake_clock.h"
#include "common/testing/temp_dir.h"
#include "services/receiver/signature_verifier.h"
#include "services/receiver/url_validation.h"

namespace zoomwatch::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Answers as a function of the request.
class ScriptedHttpClient final : public HttpClient {
 public:
  std::function<absl::StatusOr<HttpResponse>(const HttpRequest&)> script;
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request, const std::stop_token&) override {
    return script(request);
  }
};

HttpResponse Answer(int status, std::string body = "", std::string date = "Mon, 04 May 2026 10:00:00 GMT") {
  return {.status = status, .headers = {{"Date", std::move(date)}}, .body = std::move(body)};
}

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

// A receiver that is in order, as far as the doctor can see; each test breaks one thing.
class NetworkChecksTest : public ::testing::Test {
 protected:
  NetworkChecksTest() : clock_(absl::FromUnixSeconds(1777888800)) {
    Write("token", "secret");
    config_.mutable_webhook()->set_listen_address("0.0.0.0:8080");
    config_.mutable_webhook()->set_path("/webhook");
    config_.mutable_replay()->mutable_max_ahead()->set_seconds(300);
    config_.add_zoom_accounts()->set_name("main");
    config_.mutable_zoom_accounts(0)->add_secret_token_files(dir_.file("token"));
    http_.script = [this](const HttpRequest& request) { return GoodReceiver(request); };
  }

  void Write(const std::string& name, const std::string& text) const { std::ofstream(dir_.file(name)) << text; }

  absl::StatusOr<HttpResponse> GoodReceiver(const HttpRequest& request) {
    urls_.push_back(request.url);
    if (request.method == "GET") return Answer(405);
    const std::string signature = HeaderOf(request, "x-zm-signature");
    const std::string timestamp = HeaderOf(request, "x-zm-request-timestamp");
    const auto parsed = receiver::ParseSignature(signature, timestamp);
    const HmacSha256Key* keys[] = {&key_};
    if (!parsed.ok() || !receiver::FindSigningKey(keys, *parsed, request.body).has_value()) return Answer(401);
    const auto token = receiver::FindPlainToken(request.body);
    return Answer(200, token.ok() && token->has_value() ? receiver::ChallengeAnswer(key_, **token) : "");
  }

  Checks Diagnose() {
    Checks checks;
    CheckReceiver(config_, http_, clock_, options_, checks);
    return checks;
  }
  Checks DiagnoseAdmin() {
    config::v1::Admin admin;
    admin.set_listen_address("0.0.0.0:9090");
    Checks checks;
    CheckAdminPort(admin, http_, options_, checks);
    return checks;
  }
  static void ExpectOne(const Checks& checks, Verdict verdict, const std::string& name, const std::string& finding,
                        const std::string& remedy) {
    Checks trouble;
    for (const Check& check : checks) {
      if (check.verdict != Verdict::kOk && check.verdict != Verdict::kSkipped) trouble.push_back(check);
    }
    ASSERT_EQ(trouble.size(), 1u) << ChecksTable(checks);
    EXPECT_EQ(trouble[0].verdict, verdict);
    EXPECT_EQ(trouble[0].name, name);
    EXPECT_THAT(trouble[0].finding, HasSubstr(finding));
    EXPECT_THAT(trouble[0].remedy, HasSubstr(remedy));
  }

  testing::TempDir dir_;
  testing::FakeClock clock_;
  const HmacSha256Key key_{Secret("secret")};
  ScriptedHttpClient http_;
  config::v1::Receiver config_;
  NetworkChecksOptions options_;
  std::vector<std::string> urls_;
};

TEST_F(NetworkChecksTest, FindsNothingWhereNothingIsWrong) {
  const Checks checks = Diagnose();
  EXPECT_FALSE(AnyFailed(checks)) << ChecksTable(checks);
  EXPECT_EQ(checks.size(), 5u) << "reached, clock, forged, unsigned challenge, challenge";
  EXPECT_EQ(urls_.front(), "http://localhost:8080/webhook");
}

TEST_F(NetworkChecksTest, AsksWhereItIsTold) {
  options_.url = "https://zoom.corp.example/";
  Diagnose();
  EXPECT_EQ(urls_.front(), "https://zoom.corp.example/webhook");
}

TEST_F(NetworkChecksTest, NamesAReceiverThatDoesNotRun) {
  http_.script = [](const HttpRequest&) { return Error(Reason::kHttpCallFailed, "refused"); };
  ExpectOne(Diagnose(), Verdict::kFailed, "receiver", "refused", "start the receiver");
}

TEST_F(NetworkChecksTest, NamesAnUntrustedCertificate) {
  http_.script = [](const HttpRequest&) { return Error(Reason::kHttpServerUntrusted, "self-signed"); };
  ExpectOne(Diagnose(), Verdict::kFailed, "receiver", "self-signed", "--ca-file");
}

TEST_F(NetworkChecksTest, NamesAPathThatTheProxyDoesNotPassOn) {
  http_.script = [](const HttpRequest&) { return Answer(404); };
  ExpectOne(Diagnose(), Verdict::kFailed, "receiver", "answers 404 to GET", "compare webhook.path");
}

TEST_F(NetworkChecksTest, NamesClocksThatAreApart) {
  const auto at = [this](absl::Duration skew) {
    clock_.SetNow(absl::FromUnixSeconds(1777888800) + skew);
    return Diagnose();
  };
  EXPECT_FALSE(AnyFailed(at(absl::Seconds(5))));
  ExpectOne(at(absl::Seconds(6)), Verdict::kWarning, "clock", "6 s apart", "NTP");
  ExpectOne(at(-absl::Seconds(300)), Verdict::kWarning, "clock", "300 s apart", "NTP");
  ExpectOne(at(absl::Seconds(301)), Verdict::kFailed, "clock", "301 s apart", "NTP");
}

TEST_F(NetworkChecksTest, NamesAnEndpointThatTakesForgeries) {
  http_.script = [this](const HttpRequest& request) -> absl::StatusOr<HttpResponse> {
    return request.body.find("url_validation") == std::string_view::npos && request.method == "POST"
               ? Answer(200)
               : GoodReceiver(request);
  };
  ExpectOne(Diagnose(), Verdict::kFailed, "signature", "a forged webhook is not answered 401",
            "give --url of the receiver");
}

TEST_F(NetworkChecksTest, NamesASigningOracle) {
  http_.script = [this](const HttpRequest& request) -> absl::StatusOr<HttpResponse> {
    const bool is_unsigned = request.method == "POST" && HeaderOf(request, "x-zm-signature").empty();
    return is_unsigned ? Answer(200) : GoodReceiver(request);
  };
  ExpectOne(Diagnose(), Verdict::kFailed, "signature", "gets any text signed", "take the other out of service");
}

TEST_F(NetworkChecksTest, NamesASecretThatTheReceiverDoesNotHave) {
  Write("rotated", "another");
  config_.mutable_zoom_accounts(0)->add_secret_token_files(dir_.file("rotated"));
  ExpectOne(Diagnose(), Verdict::kFailed, "challenge", "account main, " + dir_.file("rotated") + ": refused (401)",
            "another secret");
}

TEST_F(NetworkChecksTest, NamesAReceiverThatCannotStore) {
  http_.script = [this](const HttpRequest& request) -> absl::StatusOr<HttpResponse> {
    auto answer = GoodReceiver(request);
    return answer->status == 200 ? Answer(503) : answer;
  };
  ExpectOne(Diagnose(), Verdict::kFailed, "challenge", "answered 503", "look at its disk");
}

TEST_F(NetworkChecksTest, NamesAWrongAnswerToTheChallenge) {
  http_.script = [this](const HttpRequest& request) -> absl::StatusOr<HttpResponse> {
    auto answer = GoodReceiver(request);
    return answer->status == 200 ? Answer(200, R"({"plainToken":"x","encryptedToken":"y"})") : answer;
  };
  ExpectOne(Diagnose(), Verdict::kFailed, "challenge", "answered 200", "give --url of the receiver itself");
}

TEST_F(NetworkChecksTest, SendsWhatTheAccountAsksForBesideTheSignature) {
  Write("basic", "zoom:pass\n");
  Write("value", "header value");
  config_.mutable_zoom_accounts(0)->set_path("/of-main");
  config_.mutable_zoom_accounts(0)->set_basic_credentials_file(dir_.file("basic"));
  config_.mutable_zoom_accounts(0)->mutable_custom_header()->set_name("x-zoom-key");
  config_.mutable_zoom_accounts(0)->mutable_custom_header()->set_value_file(dir_.file("value"));
  HttpRequest last;
  http_.script = [&](const HttpRequest& request) {
    last = request;
    return GoodReceiver(request);
  };
  EXPECT_FALSE(AnyFailed(Diagnose()));
  EXPECT_EQ(HeaderOf(last, "Authorization"), "Basic em9vbTpwYXNz");
  EXPECT_EQ(HeaderOf(last, "x-zoom-key"), "header value");
  EXPECT_EQ(last.url, "http://localhost:8080/of-main");
}

TEST_F(NetworkChecksTest, SaysWhichCheckKeepsAServiceFromBeingReady) {
  http_.script = [](const HttpRequest& request) -> absl::StatusOr<HttpResponse> {
    EXPECT_THAT(request.url, HasSubstr("http://localhost:9090/"));
    return request.url.ends_with("/readyz") ? Answer(503, "spool: SPOOL_FULL") : Answer(404);
  };
  ExpectOne(DiagnoseAdmin(), Verdict::kFailed, "running", "spool: SPOOL_FULL", "look at the check that is named");
}

TEST_F(NetworkChecksTest, NamesAServiceThatDoesNotRun) {
  http_.script = [](const HttpRequest&) { return Error(Reason::kHttpCallFailed, "refused"); };
  ExpectOne(DiagnoseAdmin(), Verdict::kFailed, "running", "refused", "--offline");
}

TEST_F(NetworkChecksTest, WarnsOfAnOverdueChallengeAndOfAnOldSpool) {
  std::string metrics;
  http_.script = [&](const HttpRequest& request) -> absl::StatusOr<HttpResponse> {
    return request.url.ends_with("/readyz") ? Answer(200) : Answer(200, metrics);
  };
  metrics =
      "# HELP zoomwatch_receiver_challenge_overdue x\nzoomwatch_receiver_challenge_overdue{account=\"a\"} 0\n"
      "zoomwatch_receiver_challenge_overdue{account=\"b\"} 1\nzoomwatch_receiver_spool_oldest_age_seconds 300\n";
  ExpectOne(DiagnoseAdmin(), Verdict::kWarning, "challenge", "overdue for 1 accounts", "press Validate");
  metrics = "zoomwatch_receiver_challenge_overdue{account=\"a\"} 0\nzoomwatch_receiver_spool_oldest_age_seconds 301\n";
  ExpectOne(DiagnoseAdmin(), Verdict::kWarning, "spool", "waits for 301 s", "run doctor for them");
}

TEST_F(NetworkChecksTest, NamesADeliveryThatStandsStill) {
  std::string metrics = "zoomwatch_detector_delivery_blocked 0\nzoomwatch_detector_log_pending_events 12\n";
  http_.script = [&](const HttpRequest& request) -> absl::StatusOr<HttpResponse> {
    return request.url.ends_with("/readyz") ? Answer(200) : Answer(200, metrics);
  };
  EXPECT_FALSE(AnyFailed(DiagnoseAdmin()));
  metrics.replace(metrics.find(" 0"), 2, " 1");
  ExpectOne(DiagnoseAdmin(), Verdict::kFailed, "delivery", "stands still until somebody acts; 12 events wait",
            "check of the sink");
}

}  // namespace
}  // namespace zoomwatch::cli
