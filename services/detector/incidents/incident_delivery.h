// Incidents put together from the configuration: token, client, queue, sink, worker's options. They share the sink's identity and
// connections, and nothing else: incidents never hold back rows.
//
// Threading: thread-safe. Ownership: the delivery, clock and metrics outlive the object, which outlives what it makes.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "common/metrics/metrics.h"
#include "common/time/clock.h"
#include "services/detector/alerts/alert_store.h"
#include "services/detector/delivery/azure_delivery.h"
#include "services/detector/incidents/incident_client.h"
#include "services/detector/incidents/incident_options.h"
#include "zoomwatch/config/v1/detector.pb.h"

namespace zoomwatch::detector {

class IncidentDelivery {
 public:
  // Calls nobody yet. Errors: those of ReadIncidentOptions(). REQUIRES: config.has_incidents(); `azure` was made of `config`.
  static absl::StatusOr<std::unique_ptr<IncidentDelivery>> Make(const config::v1::LogsIngestionSink& config, AzureDelivery& azure,
                                                                const Clock& clock, Metrics& metrics);

  std::unique_ptr<RowQueue> MakeQueue(AlertStore& store) const;
  std::unique_ptr<RowSink> MakeSink();
  // One incident at a time, so that what was made is on disk before the next one is.
  DeliveryOptions worker_options() const;

  // IncidentClient::Probe().
  IncidentResult Probe() { return client_.Probe(); }

 private:
  IncidentDelivery(IncidentOptions options, DeliveryOptions worker_options, AzureDelivery& azure, const Clock& clock, Metrics& metrics);

  const IncidentOptions options_;
  const DeliveryOptions worker_options_;
  const Clock& clock_;
  Metrics& metrics_;
  const std::unique_ptr<TokenProvider> tokens_;
  IncidentClient client_;
};

}  // namespace zoomwatch::detector
