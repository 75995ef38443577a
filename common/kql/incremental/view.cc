#include "common/kql/incremental/view.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/kql/compare.h"
#include "common/kql/functions/call.h"
#include "common/kql/incremental/planner.h"

namespace zoomwatch::kql::incremental {

namespace {

// Sums the weights of equal rows. Rows keep the place at which they were seen first.
Deltas Consolidate(const Deltas& deltas) {
  if (deltas.rows() < 2) return deltas;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> by_id;  // positions in `kept`
  std::vector<std::pair<KeptRow, std::int64_t>> kept;
  for (std::size_t row = 0; row < deltas.rows(); ++row) {
    KeptRow candidate = RowAt(deltas, row);
    std::vector<std::size_t>& same_id = by_id[candidate.id];
    const auto at = std::find_if(same_id.begin(), same_id.end(), [&](std::size_t i) {
      const std::vector<Value>& cells = kept[i].first.cells;
      return std::equal(cells.begin(), cells.end(), candidate.cells.begin(), SameKey);
    });
    if (at != same_id.end()) {
      kept[*at].second += deltas.weights[row];
      continue;
    }
    same_id.push_back(kept.size());
    kept.emplace_back(std::move(candidate), deltas.weights[row]);
  }
  DeltaBuilder out(deltas.block.columns.size());
  for (const auto& [row, weight] : kept) {
    if (weight != 0) out.Add(row, weight);
  }
  return out.Take();
}

// Rows of one table that were inserted since the last tick. One alone, as an event that came is, stays in the columns that it came in.
class PendingRows {
 public:
  explicit PendingRows(std::size_t columns) : rows_(columns) {}

  void Add(std::vector<CellsPtr> cells, std::uint64_t order, std::uint64_t id) {
    Deltas row{.block = {.rows = 1, .columns = std::move(cells)}, .weights = {1}, .leaves = {kNever}, .orders = {order}, .places = {0}, .ids = {id}};
    if (first_.rows() == 0 && rows_.rows() == 0) {
      first_ = std::move(row);
    } else {
      Add(RowAt(row, 0));
    }
  }
  void Add(const KeptRow& row) {
    if (first_.rows() > 0) rows_.Add(RowAt(std::exchange(first_, {}), 0), 1);
    rows_.Add(row, 1);
  }
  Deltas Take() { return first_.rows() > 0 ? std::exchange(first_, {}) : rows_.Take(); }

 private:
  Deltas first_;
  DeltaBuilder rows_;
};

}  // namespace

class View::Impl {
 public:
  Impl(BoundQuery query, const ViewOptions& options) : options_(options), query_(std::move(query)), context_(0) {}

  bool Plan(Diagnostic& refused) {
    auto flow = incremental::Plan(query_.root, options_, context_, refused);
    if (!flow) return false;
    flow_ = *std::move(flow);
    for (const View::Table& table : flow_.tables) pending_.emplace_back(table.schema.size());
    return true;
  }

  void Insert(std::size_t table, std::vector<Value> cells, std::uint64_t order) {
    pending_[table].Add({.cells = std::move(cells), .order = order, .id = CombineIds(table, order)});
  }
  void Insert(std::size_t table, std::vector<CellsPtr> cells, std::uint64_t order) {
    pending_[table].Add(std::move(cells), order, CombineIds(table, order));
  }

  absl::StatusOr<Deltas> Tick(Ticks now) {
    std::vector<Deltas> inserted;
    for (PendingRows& pending : pending_) inserted.push_back(pending.Take());
    absl::StatusOr<Deltas> changes = RunTick(flow_, now, std::move(inserted));
    if (!changes.ok()) return changes;
    if (state_bytes() > options_.max_state_bytes) {
      return absl::ResourceExhaustedError(
          fmt::format("the state of the query has {} bytes, its limit is {}", state_bytes(), options_.max_state_bytes));
    }
    return Consolidate(*changes);
  }

  Ticks NextDue() const {
    Ticks due = kNever;
    for (const Dataflow::Step& step : flow_.steps) {
      if (step.node != nullptr) due = std::min(due, step.node->NextDue());
    }
    return due;
  }

  std::uint64_t state_bytes() const {
    std::uint64_t bytes = 0;
    for (const Dataflow::Step& step : flow_.steps) bytes += step.node == nullptr ? 0 : step.node->state_bytes();
    return bytes;
  }

  std::string Describe() const {
    std::string text;
    for (std::size_t i = 0; i < flow_.steps.size(); ++i) {
      const Dataflow::Step& step = flow_.steps[i];
      fmt::format_to(std::back_inserter(text), "{:>3}  {}", i, step.text);
      if (!step.inputs.empty()) fmt::format_to(std::back_inserter(text), " <- {}", fmt::join(step.inputs, ", "));
      text += '\n';
    }
    return text;
  }

  const BoundQuery& query() const { return query_; }
  const std::vector<View::Table>& tables() const { return flow_.tables; }

 private:
  const ViewOptions options_;
  const BoundQuery query_;      // the nodes refer to its relations
  ExecutionContext context_;    // expressions of nodes are free of the clock
  Dataflow flow_;
  std::vector<PendingRows> pending_;  // per table
};

std::unique_ptr<View> View::Create(BoundQuery query, const ViewOptions& options, Diagnostic& refused) {
  auto impl = std::make_unique<Impl>(std::move(query), options);
  if (!impl->Plan(refused)) return nullptr;
  return std::unique_ptr<View>(new View(std::move(impl)));
}

View::View(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
View::~View() = default;

const Schema& View::schema() const { return impl_->query().root->schema; }
const std::vector<View::Table>& View::tables() const { return impl_->tables(); }
void View::Insert(std::size_t table, std::vector<Value> cells, std::uint64_t order) {
  impl_->Insert(table, std::move(cells), order);
}
void View::Insert(std::size_t table, std::vector<CellsPtr> cells, std::uint64_t order) {
  impl_->Insert(table, std::move(cells), order);
}
absl::StatusOr<Deltas> View::Tick(Ticks now) { return impl_->Tick(now); }
Ticks View::NextDue() const { return impl_->NextDue(); }
std::uint64_t View::state_bytes() const { return impl_->state_bytes(); }
std::string View::Describe() const { return impl_->Describe(); }

}  // namespace zoomwatch::kql::incremental
