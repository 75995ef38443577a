// The event log's metrics; docs/metrics.md describes them.
#pragma once

#include <span>

#include "common/metrics/metrics.h"

namespace zoomwatch::detector {

inline constexpr MetricRow kLogItems{
    "zoomwatch_detector_log_items_total", MetricType::kCounter,
    "Deliveries that reached the event log, by what became of them: stored, duplicate, resent, quarantined, rejected.",
    {"outcome"}};
inline constexpr MetricRow kLogRefusedBatches{"zoomwatch_detector_log_refused_batches_total", MetricType::kCounter,
                                              "Batches that the event log did not store.", {"reason"}};
inline constexpr MetricRow kLogPending{"zoomwatch_detector_log_pending_events", MetricType::kGauge,
                                       "Events stored whose row is not yet confirmed by the sink.", {}};
inline constexpr MetricRow kLogBytes{"zoomwatch_detector_log_bytes", MetricType::kGauge,
                                     "Bytes of stored events, before compression.", {}};
inline constexpr MetricRow kLogMemoryBytes{"zoomwatch_detector_log_memory_bytes", MetricType::kGauge,
                                           "Bytes of memory that the event log's store holds: recent writes and cached blocks.", {}};
inline constexpr MetricRow kLogQuarantineBytes{"zoomwatch_detector_log_quarantine_bytes", MetricType::kGauge,
                                               "Bytes of quarantined deliveries and rows.", {}};
inline constexpr MetricRow kLogRemovedEvents{"zoomwatch_detector_log_removed_events_total", MetricType::kCounter,
                                             "Delivered events removed by retention.", {}};
inline constexpr MetricRow kLogRemovedQuarantine{"zoomwatch_detector_log_removed_quarantine_total", MetricType::kCounter,
                                                 "Quarantined deliveries and rows removed by retention.", {}};
inline constexpr MetricRow kLogUnreadable{"zoomwatch_detector_log_unreadable_events_total", MetricType::kCounter,
                                          "Stored events that could not be read back; they are in quarantine with STORAGE_CORRUPT.", {}};
inline constexpr MetricRow kLogWriteSeconds{"zoomwatch_detector_log_write_seconds", MetricType::kHistogram,
                                            "Time of one synced write of the event log.", {}};

inline constexpr MetricRow kDetectorLedger{
    "zoomwatch_detector_ledger_webhooks", MetricType::kGauge,
    "The detector's half of the ledger, since the store was made: webhooks delivered, duplicate, quarantined, pending, not_sent.",
    {"account", "place"}};

inline constexpr MetricRow kEventLogMetricTable[] = {kLogItems, kLogRefusedBatches, kLogPending, kLogBytes, kLogMemoryBytes, kLogQuarantineBytes,
                                                     kLogRemovedEvents, kLogRemovedQuarantine, kLogUnreadable, kLogWriteSeconds, kDetectorLedger};
inline std::span<const MetricRow> EventLogMetricTable() { return kEventLogMetricTable; }

}  // namespace zoomwatch::detector
