// The keys inside the family columns. The first ones are those of the "ZoomLogs" parser that Microsoft published in 2020, so that
// queries written for it keep working: the same names, read from the right fields. What it had no key for follows.
#include "common/event_table/columns.h"

namespace zoomwatch::event_table {
namespace {

using event::v1::Event;
using M = event::v1::Meeting;
using W = event::v1::Webinar;
using P = event::v1::Participant;
using CL = event::v1::Channel;
using CT = event::v1::Chat;
using U = event::v1::User;
using S = event::v1::SignIn;
using R = event::v1::Recording;
using RM = event::v1::Room;
using A = event::v1::Account;
using B = event::v1::Chatbot;

// Readers of one field of a family. `Family` is the getter of the oneof member, which the row encoder has checked to be set.
template <auto Family, auto Has, auto Get>
void Text(const Event& event, std::string_view key, ObjectWriter& out) {
  const auto& family = (event.*Family)();
  if ((family.*Has)()) out.Text(key, (family.*Get)());
}

template <auto Family, auto Has, auto Get>
void Number(const Event& event, std::string_view key, ObjectWriter& out) {
  const auto& family = (event.*Family)();
  if ((family.*Has)()) out.Number(key, (family.*Get)());
}

template <auto Family, auto Has, auto Get>
void Bool(const Event& event, std::string_view key, ObjectWriter& out) {
  const auto& family = (event.*Family)();
  if ((family.*Has)()) out.Bool(key, (family.*Get)());
}

// Of the participant or registrant inside the family.
template <auto Family, auto Person, auto Has, auto Get>
void PersonText(const Event& event, std::string_view key, ObjectWriter& out) {
  const P& person = ((event.*Family)().*Person)();
  if ((person.*Has)()) out.Text(key, (person.*Get)());
}

using StringList = const google::protobuf::RepeatedPtrField<std::string>& (*)(const Event&);

template <StringList Get>
void List(const Event& event, std::string_view key, ObjectWriter& out) {
  if (!Get(event).empty()) out.List(key, Get(event));
}

// The parser's "Member" is one text: the names, joined.
void JoinedMembers(const Event& event, std::string_view key, ObjectWriter& out) {
  if (event.channel().members().empty()) return;
  std::string joined;
  for (const std::string& member : event.channel().members()) {
    if (!joined.empty()) joined += ", ";
    joined += member;
  }
  out.Text(key, joined);
}

const auto& MembersOf(const Event& event) { return event.channel().members(); }
const auto& LinksOf(const Event& event) { return event.chat().links(); }
const auto& ChangedSettingsOf(const Event& event) { return event.account().changed_settings(); }

constexpr ColumnType kString = ColumnType::kString, kLong = ColumnType::kLong, kBool = ColumnType::kBool,
                     kDynamic = ColumnType::kDynamic;

// Meetings and webinars have the same fields and keys, but for the parser's first two names.
template <typename T, auto F>
constexpr Key kConferenceKeys[] = {
    {std::is_same_v<T, M> ? "MeetingName" : "WebinarName", kString, "topic", Text<F, &T::has_topic, &T::topic>},
    {std::is_same_v<T, M> ? "MeetingId" : "WebinarId", kString, "uuid", Text<F, &T::has_uuid, &T::uuid>},
    {"Timezone", kString, "timezone", Text<F, &T::has_timezone, &T::timezone>},
    {"Start", kString, "start_time", Text<F, &T::has_start_time, &T::start_time>},
    {"End", kString, "end_time", Text<F, &T::has_end_time, &T::end_time>},
    {"Participant", kString, "participant.name", PersonText<F, &T::participant, &P::has_name, &P::name>},
    {std::is_same_v<T, M> ? "MeetingNumber" : "WebinarNumber", kString, "id", Text<F, &T::has_id, &T::id>},
    {"HostId", kString, "host_id", Text<F, &T::has_host_id, &T::host_id>},
    {std::is_same_v<T, M> ? "MeetingType" : "WebinarType", kLong, "type", Number<F, &T::has_type, &T::type>},
    {"DurationMinutes", kLong, "duration_minutes", Number<F, &T::has_duration_minutes, &T::duration_minutes>},
    {"Issues", kString, "issues", Text<F, &T::has_issues, &T::issues>},
    {"ParticipantEmail", kString, "participant.email", PersonText<F, &T::participant, &P::has_email, &P::email>},
    {"ParticipantId", kString, "participant.id", PersonText<F, &T::participant, &P::has_id, &P::id>},
    {"ParticipantSessionId", kString, "participant.session_id",
     PersonText<F, &T::participant, &P::has_session_id, &P::session_id>},
    {"ParticipantUuid", kString, "participant.uuid", PersonText<F, &T::participant, &P::has_uuid, &P::uuid>},
    {"RegistrantId", kString, "participant.registrant_id",
     PersonText<F, &T::participant, &P::has_registrant_id, &P::registrant_id>},
    {"JoinTime", kString, "participant.join_time", PersonText<F, &T::participant, &P::has_join_time, &P::join_time>},
    {"LeaveTime", kString, "participant.leave_time", PersonText<F, &T::participant, &P::has_leave_time, &P::leave_time>},
    {"LeaveReason", kString, "participant.leave_reason",
     PersonText<F, &T::participant, &P::has_leave_reason, &P::leave_reason>},
    {"PublicIp", kString, "participant.public_ip", PersonText<F, &T::participant, &P::has_public_ip, &P::public_ip>},
    {"PrivateIp", kString, "participant.private_ip", PersonText<F, &T::participant, &P::has_private_ip, &P::private_ip>},
    {"PhoneNumber", kString, "participant.phone_number",
     PersonText<F, &T::participant, &P::has_phone_number, &P::phone_number>},
};

constexpr auto kChannel = &Event::channel;
constexpr Key kChannelKeys[] = {
    {"Channel", kString, "name", Text<kChannel, &CL::has_name, &CL::name>},
    {"ChannelId", kString, "id", Text<kChannel, &CL::has_id, &CL::id>},
    {"Member", kString, "members, joined by \", \"", JoinedMembers},
    {"ChannelType", kLong, "type", Number<kChannel, &CL::has_type, &CL::type>},
    {"Members", kDynamic, "members", List<MembersOf>},
    {"ByExternalUser", kBool, "by_external_user", Bool<kChannel, &CL::has_by_external_user, &CL::by_external_user>},
};

constexpr auto kChat = &Event::chat;
constexpr Key kChatKeys[] = {
    {"Channel", kString, "channel", Text<kChat, &CT::has_channel, &CT::channel>},
    {"ChannelId", kString, "channel_id", Text<kChat, &CT::has_channel_id, &CT::channel_id>},
    {"Type", kString, "type", Text<kChat, &CT::has_type, &CT::type>},
    {"Message", kString, "message", Text<kChat, &CT::has_message, &CT::message>},
    {"MessageId", kString, "message_id", Text<kChat, &CT::has_message_id, &CT::message_id>},
    {"ContactEmail", kString, "contact_email", Text<kChat, &CT::has_contact_email, &CT::contact_email>},
    {"ContactId", kString, "contact_id", Text<kChat, &CT::has_contact_id, &CT::contact_id>},
    {"SessionId", kString, "session_id", Text<kChat, &CT::has_session_id, &CT::session_id>},
    {"FileCount", kLong, "file_count", Number<kChat, &CT::has_file_count, &CT::file_count>},
    {"Links", kDynamic, "links", List<LinksOf>},
    {"ByExternalUser", kBool, "by_external_user", Bool<kChat, &CT::has_by_external_user, &CT::by_external_user>},
};

constexpr auto kUser = &Event::user_change;
constexpr Key kUserKeys[] = {
    {"UserId", kString, "id", Text<kUser, &U::has_id, &U::id>},
    {"UserEmail", kString, "email", Text<kUser, &U::has_email, &U::email>},
    {"UserFirstName", kString, "first_name", Text<kUser, &U::has_first_name, &U::first_name>},
    {"UserLastName", kString, "last_name", Text<kUser, &U::has_last_name, &U::last_name>},
    {"UserType", kString, "type", Text<kUser, &U::has_type, &U::type>},
    {"CreationType", kString, "creation_type", Text<kUser, &U::has_creation_type, &U::creation_type>},
    {"Operation", kString, "operation", Text<kUser, &U::has_operation, &U::operation>},
    {"Role", kString, "role", Text<kUser, &U::has_role, &U::role>},
    {"PresenceStatus", kString, "presence_status", Text<kUser, &U::has_presence_status, &U::presence_status>},
};

constexpr auto kSignIn = &Event::sign_in;
constexpr Key kSignInKeys[] = {
    {"UserId", kString, "user_id", Text<kSignIn, &S::has_user_id, &S::user_id>},
    {"UserEmail", kString, "email", Text<kSignIn, &S::has_email, &S::email>},
    {"ClientType", kString, "client_type", Text<kSignIn, &S::has_client_type, &S::client_type>},
    {"ClientVersion", kString, "version", Text<kSignIn, &S::has_version, &S::version>},
    {"LoginType", kString, "login_type", Text<kSignIn, &S::has_login_type, &S::login_type>},
    {"DateTime", kString, "date_time", Text<kSignIn, &S::has_date_time, &S::date_time>},
};

constexpr auto kRecording = &Event::recording;
constexpr Key kRecordingKeys[] = {
    {"RecordingName", kString, "topic", Text<kRecording, &R::has_topic, &R::topic>},
    {"RecordingURL", kString, "share_url", Text<kRecording, &R::has_share_url, &R::share_url>},
    {"RecordingSize", kLong, "total_size_bytes", Number<kRecording, &R::has_total_size_bytes, &R::total_size_bytes>},
    {"RecordingId", kString, "uuid", Text<kRecording, &R::has_uuid, &R::uuid>},
    {"MeetingNumber", kString, "id", Text<kRecording, &R::has_id, &R::id>},
    {"HostId", kString, "host_id", Text<kRecording, &R::has_host_id, &R::host_id>},
    {"HostEmail", kString, "host_email", Text<kRecording, &R::has_host_email, &R::host_email>},
    {"FileCount", kLong, "file_count", Number<kRecording, &R::has_file_count, &R::file_count>},
    {"Start", kString, "start_time", Text<kRecording, &R::has_start_time, &R::start_time>},
    {"Registrant", kString, "registrant.name", PersonText<kRecording, &R::registrant, &P::has_name, &P::name>},
    {"RegistrantEmail", kString, "registrant.email", PersonText<kRecording, &R::registrant, &P::has_email, &P::email>},
    {"RegistrantId", kString, "registrant.id", PersonText<kRecording, &R::registrant, &P::has_id, &P::id>},
};

constexpr auto kRoom = &Event::room;
constexpr Key kRoomKeys[] = {
    {"RoomName", kString, "name", Text<kRoom, &RM::has_name, &RM::name>},
    {"RoomEmail", kString, "email", Text<kRoom, &RM::has_email, &RM::email>},
    {"RoomEvent", kString, "issue", Text<kRoom, &RM::has_issue, &RM::issue>},
    {"AlertType", kLong, "alert_type", Number<kRoom, &RM::has_alert_type, &RM::alert_type>},
    {"AlertKind", kLong, "alert_kind", Number<kRoom, &RM::has_alert_kind, &RM::alert_kind>},
    {"RoomId", kString, "id", Text<kRoom, &RM::has_id, &RM::id>},
    {"CalendarName", kString, "calendar_name", Text<kRoom, &RM::has_calendar_name, &RM::calendar_name>},
    {"Component", kLong, "component", Number<kRoom, &RM::has_component, &RM::component>},
};

constexpr auto kAccount = &Event::account;
constexpr Key kAccountKeys[] = {
    {"ChangedAccountId", kString, "id", Text<kAccount, &A::has_id, &A::id>},
    {"ChangedAccountName", kString, "name", Text<kAccount, &A::has_name, &A::name>},
    {"OwnerId", kString, "owner_id", Text<kAccount, &A::has_owner_id, &A::owner_id>},
    {"OwnerEmail", kString, "owner_email", Text<kAccount, &A::has_owner_email, &A::owner_email>},
    {"Operation", kString, "operation", Text<kAccount, &A::has_operation, &A::operation>},
    {"ChangedSettings", kDynamic, "changed_settings", List<ChangedSettingsOf>},
};

constexpr auto kChatbot = &Event::chatbot;
constexpr Key kChatbotKeys[] = {
    {"RobotJid", kString, "robot_jid", Text<kChatbot, &B::has_robot_jid, &B::robot_jid>},
    {"ToJid", kString, "to_jid", Text<kChatbot, &B::has_to_jid, &B::to_jid>},
    {"UserName", kString, "user_name", Text<kChatbot, &B::has_user_name, &B::user_name>},
    {"Channel", kString, "channel", Text<kChatbot, &B::has_channel, &B::channel>},
    {"Command", kString, "command", Text<kChatbot, &B::has_command, &B::command>},
    {"MessageId", kString, "message_id", Text<kChatbot, &B::has_message_id, &B::message_id>},
};

}  // namespace

std::span<const Key> MeetingKeys() { return kConferenceKeys<M, &Event::meeting>; }
std::span<const Key> WebinarKeys() { return kConferenceKeys<W, &Event::webinar>; }
std::span<const Key> ChannelKeys() { return kChannelKeys; }
std::span<const Key> ChatKeys() { return kChatKeys; }
std::span<const Key> UserKeys() { return kUserKeys; }
std::span<const Key> SignInKeys() { return kSignInKeys; }
std::span<const Key> RecordingKeys() { return kRecordingKeys; }
std::span<const Key> RoomKeys() { return kRoomKeys; }
std::span<const Key> AccountKeys() { return kAccountKeys; }
std::span<const Key> ChatbotKeys() { return kChatbotKeys; }

}  // namespace zoomwatch::event_table
