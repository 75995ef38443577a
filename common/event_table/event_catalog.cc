#include "common/event_table/event_catalog.h"

#include <algorithm>

#include "common/event_table/event_cells.h"
#include "common/event_table/legacy_columns.h"

namespace zoomwatch::event_table {
namespace {

// The roots of a webhook's body: other names with a suffix are the query's own.
bool IsLegacyName(std::string_view name) {
  if (!ParseLegacyColumn(name)) return false;
  return name.starts_with("payload_") || name.starts_with("event_") || name.starts_with("download_token_");
}

}  // namespace

bool EventCatalog::Exists(std::string_view legacy_name) const {
  const auto& always = AlwaysDeclaredLegacyNames();
  if (std::find(always.begin(), always.end(), legacy_name) != always.end()) return true;
  return observed_ != nullptr && observed_->contains(legacy_name);
}

std::optional<kql::Schema> EventCatalog::FindTable(std::string_view name, const kql::MentionedNames& mentioned) const {
  kql::Schema schema;
  if (name == "ZoomLogs" || name == "ZoomLogs_CL") {
    schema = EventSchema();
  } else if (name == "Zoom_CL") {
    schema = {{"TimeGenerated", kql::Type::kDateTime}};
  } else {
    return std::nullopt;
  }
  for (const std::string& mention : mentioned) {
    if (IsLegacyName(mention) && Exists(mention)) schema.push_back({mention, ParseLegacyColumn(mention)->type});
  }
  return schema;
}

std::vector<std::string> EventCatalog::TableNames() const { return {"ZoomLogs", "ZoomLogs_CL", "Zoom_CL"}; }

std::optional<kql::Schema> AnyEventCatalog::FindTable(std::string_view name, const kql::MentionedNames& mentioned) const {
  return EventCatalog(std::make_shared<const LegacyNames>(mentioned)).FindTable(name, mentioned);
}

LegacyNames EventCatalog::Unobserved(const kql::MentionedNames& mentioned) const {
  LegacyNames names;
  for (const std::string& mention : mentioned) {
    if (IsLegacyName(mention) && !Exists(mention)) names.insert(mention);
  }
  return names;
}

EventCatalog CatalogOf(std::span<const event::v1::Event* const> events) {
  LegacyNames names;
  for (const event::v1::Event* const event : events) {
    VisitLegacyNames(event->payload(), [&names](std::string_view name) { names.emplace(name); });
  }
  return EventCatalog(std::make_shared<const LegacyNames>(std::move(names)));
}

}  // namespace zoomwatch::event_table
