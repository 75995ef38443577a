#include "common/metrics/metrics.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <vector>

#include "common/status/check.h"
#include "common/sync/mutex.h"

namespace zoomwatch {
namespace {

prometheus::Labels LabelsOf(const MetricRow& row, std::initializer_list<std::string_view> values) {
  prometheus::Labels labels;
  auto value = values.begin();
  for (const std::string_view name : row.labels) {
    if (name.empty()) break;
    ZOOMWATCH_CHECK(value != values.end());
    labels.emplace(std::string(name), std::string(*value++));
  }
  ZOOMWATCH_CHECK(value == values.end());
  return labels;
}

}  // namespace

class Metrics::State {
 public:
  prometheus::Registry registry;
  Mutex mutex;
  std::vector<std::function<void()>> collectors ABSL_GUARDED_BY(mutex);
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

// Registering a family again under the same name and help yields the same family, and adding the same labels the same series.
prometheus::Counter& Metrics::Counter(const MetricRow& row, std::initializer_list<std::string_view> label_values) {
  ZOOMWATCH_CHECK(row.type == MetricType::kCounter);
  auto& family = prometheus::BuildCounter().Name(std::string(row.name)).Help(std::string(row.help)).Register(state_->registry);
  return family.Add(LabelsOf(row, label_values));
}

prometheus::Gauge& Metrics::Gauge(const MetricRow& row, std::initializer_list<std::string_view> label_values) {
  ZOOMWATCH_CHECK(row.type == MetricType::kGauge);
  auto& family = prometheus::BuildGauge().Name(std::string(row.name)).Help(std::string(row.help)).Register(state_->registry);
  return family.Add(LabelsOf(row, label_values));
}

prometheus::Histogram& Metrics::Histogram(const MetricRow& row, std::initializer_list<std::string_view> label_values) {
  ZOOMWATCH_CHECK(row.type == MetricType::kHistogram);
  auto& family = prometheus::BuildHistogram().Name(std::string(row.name)).Help(std::string(row.help)).Register(state_->registry);
  return family.Add(LabelsOf(row, label_values),
                    prometheus::Histogram::BucketBoundaries(kLatencyBuckets.begin(), kLatencyBuckets.end()));
}

void Metrics::AddCollector(std::function<void()> collect) {
  MutexLock lock(state_->mutex);
  state_->collectors.push_back(std::move(collect));
}

std::string Metrics::Text() const {
  std::vector<std::function<void()>> collectors;
  {
    MutexLock lock(state_->mutex);
    collectors = state_->collectors;
  }
  for (const auto& collect : collectors) collect();
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace zoomwatch
