// A rule that is kept up to date against the same rule as it would run on a schedule, over random events: what a scheduled run alerts on
// was found by then; what was found was true at that moment; and nothing is found twice within the rule's period.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <random>
#include <set>

#include "common/event_table/event_catalog.h"
#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/kql/convert.h"
#include "services/detector/rules/rule_engine.h"
#include "tests/unit/services/rules/memory_tables.h"

namespace zoomwatch::detector {
namespace {

constexpr kql::Ticks kFrequency = 5 * kql::kTicksPerMinute, kPeriod = 30 * kql::kTicksPerMinute;

// The first column says which row it is.
constexpr const char* kQueries[] = {
    "ZoomLogs | where Event == 'a' | project EventId",
    "ZoomLogs | where Event == 'a' | summarize Count = count() by User | where Count > 2 | project User",
    "ZoomLogs | where Event == 'a' | join kind=leftanti (ZoomLogs | where Event == 'b') on User | project EventId",
    "ZoomLogs | where Event == 'a' | join kind=inner (ZoomLogs | where Event == 'b') on User | distinct User",
    "ZoomLogs | where Event == 'a' and TimeGenerated < ago(5m) | distinct User",
    "ZoomLogs | where Event == 'a' | where User !in ((ZoomLogs | where Event == 'b' and TimeGenerated > ago(10m) | project User)) | distinct User",
    "ZoomLogs | summarize Events = dcount(Event) by User, Bin = bin(TimeGenerated, 10m) | where Events > 1 | project Key = strcat(User, Bin)",
    "ZoomLogs | where Event == 'a' | summarize Latest = max(TimeGenerated) by User | where Latest < ago(10m) | project User",
};

using Keys = std::set<std::string>;

class Simulation {
 public:
  Simulation(const char* query, unsigned seed) : query_(kql::Compile(query, event_table::EventCatalog())), random_(seed) {
    ruleset::Rule rule;
    rule.id = "r1";
    rule.name = "Rule";
    rule.query.text = query;
    rule.query_frequency = absl::Minutes(5);
    rule.query_period = absl::Minutes(30);
    const auto loaded = std::make_shared<const ruleset::LoadedRule>(ruleset::LoadedRule{.rule = rule, .source = "", .file = "", .stale = false});
    engine_.FinishReplay(engine_.SetRules(ruleset::RuleSet({loaded}), event_table::EventCatalog()), kNewYear);
  }

  // Events for two hours, with a scheduled run every five minutes; runs are at no time at which an event comes or leaves.
  void Run(std::map<std::string, int>& classes) {
    ASSERT_TRUE(engine_.Status().front().incremental);
    std::int64_t second = 0;
    for (kql::Ticks run = kNewYear + 2 * kql::kTicksPerSecond; second < 7200; run += kFrequency) {
      while (kNewYear + second * kql::kTicksPerSecond < run) {
        const event::v1::Event event = UserEvent(Pick({"a", "a", "b", "c"}), Pick({"ann", "ben", "cem", "dee"}), second);
        tables_.Add(event);
        engine_.Insert(event, ++order_, findings_);
        CheckFindings(classes);
        second += 5 * (1 + static_cast<std::int64_t>(random_() % 60));
      }
      engine_.AdvanceTo(run, findings_);
      CheckFindings(classes);
      for (const std::string& key : BatchAt(run)) {
        ASSERT_TRUE(found_.contains(key)) << "a run at " << Second(run) << " alerts on " << key << ", which was not found by then";
        ++classes[since_last_run_.contains(key) ? "found since the last run" : "found before"];
        since_last_run_.erase(key);
      }
      classes["true only between runs"] += static_cast<int>(since_last_run_.size());
      since_last_run_.clear();
    }
  }

 private:
  void CheckFindings(std::map<std::string, int>& classes) {
    for (const EngineFinding& one : findings_) {
      const Finding& finding = one.finding;
      ASSERT_EQ(finding.rows.size(), 1U);
      const std::string key = kql::ToText(finding.rows.front().front());
      EXPECT_TRUE(BatchAt(finding.time).contains(key)) << key << " was found at " << Second(finding.time) << ", where a run does not have it";
      const auto before = found_.find(key);
      EXPECT_TRUE(before == found_.end() || finding.time - before->second >= kPeriod) << key << " was found twice, the second time at " << Second(finding.time);
      if (finding.cause == FindingCause::kExpiry) ++classes["found because of time alone"];
      found_[key] = finding.time;
      since_last_run_.insert(key);
    }
    findings_.clear();
  }
  Keys BatchAt(kql::Ticks time) {
    const auto tables = tables_.Open(time - kPeriod, time);
    const auto result = kql::ExecuteToTable(query_, *tables, {.now = time});
    EXPECT_TRUE(result.ok()) << result.status();
    Keys keys;
    for (const auto& row : result->rows) keys.insert(kql::ToText(row.front()));
    return keys;
  }
  std::string Pick(const std::vector<std::string>& choices) { return choices[random_() % choices.size()]; }
  static double Second(kql::Ticks time) { return static_cast<double>(time - kNewYear) / static_cast<double>(kql::kTicksPerSecond); }

  const kql::BoundQuery query_;
  std::mt19937 random_;
  MemoryTables tables_;
  RuleEngine engine_{{}, &tables_};
  std::uint64_t order_ = 0;
  std::vector<EngineFinding> findings_;
  std::map<std::string, kql::Ticks> found_;  // key -> its last finding
  Keys since_last_run_;
};

TEST(ScheduledRule, AlertsOnNothingThatWasNotFoundByThen) {
  for (const char* const query : kQueries) {
    std::map<std::string, int> classes;
    for (unsigned seed = 1; seed <= 30; ++seed) {
      SCOPED_TRACE(::testing::Message() << "seed " << seed << ": " << query);
      Simulation simulation(query, seed);
      simulation.Run(classes);
      if (::testing::Test::HasFailure()) return;
    }
    for (const auto& [name, count] : classes) std::printf("%5d %s\n", count, name.c_str());
    std::printf("      %s\n", query);
    EXPECT_GT(classes["found since the last run"], 50) << query;
  }
}

}  // namespace
}  // namespace zoomwatch::detector
