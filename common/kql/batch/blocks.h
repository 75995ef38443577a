// Work on whole blocks: picking rows, counting bytes, holding rows. Thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "common/kql/batch/operator.h"
#include "common/kql/block.h"

namespace zoomwatch::kql::batch {

using RowNumbers = std::vector<std::uint32_t>;

// The listed rows of the columns that `wanted` names; the other columns of the result are null.
Block PickRows(const Block& block, const RowNumbers& rows, const std::vector<bool>& wanted);
Block DropColumns(Block block, const std::vector<bool>& wanted);
// Rows [from, from + rows) of a block.
Block Slice(const Block& block, std::size_t from, std::size_t rows);
CellsPtr Repeat(const Value& value, std::size_t rows);
std::uint64_t BytesOf(const Block& block);

// Rows that an operator holds, in memory that is accounted for until it dies.
class HeldRows {
 public:
  HeldRows(MemoryAccount& memory, std::string_view operator_name) : memory_(memory), operator_name_(operator_name) {}
  ~HeldRows() { Clear(); }
  HeldRows(const HeldRows&) = delete;
  HeldRows& operator=(const HeldRows&) = delete;

  absl::Status Append(const Block& block);
  absl::Status Account(std::uint64_t bytes);  // of what the operator keeps beside the rows
  std::size_t rows() const { return rows_; }
  void Clear();

  // All rows as one block; the cells move into it, and stay accounted for.
  Block Take();

 private:
  MemoryAccount& memory_;
  const std::string_view operator_name_;
  std::vector<Cells> columns_;
  std::vector<bool> present_;
  std::size_t rows_ = 0;
  std::uint64_t accounted_ = 0;
};

}  // namespace zoomwatch::kql::batch
