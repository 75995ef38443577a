// Numbers the distinct keys of rows: group keys of summarize, join keys. A key is one cell per key column; equality is SameKey().
// Not thread-safe. Keys are numbered from 0 in the order in which they were first seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/kql/block.h"

namespace zoomwatch::kql::batch {

using KeyColumns = std::vector<CellsPtr>;

class KeyTable {
 public:
  explicit KeyTable(std::size_t columns) : keys_(columns), slots_(kFirstSlots, kFree) {}

  std::uint32_t FindOrAdd(const KeyColumns& columns, std::size_t row);
  std::optional<std::uint32_t> Find(const KeyColumns& columns, std::size_t row) const;

  std::size_t size() const { return hashes_.size(); }
  const Value& Cell(std::uint32_t key, std::size_t column) const { return keys_[column][key]; }
  std::uint64_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kFree = UINT32_MAX;
  static constexpr std::size_t kFirstSlots = 64;  // a power of two

  std::size_t SlotOf(const KeyColumns& columns, std::size_t row, std::uint64_t hash) const;
  void Grow();

  std::vector<Cells> keys_;              // per column
  std::vector<std::uint64_t> hashes_;    // per key
  std::vector<std::uint32_t> slots_;     // open addressing; at most half full
  std::uint64_t cell_bytes_ = 0;
};

// True when a key cell is null: such a row matches nothing in a join.
bool HasNull(const KeyColumns& columns, std::size_t row);

}  // namespace zoomwatch::kql::batch
