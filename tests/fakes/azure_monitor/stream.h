// What a data collection rule declares: streams with their columns. Values; const access is thread-safe.
// Source: structure of a data collection rule ("streamDeclarations").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace zoomwatch::fakes {

enum class ColumnType { kString, kInt, kLong, kReal, kBoolean, kDynamic, kDateTime };

std::optional<ColumnType> ColumnTypeOf(std::string_view name);

struct Column {
  std::string name;
  ColumnType type = ColumnType::kString;
};

struct Stream {
  std::string name;             // "Custom-ZoomLogs_CL"
  std::vector<Column> columns;  // TimeGenerated is there whether declared or not
  bool auxiliary = false;       // the table has the plan Auxiliary: one call may not span more than 30 minutes

  // The table's name: what stands after "Custom-".
  std::string_view table() const;
  const Column* Find(std::string_view column) const;
};

// Reads the streams of a rule: an object with "streamDeclarations" at its root or under "properties", or a template with the rule
// among its "resources". Each stream may say "plan": "Auxiliary".
// Errors: INVALID_ARGUMENT, when it is no such JSON, a name does not start with "Custom-", a type is unknown, or a column's name is
// not legal (a letter, then letters, digits and underscores, at most 45, and not reserved).
absl::StatusOr<std::vector<Stream>> ReadStreams(std::string_view json);

}  // namespace zoomwatch::fakes
