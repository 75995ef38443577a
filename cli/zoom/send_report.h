// What came of a run of `zoomwatch send`. Plain data; not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/zoom/traffic.h"

namespace zoomwatch::cli {

struct KindCount {
  uint64_t planned = 0;
  uint64_t expected = 0;    // answered as they should be, after retries
  uint64_t unexpected = 0;  // answered otherwise, or never
};

struct SendReport {
  std::string url;
  absl::Duration duration;
  std::array<KindCount, kKinds> kinds;  // indexed by Kind
  std::map<int, uint64_t> answers;      // HTTP status -> requests; 0: no answer
  std::string first_failure;            // why the first request without an answer had none; empty: all had one
  uint64_t retries = 0;                 // requests that were a second or later attempt
  uint64_t given_up = 0;                // still no good answer after the last retry: Zoom would drop these
  std::vector<uint32_t> latencies_us;   // of answered requests

  // Every request got the answer that it should get.
  bool ok() const;
  // Microseconds; 0 without answers. `fraction` in [0, 1].
  uint32_t Latency(double fraction) const;
};

std::string ReportTable(const SendReport& report);
std::string ReportJson(const SendReport& report);

}  // namespace zoomwatch::cli
