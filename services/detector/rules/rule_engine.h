// All rules over one stream of events: which rules an event concerns, when time alone concerns one, what they find.
//
// The clock of the rules is the receive time of events; it never goes back. Each rule passes every moment at which its view may change
// (View::NextDue), so a finding's time does not depend on how events were read in groups.
// Rules that cannot be kept up to date run in batch every queryFrequency, over the rows of their period, through BatchTables.
// Threading: one thread at a time, but for Status(), which any thread may call.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/event_table/event_catalog.h"
#include "common/kql/batch/executor.h"
#include "common/kql/table_source.h"
#include "common/ruleset/rule_set.h"
#include "common/sync/mutex.h"
#include "services/detector/rules/live_rule.h"
#include "services/detector/rules/rule_index.h"
#include "services/detector/rules/shared_cells.h"
#include "zoomwatch/event/v1/event.pb.h"

namespace zoomwatch::detector {

struct EngineFinding {
  std::shared_ptr<const ruleset::LoadedRule> rule;
  kql::Schema schema;  // of the finding's rows
  Finding finding;
};

// The stored events that a batch rule reads: rows with `from` < TimeGenerated <= `to`.
class BatchTables {
 public:
  virtual ~BatchTables() = default;
  virtual std::unique_ptr<kql::TableSource> Open(kql::Ticks from, kql::Ticks to) = 0;
};

enum class RuleState { kRunning, kHolding, kFailed };

struct RuleStatus {
  std::shared_ptr<const ruleset::LoadedRule> rule;
  RuleState state = RuleState::kRunning;
  std::string message;           // why it failed, or holds its findings
  bool incremental = true;
  std::string not_incremental;   // why, with its place in the query
  std::string plan;              // of an incremental rule
  std::int64_t event_count = 0;  // events that could concern it
  std::int64_t finding_count = 0;
  std::int64_t suppressed_count = 0;  // findings within suppressionDuration of the last one
  std::int64_t held_count = 0;        // rows whose findings are held
  std::uint64_t state_bytes = 0;
  double cpu_seconds = 0;  // estimated
  kql::Ticks last_finding = 0;  // 0: none
  // From the receive time of an event to the moment at which an alert that it caused was stored. Zero: there was none.
  absl::Duration mean_latency, longest_latency;
};

class RuleEngine {
 public:
  // `tables` outlives the engine; null: rules that need batch are failed with a message that says so.
  RuleEngine(LiveRuleOptions options, BatchTables* tables);
  ~RuleEngine();

  // Called when a rule fails, with its status. Set it before the first SetRules().
  void OnFailure(std::function<void(const RuleStatus&)> handler) { on_failure_ = std::move(handler); }

  // Makes the enabled rules of the set the ones that run. Rules whose query did not change keep their state (failed ones too) and get
  // their new texts.
  // Returns the ids of the rules that begin anew: their history is to be given by Replay().
  std::vector<std::string> SetRules(const ruleset::RuleSet& rules, const event_table::EventCatalog& catalog);
  // Ids of the rules that mention a legacy column which no event had when they were bound, and `observed` has now.
  std::vector<std::string> Outdated(const event_table::LegacyNames& observed) const;
  // Drops these rules, so that the next SetRules() begins them anew.
  void Forget(const std::vector<std::string>& rule_ids);

  // The longest period of the rules named.
  absl::Duration LongestPeriod(const std::vector<std::string>& rule_ids) const;
  // Gives the rules that begin anew an event from before the clock; what they find in it is not reported. `order` as in Insert().
  // REQUIRES: the clock is that of the FinishReplay() to come; FinishReplay() of no rules sets it.
  void Replay(const event::v1::Event& event, std::uint64_t order);
  // Ends the replay of the rules named: they stand at the clock. Events are known since `known_since`; rules that depend on absence hold
  // their findings until that is a period ago. REQUIRES: `clock` is a time of this age: batch rules run at every multiple of their
  // frequency after it.
  void FinishReplay(const std::vector<std::string>& rule_ids, kql::Ticks clock, kql::Ticks known_since = kAlways);
  static constexpr kql::Ticks kAlways = std::numeric_limits<kql::Ticks>::min();
  static constexpr kql::Ticks kNothing = std::numeric_limits<kql::Ticks>::max();  // no event is known yet
  // The first event of all is of that time: for the rules for which nothing was known.
  void BeginKnowing(kql::Ticks known_since);
  // The last finding of before a restart; after FinishReplay(). See LiveRule::Remember().
  void Remember(std::string_view rule_id, std::uint64_t identity, kql::Ticks time);

  // Passes time up to `now` (exclusive of what an event at `now` brings) and appends what the rules find on the way.
  void AdvanceTo(kql::Ticks now, std::vector<EngineFinding>& findings);
  // AdvanceTo() the event's receive time, and there the event itself: a rule that it concerns sees it together with what is due then.
  // `order`: its position in the log.
  void Insert(const event::v1::Event& event, std::uint64_t order, std::vector<EngineFinding>& findings);

  // An alert of the rule was stored so long after the event that caused it was received.
  void CountLatency(std::string_view rule_id, absl::Duration latency);

  // A row of the rule's result with that identity as it is now. None: it is not there, or the rule runs in batch.
  struct Shown {
    kql::Schema schema;
    std::vector<kql::Value> cells;
  };
  std::optional<Shown> ShownRow(std::string_view rule_id, std::uint64_t identity) const;

  kql::Ticks clock() const { return clock_; }
  // The next moment at which time alone may make a finding.
  kql::Ticks NextDue() const;

  // Ordered by name. Thread-safe.
  std::vector<RuleStatus> Status() const;

 private:
  struct Entry;
  struct Counters;
  class CpuTimer;
  struct Published {
    RuleStatus status;
    std::shared_ptr<const Counters> counters;
  };
  struct Due {
    kql::Ticks at = 0;
    Entry* entry = nullptr;
  };
  struct Sooner {
    bool operator()(const Due& a, const Due& b) const;
  };
  std::unique_ptr<Entry> Load(const std::shared_ptr<const ruleset::LoadedRule>& loaded, const event_table::EventCatalog& catalog);
  void Index();
  void Run(Entry& entry, kql::Ticks now, FindingCause cause, std::vector<EngineFinding>& findings);
  void RunBatch(Entry& entry, kql::Ticks now, std::vector<EngineFinding>& findings);
  absl::StatusOr<kql::ResultTable> RunQuery(Entry& entry, kql::Ticks now);
  void Resume(Entry& entry);
  static void CountState(Entry& entry);
  static bool HoldsBatch(Entry& entry, kql::Ticks now);
  static void ScheduleBatch(Entry& entry, kql::Ticks now);
  // Puts the entry where its next moment belongs in due_.
  void Schedule(Entry& entry);
  // False: it is suppressed.
  static bool Report(Entry& entry, const kql::Schema& schema, Finding finding, std::vector<EngineFinding>& findings);
  void Fail(Entry& entry, const std::string& message);
  void Publish(const Entry& entry);
  void PublishAll();

  const LiveRuleOptions options_;
  BatchTables* const tables_;
  std::function<void(const RuleStatus&)> on_failure_;
  SharedCells cells_;                                                    // of the event that is being inserted
  std::map<std::string, std::unique_ptr<Entry>, std::less<>> entries_;  // by rule id
  std::vector<Entry*> indexed_;                                          // by their number in index_
  RuleIndex index_;
  std::set<Due, Sooner> due_;                                             // of all rules that time alone may move
  kql::Ticks clock_ = 0;
  mutable Mutex mutex_;
  std::map<std::string, Published> status_ ABSL_GUARDED_BY(mutex_);  // by rule id
};

// Ticks of an event's receive time, to the microsecond, as its TimeGenerated.
kql::Ticks ReceiveTicks(const event::v1::Event& event);

}  // namespace zoomwatch::detector
