#include "services/detector/rules/backtest.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/kql/ticks.h"
#include "common/status/status_macros.h"
#include "services/detector/rules/seen_events.h"

namespace zoomwatch::detector {
namespace {

using kql::Ticks;
using kql::TicksOf;

constexpr std::int64_t kEventsBetweenChecks = 1000;

class Run {
 public:
  Run(EventLog& log, const BacktestOptions& options) : log_(log), options_(options), tables_(log, position_), engine_(options.live, &tables_) {}

  absl::StatusOr<BacktestResult> Do(const std::shared_ptr<const ruleset::LoadedRule>& rule, const event_table::EventCatalog& catalog) {
    const std::vector<std::string> ids = engine_.SetRules(ruleset::RuleSet({rule}), catalog);
    if (ids.empty()) return absl::FailedPreconditionError("the rule is not enabled");
    engine_.FinishReplay({}, TicksOf(options_.from_time));  // the clock of the history
    const absl::Time window = options_.from_time - engine_.LongestPeriod(ids);
    progress_.total = static_cast<std::int64_t>(log_.CountCandidates({.from_time = window, .to_time = options_.to_time}));
    ZOOMWATCH_RETURN_IF_ERROR(Scan(window, options_.from_time,
                                   [&](const event::v1::Event& event) { engine_.Replay(event, position_); }));
    engine_.FinishReplay(ids, TicksOf(options_.from_time), TicksOf(std::min(options_.from_time, log_.LeastReceiveTime())));
    ZOOMWATCH_RETURN_IF_ERROR(Scan(options_.from_time, options_.to_time, [&](const event::v1::Event& event) {
      engine_.Insert(event, position_, findings_);
      ++result_.event_count;
    }));
    engine_.AdvanceTo(TicksOf(options_.to_time), findings_);
    ZOOMWATCH_RETURN_IF_ERROR(Report());
    result_.status = engine_.Status().front();
    if (result_.status.state == RuleState::kFailed) return absl::FailedPreconditionError(result_.status.message);
    return std::move(result_);
  }

 private:
  // Calls `take` with each event of the range; position_ is its sequence.
  template <typename Take>
  absl::Status Scan(absl::Time from, absl::Time to, const Take& take) {
    absl::Status status;
    ZOOMWATCH_RETURN_IF_ERROR(log_.Scan({.from_time = from, .to_time = to}, [&](const EventView& view) {
      if (event_.ParseFromArray(view.serialized.data(), static_cast<int>(view.serialized.size()))) {
        position_ = view.sequence;
        take(event_);
      }
      status = Report();
      ++progress_.events;
      progress_.time = view.receive_time;
      if (status.ok() && progress_.events % kEventsBetweenChecks == 0) status = options_.check(progress_);
      return status.ok();
    }));
    return status;
  }

  absl::Status Report() {
    for (const EngineFinding& finding : findings_) ZOOMWATCH_RETURN_IF_ERROR(options_.on_finding(finding));
    findings_.clear();
    return absl::OkStatus();
  }

  EventLog& log_;
  const BacktestOptions& options_;
  std::uint64_t position_ = 0;
  SeenEvents tables_;
  RuleEngine engine_;
  event::v1::Event event_;
  BacktestProgress progress_;
  std::vector<EngineFinding> findings_;
  BacktestResult result_;
};

}  // namespace

absl::StatusOr<BacktestResult> Backtest(EventLog& log, const std::shared_ptr<const ruleset::LoadedRule>& rule,
                                        const event_table::EventCatalog& catalog, const BacktestOptions& options) {
  return Run(log, options).Do(rule, catalog);
}

}  // namespace zoomwatch::detector
