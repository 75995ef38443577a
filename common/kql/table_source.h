// Where the rows of stored tables come from during an execution. Implemented beside the catalog: over the event log, files, vectors.
// Threading: one execution uses a source from one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kql/block.h"
#include "common/kql/plan.h"
#include "common/kql/types.h"

namespace zoomwatch::kql {

// What a query needs of a table. The reader may return more rows than `bounds` asks for, never fewer: the filters above it stay.
struct ScanRequest {
  std::string table;
  Schema schema;                     // as the catalog gave it to the binder
  std::vector<bool> needed;          // per column of schema; cells of the others may be left out
  // Rows outside are filtered out above, so the reader may skip them. Both ends belong.
  std::optional<Ticks> time_from, time_to;                  // of TimeGenerated
  std::optional<std::vector<std::string>> events;           // values of Event that can pass (compared by ==); absent: any
};

struct ScanStatistics {
  std::uint64_t rows = 0;    // that were decoded
  std::uint64_t bytes = 0;   // that were read
};

class TableReader {
 public:
  virtual ~TableReader() = default;
  // The next rows, at most kBlockRows; no rows: the end.
  virtual absl::StatusOr<Block> Next() = 0;
  virtual ScanStatistics statistics() const = 0;
};

class TableSource {
 public:
  virtual ~TableSource() = default;
  // Rows in the order in which they were stored.
  virtual absl::StatusOr<std::unique_ptr<TableReader>> Open(const ScanRequest& request) = 0;
};

}  // namespace zoomwatch::kql
