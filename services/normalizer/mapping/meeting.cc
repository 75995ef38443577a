// meeting.*, webinar.*, and the people in or registered for them.
#include "services/normalizer/mapping/families.h"

namespace zoomwatch {
namespace {

using event::v1::Meeting;
using event::v1::Participant;
using event::v1::Webinar;

// Meetings and webinars have the same fields under the same keys.
template <typename Message>
constexpr FieldRow<Message> kGathering[] = {
    {"topic", "topic", &Message::mutable_topic},
    {"uuid", "uuid", &Message::mutable_uuid},
    {"id", "id", &Message::mutable_id},
    {"host_id", "host_id", &Message::mutable_host_id},
    {"timezone", "timezone", &Message::mutable_timezone},
    {"start_time", "start_time", &Message::mutable_start_time},
    {"end_time", "end_time", &Message::mutable_end_time},
    {"type", "type", &Message::set_type},
    {"duration", "duration_minutes", &Message::set_duration_minutes},
};

constexpr FieldRow<Participant> kParticipant[] = {
    {"user_name", "name", &Participant::mutable_name},
    {"email", "email", &Participant::mutable_email},
    {"id", "id", &Participant::mutable_id},
    {"user_id", "session_id", &Participant::mutable_session_id},
    {"participant_uuid", "uuid", &Participant::mutable_uuid},
    {"registrant_id", "registrant_id", &Participant::mutable_registrant_id},
    {"join_time", "join_time", &Participant::mutable_join_time},
    {"leave_time", "leave_time", &Participant::mutable_leave_time},
    {"leave_reason", "leave_reason", &Participant::mutable_leave_reason},
    {"public_ip", "public_ip", &Participant::mutable_public_ip},
    {"ip_address", "public_ip", &Participant::mutable_public_ip},
    {"private_ip", "private_ip", &Participant::mutable_private_ip},
    {"phone_number", "phone_number", &Participant::mutable_phone_number},
};

constexpr FieldRow<Participant> kRegistrant[] = {
    {"email", "email", &Participant::mutable_email},
    {"id", "id", &Participant::mutable_id},
    {"phone", "phone_number", &Participant::mutable_phone_number},
};

// An array of texts now, one text in bodies of 2020.
void FillIssues(const Reader& reader, std::string& issues) {
  const json::Document& document = reader.document();
  const json::NodeIndex value = reader.Find(reader.object(), "issues");
  if (document.at(value).type != json::Type::kArray) {
    reader.Text(value, issues);
    return;
  }
  std::string issue;
  const json::NodeIndex end = document.end_of(value);
  for (json::NodeIndex i = json::Document::first_child(value); i != end; i = document.at(i).next) {
    if (!reader.Text(i, issue)) continue;
    if (issues.size() + issue.size() + 2 > kMaxFieldBytes) return;
    if (!issues.empty()) issues += "; ";
    issues += issue;
  }
}

template <typename Message>
void FillGathering(const Reader& reader, Message& message) {
  const json::NodeIndex object = reader.object();
  FillFields<Message>(reader, object, kGathering<Message>, message);
  if (reader.Find(object, "issues") != json::kNoNode) FillIssues(reader, *message.mutable_issues());
  const json::NodeIndex participant = reader.Find(object, "participant");
  const json::NodeIndex registrant = reader.Find(object, "registrant");
  if (participant != json::kNoNode) {
    FillParticipant(reader, participant, *message.mutable_participant());
  } else if (registrant != json::kNoNode) {
    FillRegistrant(reader, registrant, *message.mutable_participant());
  }
}

template <typename Message>
void AppendGatheringDocs(std::string_view name, std::vector<FieldDoc>& docs) {
  AppendDocs<Message>("payload.object.", name, kGathering<Message>, docs);
  docs.push_back({"payload.object.issues[]", name, "issues", "joined by \"; \"; a single text is taken as it is"});
  docs.push_back({"payload.object.participant", name, "participant", "see Participant"});
  docs.push_back({"payload.object.registrant", name, "participant", "when there is no participant"});
}

}  // namespace

void FillMeeting(const Reader& reader, Meeting& meeting) { FillGathering(reader, meeting); }
void FillWebinar(const Reader& reader, Webinar& webinar) { FillGathering(reader, webinar); }

void FillParticipant(const Reader& reader, json::NodeIndex participant, Participant& out) {
  FillFields<Participant>(reader, participant, kParticipant, out);
}

void FillRegistrant(const Reader& reader, json::NodeIndex registrant, Participant& out) {
  FillFields<Participant>(reader, registrant, kRegistrant, out);
  std::string first;
  std::string last;
  reader.Text(reader.Find(registrant, "first_name"), first);
  reader.Text(reader.Find(registrant, "last_name"), last);
  if (!first.empty() && !last.empty()) first += ' ';
  if (!first.empty() || !last.empty()) out.set_name(first + last);
}

void AppendMeetingDocs(std::vector<FieldDoc>& docs) {
  AppendGatheringDocs<Meeting>("Meeting", docs);
  AppendGatheringDocs<Webinar>("Webinar", docs);
  AppendDocs<Participant>("participant.", "Participant", kParticipant, docs);
  AppendDocs<Participant>("registrant.", "Participant", kRegistrant, docs);
  docs.push_back({"registrant.first_name, registrant.last_name", "Participant", "name", "with a blank between"});
}

}  // namespace zoomwatch
