#include "cli/kql/memory_tables.h"

#include <algorithm>
#include <iterator>

namespace zoomwatch::cli {
namespace {

using kql::Block;
using kql::Cells;
using kql::kBlockRows;

class BlockReader final : public kql::TableReader {
 public:
  explicit BlockReader(const std::vector<Block>& blocks) : blocks_(blocks) {}

  absl::StatusOr<Block> Next() override {
    if (next_ == blocks_.size()) return Block{};
    const Block& block = blocks_[next_++];
    statistics_.rows += block.rows;
    return block;
  }
  kql::ScanStatistics statistics() const override { return statistics_; }

 private:
  const std::vector<Block>& blocks_;  // of the tables, which outlive every execution
  std::size_t next_ = 0;
  kql::ScanStatistics statistics_;
};

std::vector<Block> CutIntoBlocks(MemoryTable& table) {
  std::vector<Block> blocks;
  for (std::size_t begin = 0; begin < table.rows; begin += kBlockRows) {
    const std::size_t count = std::min(kBlockRows, table.rows - begin);
    Block& block = blocks.emplace_back();
    block.rows = count;
    for (std::vector<kql::Value>& column : table.columns) {
      const auto from = column.begin() + static_cast<std::ptrdiff_t>(begin);
      block.columns.push_back(std::make_shared<const Cells>(
          std::make_move_iterator(from), std::make_move_iterator(from + static_cast<std::ptrdiff_t>(count))));
    }
  }
  return blocks;
}

}  // namespace

std::uint64_t MemoryTable::MemoryBytes() const {
  std::uint64_t bytes = 0;
  for (const std::vector<kql::Value>& column : columns) {
    for (const kql::Value& cell : column) bytes += cell.MemoryBytes();
  }
  return bytes;
}

void MemoryTables::Add(std::string name, MemoryTable table) {
  std::vector<Block> blocks = CutIntoBlocks(table);
  tables_.insert_or_assign(std::move(name), Stored{std::move(table.schema), std::move(blocks)});
}

std::optional<kql::Schema> MemoryTables::FindTable(std::string_view name, const kql::MentionedNames&) const {
  const auto found = tables_.find(name);
  return found == tables_.end() ? std::nullopt : std::optional<kql::Schema>(found->second.schema);
}

std::vector<std::string> MemoryTables::TableNames() const {
  std::vector<std::string> names;
  for (const auto& [name, table] : tables_) names.push_back(name);
  return names;
}

absl::StatusOr<std::unique_ptr<kql::TableReader>> MemoryTables::Open(const kql::ScanRequest& request) {
  const auto found = tables_.find(request.table);
  if (found == tables_.end()) return absl::NotFoundError("there is no table " + request.table);
  return std::make_unique<BlockReader>(found->second.blocks);
}

}  // namespace zoomwatch::cli
