// What the configuration says about incidents, checked and with its defaults. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "zoomwatch/alert/v1/alert.pb.h"
#include "zoomwatch/config/v1/detector.pb.h"

namespace zoomwatch::detector {

struct IncidentOptions {
  // ".../subscriptions/../workspaces/../providers/Microsoft.SecurityInsights/incidents", no slash at the end.
  std::string url;
  std::string scope;  // of the token
  alert::v1::Severity min_severity = alert::v1::SEVERITY_INFORMATIONAL;
  int64_t max_per_hour = 120;
  absl::Duration timeout = absl::Seconds(30);
};

// CONFIG_INVALID_VALUE: a management endpoint that is neither https nor on this machine, a resource group that is too long. REQUIRES:
// `config` came from the configuration loader, which checks the alphabets of the names, and has incidents.
absl::StatusOr<IncidentOptions> ReadIncidentOptions(const config::v1::LogsIngestionSink& config);

// Azure Resource Manager of the cloud that the sink's endpoint or, where that does not tell, its authority is of.
std::string DefaultManagementEndpoint(const config::v1::LogsIngestionSink& config);

}  // namespace zoomwatch::detector
