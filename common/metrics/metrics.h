// Metrics in Prometheus' form. Thread-safe. A thin layer over prometheus-cpp that ties every metric to a row of a table, so that
// docs/metrics.md can be checked against the code and no label has an open set of values.
//
// Use: declare rows as constants, put them into the component's table (see MetricRow), get the series once and keep the reference.
//   inline constexpr MetricRow kWebhooks{"zoomwatch_receiver_webhooks_total", MetricType::kCounter, "...", {"account", "result"}};
//   prometheus::Counter& accepted = metrics.Counter(kWebhooks, {"main", "accepted"});
// References stay valid as long as the Metrics object lives.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <array>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace zoomwatch {

enum class MetricType { kCounter, kGauge, kHistogram };

struct MetricRow {
  std::string_view name;                         // zoomwatch_<service>_<noun>_<unit>, _total on counters
  MetricType type = MetricType::kCounter;
  std::string_view help;                         // one sentence: what is counted, and the unit
  std::array<std::string_view, 3> labels = {};   // label names; empty strings at the end are unused
};

// Upper bounds of the buckets of every latency histogram, in seconds.
inline constexpr std::array<double, 14> kLatencyBuckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                           0.1,    0.25,  0.5,    1,     2.5,  10,    60};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The series of a row with these label values, made at the first call. REQUIRES: as many values as the row has labels; the
  // row's type is that of the method. Cost: a lock and a map look-up, so keep the reference.
  prometheus::Counter& Counter(const MetricRow& row, std::initializer_list<std::string_view> label_values = {});
  prometheus::Gauge& Gauge(const MetricRow& row, std::initializer_list<std::string_view> label_values = {});
  prometheus::Histogram& Histogram(const MetricRow& row, std::initializer_list<std::string_view> label_values = {});

  // Calls `collect` at the begin of each Text(), for gauges that are cheaper to read than to keep. It must stay callable for as
  // long as Text() is called, and thread-safe; it may use the methods above.
  void AddCollector(std::function<void()> collect);

  // All series in Prometheus' text format 0.0.4.
  std::string Text() const;

 private:
  class State;
  const std::unique_ptr<State> state_;
};

}  // namespace zoomwatch
