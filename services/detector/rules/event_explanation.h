// What became of one event in a query: for each place where the query reads its table, the steps that the event passed and the
// condition that stopped it, with the values that decided. Behind a summarize the event's group is followed, made of all events; at a join
// it is said whether the other side has its keys. Found by running the query's own steps over that event, so it cannot
// differ from what the rule does. Pure but for the tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/kql/plan.h"
#include "common/kql/table_source.h"

namespace zoomwatch::detector {

// One line for each step, of each place in turn. `tables` holds the event and what subqueries need; `now`: of the query.
// REQUIRES: query.root; `text` is what it was bound from. Errors: those of kql::Execute().
absl::StatusOr<std::vector<std::string>> ExplainEvent(const kql::BoundQuery& query, std::string_view text, kql::TableSource& tables,
                                                      std::string_view event_id, kql::Ticks now);

}  // namespace zoomwatch::detector
