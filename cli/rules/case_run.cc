#include "cli/rules/case_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "common/event_table/event_catalog.h"
#include "common/event_table/event_source.h"
#include "common/kql/json.h"
#include "common/kql/ticks.h"
#include "common/status/status_macros.h"
#include "common/time/timestamp.h"
#include "services/detector/alerts/alert_row.h"
#include "services/detector/rules/alert_builder.h"
#include "services/detector/rules/rule_engine.h"
#include "services/normalizer/normalizer.h"

namespace zoomwatch::cli {
namespace {

using kql::Ticks;
using kql::TicksOf;
using ruleset::ExpectedAlert;
using ruleset::Rule;
using ruleset::RuleCase;

// The virtual clock begins at 2026-01-05T00:00:00Z, a Monday.
const absl::Time kStart = absl::FromUnixSeconds(1'767'571'200);
constexpr Ticks kStartTicks = kql::kUnixEpoch + 1'767'571'200 * kql::kTicksPerSecond;

struct Arrival {
  Ticks at = 0;
  event::v1::Event event;
};

// As the services do it: normalised, and of equal events the first. One that would go into quarantine is an error.
absl::StatusOr<std::vector<Arrival>> Receive(const RuleCase& one) {
  const Redactor redactor;
  Normalizer normalizer(redactor);
  std::set<std::string> ids;
  std::vector<Arrival> arrivals;
  int number = 0;
  for (const ruleset::CaseWebhook& webhook : one.webhooks) {
    ingest::v1::RawWebhook raw;
    raw.set_webhook_id(fmt::format("hook-{}", ++number));
    raw.set_body(ruleset::BodyText(webhook, kStart));
    raw.set_account_name("main");
    *raw.mutable_receive_time() = TimestampOf(kStart + webhook.at);
    detect::v1::EventItem item;
    normalizer.Normalize(raw, item);
    if (!item.has_event()) {
      return absl::InvalidArgumentError(fmt::format("line {}: the webhook would go into quarantine: {}", webhook.place.line, item.quarantined().reason()));
    }
    if (ids.insert(item.event().event_id()).second) arrivals.push_back({kStartTicks + TicksOf(webhook.at), std::move(*item.mutable_event())});
  }
  return arrivals;
}

// The events that arrived up to now, for a rule in batch.
class Arrived final : public detector::BatchTables {
 public:
  explicit Arrived(const std::vector<Arrival>& arrivals) : arrivals_(arrivals) {}
  void SetCount(std::size_t count) { count_ = count; }

  std::unique_ptr<kql::TableSource> Open(Ticks from, Ticks to) override {
    std::vector<const event::v1::Event*> events;
    for (std::size_t i = 0; i < count_; ++i) {
      const Ticks time = detector::ReceiveTicks(arrivals_[i].event);
      if (time > from && time <= to) events.push_back(&arrivals_[i].event);
    }
    return std::make_unique<event_table::EventSource>(std::move(events));
  }

 private:
  const std::vector<Arrival>& arrivals_;
  std::size_t count_ = 0;
};

using Row = std::map<std::string, kql::Value>;

Row RowOf(const kql::Schema& schema, const std::vector<kql::Value>& cells) {
  Row row;
  for (std::size_t i = 0; i < cells.size(); ++i) row.emplace(schema[i].name, cells[i]);
  return row;
}

struct SeenAlert {
  Ticks at = 0;
  Row row;    // the first of the finding
  Row later;  // the same at the end of the case
  std::string severity;
  std::uint64_t identity = 0;
};

// Lists are compared as sets.
std::string Canonical(const kql::Value& value) {
  if (!value.is_array()) return kql::ToJson(value);
  std::vector<std::string> items;
  for (const kql::Value& item : value.AsArray()) items.push_back(kql::ToJson(item));
  std::sort(items.begin(), items.end());
  return fmt::format("[{}]", fmt::join(items, ","));
}

std::string OffsetText(Ticks at) { return absl::FormatDuration(absl::Microseconds((at - kStartTicks) / kql::kTicksPerMicrosecond)); }

class CaseRun {
 public:
  CaseRun(const Rule& rule, const RuleCase& one, std::vector<Arrival> arrivals)
      : rule_(rule), one_(one), arrivals_(std::move(arrivals)), tables_(arrivals_), engine_({}, &tables_) {}

  absl::StatusOr<CaseOutcome> Run() {
    const auto loaded = std::make_shared<const ruleset::LoadedRule>(ruleset::LoadedRule{.rule = rule_, .source = "", .file = "", .stale = false});
    // As if such events had come before: whether a legacy column exists does not depend on the order of a case's webhooks.
    std::vector<const event::v1::Event*> events;
    for (const Arrival& arrival : arrivals_) events.push_back(&arrival.event);
    const std::vector<std::string> ids = engine_.SetRules(ruleset::RuleSet({loaded}), event_table::CatalogOf(events));
    if (ids.empty()) return absl::FailedPreconditionError("the rule is not enabled");
    engine_.FinishReplay(ids, kStartTicks - 1);
    std::uint64_t order = 0;
    for (const Arrival& arrival : arrivals_) {
      PassTime(arrival.at);
      tables_.SetCount(++order);
      engine_.Insert(arrival.event, order, findings_);
      Take();
    }
    const Ticks end = kStartTicks + TicksOf(one_.end);
    PassTime(end);
    NoteLater();
    // Time alone goes on until nothing can change any more.
    const Ticks last = end + TicksOf(rule_.query_period) + std::max(TicksOf(rule_.query_frequency), kql::kTicksPerMinute);
    PassTime(last);
    const detector::RuleStatus status = engine_.Status().front();
    if (status.state == detector::RuleState::kFailed) return absl::FailedPreconditionError(status.message);
    Compare(status.incremental);
    outcome_.virtual_time = absl::Microseconds((last - kStartTicks) / kql::kTicksPerMicrosecond);
    return std::move(outcome_);
  }

 private:
  void PassTime(Ticks now) {
    engine_.AdvanceTo(now, findings_);
    Take();
  }

  void Take() {
    for (const detector::EngineFinding& found : findings_) {
      const alert::v1::Alert alert = detector::BuildAlert(rule_, found.schema, found.finding, 1);
      seen_.push_back({.at = found.finding.time,
                       .row = found.finding.rows.empty() ? Row() : RowOf(found.schema, found.finding.rows.front()),
                       .later = {},
                       .severity = std::string(detector::SeverityText(alert.severity())),
                       .identity = found.finding.identity});
    }
    findings_.clear();
  }

  void NoteLater() {
    for (SeenAlert& alert : seen_) {
      const auto row = engine_.ShownRow(rule_.id, alert.identity);
      if (row) alert.later = RowOf(row->schema, row->cells);
    }
  }

  void Compare(bool incremental) {
    std::vector<std::string>& differences = outcome_.differences;
    if (seen_.size() != one_.alerts.size()) {
      std::vector<std::string> times;
      for (const SeenAlert& alert : seen_) times.push_back(OffsetText(alert.at));
      differences.push_back(fmt::format("{} alerts were expected, {} came{}{}", one_.alerts.size(), seen_.size(), seen_.empty() ? "" : ", at ",
                                        fmt::join(times, ", ")));
    }
    for (std::size_t i = 0; i < std::min(seen_.size(), one_.alerts.size()); ++i) CompareAlert(one_.alerts[i], seen_[i], incremental);
  }

  void CompareAlert(const ExpectedAlert& expected, const SeenAlert& seen, bool incremental) {
    const std::string where = fmt::format("line {}: ", expected.place.line);
    Ticks at = kStartTicks + TicksOf(expected.at);
    if (!incremental) {
      const Ticks frequency = std::max(TicksOf(rule_.query_frequency), kql::kTicksPerMinute);
      at = (at + frequency - 1) / frequency * frequency;
    }
    if (seen.at / kql::kTicksPerSecond != at / kql::kTicksPerSecond) {
      outcome_.differences.push_back(where + fmt::format("the alert was expected at {}, it came at {}", OffsetText(at), OffsetText(seen.at)));
    }
    if (!expected.severity.empty() && expected.severity != seen.severity) {
      outcome_.differences.push_back(where + fmt::format("severity {} was expected, it is {}", expected.severity, seen.severity));
    }
    CompareRow(expected.row, seen.row, where);
    if (!seen.later.empty()) CompareRow(expected.later, seen.later, where + "later: ");
  }

  void CompareRow(const std::vector<std::pair<std::string, std::string>>& expected, const Row& row, const std::string& where) {
    for (const auto& [name, json] : expected) {
      const auto cell = row.find(name);
      if (cell == row.end()) {
        outcome_.differences.push_back(where + fmt::format("the result has no column {}", name));
        continue;
      }
      const auto value = kql::ParseJson(json);
      if (value && Canonical(*value) == Canonical(cell->second)) continue;
      outcome_.differences.push_back(where + fmt::format("{} was expected to be {}, it is {}", name, json, kql::ToJson(cell->second)));
    }
  }

  const Rule& rule_;
  const RuleCase& one_;
  const std::vector<Arrival> arrivals_;
  Arrived tables_;
  detector::RuleEngine engine_;
  std::vector<detector::EngineFinding> findings_;
  std::vector<SeenAlert> seen_;
  CaseOutcome outcome_;
};

}  // namespace

absl::StatusOr<CaseOutcome> RunCase(const Rule& rule, const RuleCase& one) {
  ZOOMWATCH_ASSIGN_OR_RETURN(std::vector<Arrival> arrivals, Receive(one));
  return CaseRun(rule, one, std::move(arrivals)).Run();
}

}  // namespace zoomwatch::cli
