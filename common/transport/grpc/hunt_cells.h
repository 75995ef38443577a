// Values of a query's result as they travel: hunt.v1.Cell. Pure; thread-safe. FromCell() gives back what ToCell() was given, but for
// two: bytes of text that are not UTF-8 become U+FFFD, and inside dynamic values there is only what JSON has.
#pragma once

#include <optional>

#include "common/kql/types.h"
#include "common/kql/value.h"
#include "zoomwatch/hunt/v1/hunt_service.pb.h"

namespace zoomwatch {

// `type`: of the column that the value stands in.
hunt::v1::Cell ToCell(kql::Type type, const kql::Value& value);

// None: the cell does not hold what the type asks for. A peer of ours never sends such a cell.
std::optional<kql::Value> FromCell(kql::Type type, const hunt::v1::Cell& cell);

}  // namespace zoomwatch
