// The spool's cursor on disk: the position up to which everything was acknowledged, with the counts up to it. Pure.
//
//   zoomwatch-spool-cursor 1
//   position 4711
//   account 4000 10 main          forwarded, quarantined, account_name (the rest of the line)
//   crc32c 8ad3f01c               over all bytes before this line
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace zoomwatch::receiver {

struct SpoolCursor {
  uint64_t position = 1;  // of the first webhook that is not acknowledged
  struct Counts {
    int64_t forwarded = 0;
    int64_t quarantined = 0;
    bool operator==(const Counts&) const = default;
  };
  std::map<std::string, Counts> accounts;  // by account_name, without line ends
  bool operator==(const SpoolCursor&) const = default;
};

std::string EncodeSpoolCursor(const SpoolCursor& cursor);
// STORAGE_CORRUPT: anything that EncodeSpoolCursor() does not write.
absl::StatusOr<SpoolCursor> DecodeSpoolCursor(std::string_view bytes);

}  // namespace zoomwatch::receiver
