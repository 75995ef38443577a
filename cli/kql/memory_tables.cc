#include "cli/kql/memory_tables.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "common/event_table/event_cells.h"
#include "common/event_table/legacy_columns.h"

namespace zoomwatch::cli {
namespace {

using kql::Block;
using kql::Cells;
using kql::kBlockRows;

using LegacyColumns = std::vector<event_table::LegacyColumn>;

kql::CellsPtr ReadLegacy(const event_table::LegacyColumn& column, const Cells& payloads) {
  auto cells = std::make_shared<Cells>();
  cells->reserve(payloads.size());
  for (const kql::Value& payload : payloads) {
    kql::Value value = event_table::ReadLegacyColumn(column, payload);
    if (value.is_null() && column.type == kql::Type::kString) value = kql::Value::String("");
    cells->push_back(std::move(value));
  }
  return cells;
}

class BlockReader final : public kql::TableReader {
 public:
  // `legacy` are columns behind those of the blocks, read from the column at `payload`.
  BlockReader(const std::vector<Block>& blocks, LegacyColumns legacy, std::size_t payload)
      : blocks_(blocks), legacy_(std::move(legacy)), payload_(payload) {}

  absl::StatusOr<Block> Next() override {
    if (next_ == blocks_.size()) return Block{};
    Block block = blocks_[next_++];
    for (const event_table::LegacyColumn& column : legacy_) block.columns.push_back(ReadLegacy(column, *block.columns[payload_]));
    statistics_.rows += block.rows;
    return block;
  }
  kql::ScanStatistics statistics() const override { return statistics_; }

 private:
  const std::vector<Block>& blocks_;  // of the tables, which outlive every execution
  const LegacyColumns legacy_;
  const std::size_t payload_;
  std::size_t next_ = 0;
  kql::ScanStatistics statistics_;
};

// Takes the cells out of the table, column by column, so that no more than one of them is in memory twice.
std::vector<Block> CutIntoBlocks(MemoryTable& table) {
  std::vector<Block> blocks;
  for (std::size_t begin = 0; begin < table.rows; begin += kBlockRows) blocks.push_back({.rows = std::min(kBlockRows, table.rows - begin)});
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    std::vector<kql::Value> column = std::move(table.columns[i]);
    const bool absent = column.empty();
    const kql::Value nothing = table.schema[i].type == kql::Type::kString ? kql::Value::String("") : kql::Value();
    std::shared_ptr<const Cells> shared;  // by all blocks of an absent column that have as many rows
    auto from = std::make_move_iterator(column.begin());
    for (Block& block : blocks) {
      if (!absent) {
        const auto to = from + static_cast<std::ptrdiff_t>(block.rows);
        block.columns.push_back(std::make_shared<const Cells>(from, to));
        from = to;
        continue;
      }
      if (shared == nullptr || shared->size() != block.rows) shared = std::make_shared<const Cells>(block.rows, nothing);
      block.columns.push_back(shared);
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
  tables_.insert_or_assign(std::move(name), Stored{std::move(table.schema), std::move(blocks), std::move(table.legacy)});
}

std::optional<kql::Schema> MemoryTables::FindTable(std::string_view name, const kql::MentionedNames& mentioned) const {
  const auto found = tables_.find(name);
  if (found == tables_.end()) return std::nullopt;
  kql::Schema schema = found->second.schema;
  if (found->second.legacy == nullptr) return schema;
  const std::optional<kql::Schema> known = event_table::EventCatalog(found->second.legacy).FindTable("ZoomLogs", mentioned);
  for (std::size_t i = event_table::EventSchema().size(); i < known->size(); ++i) {
    if (!kql::FindColumn(schema, (*known)[i].name)) schema.push_back((*known)[i]);
  }
  return schema;
}

std::vector<std::string> MemoryTables::TableNames() const {
  std::vector<std::string> names;
  for (const auto& [name, table] : tables_) names.push_back(name);
  return names;
}

absl::StatusOr<std::unique_ptr<kql::TableReader>> MemoryTables::Open(const kql::ScanRequest& request) {
  const auto found = tables_.find(request.table);
  if (found == tables_.end()) return absl::NotFoundError("there is no table " + request.table);
  const Stored& stored = found->second;
  LegacyColumns legacy;
  for (std::size_t i = stored.schema.size(); i < request.schema.size(); ++i) {
    const std::optional<event_table::LegacyColumn> column = event_table::ParseLegacyColumn(request.schema[i].name);
    if (!column) return absl::NotFoundError("there is no column " + request.schema[i].name);
    legacy.push_back(*column);
  }
  return std::make_unique<BlockReader>(stored.blocks, std::move(legacy), kql::FindColumn(stored.schema, "Payload").value_or(0));
}

}  // namespace zoomwatch::cli
