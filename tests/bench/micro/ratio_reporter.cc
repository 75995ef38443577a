#include "tests/bench/micro/ratio_reporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace zoomwatch::bench {
namespace {

// REQUIRES: `values` is sorted and not empty.
double Quantile(const std::vector<double>& values, double part) {
  return values[static_cast<size_t>(part * static_cast<double>(values.size() - 1) + 0.5)];
}

}  // namespace

void RatioReporter::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    failed_ = failed_ || run.error_occurred;
    if (run.run_type == Run::RT_Iteration && !run.error_occurred) times_[run.run_name.function_name].push_back(run.GetAdjustedCPUTime());
  }
  ConsoleReporter::ReportRuns(runs);
}

void RatioReporter::Finalize() {
  ConsoleReporter::Finalize();
  for (auto& [name, times] : times_) std::sort(times.begin(), times.end());
  const auto baseline = times_.find(baseline_);
  if (baseline == times_.end()) return;
  const double unit = Quantile(baseline->second, 0.5);
  fmt::print("\nCPU time as a multiple of {}: median (quartiles) of {} repetitions\n", baseline_, baseline->second.size());
  for (const auto& [name, times] : times_) {
    fmt::print("  {:<28} {:8.2f} ({:.2f} to {:.2f})\n", name, Quantile(times, 0.5) / unit, Quantile(times, 0.25) / unit,
               Quantile(times, 0.75) / unit);
  }
}

int RunWithRatios(int argc, char** argv, const std::string& baseline) {
  std::vector<std::string> texts = {argv[0], "--benchmark_repetitions=15", "--benchmark_enable_random_interleaving=true",
                                    "--benchmark_min_time=0.05"};
  texts.insert(texts.end(), argv + 1, argv + argc);  // the last one of a name counts
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  RatioReporter reporter(baseline);
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return reporter.failed() ? 1 : 0;
}

}  // namespace zoomwatch::bench
