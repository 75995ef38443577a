// Some events in memory as a table, in their order: for rules and queries that are tried on them.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/event_table/event_cells.h"
#include "common/kql/block.h"
#include "common/kql/table_source.h"
#include "zoomwatch/event/v1/event.pb.h"

namespace zoomwatch::event_table {

// The events must outlive the source and its readers. Thread-compatible.
class EventSource final : public kql::TableSource {
 public:
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

}  // namespace zoomwatch::event_table
