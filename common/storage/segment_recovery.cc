#include "common/storage/segment_recovery.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/storage/log_format.h"
#include "common/storage/segment_reader.h"

namespace zoomwatch::storage {
namespace {

constexpr uint64_t kStep = 8;  // records begin at multiples of it
constexpr uint64_t kChunkBytes = 64 * 1024;

bool HeaderIsSound(std::string_view bytes, const Segment& segment) {
  const auto header = log_format::DecodeSegmentHeader(bytes);
  return header.has_value() && header->first_position == segment.first_position && header->size == segment.size;
}

// The end of the last byte in [from, end of file) that is not zero; `from`: there is none.
absl::StatusOr<uint64_t> EndOfRemains(SegmentScanner& scanner, uint64_t from, uint64_t file_bytes) {
  uint64_t end = from;
  for (uint64_t offset = from; offset < file_bytes; offset += kChunkBytes) {
    ZOOMWATCH_ASSIGN_OR_RETURN(const std::string_view chunk, scanner.Bytes(offset, kChunkBytes));
    const size_t last = chunk.find_last_not_of('\0');
    if (last != std::string_view::npos) end = offset + last + 1;
  }
  return end;
}

// STORAGE_CORRUPT when a sound record in [from, to) says that the record `position`, which is missing, was durable.
absl::Status CheckNothingDurableLost(SegmentScanner& scanner, const Segment& segment, uint64_t from, uint64_t to,
                                     uint64_t position) {
  const uint64_t most_records = segment.size / log_format::kRecordHeaderBytes;
  for (uint64_t offset = from; offset + log_format::kRecordHeaderBytes <= to; offset += kStep) {
    ZOOMWATCH_ASSIGN_OR_RETURN(const std::string_view start, scanner.Bytes(offset, log_format::kRecordHeaderBytes));
    if (start.size() < log_format::kRecordHeaderBytes) break;
    const log_format::RecordHeader header = log_format::DecodeRecordHeader(start);
    const bool plausible = header.position > position && header.position - position <= most_records &&
                           header.durable > position && header.durable <= header.position;
    if (!plausible) continue;
    ZOOMWATCH_ASSIGN_OR_RETURN(const SegmentScanner::Found found, scanner.At(offset, header.position));
    if (found.outcome != SegmentScanner::Outcome::kRecord) continue;
    return Error(Reason::kStorageCorrupt,
                 fmt::format("{}: offset {}: record {} is damaged, and record {} at offset {} says that it was durable",
                             segment.path, from, position, header.position, offset));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LogEnd> RecoverLastSegment(File& file, const Segment& segment) {
  SegmentScanner scanner(file, segment.size);
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::string_view header, scanner.Bytes(0, log_format::kSegmentHeaderBytes));
  // The header is durable before the file has its name, so a bad one is damage.
  if (!HeaderIsSound(header, segment)) {
    return Error(Reason::kStorageCorrupt, fmt::format("{}: offset 0: the segment's header is damaged", segment.path));
  }
  LogEnd end{.offset = log_format::kSegmentHeaderBytes, .position = segment.first_position, .erased_bytes = 0};
  while (true) {
    ZOOMWATCH_ASSIGN_OR_RETURN(const SegmentScanner::Found found, scanner.At(end.offset, end.position));
    if (found.outcome != SegmentScanner::Outcome::kRecord) break;
    end.offset += found.record_bytes;
    ++end.position;
  }
  ZOOMWATCH_ASSIGN_OR_RETURN(const uint64_t remains_end, EndOfRemains(scanner, end.offset, segment.size));
  ZOOMWATCH_RETURN_IF_ERROR(CheckNothingDurableLost(scanner, segment, end.offset, remains_end, end.position));
  end.erased_bytes = remains_end - end.offset;
  if (end.erased_bytes > 0) ZOOMWATCH_RETURN_IF_ERROR(WriteZeros(file, end.offset, remains_end));
  ZOOMWATCH_RETURN_IF_ERROR(file.SyncData());
  return end;
}

}  // namespace zoomwatch::storage
