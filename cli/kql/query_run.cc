#include "cli/kql/query_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/kql/binder.h"
#include "common/kql/functions/call.h"

namespace zoomwatch::cli {
namespace {

// What the binder says; the query is handed over when there is something to execute.
QueryOutcome Bound(std::string_view text, const MemoryTables& tables, kql::BoundQuery& query) {
  query = kql::Compile(text, tables);
  QueryOutcome outcome;
  outcome.diagnostics = query.diagnostics;
  outcome.rendering = query.rendering;
  if (query.root == nullptr) return outcome;
  outcome.ok = true;
  outcome.schema = query.root->schema;
  return outcome;
}

}  // namespace

QueryOutcome CheckQuery(std::string_view text, const MemoryTables& tables) {
  kql::BoundQuery query;
  return Bound(text, tables, query);
}

QueryOutcome RunQuery(std::string_view text, MemoryTables& tables, const kql::ExecutionOptions& options) {
  kql::BoundQuery query;
  QueryOutcome outcome = Bound(text, tables, query);
  if (!outcome.ok) return outcome;
  absl::StatusOr<kql::ResultTable> result = kql::ExecuteToTable(query, tables, options);
  outcome.ok = result.ok();
  outcome.status = result.status();
  if (!outcome.ok) return outcome;
  outcome.rows = std::move(result->rows);
  for (std::size_t i = 0; i < kql::kWarningKinds; ++i) {
    const std::uint64_t count = result->statistics.warnings[i];
    if (count == 0) continue;
    const std::string_view warning = kql::WarningText(static_cast<kql::Warning>(i));
    outcome.notes.push_back(fmt::format("{} ({} {})", warning, count, count == 1 ? "time" : "times"));
  }
  return outcome;
}

kql::Ticks ToTicks(absl::Time time) {
  absl::Duration rest;
  const kql::Ticks since = absl::IDivDuration(time - absl::UnixEpoch(), absl::Nanoseconds(100), &rest);
  // The limits first, so that no sum is beyond 64 bits.
  return kql::kUnixEpoch + std::clamp(since, kql::kMinDateTime - kql::kUnixEpoch, kql::kMaxDateTime - kql::kUnixEpoch);
}

}  // namespace zoomwatch::cli
