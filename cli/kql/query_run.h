// Runs one query over tables in memory and keeps everything that is known about the result. Pure; thread-safe as the tables are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cli/kql/memory_tables.h"
#include "common/kql/batch/executor.h"
#include "common/kql/plan.h"

namespace zoomwatch::cli {

struct QueryOutcome {
  std::vector<kql::Diagnostic> diagnostics;  // warnings too
  // Of the execution; OK when there was none because of the diagnostics.
  absl::Status status;
  bool ok = false;  // schema and rows are the result
  kql::Schema schema;
  std::vector<std::vector<kql::Value>> rows;
  std::optional<kql::Rendering> rendering;
  std::vector<std::string> notes;  // what made values null on the way: "... (3 times)"
};

// The schema only: nothing is executed.
QueryOutcome CheckQuery(std::string_view text, const MemoryTables& tables);

QueryOutcome RunQuery(std::string_view text, MemoryTables& tables, const kql::ExecutionOptions& options);

// Ticks of a time that zoomwatch's clock gives.
kql::Ticks ToTicks(absl::Time time);

}  // namespace zoomwatch::cli
