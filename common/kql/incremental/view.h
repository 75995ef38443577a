// A bound query kept up to date while events arrive and time passes.
//
// What a view shows at time t is the query over the rows received by then, with now() = t, where every table is cut to the rows whose
// TimeGenerated is in (t - window, t]: a Sentinel rule sees no more than its queryPeriod.
// Use: Insert() rows in the order of their position, then Tick(t) once for all of them; Tick(NextDue()) when that time comes. A driver
// that must see every state the view passes through ticks at each NextDue() on the way.
// Threading: one thread at a time. Ownership: the view keeps the plan alive. Errors: Create() says what cannot be kept up to date, and
// where in the text (ZW006); kResourceExhausted when the state reaches the limit, after which the view is not used.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kql/incremental/node.h"
#include "common/kql/plan.h"

namespace zoomwatch::kql::incremental {

struct ViewOptions {
  Ticks window = 14 * kTicksPerDay;  // the rule's queryPeriod
  std::uint64_t max_state_bytes = 256ULL << 20;
};

class View {
 public:
  // Null, and `refused` without line and column, when the query cannot be kept up to date. REQUIRES: query.root.
  static std::unique_ptr<View> Create(BoundQuery query, const ViewOptions& options, Diagnostic& refused);
  ~View();

  const Schema& schema() const;
  // Tables that the query reads, each once, with the columns that rows of it must have.
  struct Table {
    std::string name;
    Schema schema;
  };
  const std::vector<Table>& tables() const;

  // A row of tables()[table]. `order` is its position, larger than that of every row before. Rows that are older than the window at
  // the next tick never come in.
  void Insert(std::size_t table, std::vector<Value> cells, std::uint64_t order);
  // The same with the cells as columns of one row, which the view shares.
  void Insert(std::size_t table, std::vector<CellsPtr> cells, std::uint64_t order);

  // Applies what was inserted and what is due; returns how the view changed, consolidated: no row is both retracted and inserted with
  // the same cells and identity. REQUIRES: `now` is not before the last tick.
  absl::StatusOr<Deltas> Tick(Ticks now);

  // The earliest time at which Tick() may change the view without new rows.
  Ticks NextDue() const;
  std::uint64_t state_bytes() const;
  // One line per node, inputs before readers: for `rules explain`.
  std::string Describe() const;

 private:
  class Impl;
  explicit View(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zoomwatch::kql::incremental
