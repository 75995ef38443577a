// Writes the answer of one query into its stream: the schema, then rows in batches, with progress between, then the summary.
// Threading: one thread. Ownership: stream and clock outlive the writer.
// Errors: CANCELLED when the caller is gone; QUERY_LIMIT for a row that fits into no message.
#pragma once

#include <grpcpp/support/sync_stream.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/kql/batch/executor.h"
#include "common/kql/plan.h"
#include "common/time/clock.h"
#include "services/detector/hunt/event_tables.h"
#include "zoomwatch/hunt/v1/hunt_service.pb.h"

namespace zoomwatch::detector {

class HuntWriter {
 public:
  HuntWriter(grpc::ServerWriter<hunt::v1::HuntResponse>& stream, const Clock& clock);

  // First of all. REQUIRES: the query has a root.
  absl::Status WriteSchema(std::string_view text, const kql::BoundQuery& query);
  // The rows go with one of the next messages.
  absl::Status AddRows(const kql::Block& block);
  // To be called often: once a second sends the rows that wait, or how far the query is.
  absl::Status Tick();
  void SetProgress(const ReadProgress& progress) { progress_ = progress; }
  // Last of all: the rows that wait and the summary.
  absl::Status Finish(const kql::ExecutionStatistics& statistics);

  std::int64_t row_count() const { return row_count_; }

 private:
  absl::Status Write(const hunt::v1::HuntResponse& response);
  absl::Status FlushRows();

  grpc::ServerWriter<hunt::v1::HuntResponse>& stream_;
  const Clock& clock_;
  const absl::Duration begin_;
  absl::Duration last_write_;
  kql::Schema schema_;
  hunt::v1::HuntResponse waiting_;  // rows
  std::size_t waiting_bytes_ = 0;
  std::int64_t row_count_ = 0;
  ReadProgress progress_;
};

}  // namespace zoomwatch::detector
