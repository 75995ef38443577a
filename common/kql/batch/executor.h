// The batch evaluator: computes a bound query over tables as they are now. It serves hunting, the rules that cannot be kept
// incrementally, and as the oracle of the incremental evaluator, with which it shares expressions and nothing else.
//
// Operators pull blocks from their inputs, so a query that ends in summarize, top or take needs memory for its result only; sort, the
// smaller side of joins and materialized tables are held.
// Determinism: rows keep the order of their table; where the language leaves a choice, the row that came first wins.
// Threading: one thread per execution. `now` is a parameter, and so is the clock that the operators' times are measured by.
// Limits: rows and bytes held and rows of the result, each with an error that names the limit and the operator. Errors: as
// absl::Status: kResourceExhausted (limit), kCancelled, kDeadlineExceeded, or what the table source returned.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/kql/block.h"
#include "common/kql/functions/call.h"
#include "common/kql/plan.h"
#include "common/kql/table_source.h"

namespace zoomwatch::kql {

struct ExecutionLimits {
  // Of rows, groups and keys that operators hold. Large values that expressions make for one block may take twice as much.
  std::uint64_t max_memory_bytes = 512ULL << 20;
  std::uint64_t max_result_rows = 500'000;
  std::uint64_t max_result_bytes = 64ULL << 20;
};

struct OperatorStatistics {
  std::string name;  // "summarize", "join kind=inner", with the place in the text
  Span span;
  std::uint64_t rows_out = 0;
  absl::Duration time;  // in the operator itself, without its inputs; zero when nothing is measured
};

struct ExecutionStatistics {
  ScanStatistics scanned;
  std::vector<OperatorStatistics> operators;
  std::uint64_t peak_memory_bytes = 0;
  std::array<std::uint64_t, kWarningKinds> warnings{};
};

struct ExecutionOptions {
  Ticks now = 0;
  ExecutionLimits limits;
  // Asked at least once per block; a status that is not OK ends the execution with it (cancellation, deadline).
  std::function<absl::Status()> check;
  // A clock that never goes back. Empty: operators are not timed.
  std::function<absl::Duration()> monotonic = {};
};

// Runs the query and hands over result blocks as they come. `emit` may return an error to stop. REQUIRES: query.root.
absl::StatusOr<ExecutionStatistics> Execute(const BoundQuery& query, TableSource& tables, const ExecutionOptions& options,
                                            const std::function<absl::Status(const Block&)>& emit);

// The whole result as rows; for tests and small results.
struct ResultTable {
  Schema schema;
  std::vector<std::vector<Value>> rows;
  ExecutionStatistics statistics;
};
absl::StatusOr<ResultTable> ExecuteToTable(const BoundQuery& query, TableSource& tables, const ExecutionOptions& options);

}  // namespace zoomwatch::kql
