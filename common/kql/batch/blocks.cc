#include "common/kql/batch/blocks.h"

#include <utility>

namespace zoomwatch::kql::batch {

Block PickRows(const Block& block, const RowNumbers& rows, const std::vector<bool>& wanted) {
  if (rows.size() == block.rows) return DropColumns(block, wanted);
  Block picked{.rows = rows.size(), .columns = std::vector<CellsPtr>(block.columns.size())};
  for (std::size_t c = 0; c < block.columns.size(); ++c) {
    if (!wanted[c] || block.columns[c] == nullptr) continue;
    const Cells& from = *block.columns[c];
    Cells cells;
    cells.reserve(rows.size());
    for (const std::uint32_t row : rows) cells.push_back(from[row]);
    picked.columns[c] = std::make_shared<const Cells>(std::move(cells));
  }
  return picked;
}

Block DropColumns(Block block, const std::vector<bool>& wanted) {
  for (std::size_t c = 0; c < block.columns.size(); ++c) {
    if (!wanted[c]) block.columns[c] = nullptr;
  }
  return block;
}

Block Slice(const Block& block, std::size_t from, std::size_t rows) {
  if (from == 0 && rows == block.rows) return block;
  Block slice{.rows = rows, .columns = std::vector<CellsPtr>(block.columns.size())};
  for (std::size_t c = 0; c < block.columns.size(); ++c) {
    if (block.columns[c] == nullptr) continue;
    const auto first = block.columns[c]->begin() + static_cast<std::ptrdiff_t>(from);
    slice.columns[c] = std::make_shared<const Cells>(first, first + static_cast<std::ptrdiff_t>(rows));
  }
  return slice;
}

CellsPtr Repeat(const Value& value, std::size_t rows) { return std::make_shared<const Cells>(rows, value); }

std::uint64_t BytesOf(const Block& block) {
  std::uint64_t bytes = 0;
  for (const CellsPtr& cells : block.columns) {
    if (cells == nullptr) continue;
    for (const Value& value : *cells) bytes += value.MemoryBytes();
  }
  return bytes;
}

absl::Status HeldRows::Append(const Block& block) {
  if (columns_.empty()) {
    columns_.resize(block.columns.size());
    present_.assign(block.columns.size(), true);
  }
  for (std::size_t c = 0; c < block.columns.size(); ++c) {
    if (block.columns[c] == nullptr) {
      present_[c] = false;
    } else {
      columns_[c].insert(columns_[c].end(), block.columns[c]->begin(), block.columns[c]->end());
    }
  }
  rows_ += block.rows;
  return Account(BytesOf(block));
}

absl::Status HeldRows::Account(std::uint64_t bytes) {
  accounted_ += bytes;
  return memory_.Add(operator_name_, static_cast<std::int64_t>(bytes));
}

void HeldRows::Clear() {
  columns_.clear();
  rows_ = 0;
  memory_.Add(operator_name_, -static_cast<std::int64_t>(accounted_)).IgnoreError();
  accounted_ = 0;
}

Block HeldRows::Take() {
  Block block{.rows = rows_, .columns = std::vector<CellsPtr>(columns_.size())};
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (present_[c]) block.columns[c] = std::make_shared<const Cells>(std::move(columns_[c]));
  }
  columns_.clear();
  rows_ = 0;
  return block;
}

}  // namespace zoomwatch::kql::batch
