// Metrics of hunting; docs/metrics.md describes them.
#pragma once

#include <array>

#include "common/metrics/metrics.h"

namespace zoomwatch::detector {

inline constexpr std::array<MetricRow, 4> kHuntMetrics = {{
    {"zoomwatch_detector_hunts_total", MetricType::kCounter,
     "Queries of people over the stored events, by result: ok, invalid, limit, overloaded, cancelled, deadline, stopping, failed.",
     {"result"}},
    {"zoomwatch_detector_hunt_seconds", MetricType::kHistogram, "From the begin of a query to its end, whatever its result.", {}},
    {"zoomwatch_detector_hunts_running", MetricType::kGauge, "Queries that run now.", {}},
    {"zoomwatch_detector_hunt_scanned_events_total", MetricType::kCounter, "Stored events that queries decoded.", {}},
}};
inline constexpr const MetricRow& kHunts = kHuntMetrics[0];
inline constexpr const MetricRow& kHuntSeconds = kHuntMetrics[1];
inline constexpr const MetricRow& kHuntsRunning = kHuntMetrics[2];
inline constexpr const MetricRow& kHuntScannedEvents = kHuntMetrics[3];

}  // namespace zoomwatch::detector
