// Durable rows that wait for a sink, and how far the sink has come: what a delivery worker serves.
// Threading: one worker uses a queue from one thread. Ownership: the store behind a queue outlives it.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/detector/delivery/row_sink.h"

namespace zoomwatch::detector {

class RowQueue {
 public:
  virtual ~RowQueue() = default;

  // Which table the rows are of, for metrics and log lines: "events", "alerts". Lives as long as the program.
  virtual std::string_view table() const = 0;
  // The state of the sink that was committed last; empty at first.
  virtual std::string SinkState() const = 0;
  // Waits until `count` rows wait for delivery. False: time ran out, `stop` was requested, or there will be no more.
  virtual bool WaitForRows(std::size_t count, absl::Duration timeout, const std::stop_token& stop) = 0;
  // The rows that are next: at most `max_rows` of about `max_bytes` (but at least one). Empty: there are none. The views live
  // until the next call of Read().
  virtual absl::StatusOr<std::vector<OutgoingRow>> Read(std::size_t max_rows, std::size_t max_bytes) = 0;
  // Makes durable, in one write: the first `outcome.settled` rows of the last Read() and those of `outcome.ahead` need nothing more, and
  // `sink_state`. Those among `outcome.refused` are kept apart with their reasons. REQUIRES: some row is settled.
  virtual absl::Status Commit(const SendOutcome& outcome, std::string sink_state) = 0;
};

}  // namespace zoomwatch::detector
