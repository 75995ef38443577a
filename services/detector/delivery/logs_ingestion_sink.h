// Rows to one stream of a data collection rule, at least once.
//
// Not thread-safe except for Cancel(). Ownership: client and clock outlive the sink.
// An attempt is cut into calls: a JSON array of at most max_body_bytes before compression, rows whose TimeGenerated lie
// at most max_span apart. The body goes out as gzip unless that is larger. A body that Azure refuses (400, 413) is
// halved, left half first, until the rows at fault are alone: one bad row in a call of n costs about 2 * log2(n) calls
// more. What is settled is therefore always a prefix, and no row is sent twice in an attempt. A row that is refused
// alone is only given up when the stream is known to take rows: some call of the last proof_horizon was stored, and
// fewer than max_suspects rows were refused since. Otherwise the stream, the table or a transformation is likely wrong
// for all rows, and the attempt ends before the first of them with DELIVERY_ALL_REFUSED (kWait). Repeats: rows of a
// call whose answer was lost come again; EventId tells them apart (docs/table-schema.md).
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/time/clock.h"
#include "services/detector/delivery/gzip.h"
#include "services/detector/delivery/logs_ingestion_client.h"
#include "services/detector/delivery/row_sink.h"

namespace zoomwatch::detector {

class LogsIngestionSink final : public RowSink {
 public:
  struct Options {
    std::string stream;                           // "Custom-..."
    size_t max_body_bytes = 1'000'000;            // Azure's limit of 1 MB, read the smaller way
    absl::Duration max_span = absl::Minutes(30);  // Azure may refuse more in one call to an auxiliary table
    absl::Duration proof_horizon = absl::Hours(1);
    size_t max_suspects = 50;  // in a row, over all attempts
    bool urgent = false;       // calls may use what the rule's budget keeps for such
  };

  LogsIngestionSink(Options options, LogsIngestionClient& client, const Clock& clock);

  absl::Status Open(const std::string& state) override;
  SendOutcome Send(const std::vector<OutgoingRow>& rows, const std::stop_token& stop) override;
  void Cancel() override { cancel_.request_stop(); }
  std::string State() const override { return ""; }

 private:
  struct Attempt;

  // The end of the call that begins at row `begin`.
  size_t EndOfCall(const std::vector<OutgoingRow>& rows, size_t begin) const;
  // Delivers the rows [begin, end), by several calls if need be. False: the attempt ends here.
  bool Deliver(Attempt& attempt, size_t begin, size_t end);
  CallResult Call(const Attempt& attempt, size_t begin, size_t end);
  // Whether the stream is known to take rows, so that it is the refused ones that are wrong.
  bool TakesRows(const Attempt& attempt) const;

  const Options options_;
  LogsIngestionClient& client_;
  const Clock& clock_;
  GzipCompressor gzip_;
  std::string body_;
  std::optional<absl::Duration> last_stored_;  // monotonic
  size_t given_up_ = 0;                        // rows since the last stored call
  std::stop_source cancel_;
};

}  // namespace zoomwatch::detector
