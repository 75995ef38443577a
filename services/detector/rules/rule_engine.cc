#include "services/detector/rules/rule_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/kql/binder/mentioned_names.h"
#include "common/kql/convert.h"
#include "common/kql/parser.h"
#include "common/kql/ticks.h"
#include "common/ruleset/duration.h"
#include "common/time/cpu_time.h"
#include "services/detector/rules/absence.h"
#include "services/detector/rules/table_use.h"

namespace zoomwatch::detector {
namespace {

using event_table::EventCatalog;
using event_table::LegacyNames;
using kql::Ticks;
using kql::TicksOf;
using kql::incremental::kNever;

// Reading the CPU clock costs as much as a simple rule, so one call in so many is timed and counts for all of them.
constexpr std::uint32_t kTimedCalls = 32;
// Events of a replay that a rule takes in at once: enough to spread what a step costs, few to hold.
constexpr std::size_t kUnsettledEvents = 1024;

// The columns of the result by which a row is the same row at another run: EventId, or the keys of the outermost summarize. None of
// them there: all columns.
std::vector<std::size_t> IdentityColumns(const kql::BoundQuery& query) {
  const kql::Schema& schema = query.root->schema;
  if (const auto event = kql::FindColumn(schema, "EventId")) return {*event};
  const kql::Relation* relation = query.root.get();
  while (relation->kind == kql::RelationKind::kFilter || relation->kind == kql::RelationKind::kProject ||
         relation->kind == kql::RelationKind::kSort) {
    relation = relation->inputs[0].get();
  }
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < relation->keys.size(); ++i) {
    if (const auto column = kql::FindColumn(schema, relation->schema[i].name)) columns.push_back(*column);
  }
  if (!columns.empty()) return columns;
  for (std::size_t i = 0; i < schema.size(); ++i) columns.push_back(i);
  return columns;
}

Ticks FrequencyOf(const ruleset::Rule& rule) { return std::max<Ticks>(TicksOf(rule.query_frequency), kql::kTicksPerMinute); }

std::uint64_t TextId(const std::vector<kql::Value>& row, const std::vector<std::size_t>& columns) {
  std::uint64_t id = 0;
  for (const std::size_t column : columns) {
    const kql::Value& cell = row[column];
    std::uint64_t hash = 0xCBF29CE484222325ULL;
    for (const char c : kql::ToText(cell)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    id = kql::incremental::CombineIds(id, hash + static_cast<std::uint64_t>(cell.kind()));
  }
  return id;
}

}  // namespace

kql::Ticks ReceiveTicks(const event::v1::Event& event) {
  return kql::kUnixEpoch + event.receive_time().seconds() * kql::kTicksPerSecond +
         event.receive_time().nanos() / 1000 * kql::kTicksPerMicrosecond;
}

// What changes with every event. Written by the engine's thread, read by any.
struct RuleEngine::Counters {
  std::atomic<std::int64_t> events = 0, findings = 0, suppressed = 0;
  std::atomic<std::uint64_t> state_bytes = 0;
  std::atomic<double> cpu_seconds = 0;
  std::atomic<Ticks> last_finding = 0;
  std::atomic<Ticks> held_until = kAlways;  // kAlways: nothing is held
  std::atomic<std::int64_t> held = 0;
  std::atomic<std::int64_t> latencies = 0;
  std::atomic<double> latency_seconds = 0, longest_latency_seconds = 0;  // the sum of all, and the longest
};

struct RuleEngine::Entry {
  std::shared_ptr<const ruleset::LoadedRule> loaded;
  std::unique_ptr<LiveRule> live;          // null: in batch, or failed
  std::optional<kql::BoundQuery> batch;    // of a rule in batch
  Ticks next_batch = kNever;
  std::vector<std::size_t> identity;       // of a rule in batch: see IdentityColumns()
  std::map<std::uint64_t, Ticks> found;    // of a rule in batch: identity -> its last finding
  std::set<std::uint64_t> shown;           // of a rule in batch: the identities that its last run had
  std::int64_t row_count = 0;              // of that run
  std::optional<std::size_t> number;       // in the index
  bool replaying = true;                   // until its FinishReplay()
  std::size_t unsettled = 0;               // events of the replay that the view has not taken in
  bool fulfilled = false;                  // of a rule in batch with another trigger than "more than 0 rows"
  bool absence = false;                    // of a rule in batch: see DependsOnAbsence()
  Ticks known_since = kAlways;             // of FinishReplay()
  std::optional<Ticks> last_alert;         // for suppression
  bool has_account_names = true;           // see Finding
  Ticks scheduled = kNever;                // where it stands in due_
  std::uint32_t calls = 0;
  LegacyNames unobserved;                  // see EventCatalog::Unobserved()
  RuleStatus status;                       // without what the counters have
  std::shared_ptr<Counters> counters = std::make_shared<Counters>();

  // The moment up to which a rule that depends on absence finds nothing.
  Ticks CoveredAt() const {
    const Ticks period = TicksOf(rule().query_period);
    return known_since > kNever - period ? kNever : known_since + period;
  }
  Ticks NextDue() const { return live != nullptr ? live->NextDue() : next_batch; }
  const ruleset::Rule& rule() const { return loaded->rule; }
};

// Adds the CPU time of a scope to the rule's.
class RuleEngine::CpuTimer {
 public:
  CpuTimer(Entry& entry, bool always) : counters_(*entry.counters), weight_(always ? 1 : entry.calls++ % kTimedCalls == 0 ? kTimedCalls : 0) {
    if (weight_ > 0) start_ = ThreadCpuSeconds();
  }
  ~CpuTimer() {
    if (weight_ == 0) return;
    const double seconds = (ThreadCpuSeconds() - start_) * weight_;
    counters_.cpu_seconds.store(counters_.cpu_seconds.load(std::memory_order_relaxed) + seconds, std::memory_order_relaxed);
  }
  CpuTimer(const CpuTimer&) = delete;
  CpuTimer& operator=(const CpuTimer&) = delete;

 private:
  Counters& counters_;
  const std::uint32_t weight_;
  double start_ = 0;
};

bool RuleEngine::Sooner::operator()(const Due& a, const Due& b) const {
  return a.at != b.at ? a.at < b.at : a.entry->rule().id < b.entry->rule().id;
}

RuleEngine::RuleEngine(LiveRuleOptions options, BatchTables* tables) : options_(options), tables_(tables), index_(cells_) {}
RuleEngine::~RuleEngine() = default;

std::vector<std::string> RuleEngine::SetRules(const ruleset::RuleSet& rules, const EventCatalog& catalog) {
  std::map<std::string, std::unique_ptr<Entry>, std::less<>> entries;
  std::vector<std::string> anew;
  for (const auto& loaded : rules.rules()) {
    const ruleset::Rule& rule = loaded->rule;
    if (!rule.enabled) continue;
    const auto known = entries_.find(rule.id);
    const bool same_query = known != entries_.end() && known->second->rule().query == rule.query &&
                            known->second->rule().kind == rule.kind && known->second->rule().query_period == rule.query_period;
    if (same_query) {  // one that failed stays failed: it would fail again
      std::unique_ptr<Entry> entry = std::move(known->second);
      entry->loaded = loaded;
      entry->status.rule = loaded;
      const bool held = entry->counters->held_until.load(std::memory_order_relaxed) != kAlways;
      entry->fulfilled = !held && Fulfils(entry->row_count, rule);
      if (entry->live != nullptr) entry->live->SetRule(std::shared_ptr<const ruleset::Rule>(loaded, &loaded->rule));
      entries.emplace(rule.id, std::move(entry));
      continue;
    }
    entries.emplace(rule.id, Load(loaded, catalog));
    anew.push_back(rule.id);
  }
  due_.clear();
  entries_ = std::move(entries);
  Index();
  PublishAll();
  return anew;
}

std::unique_ptr<RuleEngine::Entry> RuleEngine::Load(const std::shared_ptr<const ruleset::LoadedRule>& loaded, const EventCatalog& catalog) {
  auto entry = std::make_unique<Entry>();
  entry->loaded = loaded;
  entry->status.rule = loaded;
  const std::string& text = loaded->rule.query.text;
  std::vector<kql::Diagnostic> diagnostics;
  kql::MentionedNames mentioned;
  kql::CollectNames(kql::Parse(text, diagnostics), mentioned);
  entry->unobserved = catalog.Unobserved(mentioned);
  kql::Diagnostic refused;
  entry->live = LiveRule::Create(std::shared_ptr<const ruleset::Rule>(loaded, &loaded->rule), catalog, options_, cells_, refused);
  if (entry->live != nullptr) {
    entry->status.plan = entry->live->Describe();
    entry->has_account_names = entry->live->has_account_names();
    return entry;
  }
  entry->status.incremental = false;
  entry->status.not_incremental = kql::Explain(text, refused);
  kql::BoundQuery query = kql::Compile(text, catalog);
  if (query.root == nullptr) {
    Fail(*entry, entry->status.not_incremental);
  } else if (tables_ == nullptr) {
    Fail(*entry, "the rule can only run in batch, over stored events, and there are none here");
  } else {
    entry->identity = IdentityColumns(query);
    entry->absence = DependsOnAbsence(*query.root);
    entry->has_account_names = KeepsColumn(*query.root, "AccountName");
    entry->batch = std::move(query);
  }
  return entry;
}

void RuleEngine::Index() {
  index_.Clear();
  indexed_.clear();
  due_.clear();
  for (const auto& [id, entry] : entries_) {
    entry->scheduled = kNever;
    Schedule(*entry);
    entry->number.reset();
    if (entry->live == nullptr) continue;
    entry->number = indexed_.size();
    index_.Add(indexed_.size(), *entry->live);
    indexed_.push_back(entry.get());
  }
}

std::vector<std::string> RuleEngine::Outdated(const LegacyNames& observed) const {
  std::vector<std::string> ids;
  for (const auto& [id, entry] : entries_) {
    const bool outdated = std::any_of(entry->unobserved.begin(), entry->unobserved.end(),
                                      [&observed](const std::string& name) { return observed.contains(name); });
    if (outdated) ids.push_back(id);
  }
  return ids;
}

void RuleEngine::Forget(const std::vector<std::string>& rule_ids) {
  due_.clear();
  for (const std::string& id : rule_ids) entries_.erase(id);
  Index();
}

void RuleEngine::Schedule(Entry& entry) {
  const Ticks due = entry.NextDue();
  if (due == entry.scheduled) return;
  if (entry.scheduled != kNever) due_.erase({entry.scheduled, &entry});
  entry.scheduled = due;
  if (due != kNever) due_.insert({due, &entry});
}

absl::Duration RuleEngine::LongestPeriod(const std::vector<std::string>& rule_ids) const {
  absl::Duration longest;
  for (const std::string& id : rule_ids) longest = std::max(longest, entries_.at(id)->rule().query_period);
  return longest;
}

void RuleEngine::Replay(const event::v1::Event& event, std::uint64_t order) {
  cells_.Load(event);
  for (const std::size_t rule : index_.Find(event.event())) {
    Entry& entry = *indexed_[rule];
    if (entry.live == nullptr || !entry.replaying || !entry.live->Insert(order)) continue;
    if (++entry.unsettled < kUnsettledEvents) continue;
    entry.unsettled = 0;
    if (const absl::Status settled = entry.live->Settle(clock_); !settled.ok()) Fail(entry, std::string(settled.message()));
  }
}

void RuleEngine::FinishReplay(const std::vector<std::string>& rule_ids, Ticks clock, Ticks known_since) {
  clock_ = std::max(clock_, clock);
  for (const std::string& id : rule_ids) {
    Entry& entry = *entries_.at(id);
    entry.replaying = false;
    entry.known_since = known_since;
    if (entry.live != nullptr) {
      entry.live->HoldUntil(entry.CoveredAt());
      if (const absl::Status begun = entry.live->Begin(clock_); !begun.ok()) {
        Fail(entry, std::string(begun.message()));
        continue;
      }
      CountState(entry);
    } else if (entry.batch) {
      ScheduleBatch(entry, clock_);
      HoldsBatch(entry, clock_);
      Resume(entry);
    }
    Schedule(entry);
  }
}

void RuleEngine::BeginKnowing(Ticks known_since) {
  for (const auto& [id, entry] : entries_) {
    if (entry->known_since != kNothing) continue;
    entry->known_since = known_since;
    if (entry->live == nullptr) continue;
    entry->live->HoldUntil(entry->CoveredAt());
    CountState(*entry);
    Schedule(*entry);
  }
}

// Takes note of what the last run before the clock had, or would have had: that is not found again, and what came since is not lost. A run
// whose findings were held had nothing.
void RuleEngine::Resume(Entry& entry) {
  const Ticks last_run = clock_ / FrequencyOf(entry.rule()) * FrequencyOf(entry.rule());
  if (entry.absence && last_run < entry.CoveredAt()) return;
  const auto result = RunQuery(entry, last_run);
  if (!result.ok()) return Fail(entry, std::string(result.status().message()));
  entry.row_count = static_cast<std::int64_t>(result->rows.size());
  entry.fulfilled = Fulfils(entry.row_count, entry.rule());
  for (const std::vector<kql::Value>& row : result->rows) entry.shown.insert(TextId(row, entry.identity));
}

absl::StatusOr<kql::ResultTable> RuleEngine::RunQuery(Entry& entry, Ticks now) {
  const auto source = tables_->Open(now - TicksOf(entry.rule().query_period), now);
  return kql::ExecuteToTable(*entry.batch, *source, {.now = now});
}

// Runs stand on multiples of the frequency since 0001-01-01, so that a restart does not move them.
void RuleEngine::ScheduleBatch(Entry& entry, Ticks now) {
  const Ticks frequency = FrequencyOf(entry.rule());
  entry.next_batch = (now / frequency + 1) * frequency;
}

void RuleEngine::Remember(std::string_view rule_id, std::uint64_t identity, Ticks time) {
  const auto at = entries_.find(rule_id);
  if (at == entries_.end()) return;
  std::optional<Ticks>& last_alert = at->second->last_alert;
  last_alert = std::max(last_alert.value_or(time), time);
  if (at->second->live != nullptr) {
    at->second->live->Remember(identity, time);
  } else {
    at->second->found[identity] = time;
  }
}

void RuleEngine::CountLatency(std::string_view rule_id, absl::Duration latency) {
  const auto at = entries_.find(rule_id);
  if (at == entries_.end()) return;
  Counters& counters = *at->second->counters;
  const double seconds = absl::ToDoubleSeconds(latency);
  counters.latency_seconds.store(counters.latency_seconds.load(std::memory_order_relaxed) + seconds, std::memory_order_relaxed);
  counters.longest_latency_seconds.store(std::max(counters.longest_latency_seconds.load(std::memory_order_relaxed), seconds), std::memory_order_relaxed);
  counters.latencies.fetch_add(1, std::memory_order_relaxed);
}

std::optional<RuleEngine::Shown> RuleEngine::ShownRow(std::string_view rule_id, std::uint64_t identity) const {
  const auto at = entries_.find(rule_id);
  const LiveRule* const live = at == entries_.end() ? nullptr : at->second->live.get();
  const std::vector<kql::Value>* const cells = live == nullptr ? nullptr : live->ShownRow(identity);
  if (cells == nullptr) return std::nullopt;
  return Shown{.schema = live->schema(), .cells = *cells};
}

Ticks RuleEngine::NextDue() const { return due_.empty() ? kNever : due_.begin()->at; }

void RuleEngine::AdvanceTo(Ticks now, std::vector<EngineFinding>& findings) {
  // The earliest first, so that findings come in order of time whatever rules they are of.
  while (NextDue() <= now) {
    Entry& next = *due_.begin()->entry;
    clock_ = std::max(clock_, due_.begin()->at);
    if (next.live != nullptr) {
      Run(next, clock_, FindingCause::kExpiry, findings);
    } else {
      RunBatch(next, clock_, findings);
    }
  }
  clock_ = std::max(clock_, now);
}

void RuleEngine::Insert(const event::v1::Event& event, std::uint64_t order, std::vector<EngineFinding>& findings) {
  // What is due at the very time of the event is no state of its own: the rules that it concerns see both in one tick.
  AdvanceTo(ReceiveTicks(event) - 1, findings);
  clock_ = std::max(clock_, ReceiveTicks(event));
  cells_.Load(event);
  for (const std::size_t rule : index_.Find(event.event())) {
    Entry& entry = *indexed_[rule];
    if (entry.live == nullptr) continue;  // it failed
    const CpuTimer timer(entry, false);
    if (!entry.live->Insert(order)) continue;
    entry.counters->events.fetch_add(1, std::memory_order_relaxed);
    Run(entry, clock_, FindingCause::kEvent, findings);
  }
  AdvanceTo(clock_, findings);  // the other rules
}

void RuleEngine::Run(Entry& entry, Ticks now, FindingCause cause, std::vector<EngineFinding>& findings) {
  absl::StatusOr<std::vector<Finding>> found = entry.live->Tick(now, cause);
  if (!found.ok()) return Fail(entry, std::string(found.status().message()));
  for (Finding& finding : *found) {
    const std::uint64_t identity = finding.identity;
    if (!Report(entry, entry.live->schema(), std::move(finding), findings)) entry.live->Forget(identity);
  }
  CountState(entry);
  Schedule(entry);
}

void RuleEngine::CountState(Entry& entry) {
  entry.counters->state_bytes.store(entry.live->state_bytes(), std::memory_order_relaxed);
  entry.counters->held.store(static_cast<std::int64_t>(entry.live->held_count()), std::memory_order_relaxed);
  entry.counters->held_until.store(entry.live->held_until().value_or(kAlways), std::memory_order_relaxed);
}

bool RuleEngine::HoldsBatch(Entry& entry, Ticks now) {
  const bool holds = entry.absence && now < entry.CoveredAt();
  entry.counters->held_until.store(holds ? entry.CoveredAt() : kAlways, std::memory_order_relaxed);
  return holds;
}

bool RuleEngine::Report(Entry& entry, const kql::Schema& schema, Finding finding, std::vector<EngineFinding>& findings) {
  const ruleset::Rule& rule = entry.rule();
  if (rule.suppression_enabled && entry.last_alert && finding.time < *entry.last_alert + TicksOf(rule.suppression_duration)) {
    entry.counters->suppressed.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  entry.last_alert = finding.time;
  finding.has_account_names = entry.has_account_names;
  entry.counters->findings.fetch_add(1, std::memory_order_relaxed);
  entry.counters->last_finding.store(finding.time, std::memory_order_relaxed);
  findings.push_back({entry.loaded, schema, std::move(finding)});
  return true;
}

void RuleEngine::RunBatch(Entry& entry, Ticks now, std::vector<EngineFinding>& findings) {
  const CpuTimer timer(entry, true);
  ScheduleBatch(entry, now);
  Schedule(entry);
  if (HoldsBatch(entry, now)) return;
  const auto result = RunQuery(entry, now);
  if (!result.ok()) return Fail(entry, std::string(result.status().message()));
  const bool per_row = IsPerRow(entry.rule());
  const std::set<std::uint64_t> before = std::exchange(entry.shown, {});
  const Ticks period = TicksOf(entry.rule().query_period);
  std::erase_if(entry.found, [&](const auto& found) { return found.second + period <= now; });
  for (const std::vector<kql::Value>& row : result->rows) {
    const std::uint64_t identity = TextId(row, entry.identity);
    if (!entry.shown.insert(identity).second || !per_row || before.contains(identity) || entry.found.contains(identity)) continue;
    Finding finding{.time = now, .cause = FindingCause::kSchedule, .identity = identity, .rows = {row}, .row_count = 1};
    if (Report(entry, result->schema, std::move(finding), findings)) entry.found[identity] = now;
  }
  entry.row_count = static_cast<std::int64_t>(result->rows.size());
  const bool fulfilled = Fulfils(entry.row_count, entry.rule());
  if (std::exchange(entry.fulfilled, fulfilled) || !fulfilled || per_row) return;
  Finding finding{.time = now, .cause = FindingCause::kSchedule, .identity = 0, .rows = result->rows, .row_count = entry.row_count};
  if (finding.rows.size() > kMaxFindingRows) finding.rows.resize(kMaxFindingRows);
  Report(entry, result->schema, std::move(finding), findings);
}

void RuleEngine::Fail(Entry& entry, const std::string& message) {
  entry.status.state = RuleState::kFailed;
  entry.status.message = message;
  entry.counters->state_bytes = 0;
  if (entry.number) index_.Remove(*entry.number);
  entry.live.reset();
  entry.batch.reset();
  entry.next_batch = kNever;
  Schedule(entry);
  Publish(entry);
  if (on_failure_) on_failure_(entry.status);
}

void RuleEngine::Publish(const Entry& entry) {
  const MutexLock lock(mutex_);
  status_.insert_or_assign(entry.rule().id, Published{entry.status, entry.counters});
}

void RuleEngine::PublishAll() {
  const MutexLock lock(mutex_);
  status_.clear();
  for (const auto& [id, entry] : entries_) status_.emplace(id, Published{entry->status, entry->counters});
}

std::vector<RuleStatus> RuleEngine::Status() const {
  std::vector<RuleStatus> all;
  {
    const MutexLock lock(mutex_);
    for (const auto& [id, published] : status_) {
      RuleStatus& status = all.emplace_back(published.status);
      status.event_count = published.counters->events.load(std::memory_order_relaxed);
      status.finding_count = published.counters->findings.load(std::memory_order_relaxed);
      status.suppressed_count = published.counters->suppressed.load(std::memory_order_relaxed);
      status.state_bytes = published.counters->state_bytes.load(std::memory_order_relaxed);
      status.cpu_seconds = published.counters->cpu_seconds.load(std::memory_order_relaxed);
      status.last_finding = published.counters->last_finding.load(std::memory_order_relaxed);
      if (const std::int64_t latencies = published.counters->latencies.load(std::memory_order_relaxed); latencies > 0) {
        status.mean_latency = absl::Seconds(published.counters->latency_seconds.load(std::memory_order_relaxed) / static_cast<double>(latencies));
        status.longest_latency = absl::Seconds(published.counters->longest_latency_seconds.load(std::memory_order_relaxed));
      }
      status.held_count = published.counters->held.load(std::memory_order_relaxed);
      const Ticks held_until = published.counters->held_until.load(std::memory_order_relaxed);
      if (held_until == kAlways || status.state != RuleState::kRunning) continue;
      status.state = RuleState::kHolding;
      const std::string period = ruleset::RuleDurationText(status.rule->rule.query_period);
      status.message = fmt::format("looks for what was absent for {}, and not all events of that time are known: holds its alerts until {}", period,
                                   held_until == kNever ? period + " after the first event"
                                                        : absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", kql::TimeOf(held_until), absl::UTCTimeZone()));
    }
  }
  std::sort(all.begin(), all.end(), [](const RuleStatus& a, const RuleStatus& b) { return a.rule->rule.name < b.rule->rule.name; });
  return all;
}

}  // namespace zoomwatch::detector
