// Runs the cases of every shipped rule with the batch evaluator: the query over what had arrived by then, at every time at which its
// result may change. An alert is a row identity that the result did not have the time before. This is what a live evaluation must agree
// with; it is slow and has nothing of it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/kql/json.h"
#include "common/ruleset/case_file.h"
#include "common/ruleset/rule_set.h"
#include "services/normalizer/normalizer.h"
#include "tests/conformance/rules/event_catalog.h"

namespace zoomwatch::ruleset {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1767571200);  // 2026-01-05T00:00:00Z
constexpr kql::Ticks kStartTicks = kql::kUnixEpoch + 1767571200 * kql::kTicksPerSecond;

kql::Ticks TicksOf(absl::Duration duration) { return absl::ToInt64Microseconds(duration) * kql::kTicksPerMicrosecond; }

// The names by which rows of a query's result are the same row at another time.
std::vector<std::string> IdentityOf(const kql::BoundQuery& query) {
  if (kql::FindColumn(query.root->schema, "EventId").has_value()) return {"EventId"};
  const kql::Relation* relation = query.root.get();
  while (relation->kind != kql::RelationKind::kAggregate && !relation->inputs.empty()) relation = relation->inputs[0].get();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < relation->keys.size(); ++i) names.push_back(relation->schema[i].name);
  return names;
}

using Row = std::map<std::string, kql::Value>;

struct SeenAlert {
  kql::Ticks at = 0;
  Row row;
  Row later;
};

// One case of one rule.
class CaseRun {
 public:
  CaseRun(const Rule& rule, const RuleCase& one)
      : rule_(rule), end_(kStartTicks + TicksOf(one.end)), query_(kql::Compile(rule.query.text, catalog_)) {
    Receive(one);
  }

  std::vector<SeenAlert> Run() {
    const std::vector<std::string> identity = IdentityOf(query_);
    std::map<std::string, std::size_t> present;  // identity -> its alert
    for (const kql::Ticks now : Times()) {
      std::map<std::string, std::size_t> next;
      for (Row& row : Evaluate(now)) {
        std::string key;
        for (const std::string& name : identity) key += kql::ToJson(row.at(name)) + "|";
        const auto before = present.find(key);
        if (before == present.end()) alerts_.push_back({.at = now, .row = row});
        const std::size_t alert = before == present.end() ? alerts_.size() - 1 : before->second;
        if (now <= end_) alerts_[alert].later = std::move(row);
        next.emplace(key, alert);
      }
      present = std::move(next);
    }
    return std::move(alerts_);
  }

 private:
  // As the services do it: normalised, and of equal events the first.
  void Receive(const RuleCase& one) {
    const Redactor redactor;
    Normalizer normalizer(redactor);
    std::set<std::string> ids;
    int number = 0;
    for (const CaseWebhook& webhook : one.webhooks) {
      ingest::v1::RawWebhook raw;
      raw.set_webhook_id(fmt::format("hook-{}", ++number));
      raw.set_body(BodyText(webhook, kStart));
      raw.set_account_name("main");
      const std::int64_t microseconds = absl::ToUnixMicros(kStart + webhook.at);
      raw.mutable_receive_time()->set_seconds(microseconds / 1'000'000);
      raw.mutable_receive_time()->set_nanos(static_cast<int>(microseconds % 1'000'000) * 1000);
      detect::v1::EventItem item;
      normalizer.Normalize(raw, item);
      ASSERT_TRUE(item.has_event()) << raw.body();
      if (ids.insert(item.event().event_id()).second) events_.push_back({kStartTicks + TicksOf(webhook.at), item.event()});
    }
  }

  // Arrivals, and when a row may leave or enter a part of the window that rules use.
  std::set<kql::Ticks> Times() const {
    std::set<kql::Ticks> times;
    for (const auto& [time, event] : events_) {
      times.insert(time);
      for (const kql::Ticks age : {kql::kTicksPerHour, kql::kTicksPerDay, TicksOf(rule_.query_period)}) {
        times.insert(time + age);
        times.insert(time + age + 1);
      }
    }
    return times;
  }

  std::vector<Row> Evaluate(kql::Ticks now) {
    std::vector<const event::v1::Event*> visible;
    for (const auto& [time, event] : events_) {
      if (time <= now && time > now - TicksOf(rule_.query_period)) visible.push_back(&event);
    }
    EventSource source(visible);
    const auto result = kql::ExecuteToTable(query_, source, {.now = now});
    std::vector<Row> rows;
    if (!result.ok()) {
      ADD_FAILURE() << result.status();
      return rows;
    }
    for (const std::vector<kql::Value>& cells : result->rows) {
      Row& row = rows.emplace_back();
      for (std::size_t i = 0; i < cells.size(); ++i) row.emplace(result->schema[i].name, cells[i]);
    }
    return rows;
  }

  const Rule& rule_;
  const kql::Ticks end_;  // of the last step
  const EventCatalog catalog_;
  const kql::BoundQuery query_;
  std::vector<std::pair<kql::Ticks, event::v1::Event>> events_;
  std::vector<SeenAlert> alerts_;
};

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

void ExpectAlerts(const Rule& rule, const RuleCase& one, const std::string& where) {
  const std::vector<SeenAlert> alerts = CaseRun(rule, one).Run();
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

TEST(RuleCases, GiveTheirAlertsInBatch) {
  const char* directory = std::getenv("ZOOMWATCH_SOURCE_DIR");
  const std::string folder = std::string(directory == nullptr ? "." : directory) + "/rules";
  const FolderRuleSource source(folder);
  const EventCatalog catalog;
  const ReloadResult reload = LoadRuleSet({&source}, BindingChecker(catalog), RuleSet({}));
  int cases = 0;
  for (const auto& loaded : reload.set->rules()) {
    std::ifstream file(folder + "/" + loaded->file.substr(0, loaded->file.size() - 5) + ".test.yaml");
    std::ostringstream text;
    text << file.rdbuf();
    LoadResult result;
    const auto read = ReadCaseFile(text.str(), result);
    ASSERT_TRUE(read.has_value()) << loaded->file;
    for (const RuleCase& one : *read) {
      ExpectAlerts(loaded->rule, one, fmt::format("{} ({}): {}", loaded->file, one.place.line, one.name));
      ++cases;
    }
  }
  EXPECT_GE(cases, 150);
}

}  // namespace
}  // namespace zoomwatch::ruleset
