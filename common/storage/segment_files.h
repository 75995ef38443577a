// The segment files of a log: their names, making and opening them. Thread-safe; no state of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/file_system.h"

namespace zoomwatch::storage {

struct Segment {
  uint64_t first_position = 0;
  uint64_t size = 0;  // of the file
  std::string path;
};

// The segments of the folder in order. Removes a spare that an earlier process left.
absl::StatusOr<std::vector<Segment>> ListSegments(FileSystem& files, const std::string& folder);

// Makes the spare: a synced file of `size` zeros under a name that is no segment's.
absl::StatusOr<std::unique_ptr<File>> MakeSpare(FileSystem& files, const std::string& folder, uint64_t size);

// Turns the spare into the segment that begins at `first_position`, durably, with its header.
absl::StatusOr<Segment> AdoptSpare(FileSystem& files, const std::string& folder, File& spare, uint64_t first_position,
                                   uint64_t size);

// Zeros in [from, to) of the file, not synced.
absl::Status WriteZeros(File& file, uint64_t from, uint64_t to);

}  // namespace zoomwatch::storage
