#include "common/storage/segment_reader.h"

#include <algorithm>

#include "common/status/status_macros.h"
#include "common/storage/log_format.h"

namespace zoomwatch::storage {
namespace {

constexpr uint64_t kWindowBytes = 64 * 1024;

}  // namespace

absl::StatusOr<std::string_view> SegmentScanner::Bytes(uint64_t offset, uint64_t size) {
  if (offset >= file_bytes_) return std::string_view();
  size = std::min(size, file_bytes_ - offset);
  if (offset < window_offset_ || offset + size > window_offset_ + window_.size()) {
    const uint64_t wanted = std::min(std::max(size, kWindowBytes), file_bytes_ - offset);
    window_.resize(wanted);
    absl::StatusOr<size_t> got = file_.ReadAt(offset, wanted, window_.data());
    if (!got.ok()) {
      window_.clear();
      return got.status();
    }
    window_.resize(*got);
    window_offset_ = offset;
  }
  return std::string_view(window_).substr(offset - window_offset_, size);
}

absl::StatusOr<SegmentScanner::Found> SegmentScanner::At(uint64_t offset, uint64_t position) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::string_view start, Bytes(offset, log_format::kRecordHeaderBytes));
  if (start.size() < log_format::kRecordHeaderBytes) return Found{.outcome = Outcome::kEnd};
  const log_format::RecordHeader header = log_format::DecodeRecordHeader(start);
  if (start.find_first_not_of('\0') == std::string_view::npos) return Found{.outcome = Outcome::kEnd};
  const uint64_t record_bytes = log_format::RecordBytes(header.length);
  if (header.position != position || record_bytes > file_bytes_ - offset) return Found{.outcome = Outcome::kBad};
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::string_view record, Bytes(offset, record_bytes));
  if (!log_format::RecordIsSound(record)) return Found{.outcome = Outcome::kBad};
  return Found{.outcome = Outcome::kRecord,
               .payload = record.substr(log_format::kRecordHeaderBytes, header.length),
               .record_bytes = record_bytes,
               .durable = header.durable};
}

}  // namespace zoomwatch::storage
