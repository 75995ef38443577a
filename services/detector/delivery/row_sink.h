// Where rows go. One sink belongs to one delivery worker; not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace zoomwatch::detector {

class RowSink {
 public:
  virtual ~RowSink() = default;

  // Continues where `state`, the value that was committed last, says (empty: nothing was ever committed). What the sink has beyond
  // that was never committed and comes again. Errors: SINK_FAILED, with what to do about it.
  virtual absl::Status Open(const std::string& state) = 0;

  // Makes one attempt to deliver all rows, each one JSON object without a line end. OK: they are delivered and durable. Otherwise the
  // caller sends the same rows again later.
  virtual absl::Status Send(const std::vector<std::string_view>& rows) = 0;

  // What to commit together with the position that Send() reached.
  virtual std::string State() const = 0;
};

}  // namespace zoomwatch::detector
