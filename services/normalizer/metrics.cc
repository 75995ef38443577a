#include "services/normalizer/metrics.h"

namespace zoomwatch {
namespace {

constexpr MetricRow kTable[] = {
    kNormalizerEvents,      kNormalizerUnknownEvents, kNormalizerQuarantined,   kNormalizerRedactions,     kNormalizerTimeSources,
    kNormalizerEventDelay,  kNormalizerRejectedItems, kNormalizerBatches,       kNormalizerBatchesInFlight,
};

}  // namespace

std::span<const MetricRow> NormalizerMetricTable() { return kTable; }

}  // namespace zoomwatch
