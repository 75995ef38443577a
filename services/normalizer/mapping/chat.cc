// chat_channel.*, chat_message.*, team_chat.*
#include "services/normalizer/mapping/families.h"

namespace zoomwatch {
namespace {

using event::v1::Channel;
using event::v1::Chat;

constexpr FieldRow<Channel> kChannelObject[] = {
    {"channel_name", "name", &Channel::mutable_name},
    {"name", "name", &Channel::mutable_name},
    {"space_name", "name", &Channel::mutable_name},
    {"channel_id", "id", &Channel::mutable_id},
    {"id", "id", &Channel::mutable_id},
    {"space_id", "id", &Channel::mutable_id},
    {"type", "type", &Channel::set_type},
};

// Invitations and join requests have the channel as an object of its own.
constexpr FieldRow<Channel> kChannelOfInvitation[] = {
    {"channel_name", "name", &Channel::mutable_name},
    {"channel_id", "id", &Channel::mutable_id},
    {"type", "type", &Channel::set_type},
};

constexpr FieldRow<Channel> kChannelPayload[] = {
    {"by_external_user", "by_external_user", &Channel::set_by_external_user},
};

constexpr FieldRow<Chat> kChatObject[] = {
    {"channel_name", "channel", &Chat::mutable_channel},
    {"channel_id", "channel_id", &Chat::mutable_channel_id},
    {"message", "message", &Chat::mutable_message},
    {"message_id", "message_id", &Chat::mutable_message_id},
    {"msg_id", "message_id", &Chat::mutable_message_id},
    {"id", "message_id", &Chat::mutable_message_id},
    {"contact_email", "contact_email", &Chat::mutable_contact_email},
    {"contact_id", "contact_id", &Chat::mutable_contact_id},
    {"session_id", "session_id", &Chat::mutable_session_id},
};

constexpr FieldRow<Chat> kChatPayload[] = {
    {"by_external_user", "by_external_user", &Chat::set_by_external_user},
};

void FillMembers(const Reader& reader, Channel& channel) {
  const json::Document& document = reader.document();
  const json::NodeIndex members = reader.Find(reader.object(), "members");
  if (members == json::kNoNode || document.at(members).type != json::Type::kArray) return;
  BoundedList list(*channel.mutable_members());
  std::string member;
  const json::NodeIndex end = document.end_of(members);
  for (json::NodeIndex i = json::Document::first_child(members); i != end; i = document.at(i).next) {
    const json::NodeIndex name = reader.Find(i, "display_name");
    if (!reader.Text(reader.HasText(name) ? name : reader.Find(i, "id"), member)) continue;
    if (!list.Add(member)) return;
  }
}

// A link hides behind text: the address is only in the format of the text.
void FillLinks(const Reader& reader, Chat& chat) {
  const json::Document& document = reader.document();
  const json::NodeIndex formats = reader.Find(reader.object(), "rich_text");
  if (formats == json::kNoNode || document.at(formats).type != json::Type::kArray) return;
  BoundedList list(*chat.mutable_links());
  std::string text;
  const json::NodeIndex end = document.end_of(formats);
  for (json::NodeIndex i = json::Document::first_child(formats); i != end; i = document.at(i).next) {
    if (!reader.Text(reader.Find(i, "format_type"), text) || text != "AddLink") continue;
    if (reader.Text(reader.Find(i, "format_attr"), text) && !list.Add(text)) return;
  }
}

void FillFileCount(const Reader& reader, Chat& chat) {
  const json::Document& document = reader.document();
  const json::NodeIndex files = reader.Find(reader.object(), "files");
  int64_t count = reader.Find(reader.object(), "file") != json::kNoNode ? 1 : 0;
  if (files != json::kNoNode && document.at(files).type == json::Type::kArray) {
    const json::NodeIndex end = document.end_of(files);
    for (json::NodeIndex i = json::Document::first_child(files); i != end; i = document.at(i).next) ++count;
  } else if (count == 0) {
    return;
  }
  chat.set_file_count(count);
}

bool StartsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

// Messages of team_chat.* say the kind of conversation in the name of the event, except where they have it as a text.
void FillType(const Reader& reader, std::string_view event, Chat& chat) {
  const json::NodeIndex type = reader.Find(reader.object(), "type");
  if (type != json::kNoNode && reader.document().at(type).type == json::Type::kString) {
    reader.Text(type, *chat.mutable_type());
  } else if (StartsWith(event, "team_chat.channel_")) {
    chat.set_type("to_channel");
  } else if (StartsWith(event, "team_chat.dm_")) {
    chat.set_type("to_contact");
  }
}

}  // namespace

void FillChannel(const Reader& reader, Channel& channel) {
  FillFields<Channel>(reader, reader.object(), kChannelObject, channel);
  FillFields<Channel>(reader, reader.Find(reader.object(), "channel"), kChannelOfInvitation, channel);
  FillFields<Channel>(reader, reader.payload(), kChannelPayload, channel);
  FillMembers(reader, channel);
}

void FillChat(const Reader& reader, std::string_view event, Chat& chat) {
  FillFields<Chat>(reader, reader.object(), kChatObject, chat);
  FillFields<Chat>(reader, reader.payload(), kChatPayload, chat);
  FillType(reader, event, chat);
  FillFileCount(reader, chat);
  FillLinks(reader, chat);
}

void AppendChatDocs(std::vector<FieldDoc>& docs) {
  AppendDocs<Channel>("payload.object.", "Channel", kChannelObject, docs);
  AppendDocs<Channel>("payload.object.channel.", "Channel", kChannelOfInvitation, docs);
  docs.push_back({"payload.object.members[].display_name", "Channel", "members", "one entry a member; its id where it has no name"});
  AppendDocs<Channel>("payload.", "Channel", kChannelPayload, docs);
  AppendDocs<Chat>("payload.object.", "Chat", kChatObject, docs);
  docs.push_back({"payload.object.type", "Chat", "type",
                  "when it is a text; otherwise to_channel for team_chat.channel_*, to_contact for team_chat.dm_*"});
  docs.push_back({"payload.object.files[], payload.object.file", "Chat", "file_count", "how many"});
  docs.push_back({"payload.object.rich_text[].format_attr", "Chat", "links", "of entries whose format_type is AddLink"});
  AppendDocs<Chat>("payload.", "Chat", kChatPayload, docs);
}

}  // namespace zoomwatch
