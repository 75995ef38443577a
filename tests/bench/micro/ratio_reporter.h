// What Google Benchmark prints, and at the end each benchmark's CPU time as a multiple of the baseline's: times are of one machine,
// ratios travel further. Not thread-safe.
#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

namespace zoomwatch::bench {

class RatioReporter : public benchmark::ConsoleReporter {
 public:
  explicit RatioReporter(std::string baseline) : benchmark::ConsoleReporter(OO_None), baseline_(std::move(baseline)) {}

  void ReportRuns(const std::vector<Run>& runs) override;
  // Prints the medians over the repetitions as ratios, with the quartiles of their own times.
  void Finalize() override;

  bool failed() const { return failed_; }

 private:
  const std::string baseline_;
  std::map<std::string, std::vector<double>> times_;  // by benchmark: CPU time of an iteration, one for each repetition
  bool failed_ = false;
};

// Runs what is registered, with what the command line says; without --benchmark_repetitions 15 of them, in random order, so that slow
// phases of the machine hit all benchmarks alike. Returns the exit code: 1 when a benchmark failed, 2 for a wrong command line.
int RunWithRatios(int argc, char** argv, const std::string& baseline);

}  // namespace zoomwatch::bench
