// The VolumeService of the detector: what the rows of stored events weigh, by the routes in force and by proposed ones.
//
// A measurement runs on the thread of its call, reads the log as it is when the call begins and keeps some megabytes. It ends soon, between
// two groups of events, when its deadline passes, its caller goes away or Stop() is called.
// Threading: thread-safe. Ownership: log and clock outlive the service, which outlives the server that it is registered with.
// Limits: one measurement at a time. Errors: CONFIG_INVALID_VALUE, CONFIG_MISSING_KEY for proposed routes; OVERLOADED, SHUTTING_DOWN; those
// of the log; INVALID_ARGUMENT, CANCELLED, DEADLINE_EXCEEDED.
#pragma once

#include <atomic>

#include "absl/status/status.h"
#include "common/event_table/event_row.h"
#include "common/time/clock.h"
#include "services/detector/event_log/event_log.h"
#include "zoomwatch/config/v1/detector.pb.h"
#include "zoomwatch/volume/v1/volume_service.grpc.pb.h"

namespace zoomwatch::detector {

class VolumeService final : public volume::v1::VolumeService::Service {
 public:
  // `sink` has the streams and routes in force; without an endpoint it is another sink, whose rows have no streams. REQUIRES: its routes
  // were accepted by RouteTable::Make().
  VolumeService(EventLog& log, event_table::RowLimits limits, config::v1::LogsIngestionSink sink, const Clock& clock)
      : log_(log), limits_(limits), sink_(std::move(sink)), clock_(clock) {}

  grpc::Status MeasureVolume(grpc::ServerContext* context, const volume::v1::MeasureVolumeRequest* request,
                             volume::v1::MeasureVolumeResponse* response) override;

  // Ends a measurement with SHUTTING_DOWN and refuses new ones, so that a server that stops need not wait for it. Idempotent.
  void Stop() { stopping_ = true; }

 private:
  absl::Status Measure(grpc::ServerContext& context, const volume::v1::MeasureVolumeRequest& request,
                       volume::v1::MeasureVolumeResponse& response);
  // Whether the measurement may go on.
  absl::Status Check(grpc::ServerContext& context) const;

  EventLog& log_;
  const event_table::RowLimits limits_;
  const config::v1::LogsIngestionSink sink_;
  const Clock& clock_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> measuring_ = false;
};

}  // namespace zoomwatch::detector
