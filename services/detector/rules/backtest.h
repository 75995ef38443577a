// Runs one rule over stored events as it would have run when they came. Nothing is stored.
// Threading: one thread per call. Ownership: the log outlives the call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/event_table/event_catalog.h"
#include "common/ruleset/rule_set.h"
#include "services/detector/event_log/event_log.h"
#include "services/detector/rules/rule_engine.h"

namespace zoomwatch::detector {

struct BacktestProgress {
  std::int64_t events = 0;  // that were read, beginning with those that fill the window
  std::int64_t total = 0;   // to read, at most
  absl::Time time;          // receive time of the last that was read
};

struct BacktestOptions {
  absl::Time from_time;  // before it events fill the window of the rule and make no findings
  absl::Time to_time;    // exclusive
  LiveRuleOptions live;
  // Each finding, in the order of time. An error ends the run with it.
  std::function<absl::Status(const EngineFinding&)> on_finding;
  // Asked now and then. An error ends the run with it.
  std::function<absl::Status(const BacktestProgress&)> check;
};

struct BacktestResult {
  std::int64_t event_count = 0;
  RuleStatus status;  // at the end
};

// Error FAILED_PRECONDITION: the rule is not enabled, or failed on the way.
absl::StatusOr<BacktestResult> Backtest(EventLog& log, const std::shared_ptr<const ruleset::LoadedRule>& rule,
                                        const event_table::EventCatalog& catalog, const BacktestOptions& options);

}  // namespace zoomwatch::detector
