// Finds records in a segment file. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/storage/file_system.h"

namespace zoomwatch::storage {

class SegmentScanner {
 public:
  // `file` outlives the scanner.
  SegmentScanner(File& file, uint64_t file_bytes) : file_(file), file_bytes_(file_bytes) {}

  enum class Outcome {
    kRecord,  // a sound record with the expected position
    kEnd,     // a header of zeros, or no room for a header
    kBad      // anything else
  };
  struct Found {
    Outcome outcome = Outcome::kEnd;
    std::string_view payload;  // lives until the next call
    uint64_t record_bytes = 0;
    uint64_t durable = 0;
  };
  // What is at `offset`, where the record `position` is expected. Reads ahead, so call Forget() when the file may have changed.
  absl::StatusOr<Found> At(uint64_t offset, uint64_t position);

  // Up to `size` bytes at `offset`; fewer only at the end of the file. The view lives until the next call.
  absl::StatusOr<std::string_view> Bytes(uint64_t offset, uint64_t size);

  // Drops what was read ahead.
  void Forget() { window_.clear(); }

 private:
  File& file_;
  const uint64_t file_bytes_;
  std::string window_;  // bytes of the file from window_offset_ on
  uint64_t window_offset_ = 0;
};

}  // namespace zoomwatch::storage
