#include "cli/zoom/send_report.h"

#include <gtest/gtest.h>

namespace zoomwatch::cli {
namespace {

SendReport Example() {
  SendReport report;
  report.url = "http://localhost:8080/webhook";
  report.duration = absl::Seconds(2);
  report.kinds[static_cast<size_t>(Kind::kEvent)] = {.planned = 8, .expected = 8, .unexpected = 0};
  report.kinds[static_cast<size_t>(Kind::kForged)] = {.planned = 1, .expected = 1, .unexpected = 0};
  report.answers = {{0, 1}, {200, 8}, {401, 1}};
  report.first_failure = "HTTP_CALL_FAILED: \"refused\"";
  report.retries = 1;
  report.latencies_us = {9000, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000};
  return report;
}

TEST(SendReport, IsOkWhenEverythingWasAnsweredAsItShouldBe) {
  SendReport report = Example();
  EXPECT_TRUE(report.ok());
  report.kinds[static_cast<size_t>(Kind::kForged)] = {.planned = 1, .expected = 0, .unexpected = 1};
  EXPECT_FALSE(report.ok());
  report.kinds[static_cast<size_t>(Kind::kForged)] = {.planned = 1, .expected = 0, .unexpected = 0};
  EXPECT_FALSE(report.ok()) << "not sent is not answered";
}

TEST(SendReport, TakesTheLatencyAtTheNearestRank) {
  EXPECT_EQ(Example().Latency(0.5), 5000u);
  EXPECT_EQ(Example().Latency(0.99), 9000u);
  EXPECT_EQ(Example().Latency(0), 1000u);
  EXPECT_EQ(Example().Latency(1), 9000u);
  EXPECT_EQ(SendReport().Latency(0.5), 0u);
}

TEST(SendReport, PrintsATable) {
  EXPECT_EQ(ReportTable(Example()),
            "10 requests to http://localhost:8080/webhook in 2.00 s (5 per second)\n\n"
            "  kind                  right answer      sent   as expected   otherwise\n"
            "  event                          200         8             8           0\n"
            "  forged                         401         1             1           0\n\n"
            "  answer                requests\n"
            "  none                         1\n"
            "  200                          8\n"
            "  401                          1\n"
            "  no answer, first time: HTTP_CALL_FAILED: \"refused\"\n\n"
            "  retries 1, given up 0\n"
            "  latency in ms: p50 5.00, p99 9.00, longest 9.00\n");
}

TEST(SendReport, PrintsJson) {
  EXPECT_EQ(
      ReportJson(Example()),
      R"({"url":"http://localhost:8080/webhook","seconds":2.000000,"requests":10,)"
      R"("kinds":{"event":{"sent":8,"expected":8,"unexpected":0},"forged":{"sent":1,"expected":1,"unexpected":0}},)"
      R"("answers":{"none":1,"200":8,"401":1},"first_failure":"HTTP_CALL_FAILED: \"refused\"",)"
      R"("retries":1,"given_up":0,"latency_ms":{"p50":5.000,"p99":9.000,"max":9.000},"ok":true})");
}

}  // namespace
}  // namespace zoomwatch::cli
