#include "services/detector/rules/rule_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/kql/binder/mentioned_names.h"
#include "common/kql/convert.h"
#include "common/kql/parser.h"
#include "common/time/cpu_time.h"

namespace zoomwatch::detector {
namespace {

using event_table::EventCatalog;
using event_table::LegacyNames;
using kql::Ticks;
using kql::incremental::kNever;

Ticks TicksOf(absl::Duration duration) { return absl::ToInt64Nanoseconds(duration) / 100; }

// Adds the CPU time that this thread uses while it lives.
class CpuTimer {
 public:
  explicit CpuTimer(double& seconds) : seconds_(seconds), start_(ThreadCpuSeconds()) {}
  ~CpuTimer() { seconds_ += ThreadCpuSeconds() - start_; }
  CpuTimer(const CpuTimer&) = delete;
  CpuTimer& operator=(const CpuTimer&) = delete;

 private:
  double& seconds_;
  const double start_;
};

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

struct RuleEngine::Entry {
  std::shared_ptr<const ruleset::LoadedRule> loaded;
  std::unique_ptr<LiveRule> live;          // null: in batch, or failed
  std::optional<kql::BoundQuery> batch;    // of a rule in batch
  Ticks next_batch = kNever;
  std::vector<std::size_t> identity;       // of a rule in batch: see IdentityColumns()
  std::map<std::uint64_t, Ticks> found;    // of a rule in batch: identity -> its last finding
  std::optional<Ticks> last_alert;         // for suppression
  LegacyNames unobserved;                  // see EventCatalog::Unobserved()
  RuleStatus status;

  Ticks NextDue() const { return live != nullptr ? live->NextDue() : next_batch; }
  const ruleset::Rule& rule() const { return loaded->rule; }
};

RuleEngine::RuleEngine(LiveRuleOptions options, BatchTables* tables) : options_(options), tables_(tables) {}
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
      if (entry->live != nullptr) entry->live->SetRule(std::shared_ptr<const ruleset::Rule>(loaded, &loaded->rule));
      entries.emplace(rule.id, std::move(entry));
      continue;
    }
    entries.emplace(rule.id, Load(loaded, catalog));
    anew.push_back(rule.id);
  }
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
  entry->live = LiveRule::Create(std::shared_ptr<const ruleset::Rule>(loaded, &loaded->rule), catalog, options_, refused);
  if (entry->live != nullptr) {
    entry->status.plan = entry->live->Describe();
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
    entry->batch = std::move(query);
  }
  return entry;
}

void RuleEngine::Index() {
  by_event_.clear();
  any_event_.clear();
  for (const auto& [id, entry] : entries_) {
    if (entry->live == nullptr) continue;
    if (!entry->live->events()) {
      any_event_.push_back(entry.get());
      continue;
    }
    for (const std::string& event : *entry->live->events()) {
      std::vector<Entry*>& rules = by_event_[event];
      if (std::find(rules.begin(), rules.end(), entry.get()) == rules.end()) rules.push_back(entry.get());
    }
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

bool RuleEngine::WaitsForColumns() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const auto& entry) { return !entry.second->unobserved.empty(); });
}

void RuleEngine::Forget(const std::vector<std::string>& rule_ids) {
  for (const std::string& id : rule_ids) entries_.erase(id);
  Index();
}

absl::Duration RuleEngine::LongestPeriod(const std::vector<std::string>& rule_ids) const {
  absl::Duration longest;
  for (const std::string& id : rule_ids) longest = std::max(longest, entries_.at(id)->rule().query_period);
  return longest;
}

void RuleEngine::Replay(const std::vector<std::string>& rule_ids, const event::v1::Event& event, std::uint64_t order) {
  for (const std::string& id : rule_ids) {
    Entry& entry = *entries_.at(id);
    if (entry.live == nullptr) continue;
    const auto& events = entry.live->events();
    if (!events || std::find(events->begin(), events->end(), event.event()) != events->end()) entry.live->Insert(event, order);
  }
}

void RuleEngine::FinishReplay(const std::vector<std::string>& rule_ids, Ticks clock) {
  clock_ = std::max(clock_, clock);
  for (const std::string& id : rule_ids) {
    Entry& entry = *entries_.at(id);
    if (entry.live != nullptr) {
      const auto muted = entry.live->Tick(clock_, FindingCause::kEvent);
      if (!muted.ok()) {
        Fail(entry, std::string(muted.status().message()));
        continue;
      }
      entry.status.state_bytes = entry.live->state_bytes();
      Publish(entry);
    } else if (entry.batch) {
      ScheduleBatch(entry, clock_);
    }
  }
}

// Runs stand on multiples of the frequency since 0001-01-01, so that a restart does not move them.
void RuleEngine::ScheduleBatch(Entry& entry, Ticks now) {
  const Ticks frequency = std::max<Ticks>(TicksOf(entry.rule().query_frequency), kql::kTicksPerMinute);
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

std::optional<RuleEngine::Shown> RuleEngine::ShownRow(std::string_view rule_id, std::uint64_t identity) const {
  const auto at = entries_.find(rule_id);
  const LiveRule* const live = at == entries_.end() ? nullptr : at->second->live.get();
  const std::vector<kql::Value>* const cells = live == nullptr ? nullptr : live->ShownRow(identity);
  if (cells == nullptr) return std::nullopt;
  return Shown{.schema = live->schema(), .cells = *cells};
}

Ticks RuleEngine::NextDue() const {
  Ticks due = kNever;
  for (const auto& [id, entry] : entries_) due = std::min(due, entry->NextDue());
  return due;
}

void RuleEngine::AdvanceTo(Ticks now, std::vector<EngineFinding>& findings) {
  while (true) {
    // The earliest first, so that findings come in order of time whatever rules they are of.
    Entry* next = nullptr;
    for (const auto& [id, entry] : entries_) {
      if (entry->NextDue() <= now && (next == nullptr || entry->NextDue() < next->NextDue())) next = entry.get();
    }
    if (next == nullptr) break;
    const Ticks due = std::max(clock_, next->NextDue());
    clock_ = due;
    if (next->live != nullptr) {
      Run(*next, due, FindingCause::kExpiry, findings);
    } else {
      RunBatch(*next, due, findings);
    }
  }
  clock_ = std::max(clock_, now);
}

void RuleEngine::Insert(const event::v1::Event& event, std::uint64_t order, std::vector<EngineFinding>& findings) {
  AdvanceTo(ReceiveTicks(event), findings);
  const auto feed = [&](Entry& entry) {
    {
      CpuTimer timer(entry.status.cpu_seconds);
      entry.live->Insert(event, order);
    }
    ++entry.status.event_count;
    Run(entry, clock_, FindingCause::kEvent, findings);
  };
  if (const auto rules = by_event_.find(event.event()); rules != by_event_.end()) {
    for (Entry* entry : std::vector<Entry*>(rules->second)) {
      if (entry->live != nullptr) feed(*entry);
    }
  }
  for (Entry* entry : any_event_) {
    if (entry->live != nullptr) feed(*entry);
  }
}

void RuleEngine::Run(Entry& entry, Ticks now, FindingCause cause, std::vector<EngineFinding>& findings) {
  absl::StatusOr<std::vector<Finding>> found = std::vector<Finding>();
  {
    CpuTimer timer(entry.status.cpu_seconds);
    found = entry.live->Tick(now, cause);
  }
  if (!found.ok()) return Fail(entry, std::string(found.status().message()));
  for (Finding& finding : *found) Report(entry, entry.live->schema(), std::move(finding), findings);
  entry.status.state_bytes = entry.live->state_bytes();
  Publish(entry);
}

void RuleEngine::Report(Entry& entry, const kql::Schema& schema, Finding finding, std::vector<EngineFinding>& findings) {
  const ruleset::Rule& rule = entry.rule();
  if (rule.suppression_enabled && entry.last_alert && finding.time < *entry.last_alert + TicksOf(rule.suppression_duration)) {
    ++entry.status.suppressed_count;
    return;
  }
  entry.last_alert = finding.time;
  ++entry.status.finding_count;
  entry.status.last_finding = finding.time;
  findings.push_back({entry.loaded, schema, std::move(finding)});
}

void RuleEngine::RunBatch(Entry& entry, Ticks now, std::vector<EngineFinding>& findings) {
  CpuTimer timer(entry.status.cpu_seconds);
  const Ticks period = TicksOf(entry.rule().query_period);
  ScheduleBatch(entry, now);
  const auto source = tables_->Open(now - period, now);
  const auto result = kql::ExecuteToTable(*entry.batch, *source, {.now = now});
  if (!result.ok()) return Fail(entry, std::string(result.status().message()));
  std::erase_if(entry.found, [&](const auto& found) { return found.second + period <= now; });
  if (!IsPerRow(entry.rule())) {
    const auto count = static_cast<std::int64_t>(result->rows.size());
    if (Fulfils(count, entry.rule())) {
      Finding finding{.time = now, .cause = FindingCause::kSchedule, .identity = 0, .rows = result->rows, .row_count = count};
      if (finding.rows.size() > kMaxFindingRows) finding.rows.resize(kMaxFindingRows);
      Report(entry, result->schema, std::move(finding), findings);
    }
    return Publish(entry);
  }
  for (const std::vector<kql::Value>& row : result->rows) {
    const std::uint64_t identity = TextId(row, entry.identity);
    if (!entry.found.try_emplace(identity, now).second) continue;
    Report(entry, result->schema, {.time = now, .cause = FindingCause::kSchedule, .identity = identity, .rows = {row}, .row_count = 1}, findings);
  }
  Publish(entry);
}

void RuleEngine::Fail(Entry& entry, const std::string& message) {
  entry.status.state = RuleState::kFailed;
  entry.status.message = message;
  entry.status.state_bytes = 0;
  entry.live.reset();
  entry.batch.reset();
  entry.next_batch = kNever;
  Publish(entry);
}

void RuleEngine::Publish(const Entry& entry) {
  const MutexLock lock(mutex_);
  status_[entry.rule().id] = entry.status;
}

void RuleEngine::PublishAll() {
  const MutexLock lock(mutex_);
  status_.clear();
  for (const auto& [id, entry] : entries_) status_[id] = entry->status;
}

std::vector<RuleStatus> RuleEngine::Status() const {
  std::vector<RuleStatus> all;
  {
    const MutexLock lock(mutex_);
    for (const auto& [id, status] : status_) all.push_back(status);
  }
  std::sort(all.begin(), all.end(), [](const RuleStatus& a, const RuleStatus& b) { return a.rule->rule.name < b.rule->rule.name; });
  return all;
}

}  // namespace zoomwatch::detector
