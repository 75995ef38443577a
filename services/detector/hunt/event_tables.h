// The stored events as tables for queries: those of event_table::EventCatalog, ZoomLogs first.
//
// Reads the log in the order in which events were stored, block by block as the query pulls. Events whose time or name the query does
// not want are skipped without being decoded, and of the others only the columns that it reads are made.
// Threading: one thread at a time. Ownership: the log outlives the tables, which outlive their readers.
// Errors: STORAGE_CORRUPT, STORAGE_FAILED, and what the observer returns. Events that retention removes meanwhile are left out.
// Limits: a block has at most kql::kBlockRows rows and about 4 MiB of stored events.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/kql/table_source.h"
#include "services/detector/event_log/event_log.h"

namespace zoomwatch::detector {

// Of all readers of the tables together.
struct ReadProgress {
  std::uint64_t events = 0;  // that were looked at, decoded or not
  std::uint64_t total = 0;   // about how many the readers that are open will have looked at
  absl::Time receive_time = absl::InfinitePast();  // of the last of them
};

class EventTables final : public kql::TableSource {
 public:
  // Asked at least every kql::kBlockRows events that are looked at; a status that is not OK ends the reading with it.
  using Observer = std::function<absl::Status(const ReadProgress&)>;

  // Events with `from` < TimeGenerated <= `to` whose sequence is below `end_sequence` and that are stored now: however often a query
  // reads a table, it finds the same rows.
  EventTables(EventLog& log, kql::Ticks from, kql::Ticks to, std::uint64_t end_sequence, Observer observer = {});

  // REQUIRES: the schema came from an EventCatalog.
  absl::StatusOr<std::unique_ptr<kql::TableReader>> Open(const kql::ScanRequest& request) override;

 private:
  class Reader;
  absl::Status Looked(std::uint64_t events, absl::Time receive_time);

  EventLog& log_;
  const kql::Ticks from_, to_;
  const std::uint64_t end_sequence_;
  const Observer observer_;
  ReadProgress progress_;
};

}  // namespace zoomwatch::detector
