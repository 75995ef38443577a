#include "cli/zoom/event_bodies.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/config/nearest_name.h"
#include "common/status/reasons.h"

namespace zoomwatch::cli {
namespace {

struct Template {
  std::string_view family;
  std::string_view body;
};

// @ts@ milliseconds, @time@ RFC 3339, @number@ 11 digits, @id@ and @uuid@ of the object, @name@ @email@ @user@ of a
// person,
// @guest@ @guest_email@ of somebody outside, @ip@ of a documentation range. Topics mix raw UTF-8 and escaped surrogate
// pairs, as Zoom does; numbers and strings change places as they do there.
constexpr Template kTemplates[] = {
    {"account",
     R"({"event":"account.settings_updated","event_ts":@ts@,"payload":{"account_id":"acc-northwind","operator":"admin@corp.example","operator_id":"usr-admin-00","time_stamp":@ts@,"object":{"id":"acc-northwind","settings":{"in_meeting":{"e2e_encryption":false,"file_transfer":true},"meeting_security":{"waiting_room":false}}},"old_object":{"id":"acc-northwind","settings":{"in_meeting":{"e2e_encryption":true,"file_transfer":false},"meeting_security":{"waiting_room":true}}}}})"},
    {"account",
     R"({"event":"account.created","event_ts":@ts@,"payload":{"account_id":"acc-northwind","operator":"admin@corp.example","operator_id":"usr-admin-00","object":{"id":"acc-@id@","owner_id":"@user@","owner_email":"@email@"}}})"},
    {"app",
     R"({"event":"app.authorization_request_created","event_ts":"@ts@","payload":{"account_id":"acc-northwind","user_id":"@user@","requester_name":"@name@","app_name":"Minutes keeper","app_type":"OAuth App","app_status":"published","app_permissions":{"View":["Calendar"],"Manage":["Recordings"]}}})"},
    {"channel",
     R"({"event":"chat_channel.created","event_ts":@ts@,"payload":{"account_id":"acc-northwind","operator":"@email@","operator_id":"@user@","object":{"id":"chn-@id@","name":"project @id@","type":1,"date_time":"@time@","timestamp":@ts@,"members":[{"id":"@user@","display_name":"@name@"}]}}})"},
    {"channel",
     R"({"event":"chat_channel.member_invited","event_ts":@ts@,"payload":{"operator":"@email@","operator_id":"@user@","account_id":"acc-northwind","object":{"id":"chn-@id@","name":"project @id@","type":2,"date_time":"@time@","timestamp":@ts@,"members":[{"id":"usr-guest-@id@","display_name":"@guest@"}]}}})"},
    {"chat",
     R"({"event":"chat_message.sent","event_ts":@ts@,"payload":{"account_id":"acc-northwind","operator":"@email@","operator_id":"@user@","object":{"id":"msg-@id@","type":"to_channel","date_time":"@time@","timestamp":@ts@,"session_id":"ses-@id@","channel_id":"chn-ops","channel_name":"operations","message":"notes – see https://wiki.corp.example/@id@ \uD83D\uDE80"}}})"},
    {"chat",
     R"({"payload":{"account_id":"","operator":"","operator_id":"","operator_member_id":"mem-@id@","by_external_user":true,"object":{"message_id":"msg-@id@","channel_id":"chn-ops","channel_name":"operations","message":"please look","timestamp":@ts@,"rich_text":[{"start_position":7,"end_position":11,"format_type":"AddLink","format_attr":"https://files.partner.example/@id@.zip"}],"files":[{"file_id":"fil-@id@","file_name":"@id@.zip"}]}},"event_ts":@ts@,"event":"team_chat.channel_message_posted"})"},
    {"chatbot",
     R"({"event":"bot_notification","payload":{"accountId":"acc-northwind","channelName":"operations","cmd":"status @id@","name":"helper","robotJid":"bot@xmpp.corp.example","timestamp":@ts@,"toJid":"chn-ops@conference.corp.example","userId":"@user@","userJid":"@user@@xmpp.corp.example","userName":"@name@"}})"},
    {"contact_center",
     R"({"event":"contact_center.engagement_started","event_ts":@ts@,"payload":{"account_id":"acc-northwind","object":{"engagement_id":"eng-@id@","start_time":"@time@","direction":"inbound","channel_types":["voice"],"consumers":[{"consumer_number":"+4755512345"}]}}})"},
    {"meeting",
     R"({"event":"meeting.created","event_ts":@ts@,"payload":{"account_id":"acc-northwind","operator":"@email@","operator_id":"@user@","object":{"uuid":"@uuid@","id":@number@,"host_id":"@user@","topic":"Planning ’@id@’ \uD83D\uDE97","type":2,"start_time":"@time@","duration":45,"timezone":"Europe/Oslo","join_url":"https://meet.corp.example/j/@number@?pwd=invented","password":"invented"}}})"},
    {"meeting",
     R"({"payload":{"account_id":"acc-northwind","object":{"uuid":"@uuid@","id":"@number@","host_id":"@user@","topic":"Planning @id@","type":2,"start_time":"@time@","duration":0,"timezone":"Europe/Oslo"}},"event_ts":@ts@,"event":"meeting.started"})"},
    {"meeting",
     R"({"event":"meeting.participant_joined","event_ts":@ts@,"payload":{"account_id":"acc-northwind","object":{"uuid":"@uuid@","id":"@number@","host_id":"usr-host-01","topic":"Planning @id@","type":2,"start_time":"@time@","duration":45,"timezone":"Europe/Oslo","participant":{"user_id":"@id@","user_name":"@name@","id":"@user@","participant_uuid":"par-@id@","email":"@email@","join_time":"@time@","public_ip":"@ip@"}}}})"},
    {"meeting",
     R"({"event":"meeting.participant_joined","event_ts":@ts@,"payload":{"account_id":"acc-northwind","object":{"uuid":"@uuid@","id":"@number@","host_id":"usr-host-01","topic":"Planning @id@","type":2,"start_time":"@time@","duration":45,"timezone":"Europe/Oslo","participant":{"user_id":"@id@","user_name":"@guest@","id":"","participant_uuid":"par-@id@","email":"","join_time":"@time@","public_ip":"@ip@"}}}})"},
    {"meeting",
     R"({"event":"meeting.ended","event_ts":@ts@,"payload":{"account_id":"acc-northwind","operator":"@email@","operator_id":"@user@","object":{"uuid":"@uuid@","id":@number@,"host_id":"@user@","topic":"Planning @id@","type":2,"start_time":"@time@","end_time":"@time@","duration":44,"timezone":"Europe/Oslo"}}})"},
    {"phone",
     R"({"event":"phone.callee_answered","event_ts":@ts@,"payload":{"account_id":"acc-northwind","object":{"call_id":"cal-@id@","caller":{"phone_number":"+4755512345"},"callee":{"extension_number":1024,"user_id":"@user@"},"answer_start_time":"@time@"}}})"},
    {"recording",
     R"({"event":"recording.completed","event_ts":@ts@,"download_token":"invented-@id@","payload":{"account_id":"acc-northwind","object":{"uuid":"@uuid@","id":@number@,"host_id":"@user@","host_email":"@email@","topic":"Planning @id@","type":2,"start_time":"@time@","timezone":"Europe/Oslo","duration":41,"total_size":7340032,"recording_count":1,"share_url":"https://rec.corp.example/share/@id@","recording_files":[{"id":"rcf-@id@","meeting_id":"@uuid@","recording_start":"@time@","recording_end":"@time@","file_type":"MP4","file_size":7340032,"play_url":"https://rec.corp.example/play/@id@","download_url":"https://rec.corp.example/get/@id@","status":"completed"}]}}})"},
    {"recording",
     R"({"event":"recording.deleted","event_ts":@ts@,"payload":{"account_id":"acc-northwind","operator":"@email@","operator_id":"@user@","object":{"uuid":"@uuid@","id":@number@,"host_id":"@user@","topic":"Planning @id@","type":2,"start_time":"@time@","duration":41,"timezone":"Europe/Oslo"}}})"},
    {"room",
     R"({"event":"zoomroom.alert","event_ts":@ts@,"payload":{"account_id":"acc-northwind","object":{"id":"room-@id@","room_name":"Fjord @id@","calendar_name":"fjord-@id@","email":"rooms@corp.example","issue":"High CPU usage is detected","alert_type":4,"component":1,"alert_kind":1}}})"},
    {"sign_in", R"({"event":"user.signed_in","event_ts":@ts@,"payload":{"account_id":"acc-northwind","object":{"id":"@user@","email":"@email@","client_type":"browser","version":"-","login_type":"101","date_time":"@time@"}}})"},
    {"sign_in",
     R"({"event":"user.signed_out","event_ts":@ts@,"payload":{"account_id":"acc-northwind","object":{"id":"@user@","email":"@email@","client_type":"mac","version":"6.2.1.4100","login_type":"101","date_time":"@time@"}}})"},
    {"unknown",
     R"({"event":"future.event_nobody_knows","event_ts":@ts@,"payload":{"account_id":"acc-northwind","object":{"id":9007199254740993,"note":"kept whole: @id@"}}})"},
    {"user",
     R"({"event":"user.created","event_ts":@ts@,"payload":{"account_id":"acc-northwind","operator":"admin@corp.example","operator_id":"usr-admin-00","creation_type":"create","object":{"id":"usr-@id@","first_name":"New","last_name":"Colleague","display_name":"New Colleague","email":"new-@id@@corp.example","type":1}}})"},
    {"user",
     R"({"event":"user.updated","event_ts":@ts@,"payload":{"account_id":"acc-northwind","operator":"admin@corp.example","operator_id":"usr-admin-00","operation":"change_password","time_stamp":@ts@,"object":{"id":"@user@","email":"@email@","type":2},"old_object":{"id":"@user@","email":"@email@","type":"1"}}})"},
    {"webinar",
     R"({"event":"webinar.created","event_ts":@ts@,"payload":{"account_id":"acc-northwind","operator":"@email@","operator_id":"@user@","object":{"uuid":"@uuid@","id":@number@,"host_id":"@user@","topic":"Roadmap @id@","type":5,"start_time":"@time@","duration":60,"timezone":"UTC"}}})"},
    {"webinar",
     R"({"event":"webinar.registration_created","event_ts":@ts@,"payload":{"account_id":"acc-northwind","object":{"uuid":"@uuid@","id":@number@,"host_id":"usr-host-01","topic":"Roadmap @id@","type":5,"start_time":"@time@","duration":60,"timezone":"UTC","registrant":{"id":"reg-@id@","first_name":"@guest@","last_name":"Visitor","email":"@guest_email@"}}}})"},
    {"whiteboard",
     R"({"event":"whiteboard.share_settings_updated","event_ts":@ts@,"payload":{"account_id":"acc-northwind","operator":"@email@","operator_id":"@user@","object":{"whiteboard_id":"wbd-@id@","file_name":"board @id@","share_mode":"anyone_with_link"}}})"},
};

constexpr std::string_view kPeople[] = {"Kari", "Liam", "Noor", "Oskar", "Priya", "Quentin",
                                        "Rosa", "Sven", "Tove", "Umar",  "Vera",  "Wei"};
constexpr std::string_view kGuests[] = {"Alex", "Bo", "Charlie", "Dana", "Eli", "Finn"};
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// SplitMix64: well mixed bits from consecutive numbers.
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

std::string Uuid(uint64_t random) {
  std::string out;
  for (int i = 0; i < 22; ++i) {
    if (i == 10) random = Mix(random);
    out += kDigits[random & 63];
    random >>= 6;
  }
  return out + "==";
}

std::string Value(std::string_view name, absl::Time time, uint64_t random) {
  const std::string_view person = kPeople[random % std::size(kPeople)];
  const std::string_view guest = kGuests[random % std::size(kGuests)];
  if (name == "ts") return std::to_string(absl::ToUnixMillis(time));
  if (name == "time") return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
  if (name == "number") return std::to_string(80'000'000'000 + random % 10'000'000'000);
  if (name == "id") return fmt::format("{:08x}", random >> 32);
  if (name == "uuid") return Uuid(random);
  if (name == "name") return std::string(person);
  if (name == "email") return Lower(person) + "@corp.example";
  if (name == "user") return "usr-" + Lower(person);
  if (name == "guest") return std::string(guest);
  if (name == "guest_email") return Lower(guest) + "@visitor.example";
  return fmt::format("203.0.113.{}", random % 256);
}

constexpr std::string_view kNames[] = {"ts",    "time", "number", "id",          "uuid", "name",
                                       "email", "user", "guest",  "guest_email", "ip"};

}  // namespace

std::vector<std::string_view> EventBodies::FamilyNames() {
  std::vector<std::string_view> names;
  for (const Template& row : kTemplates) {
    if (names.empty() || names.back() != row.family) names.push_back(row.family);
  }
  return names;
}

absl::StatusOr<EventBodies> EventBodies::Make(EventBodiesOptions options) {
  const std::vector<std::string_view> names = FamilyNames();
  const std::set<std::string, std::less<>> wanted(options.families.begin(), options.families.end());
  for (const std::string& family : wanted) {
    if (std::find(names.begin(), names.end(), family) != names.end()) continue;
    const std::string_view nearest = config::NearestName(family, names);
    return Error(Reason::kUsage, nearest.empty()
                                     ? fmt::format("no such family: {}; there are: {}", family, fmt::join(names, " "))
                                     : fmt::format("no such family: {}; did you mean {}?", family, nearest));
  }
  std::vector<std::string_view> templates;
  for (const Template& row : kTemplates) {
    if (wanted.empty() || wanted.count(row.family) > 0) templates.push_back(row.body);
  }
  return EventBodies(std::move(options), std::move(templates));
}

std::string EventBodies::Body(uint64_t index) const {
  std::string_view text = templates_[index % templates_.size()];
  const absl::Time time = options_.start + absl::Milliseconds(static_cast<int64_t>(index));
  const uint64_t random = Mix(Mix(options_.seed) ^ index);
  std::string out;
  while (!text.empty()) {
    const size_t at = std::min(text.find('@'), text.size());
    out += text.substr(0, at);
    text.remove_prefix(at);
    if (text.empty()) break;
    const size_t end = text.find('@', 1);
    const std::string_view name = end == std::string_view::npos ? std::string_view() : text.substr(1, end - 1);
    const bool placeholder = std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
    if (placeholder) out += Value(name, time, random);
    if (!placeholder) out += '@';  // of an address
    text.remove_prefix(placeholder ? end + 1 : 1);
  }
  return out;
}

}  // namespace zoomwatch::cli
