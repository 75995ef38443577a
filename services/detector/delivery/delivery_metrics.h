// Metrics of delivery; docs/metrics.md describes them.
#pragma once

#include <array>

#include "common/metrics/metrics.h"

namespace zoomwatch::detector {

inline constexpr std::array<MetricRow, 12> kDeliveryMetrics = {{
    {"zoomwatch_detector_delivered_rows_total",
     MetricType::kCounter,
     "Rows that the sink confirmed and the store committed, by table: events, alerts, incidents.",
     {"table"}},
    {"zoomwatch_detector_delivery_failures_total",
     MetricType::kCounter,
     "Attempts to deliver that failed; they are repeated.",
     {"table"}},
    {"zoomwatch_detector_delivery_lag_seconds",
     MetricType::kGauge,
     "Age, by TimeGenerated, of the row that was delivered last; how far delivery is behind while rows come. Alerts go to Azure newest "
     "first, so theirs grows while a backlog is caught up.",
     {"table"}},
    {"zoomwatch_detector_refused_rows_total",
     MetricType::kCounter,
     "Rows that the sink refused for good; events are in quarantine, alerts stay in the store.",
     {"table"}},
    {"zoomwatch_detector_delivery_blocked",
     MetricType::kGauge,
     "1 while delivery stands still until somebody acts (a role, a rule id, credentials), otherwise 0.",
     {"table"}},
    {"zoomwatch_detector_ingestion_calls_total",
     MetricType::kCounter,
     "Calls of the Logs Ingestion API by result: stored, refused (400 or 413), throttled (429, or 503 with a time), "
     "unreachable, "
     "forbidden (401, 403), rule_unknown (404), unexpected.",
     {"stream", "result"}},
    {"zoomwatch_detector_ingestion_bytes_total",
     MetricType::kCounter,
     "Bytes of the bodies of these calls, before (plain) and after (sent) compression.",
     {"stream", "form"}},
    {"zoomwatch_detector_ingestion_call_seconds",
     MetricType::kHistogram,
     "From sending a body to its answer.",
     {"stream"}},
    {"zoomwatch_detector_ingestion_budget_waits_total",
     MetricType::kCounter,
     "Calls that had to wait because the calls or bytes a minute that Azure grants a data collection rule were used "
     "up.",
     {}},
    {"zoomwatch_detector_token_requests_total",
     MetricType::kCounter,
     "Requests for an access token by result: issued, failed.",
     {"result"}},
    {"zoomwatch_detector_routed_rows_total",
     MetricType::kCounter,
     "Rows of events that are delivered, or that a route keeps from being sent, by route; main: no route took them.",
     {"route"}},
    {"zoomwatch_detector_routed_bytes_total",
     MetricType::kCounter,
     "Bytes of these rows as JSON, before compression.",
     {"route"}},
}};
inline constexpr const MetricRow& kDeliveredRows = kDeliveryMetrics[0];
inline constexpr const MetricRow& kDeliveryFailures = kDeliveryMetrics[1];
inline constexpr const MetricRow& kDeliveryLag = kDeliveryMetrics[2];
inline constexpr const MetricRow& kRefusedRows = kDeliveryMetrics[3];
inline constexpr const MetricRow& kDeliveryBlocked = kDeliveryMetrics[4];
inline constexpr const MetricRow& kIngestionCalls = kDeliveryMetrics[5];
inline constexpr const MetricRow& kIngestionBytes = kDeliveryMetrics[6];
inline constexpr const MetricRow& kIngestionCallSeconds = kDeliveryMetrics[7];
inline constexpr const MetricRow& kBudgetWaits = kDeliveryMetrics[8];
inline constexpr const MetricRow& kTokenRequests = kDeliveryMetrics[9];
inline constexpr const MetricRow& kRoutedRows = kDeliveryMetrics[10];
inline constexpr const MetricRow& kRoutedBytes = kDeliveryMetrics[11];

}  // namespace zoomwatch::detector
