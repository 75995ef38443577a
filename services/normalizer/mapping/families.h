// One function per typed message of event.proto, each beside the table of its fields. Pure and thread-safe.
#pragma once

#include <string_view>
#include <vector>

#include "services/normalizer/mapping/field_row.h"
#include "services/normalizer/mapping/mapping_table.h"
#include "services/normalizer/mapping/reader.h"
#include "zoomwatch/event/v1/event.pb.h"

namespace zoomwatch {

void FillMeeting(const Reader& reader, event::v1::Meeting& meeting);
void FillWebinar(const Reader& reader, event::v1::Webinar& webinar);
void FillParticipant(const Reader& reader, json::NodeIndex participant, event::v1::Participant& out);
void FillRegistrant(const Reader& reader, json::NodeIndex registrant, event::v1::Participant& out);
void FillChannel(const Reader& reader, event::v1::Channel& channel);
// `event`: its name, which tells the type of a team chat message.
void FillChat(const Reader& reader, std::string_view event, event::v1::Chat& chat);
void FillUser(const Reader& reader, event::v1::User& user);
void FillSignIn(const Reader& reader, event::v1::SignIn& sign_in);
void FillRecording(const Reader& reader, event::v1::Recording& recording);
void FillRoom(const Reader& reader, event::v1::Room& room);
void FillAccount(const Reader& reader, event::v1::Account& account);
void FillChatbot(const Reader& reader, event::v1::Chatbot& chatbot);

// Sets the typed message of the family, if any.
void FillFamily(Family family, const Reader& reader, event::v1::Event& event);

// All rows of all tables, and of the fields that are computed; in the order of event.proto.
std::vector<FieldDoc> FieldDocs();
void AppendMeetingDocs(std::vector<FieldDoc>& docs);
void AppendChatDocs(std::vector<FieldDoc>& docs);
void AppendUserDocs(std::vector<FieldDoc>& docs);
void AppendRecordingDocs(std::vector<FieldDoc>& docs);
void AppendRoomDocs(std::vector<FieldDoc>& docs);
void AppendAccountDocs(std::vector<FieldDoc>& docs);
void AppendChatbotDocs(std::vector<FieldDoc>& docs);

}  // namespace zoomwatch
