#include "cli/doctor/incident_checks.h"

#include <fmt/format.h>

#include "common/metrics/metrics.h"
#include "common/retry/sleeper.h"
#include "common/status/reasons.h"
#include "services/detector/incidents/incident_delivery.h"

namespace zoomwatch::cli {
namespace {

std::string Remedy(const absl::Status& status) {
  switch (ReasonOf(status).value_or(Reason::kDeliveryUnexpectedAnswer)) {
    case Reason::kTokenRefused:
      return "compare incidents.scope with the cloud; https://management.azure.com/.default is that of the public one";
    case Reason::kDeliveryForbidden:
      return "give this identity the role Microsoft Sentinel Responder on the workspace (directIncidents of azure/ does); that takes up "
             "to 30 minutes to hold";
    case Reason::kIncidentWorkspaceUnknown:
      return "compare subscription_id, resource_group and workspace of delivery.logs_ingestion.incidents with the workspace, and switch "
             "Sentinel on for it";
    case Reason::kHttpServerUntrusted:
      return "a proxy that opens TLS is in between: name its authority in delivery.logs_ingestion.ca_file";
    case Reason::kHttpCallFailed:
    case Reason::kDeliveryUnreachable:
      return "let port 443 to Azure Resource Manager through (DNS, NetworkPolicy, HTTPS_PROXY), and compare management_endpoint";
    default:
      return "look at the message; Azure's status page says whether the service has trouble";
  }
}

}  // namespace

void CheckIncidents(const config::v1::LogsIngestionSink& sink, const Clock& clock, Checks& checks) {
  Metrics metrics;
  const auto delivery = detector::AzureDelivery::Make(sink, clock, SystemSleeper::Get(), metrics);
  if (!delivery.ok()) return;  // the check of the sink says it
  const auto incidents = detector::IncidentDelivery::Make(sink, **delivery, clock, metrics);
  if (!incidents.ok()) {
    return Fail(checks, "incidents", Describe(incidents.status()), "correct what is named; docs/configuration.md has every option");
  }
  const detector::IncidentResult result = (*incidents)->Probe();
  if (result.status.ok()) {
    return Pass(checks, "incidents",
                fmt::format("we may read the incidents of workspace {}; whether we may make some shows the first one", sink.incidents().workspace()));
  }
  if (ReasonOf(result.status) == Reason::kDeliveryThrottled) {
    return Warn(checks, "incidents", Describe(result.status), "nothing, if it passes");
  }
  Fail(checks, "incidents", Describe(result.status), Remedy(result.status));
}

}  // namespace zoomwatch::cli
