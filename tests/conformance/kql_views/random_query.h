// Random queries over two tables with the same columns, and random streams for them.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "tests/conformance/kql_views/view_check.h"

namespace zoomwatch::kql::testing {

// Tables A and B: TimeGenerated:datetime, k:string, g:string, v:long, r:real, d:dynamic.
Tables RandomTables();

// A query that can be kept up to date. Where the language leaves a choice the query does not depend on it beyond the earliest row.
std::string RandomQuery(std::mt19937_64& random);

// Rows with few keys, repeats, empty strings, nulls, equal times, and some that come late.
std::vector<StreamRow> RandomStream(std::mt19937_64& random, std::size_t rows);

inline constexpr Ticks kRandomWindow = 20 * kTicksPerMinute;

}  // namespace zoomwatch::kql::testing
