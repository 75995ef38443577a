// Metrics of delivery; docs/metrics.md describes them.
#pragma once

#include <array>

#include "common/metrics/metrics.h"

namespace zoomwatch::detector {

inline constexpr std::array<MetricRow, 5> kDeliveryMetrics = {{
    {"zoomwatch_detector_delivered_rows_total",
     MetricType::kCounter,
     "Rows that the sink confirmed and the store committed.",
     {}},
    {"zoomwatch_detector_delivery_failures_total",
     MetricType::kCounter,
     "Attempts to deliver that failed; they are repeated.",
     {}},
    {"zoomwatch_detector_delivery_lag_seconds",
     MetricType::kGauge,
     "Age, by receive time, of the newest event that was delivered last; how far delivery is behind while events come.",
     {}},
    {"zoomwatch_detector_refused_rows_total",
     MetricType::kCounter,
     "Rows that the sink refused for good; they are in quarantine.",
     {}},
    {"zoomwatch_detector_delivery_blocked",
     MetricType::kGauge,
     "1 while delivery stands still until somebody acts (a role, a rule id, credentials), otherwise 0.",
     {}},
}};
inline constexpr const MetricRow& kDeliveredRows = kDeliveryMetrics[0];
inline constexpr const MetricRow& kDeliveryFailures = kDeliveryMetrics[1];
inline constexpr const MetricRow& kDeliveryLag = kDeliveryMetrics[2];
inline constexpr const MetricRow& kRefusedRows = kDeliveryMetrics[3];
inline constexpr const MetricRow& kDeliveryBlocked = kDeliveryMetrics[4];

}  // namespace zoomwatch::detector
