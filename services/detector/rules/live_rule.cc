#include "services/detector/rules/live_rule.h"

#include <algorithm>
#include <utility>

#include "common/kql/batch/demand.h"
#include "common/kql/binder.h"
#include "common/kql/convert.h"
#include "common/kql/ticks.h"

namespace zoomwatch::detector {
namespace {

using kql::Ticks;
using kql::TicksOf;
using kql::incremental::Deltas;

// What the tables of a plan are asked for: columns that are read, and values of Event that can pass.
struct Wanted {
  std::vector<std::vector<bool>> needed;              // per table of the view
  std::optional<std::vector<std::string>> events;     // none: any
};

void AddTables(const kql::RelationPtr& relation, std::vector<const kql::Relation*>& tables);

void AddTables(const kql::Scalar& scalar, std::vector<const kql::Relation*>& tables) {
  if (scalar.relation != nullptr) AddTables(scalar.relation, tables);
  for (const kql::ScalarPtr& child : scalar.children) AddTables(*child, tables);
}

void AddTables(const std::vector<kql::ScalarPtr>& scalars, std::vector<const kql::Relation*>& tables) {
  for (const kql::ScalarPtr& scalar : scalars) AddTables(*scalar, tables);
}

void AddTables(const kql::RelationPtr& relation, std::vector<const kql::Relation*>& tables) {
  if (relation->kind == kql::RelationKind::kTable) {
    if (std::find(tables.begin(), tables.end(), relation.get()) == tables.end()) tables.push_back(relation.get());
    return;
  }
  for (const kql::RelationPtr& input : relation->inputs) AddTables(input, tables);
  if (relation->predicate != nullptr) AddTables(*relation->predicate, tables);
  AddTables(relation->outputs, tables);
}

Wanted WantedOf(const kql::RelationPtr& root, const std::vector<kql::incremental::View::Table>& view_tables) {
  const kql::batch::Demands demands = kql::batch::ComputeDemands(*root, 0);
  std::vector<const kql::Relation*> relations;
  AddTables(root, relations);
  Wanted wanted{.needed = {}, .events = std::vector<std::string>()};
  for (const auto& table : view_tables) wanted.needed.emplace_back(table.schema.size(), false);
  for (const kql::Relation* relation : relations) {
    const auto demand = demands.find(relation);
    for (std::size_t t = 0; t < view_tables.size(); ++t) {
      if (view_tables[t].name != relation->table) continue;
      for (std::size_t c = 0; c < wanted.needed[t].size(); ++c) {
        const bool time = relation->schema[c].name == "TimeGenerated";  // of the window
        wanted.needed[t][c] = wanted.needed[t][c] || time || demand == demands.end() || demand->second.columns[c];
      }
    }
    const auto event = kql::FindColumn(relation->schema, "Event");
    const auto bounds = demand != demands.end() && event ? demand->second.bounds.find(*event) : std::map<std::size_t, kql::batch::CellBounds>::const_iterator{};
    if (demand == demands.end() || !event || bounds == demand->second.bounds.end() || !bounds->second.texts) {
      wanted.events.reset();
    } else if (wanted.events) {
      wanted.events->insert(wanted.events->end(), bounds->second.texts->begin(), bounds->second.texts->end());
    }
  }
  return wanted;
}

std::vector<std::string> TextOf(const std::vector<kql::Value>& cells) {
  std::vector<std::string> text;
  for (const kql::Value& cell : cells) text.push_back(kql::ToText(cell) + static_cast<char>(cell.kind()));
  return text;
}

}  // namespace

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
                                           const LiveRuleOptions& options, kql::Diagnostic& refused) {
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
  Wanted wanted = WantedOf(root, view->tables());
  return std::unique_ptr<LiveRule>(new LiveRule(std::move(rule), std::move(view), std::move(wanted.events), std::move(wanted.needed)));
}

LiveRule::LiveRule(std::shared_ptr<const ruleset::Rule> rule, std::unique_ptr<kql::incremental::View> view,
                   std::optional<std::vector<std::string>> events, std::vector<std::vector<bool>> needed)
    : rule_(std::move(rule)), view_(std::move(view)), events_(std::move(events)) {
  for (std::size_t t = 0; t < needed.size(); ++t) cells_.emplace_back(view_->tables()[t].schema, needed[t]);
}

void LiveRule::Insert(const event::v1::Event& event, std::uint64_t order) {
  for (std::size_t t = 0; t < cells_.size(); ++t) {
    std::vector<kql::Value> row;
    cells_[t].Append(event, row);
    view_->Insert(t, std::move(row), order);
  }
}

absl::StatusOr<std::vector<Finding>> LiveRule::Tick(Ticks now, FindingCause cause) {
  const auto deltas = view_->Tick(now);
  if (!deltas.ok()) return deltas.status();
  next_due_ = view_->NextDue();
  std::vector<Finding> findings = Appeared(*deltas, now, cause);
  if (IsPerRow(*rule_)) return findings;
  findings.clear();
  if (auto crossed = Crossed(now, cause)) findings.push_back(*std::move(crossed));
  return findings;
}

const std::vector<kql::Value>* LiveRule::ShownRow(std::uint64_t identity) const {
  const auto shown = shown_.find(identity);
  return shown == shown_.end() || shown->second.rows.empty() ? nullptr : &shown->second.rows.begin()->second.first;
}

void LiveRule::Remember(std::uint64_t identity, Ticks time) { found_[identity] = time; }

std::vector<Finding> LiveRule::Appeared(const Deltas& deltas, Ticks now, FindingCause cause) {
  std::vector<std::uint64_t> touched;                     // in the order of the deltas
  std::unordered_map<std::uint64_t, std::int64_t> before;  // of those touched
  for (std::size_t i = 0; i < deltas.rows(); ++i) {
    const auto row = kql::incremental::RowAt(deltas, i);
    Shown& shown = shown_[row.id];
    if (before.try_emplace(row.id, shown.count).second) touched.push_back(row.id);
    shown.count += deltas.weights[i];
    row_count_ += deltas.weights[i];
    auto& [cells, count] = shown.rows[TextOf(row.cells)];
    cells = row.cells;
    count += deltas.weights[i];
    if (count == 0) shown.rows.erase(TextOf(row.cells));
  }
  std::vector<Finding> findings;
  for (const std::uint64_t identity : touched) {
    const auto shown = shown_.find(identity);
    if (shown->second.count == 0) {
      shown_.erase(shown);
      continue;
    }
    if (before[identity] > 0 || FoundLately(identity, now)) continue;
    found_[identity] = now;
    Finding finding{.time = now, .cause = cause, .identity = identity, .rows = {}, .row_count = shown->second.count};
    for (const auto& [text, row] : shown->second.rows) {
      if (finding.rows.size() < kMaxFindingRows) finding.rows.push_back(row.first);
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::optional<Finding> LiveRule::Crossed(Ticks now, FindingCause cause) {
  const bool fulfilled = Fulfils(row_count_, *rule_);
  if (std::exchange(fulfilled_, fulfilled) || !fulfilled) return std::nullopt;
  Finding finding{.time = now, .cause = cause, .identity = 0, .rows = {}, .row_count = row_count_};
  for (const auto& [identity, shown] : shown_) {
    for (const auto& [text, row] : shown.rows) {
      if (finding.rows.size() < kMaxFindingRows) finding.rows.push_back(row.first);
    }
  }
  return finding;
}

bool LiveRule::FoundLately(std::uint64_t identity, Ticks now) {
  const Ticks period = TicksOf(rule_->query_period);
  if (now >= forget_at_) {
    std::erase_if(found_, [&](const auto& found) { return found.second + period <= now; });
    forget_at_ = now + period / 8;
  }
  const auto found = found_.find(identity);
  return found != found_.end() && found->second + period > now;
}

}  // namespace zoomwatch::detector
