// The HuntService of the detector: KQL queries of people over the stored events.
//
// A query sees the tables of event_table::EventCatalog as they are when it begins, with the columns of EventLog::Columns().
// A query runs on the thread of its call; nothing of it is kept afterwards. It ends at once, between two blocks of rows, when its
// deadline or max_duration passes, its caller goes away or Stop() is called.
// Threading: thread-safe. Ownership: log, clock and metrics outlive the service, which outlives the server that it is registered with.
// Limits: HuntOptions. Errors: QUERY_INVALID, QUERY_LIMIT, OVERLOADED, SHUTTING_DOWN, those of the log; CANCELLED, DEADLINE_EXCEEDED.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "common/time/clock.h"
#include "services/detector/event_log/event_log.h"

namespace zoomwatch::detector {

// Meaning and defaults of all but the last: config.v1.Hunting.
struct HuntOptions {
  int max_hunts = 4;
  std::uint64_t max_memory_bytes = std::uint64_t{128} << 20;
  std::uint64_t max_result_rows = 500'000;
  std::uint64_t max_result_bytes = std::uint64_t{64} << 20;
  absl::Duration max_duration = absl::Hours(24);
  // How long Stop() lets queries end by themselves before it cuts the connections of those that wait for their caller.
  absl::Duration stop_grace = absl::Seconds(1);
};

class HuntService {
 public:
  HuntService(HuntOptions options, EventLog& log, const Clock& clock, Metrics& metrics);
  // REQUIRES: no call is running.
  ~HuntService();

  // To be registered with a server; lives as long as this.
  grpc::Service* service();

  // Ends the queries that run and refuses new ones. Idempotent.
  void Stop();

 private:
  class Server;
  const std::unique_ptr<Server> server_;
};

}  // namespace zoomwatch::detector
