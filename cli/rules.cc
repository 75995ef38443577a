// `zoomwatch rules`: checks and tests rule files offline; shows and explains the rules of a running detector.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "cli/alert_line.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/progress_line.h"
#include "cli/rules/case_run.h"
#include "cli/rules/rule_paths.h"
#include "cli/service_channel.h"
#include "common/chart/display_text.h"
#include "common/event_table/event_catalog.h"
#include "common/json/text.h"
#include "common/kql/diagnostic.h"
#include "common/ruleset/case_file.h"
#include "common/ruleset/rule_set.h"
#include "common/status/grpc_status.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/clock.h"
#include "common/time/timestamp.h"
#include "services/detector/rules/live_rule.h"
#include "zoomwatch/rule/v1/rule_service.grpc.pb.h"

namespace zoomwatch::cli {
namespace {

using ruleset::FileResult;
using ruleset::LoadedRule;

constexpr auto kFlags = WithConnectionFlags({
    {"address", "HOST:PORT", "list, explain, reload: gRPC port of the detector, or of `zoomwatch run`."},
    {"event", "ID", "explain: what became of the stored event with this EventId in the rule."},
    {"since", "TIME", "backtest: begin with events received at this time. Absent: the oldest that is kept."},
    {"until", "TIME", "backtest: only events received before this time. Absent: up to now."},
    {"json", "", "backtest: one JSON object a line, with the columns of ZoomAlerts_CL, and no summary."},
    {"without-cases", "", "test: a rule without a case file is no failure."},
    kTimeoutFlag,
});

constexpr Example kExamples[] = {
    {"is every file right, and what does not run live", "zoomwatch rules check rules/"},
    {"run the case files", "zoomwatch rules test rules/"},
    {"what a new rule would have said about the last month", "zoomwatch rules backtest new.yaml --address localhost:9191 --plaintext"},
    {"how the rules of a detector fare", "zoomwatch rules list --address localhost:9191 --plaintext"},
    {"why an event made no alert",
     "zoomwatch rules explain 6f0a7bb1-6f84-4f0e-9a5a-2f6d8f8f6a01 --event 0f8e --address localhost:9191 --plaintext"},
};

constexpr std::string_view kCaseSuffix = ".test.yaml";

struct LoadedFiles {
  std::vector<std::unique_ptr<ruleset::RuleSource>> sources;
  ruleset::ReloadResult result;
};

absl::StatusOr<LoadedFiles> Load(const std::vector<std::string>& paths) {
  LoadedFiles loaded;
  ZOOMWATCH_ASSIGN_OR_RETURN(loaded.sources, SourcesOf(paths));
  std::vector<const ruleset::RuleSource*> sources;
  for (const auto& source : loaded.sources) sources.push_back(source.get());
  const event_table::EventCatalog catalog;
  loaded.result = ruleset::LoadRuleSet(sources, ruleset::BindingChecker(catalog), ruleset::RuleSet({}));
  return loaded;
}

const LoadedRule* RuleOf(const LoadedFiles& loaded, const FileResult& file) {
  return file.outcome == FileResult::Outcome::kLoaded ? loaded.result.set->Find(file.rule_id) : nullptr;
}

// How the detector will evaluate the rule; empty: live.
std::string BatchReason(const ruleset::Rule& rule) {
  kql::Diagnostic refused;
  detector::SharedCells cells;
  const auto shared = std::make_shared<const ruleset::Rule>(rule);
  if (detector::LiveRule::Create(shared, event_table::EventCatalog(), {}, cells, refused) != nullptr) return "";
  return refused.message;
}

// A folder without rule files is easily another one than was meant.
void SayWhichAreEmpty(const std::vector<std::string>& paths, const LoadedFiles& loaded, std::ostream& out) {
  for (const std::string& path : paths) {
    const bool has_files = std::any_of(loaded.result.files.begin(), loaded.result.files.end(), [&](const FileResult& file) { return file.source == path; });
    if (!has_files) out << path << ": has no rule files (*.yaml, *.yml)\n";
  }
}

absl::StatusOr<int> Check(const std::vector<std::string>& paths, std::ostream& out) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const LoadedFiles loaded, Load(paths));
  int good = 0, bad = 0, warnings = 0;
  SayWhichAreEmpty(paths, loaded, out);
  for (const FileResult& file : loaded.result.files) {
    const std::string path = PathOf(file.source, file.file);
    for (const ruleset::LoadFinding& finding : file.result.findings) {
      out << ruleset::Explain(path, finding) << '\n';
      if (finding.impact() == ruleset::Impact::kWarning) ++warnings;
    }
    const LoadedRule* const rule = RuleOf(loaded, file);
    (rule == nullptr ? bad : good) += 1;
    if (rule == nullptr) continue;
    if (!rule->rule.enabled) {
      out << path << ": not enabled\n";
    } else if (const std::string reason = BatchReason(rule->rule); !reason.empty()) {
      out << path << ": runs in batch every " << absl::FormatDuration(rule->rule.query_frequency) << ", because of " << reason << '\n';
    }
  }
  out << fmt::format("{} rules are right, {} files are refused, {} warnings\n", good, bad, warnings);
  return bad == 0 ? kExitOk : kExitFailed;
}

// The cases of one rule. Returns how many failed.
class Tester {
 public:
  Tester(std::ostream& out, bool needs_cases) : out_(out), needs_cases_(needs_cases) {}

  void Test(const LoadedRule& loaded, const std::string& path) {
    const std::string case_path = std::filesystem::path(path).replace_extension().string() + std::string(kCaseSuffix);
    if (!std::filesystem::exists(case_path)) {
      if (needs_cases_) Fail(path, "has no case file " + case_path);
      return;
    }
    const auto text = ReadText(case_path);
    if (!text.ok()) return Fail(case_path, std::string(text.status().message()));
    ruleset::LoadResult result;
    const auto cases = ruleset::ReadCaseFile(*text, result);
    for (const ruleset::LoadFinding& finding : result.findings) out_ << ruleset::Explain(case_path, finding) << '\n';
    if (!cases) return Fail(case_path, "cannot be used");
    for (const ruleset::RuleCase& one : *cases) TestCase(loaded.rule, one, case_path);
  }

  // Of the folder: a case file with another name than its rule would never run.
  void FindCasesWithoutRule(const std::string& folder) {
    std::error_code error;
    std::set<std::string> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
      if (entry.path().string().ends_with(kCaseSuffix)) paths.insert(entry.path().string());
    }
    for (const std::string& path : paths) {
      const std::string stem = path.substr(0, path.size() - kCaseSuffix.size());
      if (!std::filesystem::exists(stem + ".yaml") && !std::filesystem::exists(stem + ".yml")) Fail(path, "there is no rule " + stem + ".yaml");
    }
  }

  int failed() const { return failed_; }
  std::string Summary(absl::Duration elapsed) const {
    const double days = absl::ToDoubleHours(virtual_time_) / 24;
    return fmt::format("{} cases passed, {} failed; {:.0f} virtual days in {:.2f} s\n", passed_, failed_, days, absl::ToDoubleSeconds(elapsed));
  }

 private:
  void TestCase(const ruleset::Rule& rule, const ruleset::RuleCase& one, const std::string& case_path) {
    const std::string where = fmt::format("{}:{}: {}", case_path, one.place.line, one.name);
    const auto outcome = RunCase(rule, one);
    if (!outcome.ok()) return Fail(where, std::string(outcome.status().message()));
    virtual_time_ += outcome->virtual_time;
    if (outcome->differences.empty()) {
      ++passed_;
      return;
    }
    std::string text;
    for (const std::string& difference : outcome->differences) text += "\n    " + difference;
    Fail(where, text);
  }

  void Fail(const std::string& where, const std::string& what) {
    ++failed_;
    out_ << "FAILED " << where << (what.starts_with('\n') ? "" : ": ") << chart::PrintableLines(what) << '\n';
  }

  std::ostream& out_;
  const bool needs_cases_;
  int passed_ = 0;
  int failed_ = 0;
  absl::Duration virtual_time_;
};

absl::StatusOr<int> Test(const std::vector<std::string>& paths, bool needs_cases, std::ostream& out) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const LoadedFiles loaded, Load(paths));
  const absl::Duration start = SystemClock::Get().Monotonic();
  Tester tester(out, needs_cases);
  bool refused = false;
  SayWhichAreEmpty(paths, loaded, out);
  for (const std::string& path : paths) tester.FindCasesWithoutRule(path);
  for (const FileResult& file : loaded.result.files) {
    const std::string path = PathOf(file.source, file.file);
    for (const ruleset::LoadFinding& finding : file.result.findings) {
      if (finding.impact() == ruleset::Impact::kError) out << ruleset::Explain(path, finding) << '\n';
    }
    const LoadedRule* const rule = RuleOf(loaded, file);
    refused = refused || rule == nullptr;
    if (rule != nullptr) tester.Test(*rule, path);
  }
  out << tester.Summary(SystemClock::Get().Monotonic() - start);
  return tester.failed() == 0 && !refused ? kExitOk : kExitFailed;
}

std::string_view StateName(rule::v1::RuleState state) {
  switch (state) {
    case rule::v1::RULE_STATE_RUNNING: return "running";
    case rule::v1::RULE_STATE_WARMING_UP: return "warming up";
    case rule::v1::RULE_STATE_FAILED: return "failed";
    case rule::v1::RULE_STATE_DISABLED: return "disabled";
    case rule::v1::RULE_STATE_REJECTED: return "rejected";
    default: return "?";
  }
}

std::string BytesText(std::int64_t bytes) {
  if (bytes < 10 * 1024) return fmt::format("{} B", bytes);
  return bytes < 10 * 1024 * 1024 ? fmt::format("{} KiB", bytes / 1024) : fmt::format("{} MiB", bytes / 1024 / 1024);
}

// From an event to the alert, in the mean.
std::string LatencyText(double seconds) {
  if (seconds == 0) return "";
  return seconds < 1 ? fmt::format("{:.0f} ms", seconds * 1000) : fmt::format("{:.1f} s", seconds);
}

using Stub = rule::v1::RuleService::Stub;

absl::Status ForEachRule(Stub& stub, absl::Duration timeout, const std::function<void(const rule::v1::Rule&)>& take) {
  rule::v1::ListRulesRequest request;
  do {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(SystemClock::Get().Now() + timeout));
    rule::v1::ListRulesResponse response;
    ZOOMWATCH_RETURN_IF_ERROR(FromGrpcStatus(stub.ListRules(&context, request, &response)));
    for (const rule::v1::Rule& rule : response.rules()) take(rule);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

absl::StatusOr<int> List(Stub& stub, absl::Duration timeout, std::ostream& out) {
  out << fmt::format("{:<44}{:<11}{:<7}{:>10}{:>8}{:>19}{:>9}{:>10}{:>9}  {}\n", "RULE", "STATE", "RUNS", "EVENTS", "ALERTS", "LAST ALERT (UTC)", "LATENCY",
                     "STATE", "CPU s", "ID");
  ZOOMWATCH_RETURN_IF_ERROR(ForEachRule(stub, timeout, [&out](const rule::v1::Rule& rule) {
    const char* const runs = rule.evaluation() == rule::v1::EVALUATION_BATCH ? "batch" : rule.evaluation() == rule::v1::EVALUATION_INCREMENTAL ? "live" : "";
    const std::string last = rule.has_last_alert_time() ? absl::FormatTime("%Y-%m-%d %H:%M", TimeOf(rule.last_alert_time()), absl::UTCTimeZone()) : "";
    out << fmt::format("{:<44}{:<11}{:<7}{:>10}{:>8}{:>19}{:>9}{:>10}{:>9.3f}  {}\n", json::CutUtf8(rule.name(), 43), StateName(rule.state()), runs,
                       rule.event_count(), rule.alert_count(), last, LatencyText(rule.mean_alert_seconds()), BytesText(rule.state_bytes()),
                       rule.cpu_seconds(), rule.rule_id());
    std::istringstream message(rule.state_message());
    for (std::string line; std::getline(message, line);) out << "    " << chart::PrintableText(line) << '\n';
    if (rule.held_count() > 0) out << "    held now: " << rule.held_count() << '\n';
  }));
  return kExitOk;
}

// The id of the rule that is meant by its id or its name, whatever the case of letters.
absl::StatusOr<std::string> FindRule(Stub& stub, const std::string& text, absl::Duration timeout) {
  std::vector<std::string> names, ids;
  ZOOMWATCH_RETURN_IF_ERROR(ForEachRule(stub, timeout, [&](const rule::v1::Rule& rule) {
    if (rule.rule_id().empty()) return;
    names.push_back(rule.name());
    if (absl::EqualsIgnoreCase(rule.rule_id(), text) || absl::EqualsIgnoreCase(rule.name(), text)) ids.push_back(rule.rule_id());
  }));
  if (ids.size() == 1) return ids.front();
  if (ids.size() > 1) return absl::InvalidArgumentError(fmt::format("several rules have the name {}: {}", text, fmt::join(ids, ", ")));
  const std::string_view nearest = kql::Nearest(text, {names.begin(), names.end()});
  return absl::NotFoundError(fmt::format("there is no rule {}{}", text, nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest)));
}

absl::StatusOr<int> Reload(Stub& stub, absl::Duration timeout, std::ostream& out) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(SystemClock::Get().Now() + timeout));
  rule::v1::ReloadRulesResponse response;
  ZOOMWATCH_RETURN_IF_ERROR(FromGrpcStatus(stub.ReloadRules(&context, {}, &response)));
  for (const std::string& name : response.added()) out << "added    " << name << '\n';
  for (const std::string& name : response.changed()) out << "changed  " << name << '\n';
  for (const std::string& name : response.removed()) out << "removed  " << name << '\n';
  for (const std::string& finding : response.findings()) out << finding << '\n';
  if (response.added().empty() && response.changed().empty() && response.removed().empty()) out << "nothing changed\n";
  return kExitOk;
}

absl::StatusOr<int> Explain(Stub& stub, const std::string& rule, const std::string& event, absl::Duration timeout, std::ostream& out) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::string id, FindRule(stub, rule, timeout));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(SystemClock::Get().Now() + timeout));
  rule::v1::ExplainRuleRequest request;
  request.set_rule_id(id);
  request.set_event_id(event);
  rule::v1::ExplainRuleResponse response;
  ZOOMWATCH_RETURN_IF_ERROR(FromGrpcStatus(stub.ExplainRule(&context, request, &response)));
  if (event.empty()) {
    if (response.not_incremental_reason().empty()) {
      out << "evaluated with each event, by this plan:\n" << response.plan();
    } else {
      out << "evaluated in batch, every queryFrequency, because:\n" << response.not_incremental_reason() << '\n';
    }
  }
  for (const std::string& step : response.event_steps()) out << chart::PrintableLines(step) << '\n';  // they show values of events
  return kExitOk;
}

absl::StatusOr<int> Backtest(Stub& stub, const std::string& path, Arguments& arguments, const Console& console) {
  rule::v1::BacktestRuleRequest request;
  ZOOMWATCH_ASSIGN_OR_RETURN(*request.mutable_rule_file(), ReadText(path));
  if (const auto since = arguments.Time("since")) *request.mutable_from_time() = TimestampOf(*since);
  if (const auto until = arguments.Time("until")) *request.mutable_to_time() = TimestampOf(*until);
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  const bool json = arguments.Has("json");
  grpc::ClientContext context;
  const auto reader = stub.BacktestRule(&context, request);
  ProgressLine line(console);
  rule::v1::BacktestRuleResponse response;
  while (reader->Read(&response)) {
    if (response.has_progress()) {
      const rule::v1::BacktestProgress& progress = response.progress();
      line.Show(progress.event_count(), progress.total_count(),
                absl::FormatTime("up to %Y-%m-%d %H:%M UTC", TimeOf(progress.event_time()), absl::UTCTimeZone()));
      continue;
    }
    line.Clear();
    if (response.has_alert()) PrintAlert(response.alert(), json, console.out);
    if (!response.has_summary()) continue;
    const rule::v1::BacktestSummary& summary = response.summary();
    if (json) continue;
    console.out << fmt::format("{} events, {} of them concern the rule; {} alerts{}; {} of state, {:.3f} s of CPU time; evaluated {}\n",
                               summary.event_count(), summary.relevant_event_count(), summary.alert_count(),
                               summary.suppressed_count() > 0 ? fmt::format(" ({} suppressed)", summary.suppressed_count()) : "",
                               BytesText(summary.state_bytes()), summary.cpu_seconds(),
                               summary.evaluation() == rule::v1::EVALUATION_BATCH ? "in batch" : "with each event");
    if (summary.held_count() > 0) {
      console.out << fmt::format("{} more are held at the end: the rule looks for what was absent, and events of its whole period are not stored\n",
                                 summary.held_count());
    }
  }
  ZOOMWATCH_RETURN_IF_ERROR(FromGrpcStatus(reader->Finish()));
  return kExitOk;
}

absl::StatusOr<int> Run(Arguments& arguments, const Console& console) {
  const std::string& action = arguments.positional()[0];
  const std::vector<std::string> rest(arguments.positional().begin() + 1, arguments.positional().end());
  const absl::Duration timeout = TimeoutOf(arguments);
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  if (action == "check" || action == "test") {
    if (rest.empty()) return Error(Reason::kUsage, action + " is followed by folders or files with rules");
    return action == "check" ? Check(rest, console.out) : Test(rest, !arguments.Has("without-cases"), console.out);
  }
  if (action != "list" && action != "reload" && action != "explain" && action != "backtest") {
    return Error(Reason::kUsage, fmt::format("unknown action '{}': check, test, backtest, list, explain or reload", action));
  }
  if (!arguments.Has("address")) return Error(Reason::kUsage, "--address HOST:PORT is required");
  const bool has_object = action == "explain" || action == "backtest";
  if (has_object != (rest.size() == 1)) {
    return Error(Reason::kUsage, has_object ? action + (action == "explain" ? " is followed by the id or the name of a rule" : " is followed by a rule file")
                                            : action + " is followed by nothing");
  }
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, OpenChannel(arguments, arguments.Text("address")));
  const auto stub = rule::v1::RuleService::NewStub(channel);
  if (action == "list") return List(*stub, timeout, console.out);
  if (action == "reload") return Reload(*stub, timeout, console.out);
  if (action == "backtest") return Backtest(*stub, rest[0], arguments, console);
  return Explain(*stub, rest[0], arguments.Text("event"), timeout, console.out);
}

}  // namespace

const CommandSpec& RulesCommand() {
  static constexpr CommandSpec kSpec = {
      .name = "rules",
      .summary = "check and test rule files; see how the rules of a detector fare",
      .description =
          "check reads rule files (folders with their subfolders, or single files) and says everything that is wrong with them, with line "
          "and column, and which rules cannot be evaluated with each event. test runs their case files (x.test.yaml beside x.yaml; "
          "docs/rules.md has the format) with a virtual clock, through the code that the detector runs. Both need nothing but the "
          "files.\n\n"
          "list shows the rules of a running detector: whether they run, on how many events, how long an alert takes from its event, at what cost. explain shows the plan of one, "
          "or, with --event, which condition let a stored event pass or stopped it. reload makes the detector read its folders now. backtest "
          "runs a rule file, which the detector need not have, over the events that it keeps, and shows what it would have alerted.",
      .flags = kFlags,
      .positional = {.value = "ACTION [PATH... | RULE]", .help = "check, test, backtest, list, explain or reload; then folders or files, or the id or name of a rule.", .least = 1, .most = 1000},
      .examples = kExamples,
      .exit_codes = "0: all is well. 1: a file is refused, a case fails, or the detector did not answer.",
      .run = &Run};
  return kSpec;
}

}  // namespace zoomwatch::cli
