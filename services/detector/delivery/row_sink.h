// Where rows go. One sink belongs to one delivery worker; not thread-safe except for Cancel().
#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace zoomwatch::detector {

// A row to deliver. The views must live until Send() returns.
struct OutgoingRow {
  // In place of a stream: the row is not sent.
  static constexpr size_t kNotSent = SIZE_MAX;

  std::string_view json;  // one object without a line end
  absl::Time time;        // its TimeGenerated
  size_t stream = 0;      // which of the sink's streams it is for; most sinks have but one
  std::string_view name = {};  // of what it becomes at the other side, where the sender chooses it
};

// What one attempt reached, and what the caller must do about the rest.
struct SendOutcome {
  enum class Next {
    kGoOn,   // all rows are settled
    kRetry,  // send the rest again after a back-off that is at least retry_after
    kWait,   // somebody must change something, or a permission must come into force: send the rest again, but slowly
  };
  // A row that the sink will never take.
  struct Refusal {
    size_t row = 0;       // index into the rows that were sent
    absl::Status status;  // why; its reason is one that is never retried
  };

  size_t settled = 0;            // rows from the front that need nothing more: they are durable, among `refused`, or not sent
  std::vector<Refusal> refused;  // all of them settled, in order
  std::vector<size_t> ahead;     // rows beyond `settled` that need nothing more either, in order: other streams took them
  Next next = Next::kGoOn;
  absl::Status status;         // why the row at `settled` is not settled; OK with kGoOn
  absl::Duration retry_after;  // 0: the other side named no time
};

class RowSink {
 public:
  virtual ~RowSink() = default;

  // Continues where `state`, the value that was committed last, says (empty: nothing was ever committed). What the sink
  // has beyond that was never committed and comes again. Errors: SINK_FAILED, with what to do about it.
  virtual absl::Status Open(const std::string& state) = 0;

  // Makes one attempt to deliver the rows, in order. The caller commits what is settled and sends the rest again.
  // A requested stop ends waits inside the attempt; what the attempt is doing with the other side is brought to its
  // end.
  virtual SendOutcome Send(const std::vector<OutgoingRow>& rows, const std::stop_token& stop) = 0;

  // Thread-safe: makes a Send() that is under way return soon, and later ones too. Rows may then be at the other side
  // without being settled.
  virtual void Cancel() {}

  // What to commit together with the rows that the last Send() settled.
  virtual std::string State() const = 0;
};

}  // namespace zoomwatch::detector
