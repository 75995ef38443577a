// What the normalizer counts. docs/metrics.md shows the table.
#pragma once

#include <span>

#include "common/metrics/metrics.h"

namespace zoomwatch {

// The label "category" is a category of the mapping table, or "other".
inline constexpr MetricRow kNormalizerEvents{"zoomwatch_normalizer_events_total", MetricType::kCounter,
                                             "Webhooks that became an event, by category of the event.", {"category"}};
inline constexpr MetricRow kNormalizerUnknownEvents{
    "zoomwatch_normalizer_unknown_events_total", MetricType::kCounter,
    "Events whose name no row of the mapping table knows; they are kept with their whole payload.", {}};
inline constexpr MetricRow kNormalizerQuarantined{"zoomwatch_normalizer_quarantined_total", MetricType::kCounter,
                                                  "Webhooks that could not be read as an event, by reason.", {"reason"}};
inline constexpr MetricRow kNormalizerRedactions{"zoomwatch_normalizer_redacted_values_total", MetricType::kCounter,
                                                 "Values of payloads that were replaced because they are secrets.", {}};
// The label "source" is event_ts, payload or receive_time.
inline constexpr MetricRow kNormalizerTimeSources{"zoomwatch_normalizer_event_times_total", MetricType::kCounter,
                                                  "Events by where the time of the event came from.", {"source"}};
inline constexpr MetricRow kNormalizerEventDelay{
    "zoomwatch_normalizer_event_delay_seconds", MetricType::kHistogram,
    "Time from the event by Zoom's clock to the receipt of the webhook, in seconds; 0 when Zoom's clock is ahead.", {}};
inline constexpr MetricRow kNormalizerRejectedItems{
    "zoomwatch_normalizer_rejected_items_total", MetricType::kCounter,
    "Items of batches that were refused for good, here (ITEM_MALFORMED) or by the detector, by reason.", {"reason"}};
// The label "result" is ok, failed, overloaded or malformed.
inline constexpr MetricRow kNormalizerBatches{"zoomwatch_normalizer_batches_total", MetricType::kCounter,
                                              "Batches from receivers by result.", {"result"}};
inline constexpr MetricRow kNormalizerBatchesInFlight{"zoomwatch_normalizer_batches_in_flight", MetricType::kGauge,
                                                      "Batches that are being worked on.", {}};

std::span<const MetricRow> NormalizerMetricTable();

}  // namespace zoomwatch
