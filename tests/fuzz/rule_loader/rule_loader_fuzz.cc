// The bytes of a rule file -> rule or findings. Properties:
//   - whatever the bytes are, there is a rule or an error, and never both;
//   - every finding has a place inside the file;
//   - a rule that loads is within the limits that an engine relies on;
//   - the same bytes give the same rule and the same findings.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "common/ruleset/rule_loader.h"
#include "common/ruleset/rule_validator.h"
#include "common/status/check.h"

namespace {

using namespace zoomwatch::ruleset;

void CheckRule(const Rule& rule) {
  ZOOMWATCH_CHECK(rule.id.size() == 36);
  ZOOMWATCH_CHECK(!rule.name.empty() && !rule.query.text.empty());
  ZOOMWATCH_CHECK(rule.query_period >= rule.query_frequency || rule.kind != RuleKind::kScheduled);
  ZOOMWATCH_CHECK(rule.query_period > absl::ZeroDuration() && rule.query_period <= kMaxSchedule);
  ZOOMWATCH_CHECK(rule.query_frequency > absl::ZeroDuration());
  ZOOMWATCH_CHECK(rule.trigger_threshold >= 0 && rule.trigger_threshold <= kMaxThreshold);
  ZOOMWATCH_CHECK(rule.entity_mappings.size() <= kMaxEntityMappings);
  ZOOMWATCH_CHECK(rule.custom_details.size() <= kMaxCustomDetails);
  ZOOMWATCH_CHECK(rule.suppression_duration <= kMaxSuppression);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const SyntaxChecker checker;
  LoadResult result, again;
  const auto rule = LoadRule(text, checker, result);
  ZOOMWATCH_CHECK(rule.has_value() != result.HasErrors());
  const auto lines = std::count(text.begin(), text.end(), '\n') + std::count(text.begin(), text.end(), '\r') + 2;
  for (const LoadFinding& finding : result.findings) {
    ZOOMWATCH_CHECK(finding.place.line >= 0 && finding.place.line <= lines);
    ZOOMWATCH_CHECK(!finding.message.empty());
  }
  if (rule.has_value()) CheckRule(*rule);
  const auto second = LoadRule(text, checker, again);
  ZOOMWATCH_CHECK(second == rule && again.findings.size() == result.findings.size());
  return 0;
}
