#include "cli/zoom/send_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/log/log.h"

namespace zoomwatch::cli {
namespace {

uint64_t Requests(const SendReport& report) {
  uint64_t requests = 0;
  for (const auto& answer : report.answers) requests += answer.second;
  return requests;
}

double PerSecond(const SendReport& report) {
  const double seconds = absl::ToDoubleSeconds(report.duration);
  return seconds > 0 ? static_cast<double>(Requests(report)) / seconds : 0;
}

std::string AnswerName(int status) { return status == 0 ? "none" : std::to_string(status); }

double Milliseconds(uint32_t microseconds) { return static_cast<double>(microseconds) / 1000; }

}  // namespace

bool SendReport::ok() const {
  return std::all_of(kinds.begin(), kinds.end(),
                     [](const KindCount& count) { return count.expected == count.planned; });
}

uint32_t SendReport::Latency(double fraction) const {
  if (latencies_us.empty()) return 0;
  std::vector<uint32_t> sorted = latencies_us;
  const auto rank = static_cast<size_t>(std::ceil(fraction * static_cast<double>(sorted.size())));
  const auto at = sorted.begin() + static_cast<int64_t>(std::max<size_t>(rank, 1) - 1);
  std::nth_element(sorted.begin(), at, sorted.end());
  return *at;
}

std::string ReportTable(const SendReport& report) {
  std::string out = fmt::format("{} requests to {} in {:.2f} s ({:.0f} per second)\n\n", Requests(report), report.url,
                                absl::ToDoubleSeconds(report.duration), PerSecond(report));
  static constexpr char kRow[] = "  {:<20}{:>14}{:>10}{:>14}{:>12}\n";
  out += fmt::format(kRow, "kind", "right answer", "sent", "as expected", "otherwise");
  for (size_t i = 0; i < kKinds; ++i) {
    const KindCount& count = report.kinds[i];
    if (count.planned == 0) continue;
    const KindRow& row = RowOf(static_cast<Kind>(i));
    out += fmt::format(kRow, row.name, row.refused ? "401" : "200", count.planned, count.expected, count.unexpected);
  }
  out += fmt::format("\n  {:<20}{:>10}\n", "answer", "requests");
  for (const auto& [status, requests] : report.answers)
    out += fmt::format("  {:<20}{:>10}\n", AnswerName(status), requests);
  if (!report.first_failure.empty()) out += fmt::format("  no answer, first time: {}\n", report.first_failure);
  out += fmt::format("\n  retries {}, given up {}\n", report.retries, report.given_up);
  return out + fmt::format("  latency in ms: p50 {:.2f}, p99 {:.2f}, longest {:.2f}\n",
                           Milliseconds(report.Latency(0.5)), Milliseconds(report.Latency(0.99)),
                           Milliseconds(report.Latency(1)));
}

std::string ReportJson(const SendReport& report) {
  std::string out = R"({"url":)";
  AppendJsonString(out, report.url);
  out += fmt::format(R"(,"seconds":{:.6f},"requests":{},"kinds":{{)", absl::ToDoubleSeconds(report.duration),
                     Requests(report));
  const char* separator = "";
  for (size_t i = 0; i < kKinds; ++i) {
    const KindCount& count = report.kinds[i];
    if (count.planned == 0) continue;
    out += fmt::format(R"({}"{}":{{"sent":{},"expected":{},"unexpected":{}}})", separator,
                       RowOf(static_cast<Kind>(i)).name, count.planned, count.expected, count.unexpected);
    separator = ",";
  }
  out += R"(},"answers":{)";
  separator = "";
  for (const auto& [status, requests] : report.answers) {
    out += fmt::format(R"({}"{}":{})", separator, AnswerName(status), requests);
    separator = ",";
  }
  out += R"(},"first_failure":)";
  AppendJsonString(out, report.first_failure);
  return out +
         fmt::format(R"(,"retries":{},"given_up":{},"latency_ms":{{"p50":{:.3f},"p99":{:.3f},"max":{:.3f}}},"ok":{}}})",
                     report.retries, report.given_up, Milliseconds(report.Latency(0.5)),
                     Milliseconds(report.Latency(0.99)), Milliseconds(report.Latency(1)), report.ok());
}

}  // namespace zoomwatch::cli
