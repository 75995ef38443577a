#include "services/detector/api/rule_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "common/json/text.h"
#include "common/kql/binder.h"
#include "common/kql/ticks.h"
#include "common/ruleset/rule_loader.h"
#include "common/status/grpc_status.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/clock.h"
#include "common/time/timestamp.h"
#include "services/detector/api/page_token.h"
#include "services/detector/hunt/event_tables.h"
#include "services/detector/rules/alert_builder.h"
#include "services/detector/rules/backtest.h"
#include "services/detector/rules/event_explanation.h"

namespace zoomwatch::detector {
namespace {

using rule::v1::Rule;

constexpr int kDefaultPage = 100;
constexpr int kMaxPage = 1000;
constexpr std::size_t kMaxErrorBytes = 16 << 10;  // of one file

alert::v1::Severity SeverityOf(ruleset::AlertSeverity severity) {
  switch (severity) {
    case ruleset::AlertSeverity::kInformational: return alert::v1::SEVERITY_INFORMATIONAL;
    case ruleset::AlertSeverity::kLow: return alert::v1::SEVERITY_LOW;
    case ruleset::AlertSeverity::kMedium: return alert::v1::SEVERITY_MEDIUM;
    case ruleset::AlertSeverity::kHigh: return alert::v1::SEVERITY_HIGH;
  }
  return alert::v1::SEVERITY_UNSPECIFIED;
}

// The findings of a file, a line each. A file may have thousands, its name and its text any bytes.
std::string ErrorsOf(const ruleset::FileResult& file) {
  std::string text;
  int left_out = 0;
  for (const ruleset::LoadFinding& finding : file.result.findings) {
    if (finding.impact() != ruleset::Impact::kError) continue;
    if (text.size() >= kMaxErrorBytes) {
      ++left_out;
      continue;
    }
    text += (text.empty() ? "" : "\n") + ruleset::Explain(file.file, finding);
  }
  json::ReplaceInvalidUtf8(text);
  if (text.size() > kMaxErrorBytes) text = std::string(json::CutUtf8(text, kMaxErrorBytes)) + "...";
  if (left_out > 0) text += fmt::format("\nand {} more", left_out);
  return text;
}

std::string NameOf(const ruleset::FileResult& file) {
  std::string name = file.file;
  json::ReplaceInvalidUtf8(name);
  return name;
}

rule::v1::RuleState StateOf(RuleState state) {
  switch (state) {
    case RuleState::kRunning: return rule::v1::RULE_STATE_RUNNING;
    case RuleState::kHolding: return rule::v1::RULE_STATE_WARMING_UP;
    case RuleState::kFailed: return rule::v1::RULE_STATE_FAILED;
  }
  return rule::v1::RULE_STATE_UNSPECIFIED;
}

void AddStatus(const RuleStatus& status, Rule& rule) {
  rule.set_state(StateOf(status.state));
  rule.set_state_message(status.message);
  rule.set_evaluation(status.incremental ? rule::v1::EVALUATION_INCREMENTAL : rule::v1::EVALUATION_BATCH);
  rule.set_event_count(status.event_count);
  rule.set_alert_count(status.finding_count);
  rule.set_suppressed_count(status.suppressed_count);
  rule.set_held_count(status.held_count);
  rule.set_state_bytes(static_cast<std::int64_t>(status.state_bytes));
  rule.set_cpu_seconds(status.cpu_seconds);
  rule.set_mean_alert_seconds(absl::ToDoubleSeconds(status.mean_latency));
  rule.set_longest_alert_seconds(absl::ToDoubleSeconds(status.longest_latency));
  if (status.last_finding != 0) *rule.mutable_last_alert_time() = TimestampOf(kql::TimeOf(status.last_finding));
}

Rule RuleOf(const ruleset::LoadedRule& loaded, const RuleStatus* status) {
  Rule rule;
  rule.set_rule_id(loaded.rule.id);
  rule.set_name(loaded.rule.name);
  rule.set_file(loaded.file);
  rule.set_severity(SeverityOf(loaded.rule.severity));
  if (status != nullptr) {
    AddStatus(*status, rule);
  } else if (!loaded.rule.enabled) {
    rule.set_state(rule::v1::RULE_STATE_DISABLED);
    rule.set_state_message("enabled: false in its file");
  } else {
    rule.set_state(rule::v1::RULE_STATE_WARMING_UP);
    rule.set_state_message("is read and begins in a moment");
  }
  return rule;
}

template <typename List>
void AddNames(const std::vector<std::string>& ids, const ruleset::RuleSet& set, List& names) {
  for (const std::string& id : ids) {
    const ruleset::LoadedRule* const loaded = set.Find(id);
    *names.Add() = loaded != nullptr ? loaded->rule.name : id;
  }
}

}  // namespace

std::vector<Rule> RuleService::All() const {
  std::vector<Rule> rules;
  const auto load = runner_.LastLoad();
  if (load == nullptr) return rules;
  const std::vector<RuleStatus> statuses = runner_.Rules();
  std::map<std::string, const RuleStatus*> by_id;
  for (const RuleStatus& status : statuses) by_id[status.rule->rule.id] = &status;
  for (const auto& loaded : load->set->rules()) {
    const auto status = by_id.find(loaded->rule.id);
    rules.push_back(RuleOf(*loaded, status == by_id.end() ? nullptr : status->second));
  }
  for (const ruleset::FileResult& file : load->files) {
    if (file.outcome == ruleset::FileResult::Outcome::kLoaded) continue;
    const auto kept = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) { return !file.rule_id.empty() && rule.rule_id() == file.rule_id; });
    if (kept != rules.end()) {
      kept->set_state_message("its file is bad now, what it said before runs on:\n" + ErrorsOf(file));
      continue;
    }
    Rule& refused = rules.emplace_back();
    refused.set_name(NameOf(file));
    refused.set_file(NameOf(file));
    refused.set_state(rule::v1::RULE_STATE_REJECTED);
    refused.set_state_message(ErrorsOf(file));
  }
  std::sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) {
    return std::forward_as_tuple(a.name(), a.rule_id(), a.file()) < std::forward_as_tuple(b.name(), b.rule_id(), b.file());
  });
  return rules;
}

grpc::Status RuleService::ListRules(grpc::ServerContext* /*context*/, const rule::v1::ListRulesRequest* request,
                                    rule::v1::ListRulesResponse* response) {
  if (request->page_size() < 0 || request->page_size() > kMaxPage) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "page_size must be 0 to 1000"};
  }
  std::uint64_t begin = 0;
  if (!request->page_token().empty()) {
    const auto position = ParsePageToken(TokenOf::kRulePages, request->page_token());
    if (!position) return {grpc::StatusCode::INVALID_ARGUMENT, "page_token was not made by this service"};
    begin = *position;
  }
  std::vector<Rule> rules = All();
  const int size = request->page_size() == 0 ? kDefaultPage : request->page_size();
  std::size_t bytes = 0;
  for (std::uint64_t i = begin; i < rules.size(); ++i) {
    bytes += rules[i].ByteSizeLong();
    if (response->rules_size() == size || (response->rules_size() > 0 && bytes > kMaxPageBytes)) {
      response->set_next_page_token(MakePageToken(TokenOf::kRulePages, i));
      break;
    }
    *response->add_rules() = std::move(rules[i]);
  }
  return grpc::Status::OK;
}

grpc::Status RuleService::GetRule(grpc::ServerContext* /*context*/, const rule::v1::GetRuleRequest* request, rule::v1::GetRuleResponse* response) {
  for (Rule& rule : All()) {
    if (rule.rule_id().empty() || rule.rule_id() != request->rule_id()) continue;
    *response->mutable_rule() = std::move(rule);
    return grpc::Status::OK;
  }
  return ToGrpcStatus(absl::NotFoundError("there is no rule " + request->rule_id()));
}

grpc::Status RuleService::ReloadRules(grpc::ServerContext* /*context*/, const rule::v1::ReloadRulesRequest* /*request*/,
                                      rule::v1::ReloadRulesResponse* response) {
  const auto load = runner_.Reload();
  if (!load.ok()) return ToGrpcStatus(load.status());
  const ruleset::ReloadResult& result = **load;
  AddNames(result.diff.added, *result.set, *response->mutable_added());
  AddNames(result.diff.removed, *result.set, *response->mutable_removed());
  AddNames(result.diff.changed_query, *result.set, *response->mutable_changed());
  AddNames(result.diff.changed_text, *result.set, *response->mutable_changed());
  std::size_t bytes = 0;
  int left_out = 0;
  for (const auto impact : {ruleset::Impact::kError, ruleset::Impact::kWarning}) {
    for (const ruleset::FileResult& file : result.files) {
      for (const ruleset::LoadFinding& finding : file.result.findings) {
        if (finding.impact() != impact) continue;
        std::string line = ruleset::Explain(file.file, finding);
        json::ReplaceInvalidUtf8(line);
        bytes += line.size();
        if (bytes > kMaxPageBytes) ++left_out;
        else response->add_findings(std::move(line));
      }
    }
  }
  if (left_out > 0) response->add_findings(fmt::format("and {} more", left_out));
  return grpc::Status::OK;
}

grpc::Status RuleService::ExplainRule(grpc::ServerContext* /*context*/, const rule::v1::ExplainRuleRequest* request,
                                      rule::v1::ExplainRuleResponse* response) {
  return ToGrpcStatus(Explain(*request, *response));
}

grpc::Status RuleService::BacktestRule(grpc::ServerContext* context, const rule::v1::BacktestRuleRequest* request,
                                       grpc::ServerWriter<rule::v1::BacktestRuleResponse>* writer) {
  if (backtesting_.exchange(true)) return ToGrpcStatus(Error(Reason::kOverloaded, "another backtest is running"));
  const absl::Status status = Backtest(*context, *request, *writer);
  backtesting_ = false;
  return ToGrpcStatus(status);
}

absl::Status RuleService::Backtest(grpc::ServerContext& context, const rule::v1::BacktestRuleRequest& request,
                                   grpc::ServerWriter<rule::v1::BacktestRuleResponse>& writer) {
  const event_table::EventCatalog catalog = runner_.Catalog();
  ruleset::LoadResult findings;
  auto rule = ruleset::LoadRule(request.rule_file(), ruleset::BindingChecker(catalog), findings);
  if (!rule) {
    std::string text;
    for (const ruleset::LoadFinding& finding : findings.findings) text += (text.empty() ? "" : "\n") + ruleset::Explain("rule", finding);
    return absl::InvalidArgumentError(text);
  }
  absl::Time to = SystemClock::Get().Now();
  absl::Time from = std::min(log_.LeastReceiveTime(), to);
  const absl::Time oldest = from;
  if (request.has_from_time()) from = TimeOf(request.from_time());
  if (request.has_to_time()) to = std::min(to, TimeOf(request.to_time()));
  if (from > to) return absl::InvalidArgumentError("from_time is after to_time, or in the future");
  // A rule in batch runs at every multiple of its frequency from there on.
  from = std::max(from, std::min(oldest, to));

  const Clock& clock = SystemClock::Get();
  absl::Duration last_progress = clock.Monotonic();
  const BacktestOptions options{
      .from_time = from,
      .to_time = to,
      .live = {},
      .on_finding =
          [&](const EngineFinding& found) {
            rule::v1::BacktestRuleResponse response;
            *response.mutable_alert() = BuildAlert(found.rule->rule, found.schema, found.finding, 0);
            return writer.Write(response) ? absl::OkStatus() : absl::CancelledError("the caller is gone");
          },
      .check =
          [&](const BacktestProgress& progress) -> absl::Status {
        if (context.IsCancelled()) return absl::CancelledError("the caller is gone, or the deadline has passed");
        if (stopping_) return Error(Reason::kShuttingDown, "the detector is stopping");
        if (clock.Monotonic() - last_progress < absl::Seconds(1)) return absl::OkStatus();
        last_progress = clock.Monotonic();
        rule::v1::BacktestRuleResponse response;
        response.mutable_progress()->set_event_count(progress.events);
        response.mutable_progress()->set_total_count(progress.total);
        *response.mutable_progress()->mutable_event_time() = TimestampOf(progress.time);
        return writer.Write(response) ? absl::OkStatus() : absl::CancelledError("the caller is gone");
      }};
  const auto loaded = std::make_shared<const ruleset::LoadedRule>(ruleset::LoadedRule{.rule = *std::move(rule), .source = "", .file = "rule", .stale = false});
  ZOOMWATCH_ASSIGN_OR_RETURN(const BacktestResult result, detector::Backtest(log_, loaded, catalog, options));
  rule::v1::BacktestRuleResponse response;
  rule::v1::BacktestSummary& summary = *response.mutable_summary();
  summary.set_event_count(result.event_count);
  summary.set_relevant_event_count(result.status.incremental ? result.status.event_count : result.event_count);
  summary.set_alert_count(result.status.finding_count);
  summary.set_suppressed_count(result.status.suppressed_count);
  summary.set_held_count(result.status.held_count);
  summary.set_state_bytes(static_cast<std::int64_t>(result.status.state_bytes));
  summary.set_cpu_seconds(result.status.cpu_seconds);
  summary.set_evaluation(result.status.incremental ? rule::v1::EVALUATION_INCREMENTAL : rule::v1::EVALUATION_BATCH);
  return writer.Write(response) ? absl::OkStatus() : absl::CancelledError("the caller is gone");
}

absl::Status RuleService::Explain(const rule::v1::ExplainRuleRequest& request, rule::v1::ExplainRuleResponse& response) {
  const auto load = runner_.LastLoad();
  const ruleset::LoadedRule* const loaded = load == nullptr ? nullptr : load->set->Find(request.rule_id());
  if (loaded == nullptr) return absl::NotFoundError("there is no rule " + request.rule_id());
  for (const RuleStatus& status : runner_.Rules()) {
    if (status.rule->rule.id != request.rule_id()) continue;
    response.set_plan(status.plan);
    response.set_not_incremental_reason(status.not_incremental);
  }
  if (request.event_id().empty()) return absl::OkStatus();
  ZOOMWATCH_ASSIGN_OR_RETURN(const StoredEvent stored, log_.FindEvent(request.event_id()));
  const kql::Ticks now = ReceiveTicks(stored.event);
  const std::string& text = loaded->rule.query.text;
  const kql::BoundQuery query = kql::Compile(text, runner_.Catalog());
  if (query.root == nullptr) return absl::FailedPreconditionError("the query cannot be bound with the columns that are known now");
  EventTables tables(log_, now - absl::ToInt64Nanoseconds(loaded->rule.query_period) / 100, now, stored.sequence + 1);
  ZOOMWATCH_ASSIGN_OR_RETURN(std::vector<std::string> lines, ExplainEvent(query, text, tables, request.event_id(), now));
  for (std::string& line : lines) {
    json::ReplaceInvalidUtf8(line);  // it shows values
    response.add_event_steps(std::move(line));
  }
  return absl::OkStatus();
}

}  // namespace zoomwatch::detector
