// Expected signatures: (printf 'v0:1700000000:'; cat body) | openssl dgst -sha256 -hmac <secret>
#include "services/receiver/signature_verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace zoomwatch::receiver {
namespace {

using namespace std::string_literals;
using testing::HasReason;

constexpr char kTimestamp[] = "1700000000";
constexpr char kBody[] = "{\"event\":\"meeting.started\"}";
constexpr char kSignature1[] = "v0=7e49ab82a149003dc3b7275c5d26d14b735e2f76f374eb174c26b539b095fd3b";
constexpr char kSignature2[] = "v0=cc2335dbbe20eb3ac6967aadc117e7dd26f36815b8125c60add4d898e5ff2ba6";

class SignatureVerifierTest : public ::testing::Test {
 protected:
  std::optional<size_t> Find(std::string_view signature, std::string_view body, std::string_view timestamp = kTimestamp) {
    const auto parsed = ParseSignature(signature, timestamp);
    EXPECT_OK(parsed);
    return FindSigningKey(keys_, *parsed, body);
  }
  const HmacSha256Key first_{Secret("own-test-secret-1")};
  const HmacSha256Key second_{Secret("own-test-secret-2")};
  const std::vector<const HmacSha256Key*> keys_ = {&first_, &second_};
};

TEST_F(SignatureVerifierTest, FindsWhichKeySigned) {
  EXPECT_EQ(Find(kSignature1, kBody), 0u);
  EXPECT_EQ(Find(kSignature2, kBody), 1u);
}

TEST_F(SignatureVerifierTest, SignIsTheInverse) {
  EXPECT_EQ(Sign(first_, kTimestamp, kBody), kSignature1);
  EXPECT_EQ(Sign(second_, kTimestamp, kBody), kSignature2);
}

TEST_F(SignatureVerifierTest, SignsTheBytesAsTheyAre) {
  // An en dash as raw UTF-8 beside a surrogate pair as escapes, as Zoom mixes them; and a NUL.
  EXPECT_EQ(Find("v0=00cd2726c29bdfca9714c62bc254fe7ce490379123561f32b1c6a22cbb7dc602", "{\"a\":\"\xe2\x80\x93 \\uD83D\\uDE92\"}"), 0u);
  EXPECT_EQ(Find("v0=d8ce8294873327750b88e1d89cd4f7a5fc1a72d4cf089f327ea4ae836866838e", "a\0b"s), 0u);
}

TEST_F(SignatureVerifierTest, RejectsAnyOtherBodyTimestampOrSignature) {
  EXPECT_EQ(Find(kSignature1, "{\"event\":\"meeting.started\"} "), std::nullopt);
  EXPECT_EQ(Find(kSignature1, ""), std::nullopt);
  EXPECT_EQ(Find(kSignature1, kBody, "1700000001"), std::nullopt);
  EXPECT_EQ(Find(kSignature1, kBody, "01700000000"), std::nullopt);  // the text is signed, not the number
  for (size_t i = 3; i < sizeof(kSignature1) - 1; ++i) {
    std::string altered = kSignature1;
    altered[i] = altered[i] == '0' ? '1' : '0';
    EXPECT_EQ(Find(altered, kBody), std::nullopt) << "digit " << i;
  }
}

TEST_F(SignatureVerifierTest, RejectsEverythingWithoutKeys) {
  const auto parsed = ParseSignature(kSignature1, kTimestamp);
  EXPECT_EQ(FindSigningKey({}, *parsed, kBody), std::nullopt);
}

TEST(ParseSignature, RefusesOtherForms) {
  const std::string hex(64, 'a');
  EXPECT_OK(ParseSignature("v0=" + hex, kTimestamp));
  for (const std::string& signature :
       {hex, "v0="s, "v1=" + hex, "V0=" + hex, "v0= " + hex, " v0=" + hex, "v0=" + hex + " ", "v0=" + std::string(63, 'a'),
        "v0=" + std::string(65, 'a'), "v0=" + std::string(64, 'A'), "v0=" + std::string(63, 'a') + "g",
        "v0=" + std::string(63, 'a') + "\0"s, "sha256=" + hex, ""s, "v0=" + hex + ",v0=" + hex}) {
    EXPECT_THAT(ParseSignature(signature, kTimestamp).status(), HasReason(Reason::kSignatureMalformed)) << signature;
  }
}

TEST(ParseSignature, RefusesOtherTimestamps) {
  const std::string signature = "v0=" + std::string(64, 'a');
  EXPECT_EQ(ParseSignature(signature, "1700000000")->timestamp_seconds, 1700000000);
  EXPECT_EQ(ParseSignature(signature, "99999999999")->timestamp_seconds, 99999999999);
  for (const char* timestamp : {"", "0", "00", "-1", "+1", "1.5", "1e9", " 1", "1 ", "0x1", "1700000000000", "999999999999", "١"}) {
    EXPECT_THAT(ParseSignature(signature, timestamp).status(), HasReason(Reason::kTimestampMalformed)) << timestamp;
  }
}

TEST(CheckTimeWindow, IsInclusiveAtBothEnds) {
  const auto check = [](absl::Duration age) {
    return CheckTimeWindow(1700000000, absl::FromUnixSeconds(1700000000) + age, absl::Minutes(90), absl::Minutes(5));
  };
  EXPECT_OK(check(absl::Seconds(5399)));
  EXPECT_OK(check(absl::Seconds(5400)));
  EXPECT_THAT(check(absl::Seconds(5401)), HasReason(Reason::kTimestampTooOld));
  EXPECT_OK(check(-absl::Seconds(299)));
  EXPECT_OK(check(-absl::Seconds(300)));
  EXPECT_THAT(check(-absl::Seconds(301)), HasReason(Reason::kTimestampAhead));
}

TEST(CheckTimeWindow, TakesMillisecondsForFarAhead) {
  EXPECT_THAT(CheckTimeWindow(17000000000, absl::FromUnixSeconds(1700000000), absl::Minutes(90), absl::Minutes(5)),
              HasReason(Reason::kTimestampAhead));
}

}  // namespace
}  // namespace zoomwatch::receiver
