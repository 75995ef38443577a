// The forwarder's metrics; docs/metrics.md describes them.
#pragma once

#include <array>

#include "common/metrics/metrics.h"

namespace zoomwatch::receiver {

inline constexpr std::array<MetricRow, 3> kForwarderMetrics = {{
    {"zoomwatch_receiver_forwarded_total", MetricType::kCounter, "Webhooks that the detector acknowledged as stored.", {}},
    {"zoomwatch_receiver_forward_failures_total", MetricType::kCounter, "Attempts to send a batch that failed; they are repeated.", {}},
    {"zoomwatch_receiver_forward_batches_in_flight", MetricType::kGauge, "Batches on the way to the normalizer.", {}},
}};
inline constexpr const MetricRow& kForwarded = kForwarderMetrics[0];
inline constexpr const MetricRow& kForwardFailures = kForwarderMetrics[1];
inline constexpr const MetricRow& kForwardInFlight = kForwarderMetrics[2];

}  // namespace zoomwatch::receiver
