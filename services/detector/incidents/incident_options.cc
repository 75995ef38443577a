#include "services/detector/incidents/incident_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "services/detector/delivery/azure_delivery.h"
#include "services/detector/delivery/entra_token_request.h"
#include "services/detector/incidents/incident_body.h"

namespace zoomwatch::detector {
namespace {

using Config = config::v1::LogsIngestionSink;

// Sovereign clouds by what the names of their hosts end with.
struct Cloud {
  std::string_view ingestion, authority, management;
};
constexpr Cloud kClouds[] = {
    {".monitor.azure.us", "login.microsoftonline.us", "https://management.usgovcloudapi.net"},
    {".monitor.azure.cn", "login.partner.microsoftonline.cn", "https://management.chinacloudapi.cn"},
    {".monitor.azure.cn", "login.chinacloudapi.cn", "https://management.chinacloudapi.cn"},
};
constexpr std::size_t kMaxResourceGroup = 90;
constexpr std::string_view kPublicManagement = "https://management.azure.com";

// The host of an address, in lower case, without port.
std::string HostOf(std::string_view address) {
  const std::size_t scheme = address.find("://");
  if (scheme != std::string_view::npos) address.remove_prefix(scheme + 3);
  std::string host(address.substr(0, address.find_first_of(":/")));
  std::transform(host.begin(), host.end(), host.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return host;
}

std::string AuthorityOf(const Config& config) {
  switch (config.identity_case()) {
    case Config::kClientSecret: return config.client_secret().authority();
    case Config::kClientCertificate: return config.client_certificate().authority();
    case Config::kWorkloadIdentity: return config.workload_identity().authority();
    case Config::kManagedIdentity:
    case Config::IDENTITY_NOT_SET: break;
  }
  return "";
}

alert::v1::Severity SeverityOf(std::string_view name) {
  if (name == "High") return alert::v1::SEVERITY_HIGH;
  if (name == "Medium") return alert::v1::SEVERITY_MEDIUM;
  return name == "Low" ? alert::v1::SEVERITY_LOW : alert::v1::SEVERITY_INFORMATIONAL;
}

}  // namespace

std::string DefaultManagementEndpoint(const Config& config) {
  const std::string endpoint = HostOf(config.endpoint()), authority = HostOf(AuthorityOf(config));
  for (const Cloud& cloud : kClouds) {
    if (endpoint.ends_with(cloud.ingestion) || authority == cloud.authority) return std::string(cloud.management);
  }
  return std::string(kPublicManagement);
}

absl::StatusOr<IncidentOptions> ReadIncidentOptions(const Config& config) {
  const config::v1::Incidents& incidents = config.incidents();
  if (Utf16Units(incidents.resource_group()) > kMaxResourceGroup) {
    return Error(Reason::kConfigInvalidValue,
                 fmt::format("delivery.logs_ingestion.incidents.resource_group: is longer than {} characters", kMaxResourceGroup));
  }
  ZOOMWATCH_ASSIGN_OR_RETURN(
      const std::string management,
      CheckedAddress("delivery.logs_ingestion.incidents.management_endpoint",
                     incidents.management_endpoint().empty() ? DefaultManagementEndpoint(config) : incidents.management_endpoint()));
  return IncidentOptions{
      .url = fmt::format("{}/subscriptions/{}/resourceGroups/{}/providers/Microsoft.OperationalInsights/workspaces/{}"
                         "/providers/Microsoft.SecurityInsights/incidents",
                         management, PercentEncode(incidents.subscription_id()), PercentEncode(incidents.resource_group()),
                         PercentEncode(incidents.workspace())),
      .scope = incidents.scope().empty() ? management + "/.default" : incidents.scope(),
      .min_severity = SeverityOf(incidents.min_severity()),
      .max_per_hour = incidents.max_per_hour(),
      .timeout = absl::Seconds(config.timeout().seconds()) + absl::Nanoseconds(config.timeout().nanos())};
}

}  // namespace zoomwatch::detector
