// The tables of events, for queries: what the binder sees of them.
//
//   ZoomLogs, ZoomLogs_CL  the columns of the table (columns.h), and legacy names that a query mentions
//   Zoom_CL                TimeGenerated, and legacy names that a query mentions: the table that the retired connector wrote
// A legacy name (legacy_columns.h) exists when it is always declared or some event had it, as in the old workspace, where a column came
// to be with the first value. Thread-safe: immutable.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/kql/catalog.h"
#include "zoomwatch/event/v1/event.pb.h"

namespace zoomwatch::event_table {

using LegacyNames = std::set<std::string, std::less<>>;

class EventCatalog final : public kql::Catalog {
 public:
  explicit EventCatalog(std::shared_ptr<const LegacyNames> observed = nullptr) : observed_(std::move(observed)) {}

  std::optional<kql::Schema> FindTable(std::string_view name, const kql::MentionedNames& mentioned) const override;
  std::vector<std::string> TableNames() const override;
  std::optional<std::string> FindFunction(std::string_view) const override { return std::nullopt; }

  // Those of the mentioned names that would be columns if an event had them, and that none has had yet: when one does, queries that
  // mention it mean something else and must be bound again.
  LegacyNames Unobserved(const kql::MentionedNames& mentioned) const;

 private:
  bool Exists(std::string_view legacy_name) const;
  const std::shared_ptr<const LegacyNames> observed_;
};

// The same tables with every legacy column that the query mentions, empty where an event has it not: for what is bound once, before anybody
// knows what events will have, and must mean the same ever after. Thread-safe.
class AnyEventCatalog final : public kql::Catalog {
 public:
  std::optional<kql::Schema> FindTable(std::string_view name, const kql::MentionedNames& mentioned) const override;
  std::vector<std::string> TableNames() const override { return EventCatalog().TableNames(); }
  std::optional<std::string> FindFunction(std::string_view) const override { return std::nullopt; }
};

// The tables as they are once these events were stored and nothing else.
EventCatalog CatalogOf(std::span<const event::v1::Event* const> events);

}  // namespace zoomwatch::event_table
