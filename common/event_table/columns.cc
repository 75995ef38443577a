#include "common/event_table/columns.h"

#include <algorithm>

namespace zoomwatch::event_table {
namespace {

using event::v1::Event;

template <auto Get>
void Text(const Event& event, std::string_view key, ObjectWriter& out) {
  const std::string& text = (event.*Get)();
  if (!text.empty()) out.Text(key, text);
}

void ReceiveTime(const Event& event, std::string_view key, ObjectWriter& out) { out.Time(key, event.receive_time()); }
void EventTime(const Event& event, std::string_view key, ObjectWriter& out) { out.Time(key, event.event_time()); }

void TimeSource(const Event& event, std::string_view key, ObjectWriter& out) {
  switch (event.time_source()) {
    case event::v1::TIME_SOURCE_EVENT_TS: out.Text(key, "event_ts"); break;
    case event::v1::TIME_SOURCE_PAYLOAD: out.Text(key, "payload"); break;
    case event::v1::TIME_SOURCE_RECEIVE_TIME: out.Text(key, "receive_time"); break;
    default: break;  // unspecified, or a value of a newer normalizer
  }
}

void RedactedPaths(const Event& event, std::string_view key, ObjectWriter& out) {
  if (!event.redacted_paths().empty()) out.List(key, event.redacted_paths());
}

// The object of one family, kept below the largest field by cutting its texts harder.
template <Event::FamilyCase Case, std::span<const Key> (*Keys)()>
void Family(const Event& event, std::string_view key, ObjectWriter& out) {
  if (event.family_case() != Case) return;
  out.Key(key);
  const size_t begin = out.out().size();
  const size_t max_bytes = out.max_value_bytes();
  // No family has more than 32 keys, so texts and lists at 1/64 of the limit always fit together.
  for (const size_t max_text : {max_bytes, std::max(max_bytes / 64, kMinValueBytes)}) {
    out.out().resize(begin);
    ObjectWriter object(out.out(), max_text);
    for (const Key& field : Keys()) field.append(event, field.name, object);
    object.End();
    if (out.out().size() - begin <= max_bytes) return;
  }
}

constexpr ColumnType kString = ColumnType::kString, kLong = ColumnType::kLong, kDateTime = ColumnType::kDateTime,
                     kDynamic = ColumnType::kDynamic;

constexpr Column kColumns[] = {
    {"TimeGenerated", kDateTime,
     "When the receiver had the webhook. Log Analytics replaces a time more than 2 days old or 1 day ahead by its own; "
     "ReceiveTime keeps it.",
     ReceiveTime},
    {"Event", kString, "Zoom's name of the event.", Text<&Event::event>},
    {"EventTime", kDateTime, "When it happened, by Zoom's clock; TimeSource says where from.", EventTime},
    {"User", kString, "Who did it: e-mail address, otherwise display name. Absent when Zoom names nobody.", Text<&Event::user>},
    {"UserId", kString, "Zoom's id of that person. Absent when not signed in.", Text<&Event::user_id>},
    {"MeetingEvents", kDynamic, "Events of meetings; absent for other families.", Family<Event::kMeeting, MeetingKeys>, MeetingKeys},
    {"WebinarEvents", kDynamic, "Events of webinars.", Family<Event::kWebinar, WebinarKeys>, WebinarKeys},
    {"ChannelEvents", kDynamic, "Events of chat channels.", Family<Event::kChannel, ChannelKeys>, ChannelKeys},
    {"ChatEvents", kDynamic, "Chat messages.", Family<Event::kChat, ChatKeys>, ChatKeys},
    {"UserEvents", kDynamic, "Changes of users.", Family<Event::kUserChange, UserKeys>, UserKeys},
    {"RecordingEvents", kDynamic, "Events of recordings.", Family<Event::kRecording, RecordingKeys>, RecordingKeys},
    {"RoomEvents", kDynamic, "Alerts of Zoom Rooms.", Family<Event::kRoom, RoomKeys>, RoomKeys},
    {"SignInEvents", kDynamic, "Sign-ins and sign-outs.", Family<Event::kSignIn, SignInKeys>, SignInKeys},
    {"AccountEvents", kDynamic, "Changes of accounts and their settings.", Family<Event::kAccount, AccountKeys>, AccountKeys},
    {"ChatbotEvents", kDynamic, "Events of chatbots.", Family<Event::kChatbot, ChatbotKeys>, ChatbotKeys},
    {"EventId", kString, "Identity of the event: rows with the same EventId are the same event.", Text<&Event::event_id>},
    {"Category", kString, "Family of the event, or the first part of its name.", Text<&Event::category>},
    {"AccountId", kString, "Zoom's id of the account. Absent when the body has none.", Text<&Event::account_id>},
    {"AccountName", kString, "Name of the account in the receiver's configuration.", Text<&Event::account_name>},
    {"TimeSource", kString, "Where EventTime comes from: event_ts, payload or receive_time.", TimeSource},
    {"ReceiveTime", kDateTime, "The same as TimeGenerated was when the row was sent; never replaced.", ReceiveTime},
    {"WebhookId", kString, "The delivery that the event came from.", Text<&Event::webhook_id>},
    {"TraceId", kString, "W3C traceparent of the delivery. Absent when there was none.", Text<&Event::traceparent>},
    {"RedactedPaths", kDynamic, "Paths in Payload whose values were replaced by \"[redacted]\". Absent: none.", RedactedPaths},
    {"Payload", kDynamic, "The whole body. Absent when it is too large for one field: then the parts hold it."},
    {"PayloadBytes", kLong, "Size of a body that is in parts."},
    {"PayloadSha256", kString, "SHA-256 of a body that is in parts, in lower-case hex."},
    {"PayloadCutBytes", kLong, "How many bytes at the end of the body are in no part. Absent: none."},
    {"PayloadPart01", kString, "First part of a body that is too large for one field; joined in order they are its text."},
    {"PayloadPart02", kString, "Next part."},
    {"PayloadPart03", kString, "Next part."},
    {"PayloadPart04", kString, "Next part."},
    {"PayloadPart05", kString, "Next part."},
    {"PayloadPart06", kString, "Next part."},
    {"PayloadPart07", kString, "Next part."},
    {"PayloadPart08", kString, "Next part."},
    {"PayloadPart09", kString, "Next part."},
    {"PayloadPart10", kString, "Next part."},
    {"PayloadPart11", kString, "Next part."},
    {"PayloadPart12", kString, "Next part."},
    {"PayloadPart13", kString, "Next part."},
    {"PayloadPart14", kString, "Next part."},
    {"PayloadPart15", kString, "Next part."},
};

static_assert(AllNamesLegalAndDistinct(kColumns));

}  // namespace

std::string_view NameOf(ColumnType type) {
  switch (type) {
    case ColumnType::kString: return "string";
    case ColumnType::kLong: return "long";
    case ColumnType::kBool: return "boolean";
    case ColumnType::kDateTime: return "datetime";
    case ColumnType::kDynamic: return "dynamic";
  }
  __builtin_unreachable();
}

std::span<const Column> EventColumns() { return kColumns; }

}  // namespace zoomwatch::event_table
