// The table of events as queries see it, under the name that rules use, over events in memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/event_table/event_cells.h"
#include "common/kql/catalog.h"
#include "common/kql/table_source.h"

namespace zoomwatch::ruleset {

inline constexpr std::string_view kEventTable = "ZoomLogs";

// Besides the table's columns those of the older format that a query mentions.
class EventCatalog final : public kql::Catalog {
 public:
  std::optional<kql::Schema> FindTable(std::string_view name, const kql::MentionedNames& mentioned) const override {
    if (name != kEventTable) return std::nullopt;
    kql::Schema schema = event_table::EventSchema();
    for (const std::string& word : mentioned) {
      if (kql::FindColumn(schema, word).has_value()) continue;
      if (const auto legacy = event_table::ParseLegacyColumn(word)) schema.push_back({.name = word, .type = legacy->type});
    }
    return schema;
  }
  std::vector<std::string> TableNames() const override { return {std::string(kEventTable)}; }
  std::optional<std::string> FindFunction(std::string_view) const override { return std::nullopt; }
};

// Hands out some events, in order.
class EventSource final : public kql::TableSource {
 public:
  // The events must outlive the source.
  explicit EventSource(std::vector<const event::v1::Event*> events) : events_(std::move(events)) {}

  absl::StatusOr<std::unique_ptr<kql::TableReader>> Open(const kql::ScanRequest& request) override {
    return std::make_unique<Reader>(events_, request);
  }

 private:
  class Reader final : public kql::TableReader {
   public:
    Reader(const std::vector<const event::v1::Event*>& events, const kql::ScanRequest& request)
        : events_(events), cells_(request.schema, request.needed), width_(request.schema.size()) {}

    absl::StatusOr<kql::Block> Next() override {
      kql::Block block;
      std::vector<kql::Cells> columns(width_);
      while (next_ < events_.size() && block.rows < kql::kBlockRows) {
        std::vector<kql::Value> row;
        cells_.Append(*events_[next_++], row);
        for (std::size_t i = 0; i < width_; ++i) columns[i].push_back(std::move(row[i]));
        ++block.rows;
      }
      if (block.rows == 0) return block;
      for (kql::Cells& cells : columns) block.columns.push_back(std::make_shared<const kql::Cells>(std::move(cells)));
      return block;
    }
    kql::ScanStatistics statistics() const override { return {.rows = next_}; }

   private:
    const std::vector<const event::v1::Event*>& events_;
    event_table::EventCells cells_;
    const std::size_t width_;
    std::size_t next_ = 0;
  };

  const std::vector<const event::v1::Event*> events_;
};

}  // namespace zoomwatch::ruleset
