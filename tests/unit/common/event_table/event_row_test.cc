// Golden rows: one for each family, and one for an event of none.
#include "common/event_table/event_row.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace zoomwatch::event_table {
namespace {

std::string RowOf(const std::string& event_text) {
  event::v1::Event event;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(event_text, &event)) << event_text;
  RowEncoder encoder;
  std::string row;
  encoder.Append(event, row);
  return row;
}

// What every event has, with the name and category in front and the rest behind.
std::string With(const std::string& event, const std::string& category, const std::string& family) {
  return "event_id: '00112233445566778899aabbccddeeff' event: '" + event + "' category: '" + category +
         "' account_name: 'main' receive_time { seconds: 1777888800 nanos: 250000000 } "
         "event_time { seconds: 1777888799 } time_source: TIME_SOURCE_EVENT_TS payload: '{\"event\":\"" +
         event + "\"}' " + family;
}

std::string Expected(const std::string& event, const std::string& category, const std::string& family) {
  return "{\"TimeGenerated\":\"2026-05-04T10:00:00.250000Z\",\"Event\":\"" + event +
         "\",\"EventTime\":\"2026-05-04T09:59:59.000000Z\"," + family +
         "\"EventId\":\"00112233445566778899aabbccddeeff\",\"Category\":\"" + category +
         "\",\"AccountName\":\"main\",\"TimeSource\":\"event_ts\",\"ReceiveTime\":\"2026-05-04T10:00:00.250000Z\","
         "\"Payload\":{\"event\":\"" +
         event + "\"}}";
}

TEST(EventRow, Meeting) {
  EXPECT_EQ(RowOf(With("meeting.participant_joined", "meeting",
                       "meeting { topic: 'Weekly' uuid: 'abc/+==' id: '91234567890' host_id: 'h1' timezone: 'Europe/Zurich' "
                       "start_time: '2026-05-04T09:00:00Z' end_time: '2026-05-04T10:00:00Z' type: 8 duration_minutes: 60 "
                       "issues: 'Unstable audio' participant { name: 'Ann' email: 'ann@corp.example' id: 'u1' session_id: '16778240' "
                       "uuid: 'pu' registrant_id: 'r1' join_time: 'j' leave_time: 'l' leave_reason: 'left' public_ip: '192.0.2.7' "
                       "private_ip: '10.0.0.7' phone_number: '555' } }")),
            Expected("meeting.participant_joined", "meeting",
                     "\"MeetingEvents\":{\"MeetingName\":\"Weekly\",\"MeetingId\":\"abc/+==\",\"Timezone\":\"Europe/Zurich\","
                     "\"Start\":\"2026-05-04T09:00:00Z\",\"End\":\"2026-05-04T10:00:00Z\",\"Participant\":\"Ann\","
                     "\"MeetingNumber\":\"91234567890\",\"HostId\":\"h1\",\"MeetingType\":8,\"DurationMinutes\":60,"
                     "\"Issues\":\"Unstable audio\",\"ParticipantEmail\":\"ann@corp.example\",\"ParticipantId\":\"u1\","
                     "\"ParticipantSessionId\":\"16778240\",\"ParticipantUuid\":\"pu\",\"RegistrantId\":\"r1\",\"JoinTime\":\"j\","
                     "\"LeaveTime\":\"l\",\"LeaveReason\":\"left\",\"PublicIp\":\"192.0.2.7\",\"PrivateIp\":\"10.0.0.7\","
                     "\"PhoneNumber\":\"555\"},"));
}

TEST(EventRow, Webinar) {
  EXPECT_EQ(RowOf(With("webinar.started", "webinar", "webinar { topic: 'T' uuid: 'u' id: '7' type: 5 participant { name: 'Bo' } }")),
            Expected("webinar.started", "webinar",
                     "\"WebinarEvents\":{\"WebinarName\":\"T\",\"WebinarId\":\"u\",\"Participant\":\"Bo\",\"WebinarNumber\":\"7\","
                     "\"WebinarType\":5},"));
}

TEST(EventRow, Channel) {
  EXPECT_EQ(RowOf(With("chat_channel.member_invited", "channel",
                       "channel { name: 'ops' id: 'c1' type: 1 members: 'Ann' members: 'Bo' by_external_user: false }")),
            Expected("chat_channel.member_invited", "channel",
                     "\"ChannelEvents\":{\"Channel\":\"ops\",\"ChannelId\":\"c1\",\"Member\":\"Ann, Bo\",\"ChannelType\":1,"
                     "\"Members\":[\"Ann\",\"Bo\"],\"ByExternalUser\":false},"));
}

TEST(EventRow, Chat) {
  EXPECT_EQ(RowOf(With("chat_message.sent", "chat",
                       "user: 'ann@corp.example' user_id: 'u1' chat { channel: 'ops' channel_id: 'c1' type: 'to_channel' "
                       "message: 'see \"this\"' message_id: 'm1' contact_email: 'bo@corp.example' contact_id: 'u2' session_id: 's' "
                       "file_count: 2 links: 'https://a.example/' by_external_user: true }")),
            Expected("chat_message.sent", "chat",
                     "\"User\":\"ann@corp.example\",\"UserId\":\"u1\",\"ChatEvents\":{\"Channel\":\"ops\",\"ChannelId\":\"c1\","
                     "\"Type\":\"to_channel\",\"Message\":\"see \\\"this\\\"\",\"MessageId\":\"m1\","
                     "\"ContactEmail\":\"bo@corp.example\",\"ContactId\":\"u2\",\"SessionId\":\"s\",\"FileCount\":2,"
                     "\"Links\":[\"https://a.example/\"],\"ByExternalUser\":true},"));
}

TEST(EventRow, User) {
  EXPECT_EQ(RowOf(With("user.created", "user",
                       "user_change { id: 'u' email: 'e' first_name: 'F' last_name: 'L' type: '2' creation_type: 'create' "
                       "operation: 'change_password' role: '0' presence_status: 'Away' }")),
            Expected("user.created", "user",
                     "\"UserEvents\":{\"UserId\":\"u\",\"UserEmail\":\"e\",\"UserFirstName\":\"F\",\"UserLastName\":\"L\","
                     "\"UserType\":\"2\",\"CreationType\":\"create\",\"Operation\":\"change_password\",\"Role\":\"0\","
                     "\"PresenceStatus\":\"Away\"},"));
}

TEST(EventRow, SignIn) {
  EXPECT_EQ(RowOf(With("user.signed_in", "sign_in",
                       "sign_in { user_id: 'u' email: 'e' client_type: 'win' version: '6.0' login_type: '101' date_time: 'd' }")),
            Expected("user.signed_in", "sign_in",
                     "\"SignInEvents\":{\"UserId\":\"u\",\"UserEmail\":\"e\",\"ClientType\":\"win\",\"ClientVersion\":\"6.0\","
                     "\"LoginType\":\"101\",\"DateTime\":\"d\"},"));
}

TEST(EventRow, Recording) {
  EXPECT_EQ(RowOf(With("recording.completed", "recording",
                       "recording { topic: 'T' uuid: 'u' id: '9' host_id: 'h' host_email: 'he' share_url: '[redacted]' "
                       "total_size_bytes: 9007199254740993 file_count: 2 start_time: 's' registrant { name: 'R' email: 're' id: 'ri' } }")),
            Expected("recording.completed", "recording",
                     "\"RecordingEvents\":{\"RecordingName\":\"T\",\"RecordingURL\":\"[redacted]\","
                     "\"RecordingSize\":\"9007199254740993\",\"RecordingId\":\"u\",\"MeetingNumber\":\"9\",\"HostId\":\"h\","
                     "\"HostEmail\":\"he\",\"FileCount\":2,\"Start\":\"s\",\"Registrant\":\"R\",\"RegistrantEmail\":\"re\","
                     "\"RegistrantId\":\"ri\"},"));
}

TEST(EventRow, Room) {
  EXPECT_EQ(RowOf(With("zoomroom.alert", "room",
                       "room { name: 'Big' email: 'big@corp.example' id: 'r' calendar_name: 'C' issue: 'High CPU' alert_type: 4 "
                       "alert_kind: 1 component: 1 }")),
            Expected("zoomroom.alert", "room",
                     "\"RoomEvents\":{\"RoomName\":\"Big\",\"RoomEmail\":\"big@corp.example\",\"RoomEvent\":\"High CPU\","
                     "\"AlertType\":4,\"AlertKind\":1,\"RoomId\":\"r\",\"CalendarName\":\"C\",\"Component\":1},"));
}

TEST(EventRow, Account) {
  EXPECT_EQ(RowOf(With("account.settings_updated", "account",
                       "account { id: 'a' name: 'Sub' owner_id: 'o' owner_email: 'oe' operation: 'apply_vanity_url' "
                       "changed_settings: 'in_meeting.e2e_encryption' }")),
            Expected("account.settings_updated", "account",
                     "\"AccountEvents\":{\"ChangedAccountId\":\"a\",\"ChangedAccountName\":\"Sub\",\"OwnerId\":\"o\","
                     "\"OwnerEmail\":\"oe\",\"Operation\":\"apply_vanity_url\","
                     "\"ChangedSettings\":[\"in_meeting.e2e_encryption\"]},"));
}

TEST(EventRow, Chatbot) {
  EXPECT_EQ(RowOf(With("bot_notification", "chatbot",
                       "chatbot { robot_jid: 'r' to_jid: 't' user_name: 'n' channel: 'c' command: 'help' message_id: 'm' }")),
            Expected("bot_notification", "chatbot",
                     "\"ChatbotEvents\":{\"RobotJid\":\"r\",\"ToJid\":\"t\",\"UserName\":\"n\",\"Channel\":\"c\","
                     "\"Command\":\"help\",\"MessageId\":\"m\"},"));
}

TEST(EventRow, EventOfNoFamilyKeepsItsPayload) {
  EXPECT_EQ(RowOf(With("phone.callee_ringing", "phone", "")), Expected("phone.callee_ringing", "phone", ""));
}

TEST(EventRow, OptionalColumns) {
  EXPECT_EQ(RowOf("event: 'x.y' account_id: 'A1' webhook_id: 'w1' traceparent: '00-ab-cd-01' redacted_paths: 'payload.a' "
                  "redacted_paths: 'payload.b[].c' time_source: TIME_SOURCE_RECEIVE_TIME payload: '{}'"),
            "{\"TimeGenerated\":\"1970-01-01T00:00:00.000000Z\",\"Event\":\"x.y\",\"EventTime\":\"1970-01-01T00:00:00.000000Z\","
            "\"AccountId\":\"A1\",\"TimeSource\":\"receive_time\",\"ReceiveTime\":\"1970-01-01T00:00:00.000000Z\","
            "\"WebhookId\":\"w1\",\"TraceId\":\"00-ab-cd-01\",\"RedactedPaths\":[\"payload.a\",\"payload.b[].c\"],\"Payload\":{}}");
}

TEST(EventRow, AppendsToWhatIsThere) {
  event::v1::Event event;
  event.set_payload("{}");
  RowEncoder encoder;
  std::string out = "[";
  encoder.Append(event, out);
  EXPECT_EQ(out.substr(0, 18), "[{\"TimeGenerated\":");
}

}  // namespace
}  // namespace zoomwatch::event_table
