#include "services/detector/hunt/event_tables.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/event_table/event_cells.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "zoomwatch/event/v1/event.pb.h"

namespace zoomwatch::detector {
namespace {

using kql::Ticks;

constexpr std::size_t kBlockBytes = std::size_t{4} << 20;

// What counts as nanoseconds in 64 bits; no event lies beyond.
constexpr Ticks kSpan = 200 * 365 * kql::kTicksPerDay;

absl::Time TimeOf(Ticks ticks) {
  return absl::FromUnixNanos((std::clamp(ticks, kql::kUnixEpoch - kSpan, kql::kUnixEpoch + kSpan) - kql::kUnixEpoch) * 100);
}

// TimeGenerated is the receive time without what is below a microsecond: it is beyond `ticks` from the next whole one on.
absl::Time FirstTimeBeyond(Ticks ticks) {
  ticks = std::clamp(ticks, kql::kMinDateTime, kql::kMaxDateTime);
  return TimeOf((ticks / kql::kTicksPerMicrosecond + 1) * kql::kTicksPerMicrosecond);
}

}  // namespace

class EventTables::Reader final : public kql::TableReader {
 public:
  Reader(EventTables& tables, const kql::ScanRequest& request, ScanRange range)
      : tables_(tables), cells_(request.schema, request.needed), needed_(request.needed), range_(std::move(range)) {
    if (request.events) names_.emplace(request.events->begin(), request.events->end());
  }

  absl::StatusOr<kql::Block> Next() override {
    std::vector<kql::Cells> columns(needed_.size());
    kql::Block block;
    std::size_t block_bytes = 0;
    absl::Status status;
    const absl::Status scanned = tables_.log_.Scan(range_, [&](const EventView& view) {
      range_.begin_sequence = view.sequence + 1;
      statistics_.bytes += view.serialized.size();
      block_bytes += view.serialized.size();
      if (++looked_ == kql::kBlockRows) status = Report(view.receive_time);
      // Here and not in the range: so the observer is asked although nothing is wanted.
      if (status.ok() && (!names_ || names_->contains(view.name))) status = AddRow(view, columns, block);
      return status.ok() && block.rows < kql::kBlockRows && (block.rows == 0 || block_bytes < kBlockBytes);
    });
    ZOOMWATCH_RETURN_IF_ERROR(scanned);
    ZOOMWATCH_RETURN_IF_ERROR(status);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      block.columns.push_back(needed_[i] ? std::make_shared<const kql::Cells>(std::move(columns[i])) : nullptr);
    }
    return block;
  }

  kql::ScanStatistics statistics() const override { return statistics_; }

 private:
  absl::Status AddRow(const EventView& view, std::vector<kql::Cells>& columns, kql::Block& block) {
    if (!event_.ParseFromArray(view.serialized.data(), static_cast<int>(view.serialized.size()))) {
      return Error(Reason::kStorageCorrupt, "event log: event " + std::to_string(view.sequence) + " cannot be read");
    }
    row_.clear();
    cells_.Append(event_, row_);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (needed_[i]) columns[i].push_back(std::move(row_[i]));
    }
    ++block.rows;
    ++statistics_.rows;
    return absl::OkStatus();
  }

  absl::Status Report(absl::Time receive_time) { return tables_.Looked(std::exchange(looked_, 0), receive_time); }

  EventTables& tables_;
  event_table::EventCells cells_;
  const std::vector<bool> needed_;
  std::optional<std::set<std::string, std::less<>>> names_;  // none: all
  ScanRange range_;                                          // what is left
  event::v1::Event event_;
  std::vector<kql::Value> row_;
  std::size_t looked_ = 0;  // since the last report
  kql::ScanStatistics statistics_;
};

EventTables::EventTables(EventLog& log, kql::Ticks from, kql::Ticks to, std::uint64_t end_sequence, Observer observer)
    : log_(log), from_(from), to_(to), end_sequence_(std::min(end_sequence, log.EndSequence())), observer_(std::move(observer)) {}

absl::StatusOr<std::unique_ptr<kql::TableReader>> EventTables::Open(const kql::ScanRequest& request) {
  ScanRange range{.from_time = FirstTimeBeyond(from_), .to_time = FirstTimeBeyond(to_), .end_sequence = end_sequence_, .wanted = {}};
  if (request.time_from && *request.time_from > kql::kMinDateTime) {
    range.from_time = std::max(range.from_time, FirstTimeBeyond(*request.time_from - 1));
  }
  if (request.time_to) range.to_time = std::min(range.to_time, FirstTimeBeyond(*request.time_to));
  progress_.total += log_.CountCandidates(range);
  return std::make_unique<Reader>(*this, request, std::move(range));
}

absl::Status EventTables::Looked(std::uint64_t events, absl::Time receive_time) {
  progress_.events += events;
  progress_.receive_time = receive_time;
  return observer_ ? observer_(progress_) : absl::OkStatus();
}

}  // namespace zoomwatch::detector
