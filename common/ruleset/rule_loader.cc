#include "common/ruleset/rule_loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/ruleset/duration.h"
#include "common/ruleset/query_lookback.h"
#include "common/ruleset/rule_reader.h"
#include "common/ruleset/rule_validator.h"

namespace zoomwatch::ruleset {
namespace {

constexpr std::size_t kMaxListedColumns = 20;

void CheckColumns(const ReadRule& read, const std::vector<std::string>& columns, LoadResult& result) {
  const std::vector<std::string_view> names(columns.begin(), columns.end());
  for (const ColumnUse& use : ColumnsUsed(read.rule)) {
    if (std::find(names.begin(), names.end(), use.column) != names.end()) continue;
    const auto place = read.places.find(use.path);
    const std::string_view nearest = kql::Nearest(use.column, names);
    std::string instead;
    if (!nearest.empty()) {
      instead = fmt::format(", did you mean '{}'?", nearest);
    } else if (names.size() <= kMaxListedColumns) {
      instead = fmt::format(", it has {}", fmt::join(names, ", "));
    }
    result.Add(LoadCode::kColumnUnknown, place == read.places.end() ? Place{} : place->second,
               fmt::format("{}: the query's result has no column '{}'{}", use.path, use.column, instead));
  }
}

void CheckQuery(const ReadRule& read, const QueryChecker& checker, LoadResult& result) {
  const QueryText& query = read.rule.query;
  const QueryFindings findings = checker.Check(query.text);
  for (const kql::Diagnostic& diagnostic : findings.diagnostics) {
    const LoadCode code = diagnostic.severity == kql::Severity::kError ? LoadCode::kQueryError : LoadCode::kQueryWarning;
    result.Add(code, query.PlaceOf(diagnostic.line, diagnostic.column), fmt::format("{}: {}", diagnostic.code, diagnostic.message));
  }
  if (findings.columns.has_value()) CheckColumns(read, *findings.columns, result);
}

void CheckLookbacks(const Rule& rule, LoadResult& result) {
  for (const Lookback& lookback : FindLookbacks(rule.query.text)) {
    if (lookback.length <= rule.query_period) continue;
    result.Add(LoadCode::kLookbackBeyondPeriod, rule.query.PlaceOf(lookback.line, lookback.column),
               fmt::format("query: asks for {}, and a rule with a queryPeriod of {} sees no more than that", RuleDurationText(lookback.length),
                           RuleDurationText(rule.query_period)));
  }
}

}  // namespace

std::optional<Rule> LoadRule(std::string_view text, const QueryChecker& checker, LoadResult& result) {
  std::optional<ReadRule> read = ReadRuleFile(text, result);
  if (read.has_value()) {
    ValidateRule(*read, result);
    // An empty query is reported as missing; its syntax says nothing more.
    if (read->rule.query.text.find_first_not_of(" \t\r\n") != std::string::npos) {
      CheckQuery(*read, checker, result);
      CheckLookbacks(read->rule, result);
    }
  }
  result.Sort();
  if (!read.has_value() || result.HasErrors()) return std::nullopt;
  return std::move(read->rule);
}

}  // namespace zoomwatch::ruleset
