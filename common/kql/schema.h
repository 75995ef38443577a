// The columns of a table or of a query's result, in order. Plain values; thread-compatible.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/kql/types.h"

namespace zoomwatch::kql {

struct Column {
  std::string name;  // case-sensitive, unique within a schema
  Type type = Type::kUnknown;
  bool loose = false;  // its values may be of another kind than its type: see Scalar::loose
};

using Schema = std::vector<Column>;

inline std::optional<std::size_t> FindColumn(const Schema& schema, std::string_view name) {
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (schema[i].name == name) return i;
  }
  return std::nullopt;
}

}  // namespace zoomwatch::kql
