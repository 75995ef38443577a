#include "common/ruleset/load_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace zoomwatch::ruleset {
namespace {

constexpr Impact kError = Impact::kError, kWarning = Impact::kWarning;
using C = LoadCode;

constexpr LoadCodeRow kTable[] = {
    {C::kFileUnreadable, "FILE_UNREADABLE", kError, "The file or folder cannot be read. Check its permissions."},
    {C::kFileTooLarge, "FILE_TOO_LARGE", kError, "A rule file has at most 262,144 bytes."},
    {C::kYamlMalformed, "YAML_MALFORMED", kError, "The file is not the YAML that rules are written in: one document, a mapping, "
     "without anchors, aliases, tags and merge keys."},
    {C::kDuplicateKey, "DUPLICATE_KEY", kError, "A key stands twice in one mapping. YAML readers differ in which one they take."},
    {C::kMissingKey, "MISSING_KEY", kError, "A key without which the rule has no meaning is absent or empty."},
    {C::kExpectedKeyMissing, "EXPECTED_KEY_MISSING", kWarning, "A key that today's format asks for is absent, as in older files. The "
     "message says what is assumed."},
    {C::kMisspeltKey, "MISSPELT_KEY", kError, "An unknown key that is nearly a known one. It would change nothing, silently, so the rule "
     "does not load."},
    {C::kUnknownKey, "UNKNOWN_KEY", kWarning, "A key that the format does not have. It is ignored."},
    {C::kKeyNotUsed, "KEY_NOT_USED", kWarning, "The key has no meaning for this kind of rule. It is ignored."},
    {C::kWrongType, "WRONG_TYPE", kError, "The value is a list where a text is needed, or the like."},
    {C::kMalformedValue, "MALFORMED_VALUE", kError, "The value does not have its form: a GUID, a duration, a number, true or false, a "
     "version, a technique."},
    {C::kUnknownValue, "UNKNOWN_VALUE", kError, "The value is none of the words that the key takes."},
    {C::kOutOfRange, "OUT_OF_RANGE", kError, "A number or duration is outside its limits."},
    {C::kTooLong, "TOO_LONG", kError, "A text is longer than Sentinel accepts."},
    {C::kTooMany, "TOO_MANY", kError, "A list is longer than Sentinel accepts."},
    {C::kPeriodTooShort, "PERIOD_TOO_SHORT", kError, "queryPeriod is shorter than queryFrequency: events between two runs would never be "
     "looked at."},
    {C::kPeriodNeedsFrequency, "PERIOD_NEEDS_FREQUENCY", kWarning, "Sentinel wants queryFrequency of an hour or more when queryPeriod is two "
     "days or more. It does not matter here."},
    {C::kSuppressionWithoutDuration, "SUPPRESSION_WITHOUT_DURATION", kError, "suppressionEnabled is true and there is no "
     "suppressionDuration."},
    {C::kBadEntity, "BAD_ENTITY", kError, "An entity mapping has an unknown type or identifier, the same identifier twice, or none that "
     "identifies the entity."},
    {C::kPlaceholderMalformed, "PLACEHOLDER_MALFORMED", kWarning, "A {{Column}} in alertDetailsOverride is not closed or names no column. The "
     "rule's own text is used instead."},
    {C::kTechniqueRetired, "TECHNIQUE_RETIRED", kWarning, "ATT&CK has replaced the technique; the message names its successor."},
    {C::kTechniqueWithoutTactic, "TECHNIQUE_WITHOUT_TACTIC", kWarning, "relevantTechniques without tactics. Sentinel refuses such a rule."},
    {C::kQueryError, "QUERY_ERROR", kError, "The query does not parse, or names what does not exist. The message begins with the code "
     "that Microsoft's language service or ours gives it."},
    {C::kQueryWarning, "QUERY_WARNING", kWarning, "The query is accepted and probably does not say what is meant."},
    {C::kLookbackBeyondPeriod, "LOOKBACK_BEYOND_PERIOD", kWarning, "The query asks for older events, with ago(), than queryPeriod lets it "
     "see. What is older is silently missing, in Sentinel too."},
    {C::kColumnUnknown, "COLUMN_UNKNOWN", kWarning, "An entity, a custom detail or an alert detail names a column that the query's result "
     "does not have. Alerts will lack it."},
    {C::kDuplicateId, "DUPLICATE_ID", kError, "Another file of the folder has a rule with the same id. The one that was there first stays."},
    {C::kOverridden, "OVERRIDDEN", kWarning, "A later folder has a rule with the same id, which is used instead."},
};

}  // namespace

std::span<const LoadCodeRow> LoadCodeTable() { return kTable; }

const LoadCodeRow& RowOf(LoadCode code) { return kTable[static_cast<std::size_t>(code)]; }

bool LoadResult::HasErrors() const {
  return std::any_of(findings.begin(), findings.end(), [](const LoadFinding& finding) { return finding.impact() == Impact::kError; });
}

void LoadResult::Sort() {
  std::stable_sort(findings.begin(), findings.end(), [](const LoadFinding& a, const LoadFinding& b) {
    return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
  });
}

std::string Explain(std::string_view file_name, const LoadFinding& finding) {
  const std::string_view impact = finding.impact() == Impact::kError ? "error" : "warning";
  const std::string_view name = RowOf(finding.code).name;
  if (finding.place.line == 0) return fmt::format("{}: {} {}: {}", file_name, impact, name, finding.message);
  return fmt::format("{}:{}:{}: {} {}: {}", file_name, finding.place.line, finding.place.column, impact, name, finding.message);
}

}  // namespace zoomwatch::ruleset
