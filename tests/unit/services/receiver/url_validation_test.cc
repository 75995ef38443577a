// Expected answer: printf 'token-of_22-characters' | openssl dgst -sha256 -hmac own-test-secret-1
#include "services/receiver/url_validation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/log/log.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"

namespace zoomwatch::receiver {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::HasReason;

constexpr char kToken[] = "token-of_22-characters";

std::string Challenge(std::string_view token) {
  return "{\"event\":\"endpoint.url_validation\",\"event_ts\":1,\"payload\":{\"plainToken\":\"" + std::string(token) + "\"}}";
}

TEST(FindPlainToken, FindsItWhateverTheKeyOrder) {
  EXPECT_EQ(**FindPlainToken(Challenge(kToken)), kToken);
  EXPECT_EQ(**FindPlainToken("{\"payload\":{\"x\":[1],\"plainToken\":\"abc\"},\"event_ts\":1,\n \"event\" : \"endpoint.url_validation\"}"),
            "abc");
}

TEST(FindPlainToken, LimitsTheLengthOfTheToken) {
  EXPECT_THAT(FindPlainToken(Challenge("")).status(), HasReason(Reason::kChallengeTokenRefused));
  EXPECT_EQ((**FindPlainToken(Challenge("a"))).size(), 1u);
  EXPECT_EQ((**FindPlainToken(Challenge(std::string(127, 'a')))).size(), 127u);
  EXPECT_EQ((**FindPlainToken(Challenge(std::string(128, 'a')))).size(), 128u);
  EXPECT_THAT(FindPlainToken(Challenge(std::string(129, 'a'))).status(), HasReason(Reason::kChallengeTokenRefused));
}

TEST(FindPlainToken, RefusesTokensThatCouldBeSignedText) {
  for (const char* token : {"v0:1700000000:{}", "a:b", "a b", "a.b", "a/b", "a+b", "a=", "{", "\\u003a", "\\u0000", "\xc3\xa9", "a\\n"}) {
    EXPECT_THAT(FindPlainToken(Challenge(token)).status(), HasReason(Reason::kChallengeTokenRefused)) << token;
  }
}

TEST(FindPlainToken, RefusesAChallengeWithoutTextToken) {
  for (const char* payload : {"{}", "null", "[]", "\"x\"", "{\"plainToken\":5}", "{\"plainToken\":null}", "{\"plainToken\":[\"abc\"]}"}) {
    EXPECT_THAT(FindPlainToken("{\"event\":\"endpoint.url_validation\",\"payload\":"s + payload + "}").status(),
                HasReason(Reason::kChallengeTokenRefused))
        << payload;
  }
  EXPECT_THAT(FindPlainToken("{\"event\":\"endpoint.url_validation\"}").status(), HasReason(Reason::kChallengeTokenRefused));
}

TEST(FindPlainToken, TakesEverythingElseForAWebhook) {
  for (const std::string& body :
       {""s, "endpoint.url_validation"s, "\"endpoint.url_validation\""s, "[\"endpoint.url_validation\"]"s,
        "{\"event\":\"chat_message.sent\",\"payload\":{\"object\":{\"message\":\"endpoint.url_validation\",\"plainToken\":\"a\"}}}"s,
        "{\"event\":[\"endpoint.url_validation\"]}"s, "{\"event\":\"endpoint.url_validation \"}"s,
        "{\"Event\":\"endpoint.url_validation\"}"s, "{\"payload\":{\"event\":\"endpoint.url_validation\"}}"s,
        Challenge(kToken).substr(0, 60), Challenge(kToken) + "x", "\0"s + Challenge(kToken), "\xff" + Challenge(kToken),
        std::string(100, '[') + Challenge(kToken)}) {
    const auto token = FindPlainToken(body);
    ASSERT_OK(token) << body;
    EXPECT_EQ(*token, std::nullopt) << body;
  }
}

TEST(FindPlainToken, LimitsTheSizeOfAChallenge) {
  const std::string body = Challenge(kToken);
  const auto padded_to = [&](size_t size) { return body + std::string(size - body.size(), ' '); };
  EXPECT_TRUE(FindPlainToken(padded_to(kMaxChallengeBytes - 1))->has_value());
  EXPECT_TRUE(FindPlainToken(padded_to(kMaxChallengeBytes))->has_value());
  EXPECT_FALSE(FindPlainToken(padded_to(kMaxChallengeBytes + 1))->has_value());
}

TEST(FindPlainToken, SurvivesDeepNesting) {
  const std::string deep = "{\"event\":\"endpoint.url_validation\",\"payload\":" + std::string(3900, '[');
  EXPECT_EQ(*FindPlainToken(deep), std::nullopt);
}

TEST(ChallengeAnswer, HoldsTokenAndItsMac) {
  EXPECT_EQ(ChallengeAnswer(HmacSha256Key{Secret("own-test-secret-1")}, kToken),
            "{\"plainToken\":\"token-of_22-characters\",\"encryptedToken\":"
            "\"d592eb57d73c6dacf4ffa0f91c6c4f998a6420c3e0884934a516d1716239f039\"}");
}

class ChallengeWatchTest : public ::testing::Test {
 protected:
  ChallengeWatchTest() {
    SetLogSinkForTest([this](std::string_view line) { lines_ += line; });
  }
  ~ChallengeWatchTest() override { SetLogSinkForTest(nullptr); }

  std::string lines_;
  Metrics metrics_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1790000000)};
  ChallengeWatch watch_{{"main", "other"}, absl::Hours(80), clock_, metrics_};
};

TEST_F(ChallengeWatchTest, WarnsAfterTheTimeWithoutChallenge) {
  clock_.Advance(absl::Hours(80));
  watch_.Check();
  EXPECT_THAT(lines_, IsEmpty());
  clock_.Advance(absl::Seconds(1));
  watch_.OnAnswered("other");
  watch_.Check();
  EXPECT_THAT(lines_, HasSubstr("\"account\":\"main\",\"hours\":80"));
  EXPECT_THAT(lines_, Not(HasSubstr("\"account\":\"other\"")));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_receiver_challenge_overdue{account=\"main\"} 1"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_receiver_challenge_overdue{account=\"other\"} 0"));
}

TEST_F(ChallengeWatchTest, AChallengeEndsTheWarning) {
  clock_.Advance(absl::Hours(81));
  watch_.Check();
  watch_.OnAnswered("main");
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_receiver_challenge_overdue{account=\"main\"} 0"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_receiver_challenge_last_seen_seconds{account=\"main\"} 17902916"));
}

}  // namespace
}  // namespace zoomwatch::receiver
