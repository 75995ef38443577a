// Recovery of the last segment after a crash. See log_format.h for the rule.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "common/storage/file_system.h"
#include "common/storage/segment_files.h"

namespace zoomwatch::storage {

struct LogEnd {
  uint64_t offset = 0;         // in the segment: where the next record goes
  uint64_t position = 0;       // of the next record
  uint64_t erased_bytes = 0;   // from the end to the last byte that was not zero
};

// Finds the end of the log in its last segment, erases what lies behind it, and makes both durable, so that no record that
// was found can disappear and no remains of an old record can be taken for a new one.
// STORAGE_CORRUPT: a record that was durable is damaged; nothing is changed then.
absl::StatusOr<LogEnd> RecoverLastSegment(File& file, const Segment& segment);

}  // namespace zoomwatch::storage
