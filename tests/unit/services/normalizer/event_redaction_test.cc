// Redaction as it shows in whole events: what must be gone, and what must stay.
#include <gmock/gmock.h>

#include <vector>

#include "tests/unit/services/normalizer/normalize_body.h"

namespace zoomwatch {
namespace {

using event::v1::Event;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(EventRedaction, NoSecretIsAnywhereInTheEvent) {
  const Event event = EventOf(R"({"event":"recording.completed","event_ts":1795512600000,"download_token":"s3cr3t-a","payload":{)"
                              R"("account_id":"acc-7","object":{"topic":"Planning","password":"s3cr3t-b","share_url":"https://rec.example/s3cr3t-c",)"
                              R"("recording_play_passcode":"s3cr3t-d","recording_files":[{"id":"f1","play_url":"https://rec.example/s3cr3t-e"},)"
                              R"({"id":"f2","download_url":"https://rec.example/s3cr3t-f"}]},"old_object":{"passcode":"s3cr3t-g"}}})");
  EXPECT_THAT(event.SerializeAsString(), Not(HasSubstr("s3cr3t")));
  EXPECT_EQ(event.recording().topic(), "Planning");
  EXPECT_EQ(event.recording().share_url(), "[redacted]");
  EXPECT_EQ(event.recording().file_count(), 2);
  EXPECT_EQ(event.payload(),
            R"({"event":"recording.completed","event_ts":1795512600000,"download_token":"[redacted]","payload":{)"
            R"("account_id":"acc-7","object":{"topic":"Planning","password":"[redacted]","share_url":"[redacted]",)"
            R"("recording_play_passcode":"[redacted]","recording_files":[{"id":"f1","play_url":"[redacted]"},)"
            R"({"id":"f2","download_url":"[redacted]"}]},"old_object":{"passcode":"[redacted]"}}})");
  EXPECT_THAT(event.redacted_paths(),
              ElementsAre("download_token", "payload.object.password", "payload.object.share_url", "payload.object.recording_play_passcode",
                          "payload.object.recording_files[].play_url", "payload.object.recording_files[].download_url",
                          "payload.old_object.passcode"));
}

TEST(EventRedaction, SecretsOfAnyTypeGo) {
  const Event event = EventOf(R"({"event":"meeting.created","payload":{"object":{"password":97531086420,"join_url":{"a":"s3cr3t-1"},)"
                              R"("start_url":["s3cr3t-2",{"b":"s3cr3t-3"}]}}})");
  EXPECT_THAT(event.SerializeAsString(), Not(HasSubstr("s3cr3t")));
  EXPECT_THAT(event.SerializeAsString(), Not(HasSubstr("97531086420")));
  EXPECT_THAT(event.payload(), HasSubstr(R"("password":"[redacted]","join_url":"[redacted]","start_url":"[redacted]")"));
}

TEST(EventRedaction, KeysWithEscapesDoNotHideASecret) {
  const Event event = EventOf(R"({"event":"meeting.created","payload":{"object":{"p\u0061ssword":"s3cr3t"}}})");
  EXPECT_EQ(event.payload(), R"({"event":"meeting.created","payload":{"object":{"p\u0061ssword":"[redacted]"}}})");
  EXPECT_THAT(event.redacted_paths(), ElementsAre("payload.object.password"));
}

TEST(EventRedaction, BothOfTwoEqualKeysInAnArrayGo) {
  const Event event = EventOf(
      R"({"event":"recording.completed","payload":{"object":{"recording_files":[{"play_url":"s3cr3t-1","play_url":"s3cr3t-2"}]}}})");
  EXPECT_EQ(event.payload(),
            R"({"event":"recording.completed","payload":{"object":{"recording_files":[{"play_url":"[redacted]","play_url":"[redacted]"}]}}})");
}

TEST(EventRedaction, SwitchesNullAndEmptyTextsStay) {
  const std::string body =
      R"({"event":"account.settings_updated","payload":{"object":{"settings":{"meeting_security":{"meeting_password":true},)"
      R"("schedule_meeting":{"pmi_password":false}},"password":null,"join_url":""}}})";
  const Event event = EventOf(body);
  EXPECT_EQ(event.payload(), body);
  EXPECT_THAT(event.redacted_paths(), IsEmpty());
}

TEST(EventRedaction, TheSameWordElsewhereStays) {
  const std::string body =
      R"({"event":"user.updated","password":"top","payload":{"object":{"settings":{"meeting_security":{"meeting_password":"rule text"}},)"
      R"("custom":{"password":"free text"}}}})";
  EXPECT_EQ(EventOf(body).payload(), body);
}

TEST(EventRedaction, EverythingElseStaysByteForByte) {
  const std::string body = "{ \"zeta\" : 1.50e3,\n \"event\":\"meeting.updated\" , \"alpha\":\"\\u00e9\\/\xc3\xa9\", \"payload\":{\"b\":[ ],\"a\":-0} }\n";
  EXPECT_EQ(EventOf(body).payload(), body);
}

TEST(EventRedaction, HalfCharactersBecomeReadableAlsoBesideSecrets) {
  const Event event = EventOf(R"({"event":"meeting.created","payload":{"object":{"topic":"a\ud83d","password":"s3cr3t\ud83d","note":"\udc00b"}}})");
  EXPECT_EQ(event.payload(),
            R"({"event":"meeting.created","payload":{"object":{"topic":"a\ufffd","password":"[redacted]","note":"\ufffdb"}}})");
}

}  // namespace
}  // namespace zoomwatch
