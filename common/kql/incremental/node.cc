#include "common/kql/incremental/node.h"

#include <utility>

#include "common/kql/compare.h"

namespace zoomwatch::kql::incremental {

namespace {

// A column of one row. Most of an event's cells are blank, and their columns are shared.
CellsPtr ColumnOf(Value cell) {
  static const CellsPtr& null = *new CellsPtr(std::make_shared<const Cells>(1));
  static const CellsPtr& empty = *new CellsPtr(std::make_shared<const Cells>(1, Value::String("")));
  if (cell.is_null()) return null;
  if (cell.is_string() && cell.AsString().empty()) return empty;
  return std::make_shared<const Cells>(1, std::move(cell));
}

}  // namespace

void DeltaBuilder::Add(const KeptRow& row, std::int64_t weight) {
  if (std::exchange(one_held_, false)) AddCells(deltas_.held.front());
  columns_.resize(column_count_);
  for (std::size_t c = 0; c < column_count_; ++c) columns_[c].push_back(row.cells[c]);
  AddRest(row.position(), row.id, row.leave, weight);
  if (!deltas_.held.empty()) deltas_.held.emplace_back();
}

void DeltaBuilder::Add(const HeldRow& row, Ticks leave, std::int64_t weight) {
  if (std::exchange(one_held_, rows() == 0)) AddCells(deltas_.held.front());
  if (!one_held_) AddCells(row);
  deltas_.held.resize(rows());
  deltas_.held.push_back(row);
  AddRest({row.order(), row.place()}, row.id(), leave, weight);
}

void DeltaBuilder::AddCells(const HeldRow& row) {
  columns_.resize(column_count_);
  CellReader cells = row.cells();
  for (Cells& column : columns_) column.push_back(cells.Next());
}

void DeltaBuilder::AddRest(Position position, std::uint64_t id, Ticks leave, std::int64_t weight) {
  ++deltas_.block.rows;
  deltas_.weights.push_back(weight);
  deltas_.leaves.push_back(leave);
  deltas_.orders.push_back(position.order);
  deltas_.places.push_back(position.place);
  deltas_.ids.push_back(id);
}

Deltas DeltaBuilder::Take() {
  if (rows() == 0) return {};
  deltas_.block.columns.reserve(column_count_);
  if (std::exchange(one_held_, false)) {
    CellReader cells = deltas_.held.front().cells();
    for (std::size_t c = 0; c < column_count_; ++c) deltas_.block.columns.push_back(ColumnOf(cells.Next()));
  } else if (rows() == 1) {
    for (Cells& cells : columns_) deltas_.block.columns.push_back(ColumnOf(std::move(cells.front())));
  } else {
    for (Cells& cells : columns_) deltas_.block.columns.push_back(std::make_shared<const Cells>(std::move(cells)));
  }
  columns_.clear();
  return std::exchange(deltas_, {});
}

KeptRow RowAt(const Deltas& deltas, std::size_t row) {
  KeptRow kept{.cells = {}, .leave = deltas.leaves[row], .order = deltas.orders[row], .place = deltas.places[row], .id = deltas.ids[row]};
  kept.cells.reserve(deltas.block.columns.size());
  for (const CellsPtr& column : deltas.block.columns) kept.cells.push_back(column == nullptr ? Value() : (*column)[row]);
  return kept;
}

HeldRow RowHolder::At(const Deltas& deltas, std::size_t row, bool counted) {
  if (!deltas.held.empty() && !deltas.held[row].is_none()) return deltas.held[row];
  for (const CellsPtr& column : deltas.block.columns) packer_.Add(column == nullptr ? Value() : (*column)[row]);
  return {deltas.orders[row], deltas.places[row], deltas.ids[row], counted, packer_};
}

KeptRow Unpacked(const HeldRow& row) {
  KeptRow kept{.cells = {}, .order = row.order(), .place = row.place(), .id = row.id()};
  for (CellReader cells = row.cells(); !cells.done();) kept.cells.push_back(cells.Next());
  return kept;
}

bool HasCells(const HeldRow& held, const Deltas& deltas, std::size_t row) {
  if (!deltas.held.empty() && deltas.held[row] == held) return true;
  CellReader cells = held.cells();
  for (const CellsPtr& column : deltas.block.columns) {
    if (cells.done() || !cells.NextIs(column == nullptr ? Value() : (*column)[row])) return false;
  }
  return cells.done();
}

std::size_t RowBytes(const KeptRow& row) {
  std::size_t bytes = sizeof(row) + row.cells.capacity() * sizeof(Value);
  for (const Value& value : row.cells) bytes += value.MemoryBytes() - sizeof(Value);
  return bytes;
}

std::uint64_t CombineIds(std::uint64_t a, std::uint64_t b) {
  // The finalizer of splitmix64: identities must be the same in every process, so no seeded hash.
  std::uint64_t mixed = a * 0x9E3779B97F4A7C15ULL + b + 0x9E3779B97F4A7C15ULL;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31);
}

Deltas Select(Deltas deltas, const std::vector<std::uint32_t>& rows) {
  if (rows.size() == deltas.rows()) return deltas;
  Deltas selected;
  selected.block.rows = rows.size();
  for (const CellsPtr& column : deltas.block.columns) {
    if (column == nullptr) {
      selected.block.columns.push_back(nullptr);
      continue;
    }
    auto cells = std::make_shared<Cells>();
    cells->reserve(rows.size());
    for (const std::uint32_t row : rows) cells->push_back((*column)[row]);
    selected.block.columns.push_back(std::move(cells));
  }
  for (const std::uint32_t row : rows) {
    selected.weights.push_back(deltas.weights[row]);
    selected.leaves.push_back(deltas.leaves[row]);
    selected.orders.push_back(deltas.orders[row]);
    selected.places.push_back(deltas.places[row]);
    selected.ids.push_back(deltas.ids[row]);
    if (!deltas.held.empty()) selected.held.push_back(deltas.held[row]);
  }
  return selected;
}

}  // namespace zoomwatch::kql::incremental
