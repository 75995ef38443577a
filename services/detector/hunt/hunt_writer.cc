#include "services/detector/hunt/hunt_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_join.h"
#include "common/kql/diagnostic.h"
#include "common/kql/functions/call.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/timestamp.h"
#include "common/transport/grpc/hunt_cells.h"

namespace zoomwatch::detector {
namespace {

using hunt::v1::HuntResponse;

// A batch of several rows has at most so many.
constexpr std::size_t kBatchBytes = 256 * 1024;
// What leaves room for the rest of a message of at most 4 MiB (common/grpc/limits.h).
constexpr std::size_t kMaxRowBytes = 3 * 1024 * 1024;
constexpr std::size_t kRowOverhead = 4;  // tag and length
constexpr int kMaxWarnings = 100;
constexpr absl::Duration kProgressInterval = absl::Seconds(1);

}  // namespace

HuntWriter::HuntWriter(grpc::ServerWriter<HuntResponse>& stream, const Clock& clock)
    : stream_(stream), clock_(clock), begin_(clock.Monotonic()), last_write_(begin_) {}

absl::Status HuntWriter::WriteSchema(std::string_view text, const kql::BoundQuery& query) {
  schema_ = query.root->schema;
  HuntResponse response;
  hunt::v1::Schema& schema = *response.mutable_schema();
  for (const kql::Column& column : schema_) {
    hunt::v1::Column& out = *schema.add_columns();
    out.set_name(column.name);
    out.set_type(std::string(kql::TypeName(column.type)));
  }
  if (query.rendering) {
    schema.mutable_rendering()->set_chart(query.rendering->chart);
    for (const kql::RenderProperty& property : query.rendering->properties) {
      (*schema.mutable_rendering()->mutable_properties())[property.name] = absl::StrJoin(property.values, ",");
    }
  }
  for (const kql::Diagnostic& diagnostic : query.diagnostics) {
    if (schema.warnings_size() < kMaxWarnings) schema.add_warnings(kql::Explain(text, diagnostic));
  }
  return Write(response);
}

absl::Status HuntWriter::AddRows(const kql::Block& block) {
  for (std::size_t r = 0; r < block.rows; ++r) {
    hunt::v1::Row& row = *waiting_.mutable_rows()->add_rows();
    for (std::size_t c = 0; c < schema_.size(); ++c) *row.add_cells() = ToCell(schema_[c].type, (*block.columns[c])[r]);
    const std::size_t bytes = row.ByteSizeLong();
    if (bytes > kMaxRowBytes) {
      return Error(Reason::kQueryLimit, fmt::format("result: row {} has {} bytes, more than {}", row_count_ + 1, bytes, kMaxRowBytes));
    }
    // A large row travels alone.
    if (waiting_.rows().rows_size() > 1 && waiting_bytes_ + bytes > kBatchBytes) {
      hunt::v1::Row last = std::move(row);
      waiting_.mutable_rows()->mutable_rows()->RemoveLast();
      ZOOMWATCH_RETURN_IF_ERROR(FlushRows());
      *waiting_.mutable_rows()->add_rows() = std::move(last);
    }
    waiting_bytes_ += bytes + kRowOverhead;
    ++row_count_;
  }
  return absl::OkStatus();
}

absl::Status HuntWriter::Tick() {
  if (clock_.Monotonic() - last_write_ < kProgressInterval) return absl::OkStatus();
  if (waiting_.rows().rows_size() > 0) return FlushRows();
  HuntResponse response;
  response.mutable_progress()->set_scanned_count(static_cast<std::int64_t>(progress_.events));
  response.mutable_progress()->set_total_count(static_cast<std::int64_t>(std::max(progress_.total, progress_.events)));
  if (progress_.receive_time != absl::InfinitePast()) *response.mutable_progress()->mutable_scanned_to() = TimestampOf(progress_.receive_time);
  return Write(response);
}

absl::Status HuntWriter::Finish(const kql::ExecutionStatistics& statistics) {
  ZOOMWATCH_RETURN_IF_ERROR(FlushRows());
  HuntResponse response;
  hunt::v1::Summary& summary = *response.mutable_summary();
  summary.set_row_count(row_count_);
  summary.set_scanned_count(static_cast<std::int64_t>(statistics.scanned.rows));
  summary.set_scanned_bytes(static_cast<std::int64_t>(statistics.scanned.bytes));
  summary.set_peak_memory_bytes(static_cast<std::int64_t>(statistics.peak_memory_bytes));
  summary.set_elapsed_seconds(absl::ToDoubleSeconds(clock_.Monotonic() - begin_));
  for (const kql::OperatorStatistics& entry : statistics.operators) {
    hunt::v1::OperatorStatistics& out = *summary.add_operators();
    out.set_name(entry.name);
    out.set_offset(entry.span.offset);
    out.set_row_count(static_cast<std::int64_t>(entry.rows_out));
    out.set_own_seconds(absl::ToDoubleSeconds(entry.time));
  }
  for (std::size_t i = 0; i < kql::kWarningKinds; ++i) {
    if (statistics.warnings[i] == 0) continue;
    (*summary.mutable_warning_counts())[std::string(kql::WarningText(static_cast<kql::Warning>(i)))] =
        static_cast<std::int64_t>(statistics.warnings[i]);
  }
  return Write(response);
}

absl::Status HuntWriter::FlushRows() {
  if (waiting_.rows().rows_size() == 0) return absl::OkStatus();
  const absl::Status written = Write(waiting_);
  waiting_.mutable_rows()->clear_rows();
  waiting_bytes_ = 0;
  return written;
}

absl::Status HuntWriter::Write(const HuntResponse& response) {
  // The time before the call: while the caller does not read, no time is due.
  last_write_ = clock_.Monotonic();
  return stream_.Write(response) ? absl::OkStatus() : absl::CancelledError("the caller is gone");
}

}  // namespace zoomwatch::detector
