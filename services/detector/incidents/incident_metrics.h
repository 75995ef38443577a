// Metrics of incidents; docs/metrics.md describes them.
#pragma once

#include <array>

#include "common/metrics/metrics.h"

namespace zoomwatch::detector {

inline constexpr std::array<MetricRow, 4> kIncidentMetrics = {{
    {"zoomwatch_detector_incidents_total",
     MetricType::kCounter,
     "Alerts by what became of them as incidents of Sentinel: created, existing (it was there already, and was left alone), refused "
     "(for good), not_wanted (below the least severity, a hunting query, or a rule that wants none).",
     {"result"}},
    {"zoomwatch_detector_incident_calls_total",
     MetricType::kCounter,
     "Calls about incidents by call (read, write) and result: answered, refused (400 or 413), throttled (429, or 503 with a time), "
     "unreachable, forbidden (401, 403), workspace_unknown, conflict (409, 412), unexpected.",
     {"call", "result"}},
    {"zoomwatch_detector_incident_limit_waits_total",
     MetricType::kCounter,
     "Times that alerts had to wait because as many incidents as max_per_hour were made in the last hour.",
     {}},
    {"zoomwatch_detector_incidents_pending",
     MetricType::kGauge,
     "Alerts of which it is not settled yet what becomes of them as incidents. Absent where none are made.",
     {}},
}};
inline constexpr const MetricRow& kIncidents = kIncidentMetrics[0];
inline constexpr const MetricRow& kIncidentCalls = kIncidentMetrics[1];
inline constexpr const MetricRow& kIncidentLimitWaits = kIncidentMetrics[2];
inline constexpr const MetricRow& kIncidentsPending = kIncidentMetrics[3];

}  // namespace zoomwatch::detector
