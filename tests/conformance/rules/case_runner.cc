#include "tests/conformance/rules/case_runner.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "common/event_table/event_source.h"
#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/kql/json.h"
#include "common/kql/ticks.h"
#include "common/time/timestamp.h"
#include "services/normalizer/normalizer.h"

namespace zoomwatch::ruleset {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1767571200);  // 2026-01-05T00:00:00Z
constexpr kql::Ticks kStartTicks = kql::kUnixEpoch + 1767571200 * kql::kTicksPerSecond;

// The names by which a row of the result is the same row at another time: the event's id, or the keys of the outermost summarize.
// None: the whole row.
std::vector<std::string> IdentityColumns(const kql::BoundQuery& query) {
  if (query.root == nullptr) return {};
  if (kql::FindColumn(query.root->schema, "EventId").has_value()) return {"EventId"};
  const kql::Relation* relation = query.root.get();
  while (relation->kind == kql::RelationKind::kFilter || relation->kind == kql::RelationKind::kProject) relation = relation->inputs[0].get();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < relation->keys.size(); ++i) {
    if (kql::FindColumn(query.root->schema, relation->schema[i].name).has_value()) names.push_back(relation->schema[i].name);
  }
  return names;
}

// Lists are compared as sets.
std::string Canonical(const kql::Value& value) {
  if (!value.is_array()) return kql::ToJson(value);
  std::vector<std::string> items;
  for (const kql::Value& item : value.AsArray()) items.push_back(kql::ToJson(item));
  std::sort(items.begin(), items.end());
  return fmt::format("[{}]", fmt::join(items, ","));
}

void ExpectColumns(const std::vector<std::pair<std::string, std::string>>& expected, const Row& row, const std::string& where) {
  for (const auto& [name, json] : expected) {
    const auto cell = row.find(name);
    if (cell == row.end()) {
      ADD_FAILURE() << where << ": there is no column " << name;
      continue;
    }
    EXPECT_EQ(Canonical(cell->second), Canonical(kql::ParseJson(json).value())) << where << ": " << name;
  }
}

std::string SeverityOf(const Rule& rule, const Row& row) {
  const auto cell = row.find(rule.alert_details_override.severity_column);
  return cell == row.end() ? std::string(SeverityName(rule.severity)) : std::string(cell->second.AsString());
}

// As the services do it: normalised, and of equal events the first.
std::vector<std::pair<kql::Ticks, event::v1::Event>> Receive(const RuleCase& one) {
  std::vector<std::pair<kql::Ticks, event::v1::Event>> events;
  const Redactor redactor;
  Normalizer normalizer(redactor);
  std::set<std::string> ids;
  int number = 0;
  for (const CaseWebhook& webhook : one.webhooks) {
    ingest::v1::RawWebhook raw;
    raw.set_webhook_id(fmt::format("hook-{}", ++number));
    raw.set_body(BodyText(webhook, kStart));
    raw.set_account_name("main");
    *raw.mutable_receive_time() = TimestampOf(kStart + webhook.at);
    detect::v1::EventItem item;
    normalizer.Normalize(raw, item);
    EXPECT_TRUE(item.has_event()) << raw.body();
    if (ids.insert(item.event().event_id()).second) events.push_back({kStartTicks + kql::TicksOf(webhook.at), item.event()});
  }
  return events;
}

}  // namespace

CaseRunner::CaseRunner(const Rule& rule, const RuleCase& one)
    : rule_(rule),
      end_(kStartTicks + kql::TicksOf(one.end)),
      events_(Receive(one)),
      query_(kql::Compile(rule.query.text, Catalog())),
      identity_(IdentityColumns(query_)) {}

event_table::EventCatalog CaseRunner::Catalog() const {
  std::vector<const event::v1::Event*> events;
  for (const auto& [time, event] : events_) events.push_back(&event);
  return event_table::CatalogOf(events);
}

std::set<kql::Ticks> CaseRunner::Times() const {
  std::set<kql::Ticks> times;
  for (const auto& [time, event] : events_) {
    times.insert(time);
    for (const kql::Ticks age : {kql::kTicksPerHour, kql::kTicksPerDay, kql::TicksOf(rule_.query_period)}) {
      times.insert(time + age);
      times.insert(time + age + 1);
    }
  }
  return times;
}

std::vector<std::vector<kql::Value>> CaseRunner::Evaluate(kql::Ticks now) const {
  std::vector<const event::v1::Event*> visible;
  for (const auto& [time, event] : events_) {
    if (time <= now && time > now - kql::TicksOf(rule_.query_period)) visible.push_back(&event);
  }
  event_table::EventSource source(visible);
  auto result = kql::ExecuteToTable(query_, source, {.now = now});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? std::move(result->rows) : std::vector<std::vector<kql::Value>>();
}

std::string CaseRunner::IdentityOf(const Row& row) const {
  std::string key;
  for (const std::string& name : identity_) key += kql::ToJson(row.at(name)) + "|";
  if (!identity_.empty()) return key;
  for (const auto& [name, value] : row) key += kql::ToJson(value) + "|";
  return key;
}

std::vector<SeenAlert> CaseRunner::Run() {
  std::vector<SeenAlert> alerts;
  std::map<std::string, std::size_t> present;  // identity -> its alert
  for (const kql::Ticks now : Times()) {
    std::map<std::string, std::size_t> next;
    for (const std::vector<kql::Value>& cells : Evaluate(now)) {
      Row row;
      for (std::size_t i = 0; i < cells.size(); ++i) row.emplace(query_.root->schema[i].name, cells[i]);
      const std::string key = IdentityOf(row);
      const auto before = present.find(key);
      if (before == present.end()) alerts.push_back({.at = now, .row = row});
      const std::size_t alert = before == present.end() ? alerts.size() - 1 : before->second;
      if (now <= end_) alerts[alert].later = std::move(row);
      next.emplace(key, alert);
    }
    present = std::move(next);
  }
  return alerts;
}

void ExpectAlerts(const Rule& rule, const RuleCase& one, const std::string& where) {
  const std::vector<SeenAlert> alerts = CaseRunner(rule, one).Run();
  std::string times;
  for (const SeenAlert& alert : alerts) times += fmt::format(" {}s", (alert.at - kStartTicks) / kql::kTicksPerSecond);
  ASSERT_EQ(alerts.size(), one.alerts.size()) << where << ": alerts at" << times;
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    const ExpectedAlert& expected = one.alerts[i];
    EXPECT_EQ((alerts[i].at - kStartTicks) / kql::kTicksPerSecond, absl::ToInt64Seconds(expected.at)) << where;
    ExpectColumns(expected.row, alerts[i].row, where);
    ExpectColumns(expected.later, alerts[i].later, where + ", later");
    EXPECT_TRUE(expected.severity.empty() || SeverityOf(rule, alerts[i].row) == expected.severity)
        << where << ": severity " << SeverityOf(rule, alerts[i].row);
  }
}

std::vector<RuleCase> ReadCases(const std::string& case_path) {
  std::ifstream file(case_path);
  std::ostringstream text;
  text << file.rdbuf();
  LoadResult result;
  auto cases = ReadCaseFile(text.str(), result);
  for (const LoadFinding& finding : result.findings) ADD_FAILURE() << Explain(case_path, finding);
  return cases.has_value() ? *std::move(cases) : std::vector<RuleCase>();
}

int ExpectAlertsOfFile(const Rule& rule, const std::string& case_path) {
  const std::vector<RuleCase> cases = ReadCases(case_path);
  for (const RuleCase& one : cases) ExpectAlerts(rule, one, fmt::format("{}:{}: {}", case_path, one.place.line, one.name));
  return static_cast<int>(cases.size());
}

}  // namespace zoomwatch::ruleset
