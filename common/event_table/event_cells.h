// An event as a row of KQL values: what rules and hunts see of it. The same columns with the same contents as the rows that are
// delivered (event_row.h), but for one: Payload always holds the whole body, and the columns of its parts are empty.
//
// Besides the columns of the table there are those that the retired Data Collector API made of a webhook's body, so that queries
// written for them run unmodified: "payload_object_timezone_s" is the text at payload.object.timezone. See legacy_columns.h.
// Threading: an EventCells may be used by one thread at a time. Ownership: nothing of the event is kept after a call.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/event_table/columns.h"
#include "common/event_table/legacy_columns.h"
#include "common/kql/schema.h"
#include "common/kql/value.h"
#include "zoomwatch/event/v1/event.pb.h"

namespace zoomwatch::event_table {

// The columns of the table, in order, with the types that KQL gives them.
const kql::Schema& EventSchema();

class EventCells {
 public:
  EventCells() = default;  // no columns
  // Reads these columns: of the table, or legacy names. `needed` has one entry per column; cells of the others stay null.
  EventCells(const kql::Schema& columns, const std::vector<bool>& needed);

  // Appends one cell per column. A column without a value is null, "" when its type is string.
  void Append(const event::v1::Event& event, std::vector<kql::Value>& row);

  // Cell by cell: AddColumn() returns the number of a new column, Begin() comes before the first cell of each event.
  std::size_t AddColumn(const kql::Column& column, bool needed = true);
  void Begin() { payload_.reset(); }
  kql::Value Cell(std::size_t column, const event::v1::Event& event);

 private:
  struct Reader {
    const Column* column = nullptr;           // of the table
    std::optional<LegacyColumn> legacy;       // otherwise
    kql::Type type = kql::Type::kString;
    bool needed = true;
  };
  kql::Value Read(const Reader& reader, const event::v1::Event& event);
  const kql::Value& Payload(const event::v1::Event& event);

  std::vector<Reader> readers_;
  std::string json_, scratch_;
  std::optional<kql::Value> payload_;  // of the event that is being read
};

}  // namespace zoomwatch::event_table
