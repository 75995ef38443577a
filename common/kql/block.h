// Rows in columns: what flows between the operators of the evaluators. A block is cheap to copy; columns are shared and immutable.
// Thread-compatible.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "common/kql/value.h"

namespace zoomwatch::kql {

using Cells = std::vector<Value>;
using CellsPtr = std::shared_ptr<const Cells>;

// Rows per block that operators aim at: large enough to spread the cost of a call, small enough to stay in the cache.
inline constexpr std::size_t kBlockRows = 1024;

struct Block {
  std::size_t rows = 0;
  std::vector<CellsPtr> columns;  // each of `rows` cells; null: a column that nothing reads
};

}  // namespace zoomwatch::kql
