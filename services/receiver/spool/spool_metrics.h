// The spool's metrics; docs/metrics.md describes them.
#pragma once

#include <array>

#include "common/metrics/metrics.h"

namespace zoomwatch::receiver {

inline constexpr std::array<MetricRow, 7> kSpoolMetrics = {{
    {"zoomwatch_receiver_spool_items", MetricType::kGauge, "Webhooks accepted and not yet acknowledged by the detector.", {}},
    {"zoomwatch_receiver_spool_disk_bytes", MetricType::kGauge, "Bytes of the spool's files.", {}},
    {"zoomwatch_receiver_spool_oldest_age_seconds", MetricType::kGauge,
     "Age of the oldest webhook that waits, by its receive time, to about a second; 0: none waits.", {}},
    {"zoomwatch_receiver_spool_refused_total", MetricType::kCounter, "Webhooks that the spool refused.", {"reason"}},
    {"zoomwatch_receiver_spool_rejected_total", MetricType::kCounter,
     "Webhooks that the next service refused for good; they are kept in the spool's folder rejected/.", {}},
    {"zoomwatch_receiver_spool_cursor_failures_total", MetricType::kCounter,
     "Failed attempts to write the spool's cursor or its dead letters; they are repeated.", {}},
    {"zoomwatch_receiver_ledger_webhooks", MetricType::kGauge,
     "The receiver's half of the ledger, since the spool was made: webhooks accepted, and of these spooled, forwarded, quarantined.",
     {"account", "place"}},
}};
inline constexpr const MetricRow& kSpoolItems = kSpoolMetrics[0];
inline constexpr const MetricRow& kSpoolDiskBytes = kSpoolMetrics[1];
inline constexpr const MetricRow& kSpoolOldestAge = kSpoolMetrics[2];
inline constexpr const MetricRow& kSpoolRefused = kSpoolMetrics[3];
inline constexpr const MetricRow& kSpoolRejected = kSpoolMetrics[4];
inline constexpr const MetricRow& kSpoolCursorFailures = kSpoolMetrics[5];
inline constexpr const MetricRow& kReceiverLedger = kSpoolMetrics[6];

}  // namespace zoomwatch::receiver
