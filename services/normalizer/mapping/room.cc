// zoomroom.*
#include "services/normalizer/mapping/families.h"

namespace zoomwatch {
namespace {

using event::v1::Room;

constexpr FieldRow<Room> kRoom[] = {
    {"room_name", "name", &Room::mutable_name},
    {"name", "name", &Room::mutable_name},
    {"email", "email", &Room::mutable_email},
    {"id", "id", &Room::mutable_id},
    {"room_id", "id", &Room::mutable_id},
    {"calendar_name", "calendar_name", &Room::mutable_calendar_name},
    {"issue", "issue", &Room::mutable_issue},
    {"alert_type", "alert_type", &Room::set_alert_type},
    {"alert_kind", "alert_kind", &Room::set_alert_kind},
    {"component", "component", &Room::set_component},
};

}  // namespace

void FillRoom(const Reader& reader, Room& room) { FillFields<Room>(reader, reader.object(), kRoom, room); }

void AppendRoomDocs(std::vector<FieldDoc>& docs) { AppendDocs<Room>("payload.object.", "Room", kRoom, docs); }

}  // namespace zoomwatch
