// Alerts to incidents of Sentinel, each exactly one: a row is the body of an incident, its name the incident's GUID.
//
// Not thread-safe except for Cancel(). Ownership: client, clock and metrics outlive the sink.
// Rows go one after the other. A row that Azure refuses (400, 413) is given up alone, but not more than max_refused_in_row without an
// incident made between them: then something is wrong for all, the next one is kept and tried slowly, and the attempt ends with
// DELIVERY_ALL_REFUSED (kWait) until one is taken. Beyond max_per_hour an attempt ends with INCIDENT_LIMIT_REACHED and the time after
// which there is room; the count of the last hour is part of State(), so restarts do not widen it.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "common/metrics/metrics.h"
#include "common/time/clock.h"
#include "services/detector/delivery/row_sink.h"
#include "services/detector/incidents/hourly_budget.h"
#include "services/detector/incidents/incident_client.h"

namespace zoomwatch::detector {

class IncidentSink final : public RowSink {
 public:
  struct Options {
    int64_t max_per_hour = 120;
    int64_t max_refused_in_row = 10;
  };

  IncidentSink(Options options, IncidentClient& client, const Clock& clock, Metrics& metrics);

  // STORAGE_CORRUPT: the state is not one that we made.
  absl::Status Open(const std::string& state) override;
  SendOutcome Send(const std::vector<OutgoingRow>& rows, const std::stop_token& stop) override;
  void Cancel() override { cancel_.request_stop(); }
  // "<refused in a row> <times of the last hour>"
  std::string State() const override;

 private:
  // Settles the next row. False: the attempt ends here.
  bool SendNext(const OutgoingRow& row, const std::stop_token& stop, SendOutcome& outcome);

  const Options options_;
  IncidentClient& client_;
  Metrics& metrics_;
  HourlyBudget budget_;
  int64_t refused_in_row_ = 0;
  std::stop_source cancel_;
};

}  // namespace zoomwatch::detector
