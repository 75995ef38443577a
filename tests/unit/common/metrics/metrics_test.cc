#include "common/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoomwatch {
namespace {

using ::testing::HasSubstr;

constexpr MetricRow kRequests{"zoomwatch_test_requests_total", MetricType::kCounter, "Requests.", {"result"}};
constexpr MetricRow kOpen{"zoomwatch_test_open", MetricType::kGauge, "Open things.", {}};
constexpr MetricRow kLatency{"zoomwatch_test_latency_seconds", MetricType::kHistogram, "Latency.", {}};

TEST(Metrics, GivesTheSameSeriesForTheSameLabels) {
  Metrics metrics;
  metrics.Counter(kRequests, {"good"}).Increment();
  metrics.Counter(kRequests, {"good"}).Increment(2);
  metrics.Counter(kRequests, {"bad"}).Increment();
  EXPECT_THAT(metrics.Text(), HasSubstr("zoomwatch_test_requests_total{result=\"good\"} 3"));
  EXPECT_THAT(metrics.Text(), HasSubstr("zoomwatch_test_requests_total{result=\"bad\"} 1"));
}

TEST(Metrics, WritesHelpAndTypeOfEachKind) {
  Metrics metrics;
  metrics.Gauge(kOpen).Set(7);
  metrics.Histogram(kLatency).Observe(0.003);
  EXPECT_THAT(metrics.Text(), HasSubstr("# HELP zoomwatch_test_open Open things."));
  EXPECT_THAT(metrics.Text(), HasSubstr("# TYPE zoomwatch_test_open gauge"));
  EXPECT_THAT(metrics.Text(), HasSubstr("zoomwatch_test_open 7"));
  EXPECT_THAT(metrics.Text(), HasSubstr("zoomwatch_test_latency_seconds_bucket{le=\"0.005\"} 1"));
  EXPECT_THAT(metrics.Text(), HasSubstr("zoomwatch_test_latency_seconds_bucket{le=\"0.0025\"} 0"));
}

TEST(Metrics, AsksItsCollectorsAtEachText) {
  Metrics metrics;
  int asked = 0;
  metrics.AddCollector([&] { metrics.Gauge(kOpen).Set(++asked); });
  EXPECT_THAT(metrics.Text(), HasSubstr("zoomwatch_test_open 1\n"));
  EXPECT_THAT(metrics.Text(), HasSubstr("zoomwatch_test_open 2\n"));
}

}  // namespace
}  // namespace zoomwatch
