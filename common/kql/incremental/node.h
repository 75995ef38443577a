// The dataflow of one query that is kept up to date: nodes that turn changes of their inputs into changes of their output.
//
// Model. A view is V(t) = query(rows received by t, now = t). Rows carry weights: +1 inserted, -1 retracted. A tick is atomic: all
// inserts and all expiries that are due at its time pass through every node before anyone looks at the result, so nothing that
// cancels out within a tick is ever seen.
//
// Edges are of two kinds. On an append-only edge rows are only ever inserted, and each says itself when it leaves: nobody retracts it,
// whoever keeps it drops it at its time. On the other edges `leaves` is kNever and every removal is a retraction. Linear nodes keep
// the kind of their input; expire.cc turns the first kind into the second.
//
// Order. Each row has the position of the event it stems from; of a join's rows, that of the left one. Where the language leaves a
// choice (ties of arg_max, take_any, innerunique) the smallest order wins, as in the batch evaluator, and of the rows that one event was
// expanded to the one of the first element.
// Identity. Each row says which row it is through changes of its cells: an event its position, a joined row both of its rows, a group
// its keys. A row of the same identity that comes with other cells is the old one, changed.
// Threading: one thread at a time. Errors: kResourceExhausted when the state reaches the limit of the view.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kql/block.h"
#include "common/kql/incremental/held_row.h"
#include "common/kql/types.h"

namespace zoomwatch::kql::incremental {

inline constexpr Ticks kNever = std::numeric_limits<Ticks>::max();

// Where a row comes: by its event, then by its place among the rows of that event.
struct Position {
  // NOLINTNEXTLINE(google-explicit-constructor): an order alone is the position of a row that is not expanded
  Position(std::uint64_t of_event, std::uint64_t within = 0) : order(of_event), place(within) {}
  std::uint64_t order, place;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Deltas {
  Block block;
  std::vector<std::int64_t> weights;  // per row; not 0
  std::vector<Ticks> leaves;          // per row: the first instant at which it is gone; kNever where removals are retractions
  std::vector<std::uint64_t> orders;  // per row
  std::vector<std::uint64_t> places;  // per row: its place among the rows that one event was expanded to
  std::vector<std::uint64_t> ids;     // per row: its identity
  std::vector<HeldRow> held;          // per row, or empty: the row as a node before keeps it, or none. See held_row.h

  std::size_t rows() const { return block.rows; }
  Position position(std::size_t row) const { return {orders[row], places[row]}; }
};

// One row outside of a block: what nodes keep.
struct KeptRow {
  std::vector<Value> cells;
  Ticks leave = kNever;
  std::uint64_t order = 0;
  std::uint64_t place = 0;
  std::uint64_t id = 0;

  Position position() const { return {order, place}; }
};
KeptRow RowAt(const Deltas& deltas, std::size_t row);
std::size_t RowBytes(const KeptRow& row);

// Makes rows that are held; used again and again.
class RowHolder {
 public:
  // The row as a node before holds it, or a new one. `counted`: of a new one, see held_row.h.
  HeldRow At(const Deltas& deltas, std::size_t row, bool counted);

 private:
  CellPacker packer_;
};
KeptRow Unpacked(const HeldRow& row);
// Whether it has these cells, by SameKey(); nothing else is compared.
bool HasCells(const HeldRow& held, const Deltas& deltas, std::size_t row);

// Collects the rows of a Deltas one by one.
class DeltaBuilder {
 public:
  explicit DeltaBuilder(std::size_t columns) : column_count_(columns) {}
  void Add(const KeptRow& row, std::int64_t weight);
  void Add(const HeldRow& row, Ticks leave, std::int64_t weight);
  std::size_t rows() const { return deltas_.block.rows; }
  Deltas Take();

 private:
  void AddCells(const HeldRow& row);
  void AddRest(Position position, std::uint64_t id, Ticks leave, std::int64_t weight);

  std::size_t column_count_;
  std::vector<Cells> columns_;  // as many, once there is a cell
  bool one_held_ = false;       // there is one row, and its cells are in deltas_.held alone
  Deltas deltas_;
};

// The rows named, ascending.
Deltas Select(Deltas deltas, const std::vector<std::uint32_t>& rows);

// Identity of a row that is made of others; never commutative.
std::uint64_t CombineIds(std::uint64_t a, std::uint64_t b);

class Node {
 public:
  virtual ~Node() = default;

  // Applies the changes of the inputs and what is due at `now`. Ticks come in order of time; several may have the same time. The inputs
  // are the node's to use up.
  virtual absl::StatusOr<Deltas> Tick(Ticks now, const std::vector<Deltas*>& inputs) = 0;
  // The earliest time at which Tick() has something to do without input.
  virtual Ticks NextDue() const { return kNever; }
  virtual std::uint64_t state_bytes() const { return 0; }
};
using NodePtr = std::unique_ptr<Node>;

}  // namespace zoomwatch::kql::incremental
