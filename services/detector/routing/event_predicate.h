// A condition in KQL on single events: what may stand behind `ZoomLogs | where`.
//
// The same event always gets the same answer, whenever and however often it is asked about: conditions on the time at which they are
// asked (now(), ago()), on other rows and on other tables are refused. Columns are those that rules and hunts see (event_cells.h), with
// every column of the retired connector that the condition mentions.
// Threading: one thread at a time. Ownership: nothing of the events is kept.
// Errors: CONFIG_INVALID_VALUE, every mistake with line and column in the condition, as "<option>:1:7: ...".
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/event_table/event_cells.h"
#include "common/kql/scalar_evaluator.h"
#include "zoomwatch/event/v1/event.pb.h"

namespace zoomwatch::detector {

class EventPredicate {
 public:
  // `option` names the condition in messages.
  static absl::StatusOr<EventPredicate> Compile(std::string_view option, std::string_view condition);

  // Indices of the events that fulfil it, ascending.
  std::vector<std::size_t> Select(std::span<const event::v1::Event* const> events);

 private:
  EventPredicate(const kql::Schema& schema, kql::ScalarPtr predicate);

  std::vector<bool> needed_;  // per column
  event_table::EventCells cells_;
  std::unique_ptr<kql::ExecutionContext> context_;
  kql::ScalarEvaluator evaluator_;
};

}  // namespace zoomwatch::detector
