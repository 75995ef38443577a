// Random rows for the tables of random_query.h. Pure: the same generator state gives the same rows.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "tests/conformance/kql_views/view_check.h"

namespace zoomwatch::kql::testing {

inline constexpr Ticks kRandomWindow = 20 * kTicksPerMinute;

// Few keys, repeats, rows twice, empty strings, nulls, equal times; some rows come late, some before their time. Arrivals and times
// lie on few distances, so that rows leave and others come at the same tick.
std::vector<StreamRow> RandomStream(std::mt19937_64& random, std::size_t rows);

// One row a line, for people: seconds since the first arrival, seconds by which it is late, table, cells.
std::string ToText(const std::vector<StreamRow>& stream);

}  // namespace zoomwatch::kql::testing
