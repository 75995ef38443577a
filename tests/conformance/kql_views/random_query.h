// Random queries over two tables with the same columns: every operator, aggregate and kind of join that a view can be kept of.
// Pure: the same generator state gives the same query.
#pragma once

#include <random>
#include <string>

#include "tests/conformance/kql_views/view_check.h"

namespace zoomwatch::kql::testing {

// Tables A and B: TimeGenerated:datetime, k:string, g:string, v:long, r:real, d:dynamic.
Tables RandomTables();

struct RandomQueryText {
  std::string text;
  bool by_order = false;  // the result depends on the order in which rows came: take, innerunique, take_any
};

// A query that can be kept up to date. Where the language leaves a choice the query does not depend on it beyond the earliest row.
RandomQueryText RandomQuery(std::mt19937_64& random);

// Two queries that mean the same: `in` and a semi join, `summarize by` and distinct, a condition in one part or in two, and such.
struct TwinQueries {
  std::string name, one, other;
};
TwinQueries RandomTwins(std::mt19937_64& random);

}  // namespace zoomwatch::kql::testing
