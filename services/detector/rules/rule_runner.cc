#include "services/detector/rules/rule_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "common/kql/ticks.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/detector/alerts/alert_row.h"
#include "services/detector/rules/alert_builder.h"
#include "services/detector/rules/rule_metrics.h"

namespace zoomwatch::detector {
namespace {

using kql::Ticks;
using kql::TicksOf;

constexpr std::size_t kEventsPerStep = 256;
constexpr std::size_t kBytesPerStep = 4 << 20;
constexpr absl::Duration kIdle = absl::Milliseconds(100);
// Without alerts the position is written now and then only: what is evaluated again then makes the same alerts as before, none.
constexpr std::uint64_t kEventsPerCommit = 10'000;
constexpr absl::Duration kTimePerCommit = absl::Seconds(5);

std::vector<std::unique_ptr<ruleset::RuleSource>> SourcesOf(const std::vector<std::string>& folders) {
  std::vector<std::unique_ptr<ruleset::RuleSource>> sources;
  for (const std::string& folder : folders) sources.push_back(std::make_unique<ruleset::FolderRuleSource>(folder));
  return sources;
}

std::vector<const ruleset::RuleSource*> PointersTo(const std::vector<std::unique_ptr<ruleset::RuleSource>>& sources) {
  std::vector<const ruleset::RuleSource*> pointers;
  for (const auto& source : sources) pointers.push_back(source.get());
  return pointers;
}

}  // namespace

ruleset::QueryFindings RuleRunner::CurrentColumns::Check(std::string_view query) const {
  const event_table::EventCatalog catalog = Catalog();
  return ruleset::BindingChecker(catalog).Check(query);
}

void RuleRunner::CurrentColumns::Set(std::shared_ptr<const event_table::LegacyNames> observed) {
  const MutexLock lock(mutex_);
  observed_ = std::move(observed);
  ++version_;
}

std::uint64_t RuleRunner::CurrentColumns::version() const {
  const MutexLock lock(mutex_);
  return version_;
}

event_table::EventCatalog RuleRunner::CurrentColumns::Catalog() const {
  const MutexLock lock(mutex_);
  return event_table::EventCatalog(observed_);
}

RuleRunner::RuleRunner(RuleRunnerOptions options, EventLog& log, AlertStore& alerts, const Clock& clock, Metrics& metrics)
    : options_(std::move(options)),
      log_(log),
      alerts_(alerts),
      clock_(clock),
      metrics_(metrics),
      sources_(SourcesOf(options_.folders)),
      holder_(PointersTo(sources_), columns_),
      engine_({.max_state_bytes = options_.max_rule_state_bytes}, &tables_) {}

RuleRunner::~RuleRunner() { Stop(); }

absl::Status RuleRunner::Start() {
  for (const auto& source : sources_) ZOOMWATCH_RETURN_IF_ERROR(source->Read().status());
  RulesPosition position = alerts_.position();
  if (position.clock == 0) {
    position = {.sequence = log_.EndSequence() - 1, .clock = TicksOf(clock_.Now())};  // what is stored lies before it
    ZOOMWATCH_RETURN_IF_ERROR(alerts_.Commit(position, {}));
  }
  if (position.sequence >= log_.EndSequence()) {
    // Waiting for the events to come as far again would pass over all of them.
    Log(Severity::kError, "the event log ends before what the rules have seen: it is another one; the rules go on at its end",
        {{"seen", std::to_string(position.sequence)}, {"log_end", std::to_string(log_.EndSequence() - 1)}});
    position = {.sequence = log_.EndSequence() - 1, .clock = std::max(position.clock, TicksOf(clock_.Now()))};
    ZOOMWATCH_RETURN_IF_ERROR(alerts_.ForgetFindings());
    ZOOMWATCH_RETURN_IF_ERROR(alerts_.Commit(position, {}));
  }
  position_ = committed_ = position.sequence;
  ReadColumns();
  columns_.Set(std::make_shared<const event_table::LegacyNames>(observed_));
  engine_.FinishReplay({}, position.clock);
  engine_.OnFailure([](const RuleStatus& rule) {
    Log(Severity::kError, "a rule failed; the others go on",
        {{"rule", rule.rule->rule.name}, {"rule_id", rule.rule->rule.id}, {"file", rule.rule->file}, {"error", rule.message}});
  });
  metrics_.Counter(kRuleSkippedEvents);  // served from the start, so that its first increment is seen
  metrics_.Counter(kRuleLateEvents);
  metrics_.AddCollector([this] { CollectMetrics(); });
  Load();
  {
    const MutexLock lock(mutex_);
    ended_ = false;
  }
  thread_ = std::jthread([this](std::stop_token stop) {
    stop_ = std::move(stop);
    Run();
  });
  return absl::OkStatus();
}

void RuleRunner::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

absl::Status RuleRunner::health() const {
  const MutexLock lock(mutex_);
  return health_;
}

std::shared_ptr<const ruleset::ReloadResult> RuleRunner::LastLoad() const {
  const MutexLock lock(mutex_);
  return last_result_;
}

absl::StatusOr<std::shared_ptr<const ruleset::ReloadResult>> RuleRunner::Reload() {
  const MutexLock lock(mutex_);
  const std::uint64_t number = ++reloads_wanted_;
  while (reloads_done_ < number && !ended_) reloaded_.Wait(mutex_);
  if (reloads_done_ < number) return absl::CancelledError("the rules are stopping");
  return last_result_;
}

void RuleRunner::Run() {
  absl::Status status = Apply(*holder_.Current());
  if (status.ok()) Log(Severity::kInfo, "rules are running", {{"rules", std::to_string(engine_.Status().size())}});
  while (status.ok() && !stop_.stop_requested()) status = Step();
  if (status.ok()) status = Commit();
  if (absl::IsCancelled(status)) status = absl::OkStatus();
  if (!status.ok()) Log(Severity::kError, "the rules stand still until a restart", {{"error", status}});
  const MutexLock lock(mutex_);
  health_ = status;
  ended_ = true;
  reloaded_.NotifyAll();
}

absl::Status RuleRunner::Step() {
  const absl::Duration now = clock_.Monotonic();
  bool reload = now - last_load_ >= options_.reload_interval;
  std::uint64_t wanted = 0;
  {
    const MutexLock lock(mutex_);
    wanted = reloads_wanted_;
    reload = reload || wanted != reloads_done_;
  }
  if (reload) {
    Load();
    if (!LastLoad()->diff.empty()) ZOOMWATCH_RETURN_IF_ERROR(Apply(*holder_.Current()));
    const MutexLock lock(mutex_);
    reloads_done_ = wanted;
    reloaded_.NotifyAll();
  }
  if (log_.WaitForEvents(position_ + 1, kIdle, stop_)) {
    auto events = log_.ReadFrom(position_ + 1, kEventsPerStep, kBytesPerStep);
    if (absl::IsOutOfRange(events.status())) {
      const std::uint64_t first = log_.FirstSequence();
      Log(Severity::kError, "retention removed events that the rules had not seen", {{"events", std::to_string(first - position_ - 1)}});
      metrics_.Counter(kRuleSkippedEvents).Increment(static_cast<double>(first - position_ - 1));
      position_ = first - 1;
      return absl::OkStatus();
    }
    ZOOMWATCH_RETURN_IF_ERROR(events.status());
    ZOOMWATCH_RETURN_IF_ERROR(Evaluate(*events));
  } else if (const Ticks settled = SettledNow(); engine_.NextDue() <= settled) {
    engine_.AdvanceTo(settled, findings_);
  }
  const bool due = position_ - committed_ >= kEventsPerCommit || (position_ != committed_ && now - last_commit_ >= kTimePerCommit);
  return findings_.empty() && !due ? absl::OkStatus() : Commit();
}

absl::Status RuleRunner::Evaluate(const std::vector<StoredEvent>& events) {
  ReadColumns();
  for (const StoredEvent& stored : events) {
    if (stored.unreadable) {
      Log(Severity::kError, "the rules skip an event that cannot be read back", {{"sequence", std::to_string(stored.sequence)}});
      metrics_.Counter(kRuleSkippedEvents).Increment();
      position_ = stored.sequence;
      continue;
    }
    if (ReceiveTicks(stored.event) < engine_.clock()) metrics_.Counter(kRuleLateEvents).Increment();
    // Before the event itself: its columns are known to the rules that see it.
    ZOOMWATCH_RETURN_IF_ERROR(AdoptColumns(stored.sequence));
    position_ = stored.sequence;
    if (std::exchange(knows_nothing_, false)) engine_.BeginKnowing(ReceiveTicks(stored.event));
    engine_.Insert(stored.event, stored.sequence, findings_);
    if (findings_.size() >= kFindingsPerCommit) ZOOMWATCH_RETURN_IF_ERROR(Commit());
  }
  return absl::OkStatus();
}

absl::Status RuleRunner::Commit() {
  std::vector<NewAlert> alerts;
  for (const EngineFinding& found : findings_) {
    alerts.push_back({.alert = BuildAlert(found.rule->rule, found.schema, found.finding, 0),
                      .identity = found.finding.identity,
                      .time = found.finding.time});
  }
  std::vector<std::string> severities;
  for (const NewAlert& alert : alerts) severities.emplace_back(SeverityText(alert.alert.severity()));
  ZOOMWATCH_RETURN_IF_ERROR(alerts_.Commit({.sequence = position_, .clock = engine_.clock()}, std::move(alerts)));
  for (const std::string& severity : severities) metrics_.Counter(kAlerts, {severity}).Increment();
  for (const EngineFinding& found : findings_) {
    if (found.finding.cause != FindingCause::kEvent) continue;
    const absl::Duration latency = clock_.Now() - kql::TimeOf(found.finding.time);
    metrics_.Histogram(kAlertSeconds).Observe(absl::ToDoubleSeconds(latency));
    engine_.CountLatency(found.rule->rule.id, latency);
  }
  findings_.clear();
  committed_ = position_;
  last_commit_ = clock_.Monotonic();
  return absl::OkStatus();
}

void RuleRunner::Load() {
  auto result = std::make_shared<const ruleset::ReloadResult>(holder_.Reload());
  last_load_ = clock_.Monotonic();
  LogFindings(*result);
  const MutexLock lock(mutex_);
  last_result_ = std::move(result);
}

// Each problem once, not at every reload.
void RuleRunner::LogFindings(const ruleset::ReloadResult& result) {
  std::string problems;
  double refused = 0;
  for (const ruleset::FileResult& file : result.files) {
    if (file.outcome != ruleset::FileResult::Outcome::kLoaded) ++refused;
    for (const ruleset::LoadFinding& finding : file.result.findings) problems += ruleset::Explain(file.file, finding) + "\n";
  }
  metrics_.Gauge(kRules, {"refused"}).Set(refused);
  const bool news = std::exchange(last_problems_, problems) != problems;
  if (news) {
    for (const ruleset::FileResult& file : result.files) {
      for (const ruleset::LoadFinding& finding : file.result.findings) {
        Log(finding.impact() == ruleset::Impact::kError ? Severity::kError : Severity::kWarning, "rule file",
            {{"folder", file.source}, {"finding", ruleset::Explain(file.file, finding)}});
      }
    }
  }
  if (news || !result.diff.empty()) {
    const auto count = [](const std::vector<std::string>& ids) { return std::to_string(ids.size()); };
    Log(Severity::kInfo, "rules loaded",
        {{"added", count(result.diff.added)}, {"removed", count(result.diff.removed)}, {"changed_query", count(result.diff.changed_query)},
         {"changed_text", count(result.diff.changed_text)}, {"refused_files", std::to_string(static_cast<int>(refused))}});
  }
}

absl::Status RuleRunner::Apply(const ruleset::RuleSet& set) {
  // Findings belong to the rules as they were.
  if (!findings_.empty()) ZOOMWATCH_RETURN_IF_ERROR(Commit());
  const std::vector<std::string> anew = engine_.SetRules(set, columns_.Catalog());
  return anew.empty() ? absl::OkStatus() : Warm(anew);
}

absl::Status RuleRunner::Warm(const std::vector<std::string>& rule_ids) {
  const Ticks clock = engine_.clock();
  const absl::Duration period = engine_.LongestPeriod(rule_ids);
  bool stopped = false;
  ZOOMWATCH_RETURN_IF_ERROR(log_.Scan({.from_time = kql::TimeOf(clock - TicksOf(period)), .end_sequence = position_ + 1,
                                       .wanted = {}, .skip_unreadable = true},
                                      [&](const EventView& view) {
                                        stopped = stop_.stop_requested();
                                        if (stopped) return false;
                                        event::v1::Event event;
                                        if (!event.ParseFromArray(view.serialized.data(), static_cast<int>(view.serialized.size()))) return true;
                                        engine_.Replay(event, view.sequence);
                                        return true;
                                      }));
  if (stopped) return absl::CancelledError("the rules are stopping");
  ZOOMWATCH_ASSIGN_OR_RETURN(const Ticks known_since, KnownSince());
  knows_nothing_ = knows_nothing_ || known_since == RuleEngine::kNothing;
  engine_.FinishReplay(rule_ids, clock, known_since);
  return Remember(rule_ids);
}

// The first in the log's order, which is the same after every restart.
absl::StatusOr<Ticks> RuleRunner::KnownSince() {
  if (!options_.hold_without_history) return RuleEngine::kAlways;
  for (std::uint64_t sequence = log_.FirstSequence(); sequence < log_.EndSequence();) {
    const auto events = log_.ReadFrom(sequence, 1, kBytesPerStep);
    if (absl::IsOutOfRange(events.status())) {  // retention was faster
      sequence = log_.FirstSequence();
      continue;
    }
    ZOOMWATCH_RETURN_IF_ERROR(events.status());
    if (!events->front().unreadable) return ReceiveTicks(events->front().event);
    ++sequence;
  }
  return RuleEngine::kNothing;
}

absl::Status RuleRunner::Remember(const std::vector<std::string>& rule_ids) {
  const std::set<std::string> wanted(rule_ids.begin(), rule_ids.end());
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::vector<KnownFinding> findings, alerts_.KnownFindings(engine_.clock() - TicksOf(kFindingsMatter)));
  for (const KnownFinding& finding : findings) {
    if (wanted.contains(finding.rule_id)) engine_.Remember(finding.rule_id, finding.identity, finding.time);
  }
  return absl::OkStatus();
}

void RuleRunner::ReadColumns() {
  std::shared_ptr<const ColumnSequences> columns = log_.Columns();
  if (columns == log_columns_) return;
  log_columns_ = std::move(columns);
  coming_.clear();
  for (const auto& [name, sequence] : *log_columns_) {
    if (sequence > position_) coming_.emplace(sequence, name);
    else observed_.insert(name);
  }
}

absl::Status RuleRunner::AdoptColumns(std::uint64_t sequence) {
  const auto end = coming_.upper_bound(sequence);
  if (end == coming_.begin()) return absl::OkStatus();
  for (auto column = coming_.begin(); column != end; ++column) observed_.insert(column->second);
  coming_.erase(coming_.begin(), end);
  columns_.Set(std::make_shared<const event_table::LegacyNames>(observed_));
  const std::vector<std::string> outdated = engine_.Outdated(observed_);
  if (outdated.empty()) return absl::OkStatus();
  if (!findings_.empty()) ZOOMWATCH_RETURN_IF_ERROR(Commit());
  engine_.Forget(outdated);
  return Apply(*holder_.Current());
}

Ticks RuleRunner::SettledNow() const { return TicksOf(clock_.Now() - options_.settle_time); }

void RuleRunner::CollectMetrics() {
  double failed = 0, running = 0, holding = 0, bytes = 0;
  for (const RuleStatus& rule : engine_.Status()) {
    (rule.state == RuleState::kFailed ? failed : rule.state == RuleState::kHolding ? holding : running) += 1;
    bytes += static_cast<double>(rule.state_bytes);
  }
  metrics_.Gauge(kRules, {"running"}).Set(running);
  metrics_.Gauge(kRules, {"warming_up"}).Set(holding);
  metrics_.Gauge(kRules, {"failed"}).Set(failed);
  metrics_.Gauge(kRuleStateBytes).Set(bytes);
  metrics_.Gauge(kAlertsPending).Set(static_cast<double>(alerts_.WaitingCount()));
  metrics_.Gauge(kRulePendingEvents).Set(static_cast<double>(log_.EndSequence() - 1 - alerts_.position().sequence));
}

}  // namespace zoomwatch::detector
