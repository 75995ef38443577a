#include "services/detector/rules/live_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <utility>

#include "common/kql/batch/demand.h"
#include "common/kql/binder.h"
#include "common/kql/convert.h"
#include "common/kql/ticks.h"
#include "services/detector/rules/absence.h"
#include "services/detector/rules/table_use.h"

namespace zoomwatch::detector {
namespace {

using kql::Ticks;
using kql::TicksOf;
using kql::incremental::Deltas;

const kql::Schema& SchemaOf(const TableUse& use) { return use.table->schema; }

// The columns of a table that somebody reads.
std::vector<bool> NeededColumns(const kql::incremental::View::Table& table, const std::vector<TableUse>& uses, const kql::batch::Demands& demands) {
  std::vector<bool> needed(table.schema.size(), false);
  for (const TableUse& use : uses) {
    if (use.table->table != table.name) continue;
    const auto demand = demands.find(use.table);
    for (std::size_t c = 0; c < needed.size(); ++c) {
      const bool time = SchemaOf(use)[c].name == "TimeGenerated";  // of the window
      needed[c] = needed[c] || time || demand == demands.end() || demand->second.columns[c];
    }
  }
  return needed;
}

// What each use of any table wants of one column, together; none: any text.
std::optional<LiveRule::Texts> TextsOf(const kql::Column& column, const std::vector<TableUse>& uses, const kql::batch::Demands& demands) {
  LiveRule::Texts texts;
  for (const TableUse& use : uses) {
    const auto demand = demands.find(use.table);
    const auto at = kql::FindColumn(SchemaOf(use), column.name);
    if (demand == demands.end() || !at || SchemaOf(use)[*at].type != column.type) return std::nullopt;
    const auto bounds = demand->second.bounds.find(*at);
    if (bounds == demand->second.bounds.end() || !bounds->second.texts) return std::nullopt;
    texts.insert(bounds->second.texts->begin(), bounds->second.texts->end());
  }
  return texts;
}

// What keeping a row that the view shows takes: nodes of two maps, and the cells.
std::uint64_t ShownBytes(const std::vector<kql::Value>& cells) {
  std::uint64_t bytes = 192;
  for (const kql::Value& cell : cells) bytes += cell.MemoryBytes();
  return bytes;
}

std::strong_ordering Compare(const kql::Value& a, const kql::Value& b) {
  if (a.kind() != b.kind()) return a.kind() <=> b.kind();
  switch (a.kind()) {
    case kql::Kind::kNull: return std::strong_ordering::equal;
    case kql::Kind::kString: return a.AsString() <=> b.AsString();
    case kql::Kind::kLong: return a.AsLong() <=> b.AsLong();
    case kql::Kind::kDateTime:
    case kql::Kind::kTimeSpan: return a.AsTicks() <=> b.AsTicks();
    default: return kql::ToText(a) <=> kql::ToText(b);
  }
}

}  // namespace

bool LiveRule::CellOrder::operator()(const std::vector<kql::Value>& a, const std::vector<kql::Value>& b) const {
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(), Compare) < 0;
}

bool Fulfils(std::int64_t count, const ruleset::Rule& rule) {
  switch (rule.trigger_operator) {
    case ruleset::TriggerOperator::kGreaterThan: return count > rule.trigger_threshold;
    case ruleset::TriggerOperator::kLessThan: return count < rule.trigger_threshold;
    case ruleset::TriggerOperator::kEqual: return count == rule.trigger_threshold;
    case ruleset::TriggerOperator::kNotEqual: return count != rule.trigger_threshold;
  }
  return false;
}

bool IsPerRow(const ruleset::Rule& rule) {
  return rule.kind == ruleset::RuleKind::kNrt ||
         (rule.trigger_operator == ruleset::TriggerOperator::kGreaterThan && rule.trigger_threshold == 0);
}

std::unique_ptr<LiveRule> LiveRule::Create(std::shared_ptr<const ruleset::Rule> rule, const event_table::EventCatalog& catalog,
                                           const LiveRuleOptions& options, SharedCells& cells, kql::Diagnostic& refused) {
  kql::BoundQuery query = kql::Compile(rule->query.text, catalog);
  if (query.root == nullptr) {
    const auto error = std::find_if(query.diagnostics.begin(), query.diagnostics.end(),
                                    [](const kql::Diagnostic& diagnostic) { return diagnostic.severity == kql::Severity::kError; });
    if (error != query.diagnostics.end()) refused = *error;
    return nullptr;
  }
  const kql::RelationPtr root = query.root;
  auto view = kql::incremental::View::Create(
      std::move(query), {.window = TicksOf(rule->query_period), .max_state_bytes = options.max_state_bytes}, refused);
  if (view == nullptr) {
    kql::Locate(rule->query.text, refused);
    return nullptr;
  }
  return std::unique_ptr<LiveRule>(new LiveRule(std::move(rule), std::move(view), root, options, cells));
}

LiveRule::LiveRule(std::shared_ptr<const ruleset::Rule> rule, std::unique_ptr<kql::incremental::View> view, const kql::RelationPtr& root,
                   const LiveRuleOptions& options, SharedCells& cells)
    : rule_(std::move(rule)),
      view_(std::move(view)),
      max_state_bytes_(options.max_state_bytes),
      has_account_names_(KeepsColumn(*root, "AccountName")),
      cells_(cells),
      depends_on_absence_(DependsOnAbsence(*root)) {
  const std::vector<TableUse> uses = FindTableUses(root);
  const kql::batch::Demands demands = kql::batch::ComputeDemands(*root, 0);
  const auto empty = std::make_shared<const kql::Cells>(1, kql::Value::String(""));
  const auto null = std::make_shared<const kql::Cells>(1, kql::Value());
  for (const auto& table : view_->tables()) {
    std::vector<std::vector<kql::ScalarPtr>> conditions;
    for (const TableUse& use : uses) {
      if (use.table->table == table.name) conditions.push_back(use.conditions);
    }
    Table& wanted = tables_.emplace_back(Table{.blank = {}, .columns = {}, .filter = RowFilter(table.schema, conditions, cells)});
    const std::vector<bool> needed = NeededColumns(table, uses, demands);
    for (std::size_t c = 0; c < table.schema.size(); ++c) {
      wanted.blank.push_back(table.schema[c].type == kql::Type::kString ? empty : null);
      if (needed[c]) wanted.columns.emplace_back(c, cells.PlaceOf(table.schema[c]));
    }
  }
  if (uses.empty()) return;
  for (const kql::Column& column : SchemaOf(uses.front())) {
    if (auto texts = TextsOf(column, uses, demands)) texts_.emplace(cells.PlaceOf(column), *std::move(texts));
  }
}

const LiveRule::Texts* LiveRule::TextsAt(std::size_t place) const {
  const auto texts = texts_.find(place);
  return texts == texts_.end() ? nullptr : &texts->second;
}

std::optional<std::size_t> LiveRule::KeyPlace(std::size_t other_than) const {
  const auto found = std::find_if(texts_.begin(), texts_.end(), [other_than](const auto& texts) { return texts.first != other_than; });
  return found == texts_.end() ? std::nullopt : std::optional(found->first);
}

bool LiveRule::ConcernsName() {
  return std::any_of(tables_.begin(), tables_.end(), [](Table& table) { return table.filter.PassesByName(); });
}

bool LiveRule::Insert(std::uint64_t order) {
  bool inserted = false;
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    // With more tables it may be another one that the name concerns.
    if (tables_.size() > 1 && !tables_[t].filter.PassesByName()) continue;
    if (!tables_[t].filter.Passes()) continue;
    std::vector<kql::CellsPtr> row = tables_[t].blank;
    for (const auto& [column, place] : tables_[t].columns) row[column] = cells_.Column(place);
    view_->Insert(t, std::move(row), order);
    inserted = true;
  }
  return inserted;
}

absl::Status LiveRule::Settle(Ticks now) {
  const auto deltas = view_->Tick(now);
  if (!deltas.ok()) return deltas.status();
  next_due_ = view_->NextDue();
  Show(*deltas);
  return CheckState();
}

absl::Status LiveRule::Begin(Ticks now) {
  if (const absl::Status settled = Settle(now); !settled.ok()) return settled;
  if (held_until_ && now >= *held_until_) held_until_.reset();
  if (held_until_) {
    // Which of them were there when the rule first began is not known after a restart, so all are held.
    HoldShown();
    return absl::OkStatus();
  }
  fulfilled_ = Fulfils(row_count_, *rule_);
  return absl::OkStatus();
}

void LiveRule::HoldUntil(Ticks covered_at) {
  if (depends_on_absence_) held_until_ = covered_at;
}

absl::StatusOr<std::vector<Finding>> LiveRule::Tick(Ticks now, FindingCause cause) {
  const auto deltas = view_->Tick(now);
  if (!deltas.ok()) return deltas.status();
  next_due_ = view_->NextDue();
  ForgetOld(now);
  const bool covered = held_until_ && now >= *held_until_;
  if (covered) {  // what appears now is found together with what was held
    held_until_.reset();
    cause = FindingCause::kCoverage;
  }
  std::vector<Finding> findings;
  if (!IsPerRow(*rule_)) {
    Show(*deltas);
    held_.clear();
    if (auto crossed = Crossed(now, cause)) findings.push_back(*std::move(crossed));
  } else if (covered) {
    for (const std::uint64_t identity : Show(*deltas)) held_.insert(identity);
    findings = Release(now);
  } else {
    findings = Appeared(*deltas, now, cause);
  }
  if (absl::Status state = CheckState(); !state.ok()) return state;
  return findings;
}

absl::Status LiveRule::CheckState() const {
  if (state_bytes() <= max_state_bytes_) return absl::OkStatus();
  return absl::ResourceExhaustedError(fmt::format("the state of the rule has {} bytes, its limit is {}", state_bytes(), max_state_bytes_));
}

const std::vector<kql::Value>* LiveRule::ShownRow(std::uint64_t identity) const {
  const auto shown = shown_.find(identity);
  return shown == shown_.end() || shown->second.rows.empty() ? nullptr : &shown->second.rows.begin()->first;
}

void LiveRule::SetRule(std::shared_ptr<const ruleset::Rule> rule) {
  rule_ = std::move(rule);
  if (held_until_) return HoldShown();
  fulfilled_ = Fulfils(row_count_, *rule_);
}

void LiveRule::HoldShown() {
  held_.clear();
  if (!IsPerRow(*rule_)) return;
  for (const auto& [identity, shown] : shown_) {
    if (!found_.contains(identity)) held_.insert(identity);
  }
}

void LiveRule::Remember(std::uint64_t identity, Ticks time) {
  found_[identity] = time;
  held_.erase(identity);
}

void LiveRule::Forget(std::uint64_t identity) { found_.erase(identity); }

std::vector<std::uint64_t> LiveRule::Show(const Deltas& deltas) {
  std::vector<std::uint64_t> touched;                     // in the order of the deltas
  std::unordered_map<std::uint64_t, std::int64_t> before;  // of those touched
  for (std::size_t i = 0; i < deltas.rows(); ++i) {
    auto row = kql::incremental::RowAt(deltas, i);
    Shown& shown = shown_[row.id];
    if (before.try_emplace(row.id, shown.count).second) touched.push_back(row.id);
    shown.count += deltas.weights[i];
    row_count_ += deltas.weights[i];
    const auto [at, added] = shown.rows.try_emplace(std::move(row.cells), 0);
    if (added) shown_bytes_ += ShownBytes(at->first);
    at->second += deltas.weights[i];
    if (at->second != 0) continue;
    shown_bytes_ -= ShownBytes(at->first);
    shown.rows.erase(at);
  }
  std::erase_if(touched, [&](std::uint64_t identity) {
    const auto shown = shown_.find(identity);
    const bool gone = shown->second.count == 0;
    if (gone) {
      shown_.erase(shown);
      held_.erase(identity);
    }
    return gone || before[identity] > 0;
  });
  return touched;
}

std::vector<Finding> LiveRule::Appeared(const Deltas& deltas, Ticks now, FindingCause cause) {
  std::vector<Finding> findings;
  for (const std::uint64_t identity : Show(deltas)) {
    if (FoundLately(identity, now)) continue;
    if (held_until_) {
      held_.insert(identity);
      continue;
    }
    findings.push_back(FindingOf(identity, now, cause));
  }
  return findings;
}

std::vector<Finding> LiveRule::Release(Ticks now) {
  std::vector<Finding> findings;
  for (const std::uint64_t identity : held_) {
    if (!FoundLately(identity, now)) findings.push_back(FindingOf(identity, now, FindingCause::kCoverage));
  }
  held_.clear();
  return findings;
}

Finding LiveRule::FindingOf(std::uint64_t identity, Ticks now, FindingCause cause) {
  found_[identity] = now;
  const Shown& shown = shown_.at(identity);
  Finding finding{.time = now, .cause = cause, .identity = identity, .rows = {}, .row_count = shown.count};
  for (const auto& [cells, count] : shown.rows) {
    if (finding.rows.size() < kMaxFindingRows) finding.rows.push_back(cells);
  }
  return finding;
}

std::optional<Finding> LiveRule::Crossed(Ticks now, FindingCause cause) {
  if (held_until_) return std::nullopt;
  const bool fulfilled = Fulfils(row_count_, *rule_);
  if (std::exchange(fulfilled_, fulfilled) || !fulfilled) return std::nullopt;
  Finding finding{.time = now, .cause = cause, .identity = 0, .rows = {}, .row_count = row_count_};
  for (const auto& [identity, shown] : shown_) {
    for (const auto& [cells, count] : shown.rows) {
      if (finding.rows.size() < kMaxFindingRows) finding.rows.push_back(cells);
    }
  }
  return finding;
}

bool LiveRule::FoundLately(std::uint64_t identity, Ticks now) const {
  const auto found = found_.find(identity);
  return found != found_.end() && found->second + TicksOf(rule_->query_period) > now;
}

void LiveRule::ForgetOld(Ticks now) {
  if (now < forget_at_) return;
  const Ticks period = TicksOf(rule_->query_period);
  std::erase_if(found_, [&](const auto& found) { return found.second + period <= now; });
  forget_at_ = now + period / 8;
}

}  // namespace zoomwatch::detector
