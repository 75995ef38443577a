// The stored events as tables for queries: those of event_table::EventCatalog, ZoomLogs first.
//
// Reads the log in the order in which events were stored, block by block as the query pulls: what the query does not need of time,
// event names and columns is not decoded. Each reader sees the log as it grows up to the end of its range.
// Threading: one thread at a time. Ownership: the log outlives the tables, which outlive their readers.
#pragma once

#include <cstdint>
#include <memory>

#include "common/kql/table_source.h"
#include "services/detector/event_log/event_log.h"

namespace zoomwatch::detector {

class EventTables final : public kql::TableSource {
 public:
  // Events with from < TimeGenerated <= to, whose sequence is below `end_sequence`.
  EventTables(EventLog& log, kql::Ticks from, kql::Ticks to, std::uint64_t end_sequence)
      : log_(log), from_(from), to_(to), end_sequence_(end_sequence) {}

  absl::StatusOr<std::unique_ptr<kql::TableReader>> Open(const kql::ScanRequest& request) override;

 private:
  EventLog& log_;
  const kql::Ticks from_, to_;
  const std::uint64_t end_sequence_;
};

}  // namespace zoomwatch::detector
