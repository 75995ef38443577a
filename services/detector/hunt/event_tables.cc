#include "services/detector/hunt/event_tables.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/event_table/event_cells.h"
#include "common/status/reasons.h"
#include "zoomwatch/event/v1/event.pb.h"

namespace zoomwatch::detector {
namespace {

using kql::Ticks;

constexpr Ticks kFirstTick = kql::kUnixEpoch - 200LL * 365 * 24 * 3600 * kql::kTicksPerSecond;  // what absl counts in nanoseconds
constexpr Ticks kLastTick = kql::kUnixEpoch + 200LL * 365 * 24 * 3600 * kql::kTicksPerSecond;

absl::Time TimeOf(Ticks ticks) { return absl::FromUnixNanos((std::clamp(ticks, kFirstTick, kLastTick) - kql::kUnixEpoch) * 100); }

class Reader final : public kql::TableReader {
 public:
  Reader(EventLog& log, const kql::ScanRequest& request, ScanRange range)
      : log_(log), cells_(request.schema, request.needed), needed_(request.needed), range_(std::move(range)) {
    if (!request.events) return;
    const std::set<std::string, std::less<>> names(request.events->begin(), request.events->end());
    range_.wanted = [names](std::string_view name) { return names.contains(name); };
  }

  absl::StatusOr<kql::Block> Next() override {
    std::vector<kql::Cells> columns(needed_.size());
    kql::Block block;
    absl::Status unreadable;
    const absl::Status status = log_.Scan(range_, [&](const EventView& view) {
      range_.begin_sequence = view.sequence + 1;
      if (!event_.ParseFromArray(view.serialized.data(), static_cast<int>(view.serialized.size()))) {
        unreadable = Error(Reason::kStorageCorrupt, "event log: event " + std::to_string(view.sequence) + " cannot be read");
        return false;
      }
      statistics_.bytes += view.serialized.size();
      row_.clear();
      cells_.Append(event_, row_);
      for (std::size_t c = 0; c < columns.size(); ++c) {
        if (needed_[c]) columns[c].push_back(std::move(row_[c]));
      }
      return ++block.rows < kql::kBlockRows;
    });
    if (!status.ok()) return status;
    if (!unreadable.ok()) return unreadable;
    statistics_.rows += block.rows;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      block.columns.push_back(needed_[c] ? std::make_shared<const kql::Cells>(std::move(columns[c])) : nullptr);
    }
    return block;
  }
  kql::ScanStatistics statistics() const override { return statistics_; }

 private:
  EventLog& log_;
  event_table::EventCells cells_;
  const std::vector<bool> needed_;
  ScanRange range_;  // what is left
  event::v1::Event event_;
  std::vector<kql::Value> row_;
  kql::ScanStatistics statistics_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<kql::TableReader>> EventTables::Open(const kql::ScanRequest& request) {
  // TimeGenerated is the receive time to the microsecond, so the tick after a bound is never one of an event.
  Ticks first = from_ + 1;
  Ticks last = to_;
  if (request.time_from) first = std::max(first, *request.time_from);
  if (request.time_to) last = std::min(last, *request.time_to);
  const auto next_microsecond = [](Ticks ticks) { return (ticks / kql::kTicksPerMicrosecond + 1) * kql::kTicksPerMicrosecond; };
  return std::make_unique<Reader>(
      log_, request,
      ScanRange{.from_time = TimeOf(next_microsecond(first - 1)), .to_time = TimeOf(next_microsecond(last)), .end_sequence = end_sequence_});
}

}  // namespace zoomwatch::detector
