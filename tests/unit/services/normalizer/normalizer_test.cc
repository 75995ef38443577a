#include "services/normalizer/normalizer.h"

#include <gmock/gmock.h>

#include "tests/unit/services/normalizer/normalize_body.h"

namespace zoomwatch {
namespace {

using detect::v1::EventItem;
using event::v1::Event;

struct RefusedBody {
  std::string body;
  std::string reason;
  std::string message;
};

std::string Nested(int arrays) {
  return R"({"event":"a.b","payload":)" + std::string(static_cast<size_t>(arrays), '[') +
         std::string(static_cast<size_t>(arrays), ']') + "}";
}

std::string NamedBody(const std::string& name) { return R"({"event":")" + name + R"(","event_ts":1795512600000})"; }

TEST(Normalizer, QuarantinesWhatIsNoEventAndKeepsItsBytes) {
  const RefusedBody bodies[] = {
      {"[1]", "BODY_NOT_JSON", "byte 0: the body is not an object"},
      {"\"meeting.started\"", "BODY_NOT_JSON", "byte 0: the body is not an object"},
      {R"({"event":"a.b","event":"a.c"})", "JSON_DUPLICATE_KEY", "byte 15: a key that the object has already"},
      {R"({"event":"a.b","payload":{"id":1,"i\u0064":2}})", "JSON_DUPLICATE_KEY", "byte 43: a key that the object has already"},
      {Nested(64), "JSON_TOO_DEEP", "byte 88: nested too deep"},
      {"{}", "EVENT_NAME_MISSING", "the body has no \"event\""},
      {R"({"event":null})", "EVENT_NAME_MISSING", "the body has no \"event\""},
      {R"({"payload":{"event":"a.b"}})", "EVENT_NAME_MISSING", "the body has no \"event\""},
      {R"({"event":17})", "EVENT_NAME_MALFORMED", "\"event\" is not a string"},
      {R"({"event":["a.b"]})", "EVENT_NAME_MALFORMED", "\"event\" is not a string"},
      {NamedBody(""), "EVENT_NAME_MALFORMED", "\"event\" is empty"},
      {NamedBody(" \\t\\n "), "EVENT_NAME_MALFORMED", "\"event\" is empty"},
      {NamedBody("a\\u0000b"), "EVENT_NAME_MALFORMED", "\"event\" holds a control character"},
      {NamedBody("a\\u001fb"), "EVENT_NAME_MALFORMED", "\"event\" holds a control character"},
      {NamedBody("a\x7f"), "EVENT_NAME_MALFORMED", "\"event\" holds a control character"},
      {NamedBody("a\\u009f"), "EVENT_NAME_MALFORMED", "\"event\" holds a control character"},
      {NamedBody(std::string(201, 'n')), "EVENT_NAME_MALFORMED", "\"event\" is longer than 200 characters"},
  };
  for (const RefusedBody& refused : bodies) {
    SCOPED_TRACE(refused.body);
    const EventItem item = NormalizeBody(refused.body);
    ASSERT_TRUE(item.has_quarantined());
    EXPECT_EQ(item.webhook_id(), "hook-1");
    EXPECT_EQ(item.quarantined().reason(), refused.reason);
    EXPECT_EQ(item.quarantined().message(), refused.message);
    EXPECT_EQ(item.quarantined().body(), refused.body);
    EXPECT_EQ(item.quarantined().account_name(), "northwind");
    EXPECT_EQ(item.quarantined().receive_time().seconds(), kReceiveSeconds);
  }
}

TEST(Normalizer, QuarantinesTextThatIsNotJsonOrNotUtf8) {
  for (const char* body : {"", "   ", "not json", R"({"event":"a.b")", R"({"event":"a.b"} x)", R"({event:"a.b"})", R"({"event":'a.b'})"}) {
    SCOPED_TRACE(body);
    const EventItem item = NormalizeBody(body);
    EXPECT_EQ(item.quarantined().reason(), "BODY_NOT_JSON");
    EXPECT_THAT(item.quarantined().message(), ::testing::StartsWith("byte "));
  }
  const std::string truncated_character = "{\"event\":\"a.b\",\"note\":\"\xc3\"}";
  const EventItem item = NormalizeBody(truncated_character);
  EXPECT_EQ(item.quarantined().reason(), "BODY_NOT_UTF8");
  EXPECT_EQ(item.quarantined().body(), truncated_character);
}

TEST(Normalizer, DepthLimitIsInclusive) {
  EXPECT_TRUE(NormalizeBody(Nested(62)).has_event());
  EXPECT_TRUE(NormalizeBody(Nested(63)).has_event());
  EXPECT_TRUE(NormalizeBody(Nested(64)).has_quarantined());
  EXPECT_TRUE(NormalizeBody(Nested(3), {.max_depth = 4}).has_event());
  EXPECT_TRUE(NormalizeBody(Nested(4), {.max_depth = 4}).has_quarantined());
}

TEST(Normalizer, CountsCharactersOfTheNameNotBytes) {
  std::string two_byte_letters;
  for (int i = 0; i < 199; ++i) two_byte_letters += "\xc3\xa9";
  EXPECT_TRUE(NormalizeBody(NamedBody(std::string(200, 'n'))).has_event());
  EXPECT_TRUE(NormalizeBody(NamedBody(two_byte_letters)).has_event());
  EXPECT_TRUE(NormalizeBody(NamedBody(two_byte_letters + "\xc3\xa9")).has_event());
  EXPECT_TRUE(NormalizeBody(NamedBody(two_byte_letters + "\xc3\xa9n")).has_quarantined());
}

TEST(Normalizer, TrimsTheEventName) {
  const Event event = EventOf(NamedBody(" \\tmeeting.started\\r\\n"));
  EXPECT_EQ(event.event(), "meeting.started");
  EXPECT_EQ(event.category(), "meeting");
  EXPECT_TRUE(event.has_meeting());
  EXPECT_EQ(EventOf(NamedBody("a b")).event(), "a b");
}

TEST(Normalizer, UnknownEventsKeepTheirPayloadAndGetACategoryFromTheirName) {
  const std::string body = R"({"event":"Hologram.Projected.v2","event_ts":1795512600000,"payload":{"beam":[1, 2.50]}})";
  const Event event = EventOf(body);
  EXPECT_EQ(event.event(), "Hologram.Projected.v2");
  EXPECT_EQ(event.category(), "hologram");
  EXPECT_EQ(event.payload(), body);
  EXPECT_EQ(event.family_case(), Event::FAMILY_NOT_SET);
  EXPECT_EQ(EventOf(NamedBody("nodots")).category(), "nodots");
  EXPECT_EQ(EventOf(NamedBody(".hidden")).category(), ".hidden");
}

TEST(Normalizer, CarriesWhatTheReceiverKnows) {
  const Event event = EventOf(R"({"event":"meeting.started","payload":{"account_id":"acc-7"}})");
  EXPECT_EQ(event.account_name(), "northwind");
  EXPECT_EQ(event.account_id(), "acc-7");
  EXPECT_EQ(event.webhook_id(), "hook-1");
  EXPECT_EQ(event.traceparent(), "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01");
  EXPECT_EQ(event.receive_time().seconds(), kReceiveSeconds);
  EXPECT_EQ(event.receive_time().nanos(), 250'000'000);
}

TEST(Normalizer, ReusedItemForgetsTheEventBefore) {
  const Redactor redactor;
  Normalizer normalizer(redactor);
  EventItem item;
  normalizer.Normalize(MakeWebhook(R"({"event":"meeting.started","payload":{"operator":"ada@corp.example","object":{"password":"p1"}}})"),
                       item);
  ASSERT_EQ(item.event().redacted_paths_size(), 1);
  normalizer.Normalize(MakeWebhook(R"({"event":"node.offline"})", "hook-2"), item);
  EXPECT_EQ(item.webhook_id(), "hook-2");
  EXPECT_EQ(item.event().user(), "");
  EXPECT_EQ(item.event().redacted_paths_size(), 0);
  EXPECT_FALSE(item.event().has_meeting());
  const NormalizeReport report = normalizer.Normalize(MakeWebhook("{}"), item);
  EXPECT_TRUE(item.has_quarantined());
  EXPECT_EQ(report.mapping, nullptr);
  EXPECT_EQ(report.reason, Reason::kEventNameMissing);
}

TEST(Normalizer, KeepsIdsOfAnySizeAsText) {
  const Event event = EventOf(
      R"({"event":"meeting.started","payload":{"account_id":9007199254740993,"object":{"id":9007199254740993,"host_id":"0042","uuid":""}}})");
  EXPECT_EQ(event.account_id(), "9007199254740993");
  EXPECT_EQ(event.meeting().id(), "9007199254740993");
  EXPECT_EQ(event.meeting().host_id(), "0042");
  EXPECT_TRUE(event.meeting().has_uuid());
  EXPECT_FALSE(event.meeting().has_topic());
  EXPECT_EQ(EventOf(R"({"event":"meeting.started","payload":{"object":{"id":123456789012345678901234567890}}})").meeting().id(),
            "123456789012345678901234567890");
}

struct TimeCase {
  std::string event_ts;
  std::string payload;
  int64_t unix_ms;
  event::v1::TimeSource source;
};

TEST(Normalizer, TakesTheTimeFromEventTsThenPayloadThenReceipt) {
  using event::v1::TIME_SOURCE_EVENT_TS;
  using event::v1::TIME_SOURCE_PAYLOAD;
  using event::v1::TIME_SOURCE_RECEIVE_TIME;
  const std::string start = R"({"object":{"start_time":"2026-11-24T09:00:00Z"}})";
  const TimeCase cases[] = {
      {"1795512000123", "{}", 1795512000123, TIME_SOURCE_EVENT_TS},
      {"\"1795512000123\"", "{}", 1795512000123, TIME_SOURCE_EVENT_TS},
      {"1795512000", "{}", 1795512000000, TIME_SOURCE_EVENT_TS},
      {"1795512000123", start, 1795512000123, TIME_SOURCE_EVENT_TS},
      {"1262304000000", "{}", 1262304000000, TIME_SOURCE_EVENT_TS},
      {"1262303999999", "{}", kReceiveMs, TIME_SOURCE_RECEIVE_TIME},
      {"1795599000250", "{}", 1795599000250, TIME_SOURCE_EVENT_TS},
      {"1795599000251", "{}", kReceiveMs, TIME_SOURCE_RECEIVE_TIME},
      {"0", "{}", kReceiveMs, TIME_SOURCE_RECEIVE_TIME},
      {"-795512000123", "{}", kReceiveMs, TIME_SOURCE_RECEIVE_TIME},
      {"1.79551200012", "{}", kReceiveMs, TIME_SOURCE_RECEIVE_TIME},
      {"\"2026-11-24T09:00:00Z\"", "{}", kReceiveMs, TIME_SOURCE_RECEIVE_TIME},
      {"null", start, 1795510800000, TIME_SOURCE_PAYLOAD},
      {"0", start, 1795510800000, TIME_SOURCE_PAYLOAD},
      {"0", R"({"object":{"start_time":"2026-11-24T10:00:00+01:00"}})", 1795510800000, TIME_SOURCE_PAYLOAD},
      {"0", R"({"object":{"start_time":"2099-01-01T00:00:00Z"}})", kReceiveMs, TIME_SOURCE_RECEIVE_TIME},
      {"0", R"({"object":{"start_time":"yesterday"}})", kReceiveMs, TIME_SOURCE_RECEIVE_TIME},
  };
  for (const TimeCase& c : cases) {
    SCOPED_TRACE(c.event_ts + " " + c.payload);
    const Event event = EventOf(R"({"event":"meeting.started","event_ts":)" + c.event_ts + R"(,"payload":)" + c.payload + "}");
    EXPECT_EQ(event.time_source(), c.source);
    EXPECT_EQ(event.event_time().seconds() * 1000 + event.event_time().nanos() / 1'000'000, c.unix_ms);
  }
}

struct ActorCase {
  std::string event;
  std::string payload;
  std::string user;
  std::string user_id;
};

TEST(Normalizer, NamesWhoDidIt) {
  const std::string participant = R"("participant":{"user_name":"Ada","email":"ada@corp.example","id":"usr-ada","user_id":"16778240"})";
  const ActorCase cases[] = {
      {"meeting.started", R"({"operator":"ada@corp.example","operator_id":"usr-ada"})", "ada@corp.example", "usr-ada"},
      {"meeting.started", R"({"operator":"","operator_id":"usr-ada"})", "", "usr-ada"},
      {"meeting.started", R"({"object":{"topic":"t"}})", "", ""},
      {"meeting.participant_joined", R"({"operator":"host@corp.example","object":{)" + participant + "}}", "ada@corp.example", "usr-ada"},
      {"meeting.participant_joined", R"({"object":{"participant":{"user_name":"Guest","email":"","id":"","user_id":"1"}}})", "Guest", ""},
      {"meeting.participant_admitted", R"({"operator":"host@corp.example","object":{)" + participant + "}}", "host@corp.example", ""},
      {"webinar.participant_left", R"({"object":{)" + participant + "}}", "ada@corp.example", "usr-ada"},
      {"webinar.registration_created", R"({"operator":"host@corp.example","object":{"registrant":{"id":"reg-1","email":"bo@guest.example"}}})",
       "bo@guest.example", "reg-1"},
      {"user.updated", R"({"operator":"admin@corp.example","object":{"id":"usr-bo","email":"bo@corp.example"}})", "admin@corp.example", ""},
      {"user.signed_in", R"({"object":{"id":"usr-bo","email":"bo@corp.example","client_type":"mac"}})", "bo@corp.example", "usr-bo"},
      {"chat_message.sent", R"({"operator":"ada@corp.example","operator_id":"usr-ada","object":{"message":"hi"}})", "ada@corp.example",
       "usr-ada"},
      {"team_chat.channel_message_posted", R"({"operator":"ada@corp.example","operator_member_id":"mem-ada"})", "ada@corp.example", "mem-ada"},
      {"meeting.chat_message_sent", R"({"object":{"chat_message":{"sender_name":"Ada","sender_email":"ada@corp.example"}}})",
       "ada@corp.example", ""},
  };
  for (const ActorCase& c : cases) {
    SCOPED_TRACE(c.event + " " + c.payload);
    const Event event = EventOf(R"({"event":")" + c.event + R"(","payload":)" + c.payload + "}");
    EXPECT_EQ(event.user(), c.user);
    EXPECT_EQ(event.user_id(), c.user_id);
  }
}

}  // namespace
}  // namespace zoomwatch
