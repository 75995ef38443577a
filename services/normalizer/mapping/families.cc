#include "services/normalizer/mapping/families.h"

namespace zoomwatch {

void FillFamily(Family family, const Reader& reader, event::v1::Event& event) {
  switch (family) {
    case Family::kNone:
      return;
    case Family::kMeeting:
      return FillMeeting(reader, *event.mutable_meeting());
    case Family::kWebinar:
      return FillWebinar(reader, *event.mutable_webinar());
    case Family::kChannel:
      return FillChannel(reader, *event.mutable_channel());
    case Family::kChat:
      return FillChat(reader, event.event(), *event.mutable_chat());
    case Family::kUser:
      return FillUser(reader, *event.mutable_user_change());
    case Family::kSignIn:
      return FillSignIn(reader, *event.mutable_sign_in());
    case Family::kRecording:
      return FillRecording(reader, *event.mutable_recording());
    case Family::kRoom:
      return FillRoom(reader, *event.mutable_room());
    case Family::kAccount:
      return FillAccount(reader, *event.mutable_account());
    case Family::kChatbot:
      return FillChatbot(reader, *event.mutable_chatbot());
  }
}

std::vector<FieldDoc> FieldDocs() {
  std::vector<FieldDoc> docs;
  AppendMeetingDocs(docs);
  AppendChatDocs(docs);
  AppendUserDocs(docs);
  AppendRecordingDocs(docs);
  AppendRoomDocs(docs);
  AppendAccountDocs(docs);
  AppendChatbotDocs(docs);
  return docs;
}

}  // namespace zoomwatch
