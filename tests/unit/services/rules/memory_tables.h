// Events in memory as the tables of batch rules. For tests.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "common/event_table/event_cells.h"
#include "services/detector/rules/rule_engine.h"

namespace zoomwatch::detector {

class MemoryTables final : public BatchTables, public kql::TableSource {
 public:
  void Add(event::v1::Event event) { events_.push_back(std::move(event)); }

  std::unique_ptr<kql::TableSource> Open(kql::Ticks from, kql::Ticks to) override {
    opened.push_back(to);
    auto tables = std::make_unique<MemoryTables>();
    for (const event::v1::Event& event : events_) {
      if (ReceiveTicks(event) > from && ReceiveTicks(event) <= to) tables->Add(event);
    }
    return tables;
  }
  absl::StatusOr<std::unique_ptr<kql::TableReader>> Open(const kql::ScanRequest& request) override {
    return std::make_unique<Reader>(events_, request);
  }

  std::vector<kql::Ticks> opened;  // when a rule read them

 private:
  class Reader final : public kql::TableReader {
   public:
    Reader(const std::vector<event::v1::Event>& events, const kql::ScanRequest& request) : events_(events), cells_(request.schema, request.needed) {}
    absl::StatusOr<kql::Block> Next() override {
      kql::Block block;
      std::vector<kql::Cells> columns;
      for (; next_ < events_.size() && block.rows < kql::kBlockRows; ++next_, ++block.rows) {
        std::vector<kql::Value> row;
        cells_.Append(events_[next_], row);
        columns.resize(row.size());
        for (std::size_t i = 0; i < row.size(); ++i) columns[i].push_back(std::move(row[i]));
      }
      for (kql::Cells& cells : columns) block.columns.push_back(std::make_shared<const kql::Cells>(std::move(cells)));
      return block;
    }
    kql::ScanStatistics statistics() const override { return {.rows = next_, .bytes = 0}; }

   private:
    const std::vector<event::v1::Event>& events_;
    event_table::EventCells cells_;
    std::size_t next_ = 0;
  };

  std::vector<event::v1::Event> events_;
};

// An event of a user, received `seconds` after 2026-01-01T00:00:00Z.
inline event::v1::Event UserEvent(const std::string& name, const std::string& user, std::int64_t seconds) {
  event::v1::Event event;
  event.set_event_id(name + "/" + user + "/" + std::to_string(seconds));
  event.set_event(name);
  event.set_user(user);
  event.set_account_name("main");
  event.set_payload("{\"event\":\"" + name + "\"}");
  event.mutable_receive_time()->set_seconds(1767225600 + seconds);
  *event.mutable_event_time() = event.receive_time();
  return event;
}

inline constexpr kql::Ticks kNewYear = kql::kUnixEpoch + 1767225600 * kql::kTicksPerSecond;

}  // namespace zoomwatch::detector
