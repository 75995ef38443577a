// Runs the rules over the event log: every stored event once, in the order of the log; what they find becomes alerts in the store.
//
// One thread reads events, passes them to the engine and commits alerts and position in one write. When no events come, it passes
// time, but stays `settle_time` behind the system's clock, so that events on their way are not late. Rules that begin anew (at a
// start, when a query changes) read the events of their period again; what lies in it already makes no alerts. The folders are
// read every reload_interval; files that changed take force between two events.
// A legacy column exists for the rules from the first event on that had it (EventLog::Columns), wherever a batch or a restart lies: rules that
// mean something else with it begin anew before that event.
// The first start ever begins at the end of the log: what was stored before warms the rules and makes no alerts. So does a start with a
// log that ends before the position, which is another one than that in which the rules were.
// Threading: Start() and Stop() from one thread; the rest is thread-safe. Ownership: log, store, clock, metrics outlive the runner.
// Errors: a store that cannot be written ends the thread; health() says so, and the next start goes on where the alerts end.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/event_table/event_catalog.h"
#include "common/metrics/metrics.h"
#include "common/ruleset/rule_set.h"
#include "common/sync/mutex.h"
#include "common/time/clock.h"
#include "services/detector/alerts/alert_store.h"
#include "services/detector/event_log/event_log.h"
#include "services/detector/rules/rule_engine.h"
#include "services/detector/rules/seen_events.h"

namespace zoomwatch::detector {

struct RuleRunnerOptions {
  std::vector<std::string> folders;  // a rule of a later one replaces a rule with the same id of an earlier one
  absl::Duration reload_interval = absl::Seconds(10);
  absl::Duration settle_time = absl::Seconds(2);
  std::uint64_t max_rule_state_bytes = 256ULL << 20;
  bool hold_without_history = true;  // see LiveRule::HoldUntil()
};

class RuleRunner {
 public:
  // Findings of several events are stored together up to about so many. Those of one event are never divided.
  static constexpr std::size_t kFindingsPerCommit = 1000;

  RuleRunner(RuleRunnerOptions options, EventLog& log, AlertStore& alerts, const Clock& clock, Metrics& metrics);
  // As Stop().
  ~RuleRunner();

  // Loads the rules and starts. Files with errors are logged and left out. Error: a folder cannot be read, and no rules are known
  // from it.
  absl::Status Start();
  // Ends after the events that are being evaluated; a history that is being read is read again after the next start. Idempotent.
  void Stop();

  // OK, or why the rules stand still.
  absl::Status health() const;
  // The rules that run, ordered by name.
  std::vector<RuleStatus> Rules() const { return engine_.Status(); }
  // As of the last time that the folders were read.
  std::shared_ptr<const ruleset::ReloadResult> LastLoad() const;
  // The columns that are known now.
  event_table::EventCatalog Catalog() const { return columns_.Catalog(); }
  // Reads the folders again now and waits until what changed is in force. CANCELLED: the runner is stopping.
  absl::StatusOr<std::shared_ptr<const ruleset::ReloadResult>> Reload();

 private:
  // Checks queries against the columns that are known now. Thread-safe.
  class CurrentColumns final : public ruleset::QueryChecker {
   public:
    ruleset::QueryFindings Check(std::string_view query) const override;
    std::uint64_t version() const override;
    void Set(std::shared_ptr<const event_table::LegacyNames> observed);
    event_table::EventCatalog Catalog() const;

   private:
    mutable Mutex mutex_;
    std::shared_ptr<const event_table::LegacyNames> observed_ ABSL_GUARDED_BY(mutex_);
    std::uint64_t version_ ABSL_GUARDED_BY(mutex_) = 0;
  };
  void Run();
  // One step; an error ends the thread. CANCELLED: it is to stop, and nothing is to be committed.
  absl::Status Step();
  void Load();
  void LogFindings(const ruleset::ReloadResult& result);
  // Puts the rules of the set in force and gives those that begin anew their history. CANCELLED: it is to stop.
  absl::Status Apply(const ruleset::RuleSet& set);
  absl::Status Warm(const std::vector<std::string>& rule_ids);
  absl::Status Remember(const std::vector<std::string>& rule_ids);
  // Since when every event is known, as far as it matters to rules that depend on absence: that of the oldest that is stored.
  absl::StatusOr<kql::Ticks> KnownSince();
  // Takes note of the log's columns, as of position_.
  void ReadColumns();
  // Makes columns that came to be with events up to that one known, and binds rules again that mean something else with them.
  absl::Status AdoptColumns(std::uint64_t sequence);
  absl::Status Evaluate(const std::vector<StoredEvent>& events);
  absl::Status Commit();
  kql::Ticks SettledNow() const;
  void CollectMetrics();

  const RuleRunnerOptions options_;
  EventLog& log_;
  AlertStore& alerts_;
  const Clock& clock_;
  Metrics& metrics_;
  CurrentColumns columns_;
  std::vector<std::unique_ptr<ruleset::RuleSource>> sources_;
  ruleset::RuleSetHolder holder_;
  // Of the thread:
  std::stop_token stop_;
  std::uint64_t position_ = 0;
  SeenEvents tables_{log_, position_};
  RuleEngine engine_;
  std::shared_ptr<const ColumnSequences> log_columns_;  // as last read
  event_table::LegacyNames observed_;                   // those that events up to position_ had
  std::multimap<std::uint64_t, std::string> coming_;    // the others
  std::vector<EngineFinding> findings_;
  bool knows_nothing_ = false;  // no event was stored when rules began
  std::uint64_t committed_ = 0;
  absl::Duration last_commit_, last_load_;  // monotonic
  std::string last_problems_;
  // Shared:
  mutable Mutex mutex_;
  CondVar reloaded_;
  // How often somebody asked for a reload, and how many of those had their answer: the folders were read after they had asked.
  std::uint64_t reloads_wanted_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t reloads_done_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = true;
  std::shared_ptr<const ruleset::ReloadResult> last_result_ ABSL_GUARDED_BY(mutex_);
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace zoomwatch::detector
