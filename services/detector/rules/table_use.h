// Where a plan reads a table, and what it wants of the rows there.
//
// Pure; thread-safe. Ownership: the plan outlives what is found, but for the conditions, which are shared.
#pragma once

#include <vector>

#include <string_view>
#include <vector>

#include "common/kql/plan.h"

namespace zoomwatch::detector {

struct TableUse {
  const kql::Relation* table = nullptr;
  // Over the columns of the table; a row for which one of them is not true changes nothing of the result, now or later. Only conditions
  // on the row alone: not on the time at which they are asked, nor on other rows.
  std::vector<kql::ScalarPtr> conditions;
};

// Every place, at least once. REQUIRES: a plan that a view can keep up to date; there subqueries are in conditions and columns only.
std::vector<TableUse> FindTableUses(const kql::RelationPtr& root);

// Whether the column of that name in the result is the column of that name of a table, and not made by the query.
bool KeepsColumn(const kql::Relation& root, std::string_view name);

}  // namespace zoomwatch::detector
