#include "services/normalizer/mapping/mapping_table.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace zoomwatch {
namespace {

using A = ActorRule;
using F = Family;
using I = IdentityRule;
using T = TimeRule;

// Rows of one family stand together, exceptions before the rule.
constexpr MappingRow kTable[] = {
    {"account.*", "account", F::kAccount},
    {"app.*", "app", F::kNone, A::kApp},
    {"app_deauthorized", "app", F::kNone, A::kApp},
    {"bot_*", "chatbot", F::kChatbot, A::kChatbot},
    {"calendar.*", "calendar"},
    {"chat_channel.*", "channel", F::kChannel},
    {"chat_message.*", "chat", F::kChat},
    {"clinical_notes.*", "clinical_notes"},
    {"cobrowse.*", "cobrowse", F::kNone, A::kAgent},
    {"commerce.*", "commerce"},
    {"contact_center.*", "contact_center", F::kNone, A::kAgent},
    {"docs.*", "docs"},
    {"endpoint.*", "endpoint"},
    {"group.*", "group"},
    {"information_barriers.*", "information_barriers"},
    {"interactive_message_*", "chatbot", F::kChatbot, A::kChatbot},
    {"mail.*", "mail"},
    {"meeting.participant_joined*", "meeting", F::kMeeting, A::kAttendance, T::kAttendance, I::kAttendance},
    {"meeting.participant_left*", "meeting", F::kMeeting, A::kAttendance, T::kAttendance, I::kAttendance},
    {"meeting.participant_jbh_*", "meeting", F::kMeeting, A::kAttendance, T::kAttendance, I::kAttendance},
    {"meeting.participant_admitted", "meeting", F::kMeeting, A::kOperator, T::kAttendance},
    {"meeting.participant_put_in_waiting_room", "meeting", F::kMeeting, A::kOperator, T::kAttendance},
    {"meeting.participant_role_changed", "meeting", F::kMeeting, A::kOperator, T::kAttendance},
    {"meeting.participant_*", "meeting", F::kMeeting, A::kAttendance, T::kAttendance},
    {"meeting.registration_created", "meeting", F::kMeeting, A::kRegistration},
    {"meeting.registration_cancelled", "meeting", F::kMeeting, A::kRegistration},
    {"meeting.chat_message_sent", "meeting", F::kMeeting, A::kMeetingChat},
    {"meeting.started", "meeting", F::kMeeting, A::kOperator, T::kStart},
    {"meeting.ended", "meeting", F::kMeeting, A::kOperator, T::kEnd},
    {"meeting.*", "meeting", F::kMeeting},
    {"node.*", "node"},
    {"number_management.*", "number_management"},
    {"phone.caller_*", "phone", F::kNone, A::kCaller},
    {"phone.callee_*", "phone", F::kNone, A::kCallee},
    {"phone.*", "phone", F::kNone, A::kPhone},
    {"quality_management.*", "quality_management"},
    {"recording.registration_created", "recording", F::kRecording, A::kRegistration},
    {"recording.started", "recording", F::kRecording, A::kOperator, T::kRecordingFile},
    {"recording.paused", "recording", F::kRecording, A::kOperator, T::kRecordingFile},
    {"recording.resumed", "recording", F::kRecording, A::kOperator, T::kRecordingFile},
    {"recording.stopped", "recording", F::kRecording, A::kOperator, T::kRecordingFile},
    {"recording.*", "recording", F::kRecording},
    {"revenue_accelerator.*", "revenue_accelerator"},
    {"rtms.*", "rtms"},
    {"scheduler.*", "scheduler"},
    {"session.*", "session", F::kNone, A::kSession},
    {"task.*", "task"},
    {"team_chat.channel_message_*", "chat", F::kChat},
    {"team_chat.channel_pin_*", "chat", F::kChat},
    {"team_chat.channel_reaction_*", "chat", F::kChat},
    {"team_chat.channel_*", "channel", F::kChannel},
    {"team_chat.shared_spaces_*", "channel", F::kChannel},
    {"team_chat.*", "chat", F::kChat},
    {"user.signed_in", "sign_in", F::kSignIn, A::kUserItself},
    {"user.signed_out", "sign_in", F::kSignIn, A::kUserItself},
    {"user.presence_status_updated", "user", F::kUser, A::kUserItself},
    {"user.personal_notes_updated", "user", F::kUser, A::kUserItself},
    {"user.invitation_accepted", "user", F::kUser, A::kUserItself},
    {"user.*", "user", F::kUser},
    {"video_management.*", "video_management"},
    {"visitor_management.*", "visitor_management"},
    {"webinar.participant_joined*", "webinar", F::kWebinar, A::kAttendance, T::kAttendance, I::kAttendance},
    {"webinar.participant_left*", "webinar", F::kWebinar, A::kAttendance, T::kAttendance, I::kAttendance},
    {"webinar.participant_role_changed", "webinar", F::kWebinar, A::kOperator, T::kAttendance},
    {"webinar.participant_*", "webinar", F::kWebinar, A::kAttendance, T::kAttendance},
    {"webinar.registration_created", "webinar", F::kWebinar, A::kRegistration},
    {"webinar.registration_cancelled", "webinar", F::kWebinar, A::kRegistration},
    {"webinar.chat_message_sent", "webinar", F::kWebinar, A::kMeetingChat},
    {"webinar.started", "webinar", F::kWebinar, A::kOperator, T::kStart},
    {"webinar.ended", "webinar", F::kWebinar, A::kOperator, T::kEnd},
    {"webinar.*", "webinar", F::kWebinar},
    {"whiteboard.*", "whiteboard"},
    {"workspace.*", "workspace"},
    {"zoom_events.*", "zoom_events"},
    {"zoomroom.alert", "room", F::kRoom, A::kOperator, T::kAlert},
    {"zoomroom.delayed_alert", "room", F::kRoom, A::kOperator, T::kAlert},
    {"zoomroom.*", "room", F::kRoom},
    {"*", ""},
};

constexpr ActorCandidate kByOperator = {
    {"payload.operator"}, {"payload.operator_id", "payload.operator_member_id", "payload.operator_collaborator_id"}};
constexpr ActorCandidate kByParticipant = {{"payload.object.participant.email", "payload.object.participant.user_name"},
                                           {"payload.object.participant.id", "payload.object.participant.participant_user_id"}};
constexpr ActorCandidate kByRegistrant = {{"payload.object.registrant.email"}, {"payload.object.registrant.id"}};
constexpr ActorCandidate kByCaller = {{"payload.object.caller.email", "payload.object.caller.display_name"},
                                      {"payload.object.caller.user_id", "payload.object.caller.id"}};
constexpr ActorCandidate kByCallee = {{"payload.object.callee.email", "payload.object.callee.display_name"},
                                      {"payload.object.callee.user_id", "payload.object.callee.id"}};

constexpr ActorRuleRow kActorRules[] = {
    {A::kOperator, "operator", {kByOperator, kByParticipant, kByRegistrant}},
    {A::kAttendance, "attendance", {kByParticipant, kByOperator}},
    {A::kRegistration, "registration", {kByRegistrant, kByOperator}},
    {A::kUserItself, "user itself", {{{{"payload.object.email", "payload.object.display_name"}, {"payload.object.id"}}, kByOperator}}},
    {A::kMeetingChat,
     "meeting chat",
     {{{{"payload.object.chat_message.sender_email", "payload.object.chat_message.sender_name"}, {}}, kByOperator}}},
    {A::kChatbot, "chatbot", {{{{"payload.userName", "payload.userJid"}, {"payload.userId"}}, kByOperator}}},
    {A::kApp, "app", {{kByOperator, {{"payload.requester_name"}, {"payload.user_id"}}}}},
    {A::kSession, "session", {{kByOperator, {{"payload.object.user.name"}, {"payload.object.user.id"}}, kByParticipant}}},
    {A::kCaller, "caller", {kByOperator, kByCaller}},
    {A::kCallee, "callee", {kByOperator, kByCallee}},
    {A::kPhone,
     "phone",
     {{kByOperator,
       {{"payload.object.sender.display_name"}, {"payload.object.sender.id"}},
       {{"payload.object.owner.name"}, {"payload.object.owner.id"}},
       {{}, {"payload.object.user_id", "payload.object.caller.user_id", "payload.object.caller.id"}}}}},
    {A::kAgent,
     "agent",
     {{kByOperator,
       {{"payload.object.user_email", "payload.object.user_display_name"}, {"payload.object.user_id"}},
       {{"payload.object.user_name"}, {}}}}},
};

constexpr TimeRuleRow kTimeRules[] = {
    {T::kGeneral,
     "general",
     {"payload.time_stamp", "payload.timestamp", "payload.object.timestamp", "payload.object.date_time",
      "payload.object.date-time", "payload.object.date_time_ms", "payload.deauthorization_time"}},
    {T::kAttendance,
     "attendance",
     {"payload.object.participant.leave_time", "payload.object.participant.join_time", "payload.object.participant.date_time",
      "payload.time_stamp"}},
    {T::kStart, "start", {"payload.object.start_time"}},
    {T::kEnd, "end", {"payload.object.end_time"}},
    {T::kRecordingFile,
     "recording file",
     {"payload.object.recording_file.recording_end", "payload.object.recording_file.recording_start"}},
    {T::kAlert, "alert", {"payload.object.alert_time", "payload.object.date_time"}},
};

constexpr IdentityRuleRow kIdentityRules[] = {
    {I::kContent, "content", {}, {}},
    {I::kAttendance,
     "attendance",
     {"payload.object.uuid", "payload.object.id", "payload.object.breakout_room_uuid", "payload.object.participant.user_id",
      "payload.object.participant.participant_uuid", "payload.object.participant.id", "payload.object.participant.registrant_id",
      "payload.object.participant.user_name", "payload.object.participant.email", "payload.object.participant.phone_number",
      "payload.object.participant.join_time", "payload.object.participant.leave_time"},
     {"payload.object.participant.user_id", "payload.object.participant.participant_uuid"}},
};

bool Matches(std::string_view pattern, std::string_view event) {
  if (pattern.back() != '*') return pattern == event;
  pattern.remove_suffix(1);
  return event.substr(0, pattern.size()) == pattern;
}

// First and last row + 1 whose pattern starts with a letter, so that a look-up reads a few rows only.
struct LetterIndex {
  std::array<std::pair<uint8_t, uint8_t>, 128> ranges{};

  constexpr LetterIndex() {
    for (size_t i = 0; i + 1 < std::size(kTable); ++i) {
      auto& range = ranges[static_cast<unsigned char>(kTable[i].pattern.front())];
      if (range.second == 0) range.first = static_cast<uint8_t>(i);
      range.second = static_cast<uint8_t>(i + 1);
    }
  }
};
constexpr LetterIndex kLetterIndex;

// The tables are indexed by their enums; a test checks it.
template <typename Row, size_t kSize, typename Rule>
const Row& At(const Row (&rows)[kSize], Rule rule) {
  return rows[static_cast<size_t>(rule)];
}

}  // namespace

std::span<const MappingRow> MappingTable() { return kTable; }
std::span<const ActorRuleRow> ActorRules() { return kActorRules; }
std::span<const TimeRuleRow> TimeRules() { return kTimeRules; }
std::span<const IdentityRuleRow> IdentityRules() { return kIdentityRules; }

const MappingRow& FindMapping(std::string_view event) {
  const auto letter = event.empty() ? 0u : static_cast<unsigned char>(event.front());
  if (letter < kLetterIndex.ranges.size()) {
    const auto range = kLetterIndex.ranges[letter];
    for (size_t i = range.first; i < range.second; ++i) {
      if (Matches(kTable[i].pattern, event)) return kTable[i];
    }
  }
  return kTable[std::size(kTable) - 1];
}

const ActorRuleRow& RowOf(ActorRule rule) { return At(kActorRules, rule); }
const TimeRuleRow& RowOf(TimeRule rule) { return At(kTimeRules, rule); }
const IdentityRuleRow& RowOf(IdentityRule rule) { return At(kIdentityRules, rule); }

}  // namespace zoomwatch
