#include "services/detector/incidents/incident_delivery.h"

#include <utility>

#include "common/status/status_macros.h"
#include "services/detector/incidents/incident_row_queue.h"
#include "services/detector/incidents/incident_sink.h"

namespace zoomwatch::detector {

absl::StatusOr<std::unique_ptr<IncidentDelivery>> IncidentDelivery::Make(const config::v1::LogsIngestionSink& config, AzureDelivery& azure,
                                                                         const Clock& clock, Metrics& metrics) {
  ZOOMWATCH_ASSIGN_OR_RETURN(IncidentOptions options, ReadIncidentOptions(config));
  DeliveryOptions worker = azure.worker_options();
  worker.max_rows = 1;
  worker.max_wait = absl::ZeroDuration();
  return std::unique_ptr<IncidentDelivery>(new IncidentDelivery(std::move(options), worker, azure, clock, metrics));
}

IncidentDelivery::IncidentDelivery(IncidentOptions options, DeliveryOptions worker_options, AzureDelivery& azure, const Clock& clock,
                                   Metrics& metrics)
    : options_(std::move(options)),
      worker_options_(worker_options),
      clock_(clock),
      metrics_(metrics),
      tokens_(azure.MakeTokens(options_.scope)),
      client_({.url = options_.url, .timeout = options_.timeout}, azure.http(), *tokens_, clock, metrics) {}

std::unique_ptr<RowQueue> IncidentDelivery::MakeQueue(AlertStore& store) const {
  return std::make_unique<IncidentRowQueue>(store, options_.min_severity, metrics_);
}

std::unique_ptr<RowSink> IncidentDelivery::MakeSink() {
  return std::make_unique<IncidentSink>(IncidentSink::Options{.max_per_hour = options_.max_per_hour}, client_, clock_, metrics_);
}

DeliveryOptions IncidentDelivery::worker_options() const { return worker_options_; }

}  // namespace zoomwatch::detector
