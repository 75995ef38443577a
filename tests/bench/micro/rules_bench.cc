// What it costs to evaluate rules with each event, as a multiple of reading the event's bytes.
//
//   rules_bench [Google Benchmark's options]
//
// Events: 2,000 invented ones of every family, normalised; an iteration is all of them, 200 microseconds apart, and each iteration goes
// on in time. "items_per_second" are events on one core.
//   decode          the event's protobuf bytes to a message: the baseline
//   shipped_rules   and the rules of rules/zoom
//   published_rules and the published rules of the corpus (ZOOMWATCH_CORPUS), hunting queries included
//   rules_N         and N generated rules: each looks at one of the events and for a user who never comes, one half with a summarize
//                   over a day
//   rules_N_pattern the same with the end of the user's name, which no index answers
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/zoom/event_bodies.h"
#include "common/ruleset/rule_set.h"
#include "services/detector/rules/rule_engine.h"
#include "services/normalizer/normalizer.h"
#include "tests/bench/micro/ratio_reporter.h"

namespace zoomwatch::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kStartSeconds = 1'767'225'600;
constexpr std::int64_t kMicrosecondsApart = 200;
constexpr std::size_t kEvents = 2000;

std::vector<std::string> MakeEvents() {
  const auto bodies = cli::EventBodies::Make({.seed = 1, .start = absl::FromUnixSeconds(kStartSeconds), .families = {}});
  const Redactor redactor;
  Normalizer normalizer(redactor);
  std::vector<std::string> events;
  for (std::size_t i = 0; bodies.ok() && i < kEvents; ++i) {
    ingest::v1::RawWebhook raw;
    raw.set_webhook_id("spool-" + std::to_string(i));
    raw.set_account_name("main");
    raw.set_body(bodies->Body(i));
    raw.mutable_receive_time()->set_seconds(kStartSeconds);
    detect::v1::EventItem item;
    normalizer.Normalize(raw, item);
    if (item.has_event()) events.push_back(item.event().SerializeAsString());
  }
  return events;
}

// A step in time for each event, over all iterations.
class Stream {
 public:
  explicit Stream(const std::vector<std::string>& events) : events_(events) {}

  // Calls `take` with each event and its number.
  template <typename Take>
  void Round(const Take& take) {
    for (const std::string& bytes : events_) {
      if (!event_.ParseFromString(bytes)) std::abort();
      const std::int64_t microseconds = static_cast<std::int64_t>(++number_) * kMicrosecondsApart;
      event_.mutable_receive_time()->set_seconds(kStartSeconds + microseconds / 1'000'000);
      event_.mutable_receive_time()->set_nanos(static_cast<std::int32_t>(microseconds % 1'000'000 * 1000));
      take(event_, number_);
    }
  }

 private:
  const std::vector<std::string>& events_;
  event::v1::Event event_;
  std::uint64_t number_ = 0;
};

void Decode(benchmark::State& state, const std::vector<std::string>& events) {
  Stream stream(events);
  for (auto _ : state) {
    stream.Round([](const event::v1::Event& event, std::uint64_t) { benchmark::DoNotOptimize(event.event().size()); });
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(events.size()));
}

void Rules(benchmark::State& state, const std::vector<std::string>& events, const ruleset::RuleSet& rules) {
  detector::RuleEngine engine({}, nullptr);
  engine.FinishReplay(engine.SetRules(rules, event_table::EventCatalog()), kql::kUnixEpoch + kStartSeconds * kql::kTicksPerSecond);
  Stream stream(events);
  std::vector<detector::EngineFinding> findings;
  std::size_t found = 0;
  for (auto _ : state) {
    stream.Round([&](const event::v1::Event& event, std::uint64_t number) { engine.Insert(event, number, findings); });
    found += findings.size();
    findings.clear();
  }
  double bytes = 0;
  int failed = 0;
  for (const detector::RuleStatus& status : engine.Status()) {
    bytes += static_cast<double>(status.state_bytes);
    failed += status.state == detector::RuleState::kFailed;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(events.size()));
  state.counters["failed"] = failed;
  state.counters["findings"] = static_cast<double>(found);
  state.counters["state_MiB"] = bytes / 1048576;
}

std::shared_ptr<const ruleset::RuleSet> ReadFolder(const fs::path& folder) {
  const ruleset::FolderRuleSource source(folder.string());
  const event_table::EventCatalog catalog;
  return ruleset::LoadRuleSet({&source}, ruleset::BindingChecker(catalog), ruleset::RuleSet({})).set;
}

// `condition` is on the user, behind whom the number of the rule comes.
std::shared_ptr<const ruleset::RuleSet> Generate(int count, const std::vector<std::string>& events, const std::string& condition) {
  std::vector<std::shared_ptr<const ruleset::LoadedRule>> rules;
  for (int i = 0; i < count; ++i) {
    event::v1::Event event;
    event.ParseFromString(events[static_cast<std::size_t>(i) % events.size()]);
    ruleset::Rule rule;
    rule.id = std::to_string(i);
    rule.name = "Rule " + rule.id;
    rule.query.text = "ZoomLogs | where Event == '" + event.event() + "' and User " + condition + " 'nobody" + rule.id + "@corp.example'" +
                      (i % 2 == 0 ? " | summarize Times = count(), Last = max(TimeGenerated) by UserId | where Times > 3" : "");
    rule.query_frequency = absl::Hours(1);
    rule.query_period = absl::Hours(24);
    rules.push_back(std::make_shared<const ruleset::LoadedRule>(ruleset::LoadedRule{.rule = rule, .source = "", .file = "", .stale = false}));
  }
  return std::make_shared<const ruleset::RuleSet>(std::move(rules));
}

}  // namespace
}  // namespace zoomwatch::bench

int main(int argc, char** argv) {
  using namespace zoomwatch::bench;
  const std::vector<std::string> events = MakeEvents();
  if (events.empty()) return 1;
  benchmark::RegisterBenchmark("decode", [&](benchmark::State& state) { Decode(state, events); });
  const auto add = [&](const char* name, const std::shared_ptr<const zoomwatch::ruleset::RuleSet>& rules) {
    std::printf("%s: %zu rules\n", name, rules->rules().size());
    benchmark::RegisterBenchmark(name, [&events, rules](benchmark::State& state) { Rules(state, events, *rules); });
  };
  add("shipped_rules", ReadFolder(fs::path(ZOOMWATCH_SOURCE_DIR) / "rules"));
  if (const char* const corpus = std::getenv("ZOOMWATCH_CORPUS")) add("published_rules", ReadFolder(fs::path(corpus) / "sentinel-zoom"));
  add("rules_1000", Generate(1000, events, "=="));
  add("rules_3000", Generate(3000, events, "=="));
  add("rules_3000_pattern", Generate(3000, events, "endswith"));
  return RunWithRatios(argc, argv, "decode");
}
