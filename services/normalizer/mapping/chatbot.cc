// bot_notification, bot_installed, interactive_message_*: flat bodies in camel case.
#include "services/normalizer/mapping/families.h"

namespace zoomwatch {
namespace {

using event::v1::Chatbot;

constexpr FieldRow<Chatbot> kChatbot[] = {
    {"robotJid", "robot_jid", &Chatbot::mutable_robot_jid},
    {"toJid", "to_jid", &Chatbot::mutable_to_jid},
    {"userName", "user_name", &Chatbot::mutable_user_name},
    {"channelName", "channel", &Chatbot::mutable_channel},
    {"cmd", "command", &Chatbot::mutable_command},
    {"messageId", "message_id", &Chatbot::mutable_message_id},
};

}  // namespace

void FillChatbot(const Reader& reader, Chatbot& chatbot) { FillFields<Chatbot>(reader, reader.payload(), kChatbot, chatbot); }

void AppendChatbotDocs(std::vector<FieldDoc>& docs) { AppendDocs<Chatbot>("payload.", "Chatbot", kChatbot, docs); }

}  // namespace zoomwatch
