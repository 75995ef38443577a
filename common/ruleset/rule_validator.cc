#include "common/ruleset/rule_validator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "common/ruleset/alert_format.h"
#include "common/ruleset/duration.h"
#include "common/ruleset/vocabulary.h"

namespace zoomwatch::ruleset {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsHex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool IsBlank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

// 8-4-4-4-12 hexadecimal digits.
bool IsGuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !IsHex(text[i])) return false;
  }
  return true;
}

// n.n.n
bool IsVersion(std::string_view text) {
  int parts = 1;
  char before = '.';
  for (const char c : text) {
    if (c == '.' ? before == '.' : !IsDigit(c)) return false;
    parts += c == '.' ? 1 : 0;
    before = c;
  }
  return parts == 3 && before != '.';
}

// T1234 or T1234.001, of any of ATT&CK's matrices.
bool IsTechnique(std::string_view text) {
  if (text.size() != 5 && text.size() != 9) return false;
  if (text[0] != 'T' || !std::all_of(text.begin() + 1, text.begin() + 5, IsDigit)) return false;
  return text.size() == 5 || (text[5] == '.' && std::all_of(text.begin() + 6, text.end(), IsDigit));
}

bool IsDetailName(std::string_view text) {
  return !text.empty() && IsLetter(text[0]) &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsLetter(c) || IsDigit(c) || c == '_'; });
}

class Validator {
 public:
  Validator(const ReadRule& read, LoadResult& result) : rule_(read.rule), places_(read.places), result_(result) {}

  void Run() {
    CheckHead();
    CheckQuery();
    if (rule_.kind == RuleKind::kScheduled) CheckSchedule();
    CheckAttack();
    CheckEntities();
    CheckDetails();
    CheckOverride();
    CheckSuppression();
    CheckGrouping();
  }

 private:
  bool Has(std::string_view path) const { return places_.find(path) != places_.end(); }

  void Add(LoadCode code, std::string_view path, std::string_view what) {
    const auto place = places_.find(path);
    result_.Add(code, place == places_.end() ? Place{} : place->second, fmt::format("{}: {}", path, what));
  }

  void CheckLength(std::string_view path, std::string_view text, std::size_t limit) {
    const std::size_t length = CountCharacters(text);
    if (length > limit) Add(LoadCode::kTooLong, path, fmt::format("{} characters exceed {}", length, limit));
  }

  void CheckRange(std::string_view path, absl::Duration value, absl::Duration least, absl::Duration most) {
    if (!Has(path) || value == kMalformedDuration || (value >= least && value <= most)) return;
    Add(LoadCode::kOutOfRange, path,
        fmt::format("{} is not between {} and {}", RuleDurationText(value), RuleDurationText(least), RuleDurationText(most)));
  }

  void CheckColumn(std::string_view path, std::string_view column) {
    if (Has(path) && !IsColumnName(column)) Add(LoadCode::kMalformedValue, path, fmt::format("'{}' is not a column name", column));
  }

  void CheckHead() {
    if (Has("id") && !IsGuid(rule_.id)) Add(LoadCode::kMalformedValue, "id", fmt::format("'{}' is not a GUID", rule_.id));
    if (Has("name") && IsBlank(rule_.name)) Add(LoadCode::kMissingKey, "name", "is empty");
    CheckLength("name", rule_.name, kMaxName);
    CheckLength("description", rule_.description, kMaxDescription);
    CheckLength("version", rule_.version, kMaxVersion);
    if (Has("version") && !IsVersion(rule_.version)) {
      Add(LoadCode::kMalformedValue, "version", fmt::format("'{}' is not of the form 1.0.0", rule_.version));
    }
  }

  void CheckQuery() {
    if (!Has("query")) return;
    if (IsBlank(rule_.query.text)) Add(LoadCode::kMissingKey, "query", "is empty");
    CheckLength("query", rule_.query.text, kMaxQuery);
  }

  void CheckSchedule() {
    CheckRange("queryFrequency", rule_.query_frequency, kMinSchedule, kMaxSchedule);
    CheckRange("queryPeriod", rule_.query_period, kMinSchedule, kMaxSchedule);
    if (Has("triggerThreshold") && (rule_.trigger_threshold < 0 || rule_.trigger_threshold > kMaxThreshold)) {
      Add(LoadCode::kOutOfRange, "triggerThreshold", fmt::format("{} is not between 0 and {}", rule_.trigger_threshold, kMaxThreshold));
    }
    // Zero or less: absent or malformed, which is reported already.
    if (rule_.query_frequency <= absl::ZeroDuration() || rule_.query_period <= absl::ZeroDuration()) return;
    if (rule_.query_period < rule_.query_frequency) {
      Add(LoadCode::kPeriodTooShort, "queryPeriod",
          fmt::format("{} is shorter than queryFrequency, {}", RuleDurationText(rule_.query_period), RuleDurationText(rule_.query_frequency)));
    } else if (rule_.query_period >= absl::Hours(48) && rule_.query_frequency < absl::Hours(1)) {
      Add(LoadCode::kPeriodNeedsFrequency, "queryFrequency",
          fmt::format("Sentinel wants 1h or more with a queryPeriod of {}", RuleDurationText(rule_.query_period)));
    }
  }

  void CheckAttack() {
    for (std::size_t i = 0; i < rule_.tactics.size(); ++i) {
      if (!FindWord(Tactics(), rule_.tactics[i]).empty()) continue;
      Add(LoadCode::kUnknownValue, fmt::format("tactics[{}]", i), UnknownWord(Tactics(), rule_.tactics[i]));
    }
    for (std::size_t i = 0; i < rule_.techniques.size(); ++i) {
      const std::string& technique = rule_.techniques[i];
      const std::string path = fmt::format("relevantTechniques[{}]", i);
      if (!IsTechnique(technique)) {
        Add(LoadCode::kMalformedValue, path, fmt::format("'{}' is not of the form T1078 or T1078.004", technique));
      } else if (const std::string_view successor = SuccessorOf(technique); !successor.empty()) {
        Add(LoadCode::kTechniqueRetired, path, fmt::format("{} is now {}", technique, successor));
      }
    }
    if (!rule_.techniques.empty() && rule_.tactics.empty()) {
      Add(LoadCode::kTechniqueWithoutTactic, "relevantTechniques", "has techniques and there are no tactics");
    }
  }

  void CheckEntities() {
    CheckCount("entityMappings", rule_.entity_mappings.size(), kMaxEntityMappings);
    std::vector<std::string_view> type_names;
    for (const EntityType& type : EntityTypes()) type_names.push_back(type.name);
    for (std::size_t i = 0; i < rule_.entity_mappings.size(); ++i) {
      const EntityMapping& mapping = rule_.entity_mappings[i];
      const std::string path = fmt::format("entityMappings[{}]", i);
      CheckCount(path + ".fieldMappings", mapping.fields.size(), kMaxFieldMappings);
      if (mapping.type.empty()) continue;
      const auto type = std::find_if(EntityTypes().begin(), EntityTypes().end(), [&](const EntityType& one) { return one.name == mapping.type; });
      if (type == EntityTypes().end()) {
        Add(LoadCode::kBadEntity, path + ".entityType", UnknownWord(type_names, mapping.type));
      } else {
        CheckFields(path, mapping, *type);
      }
    }
  }

  void CheckFields(const std::string& path, const EntityMapping& mapping, const EntityType& type) {
    std::set<std::string_view> seen;
    for (std::size_t j = 0; j < mapping.fields.size(); ++j) {
      const FieldMapping& field = mapping.fields[j];
      const std::string field_path = fmt::format("{}.fieldMappings[{}]", path, j);
      CheckColumn(field_path + ".columnName", field.column);
      if (field.identifier.empty()) continue;
      if (std::find(type.identifiers.begin(), type.identifiers.end(), field.identifier) == type.identifiers.end()) {
        Add(LoadCode::kBadEntity, field_path + ".identifier", UnknownWord(type.identifiers, field.identifier));
      } else if (!seen.insert(field.identifier).second) {
        Add(LoadCode::kBadEntity, field_path + ".identifier", fmt::format("'{}' stands twice", field.identifier));
      }
    }
    const bool identified = std::any_of(type.identifying.begin(), type.identifying.end(), [&](std::string_view one) { return seen.contains(one); });
    if (!identified && !mapping.fields.empty()) {
      Add(LoadCode::kBadEntity, path, fmt::format("{} needs at least one of {}", type.name, fmt::join(type.identifying, ", ")));
    }
  }

  void CheckCount(std::string_view path, std::size_t count, std::size_t limit) {
    if (count > limit) Add(LoadCode::kTooMany, path, fmt::format("{} entries exceed {}", count, limit));
    if (count == 0 && Has(path)) Add(LoadCode::kMissingKey, path, "is empty");
  }

  void CheckDetails() {
    if (rule_.custom_details.size() > kMaxCustomDetails) {
      Add(LoadCode::kTooMany, "customDetails", fmt::format("{} entries exceed {}", rule_.custom_details.size(), kMaxCustomDetails));
    }
    for (const CustomDetail& detail : rule_.custom_details) {
      const std::string path = "customDetails." + detail.name;
      CheckColumn(path, detail.column);
      CheckLength(path, detail.name, kMaxDetailName);
      if (!IsDetailName(detail.name)) Add(LoadCode::kMalformedValue, path, "a name is a letter and then letters, digits and underscores");
    }
  }

  void CheckOverride() {
    const AlertDetailsOverride& details = rule_.alert_details_override;
    const std::string scope = "alertDetailsOverride.";
    CheckFormat(scope + "alertDisplayNameFormat", details.display_name_format, kMaxDisplayNameFormat);
    CheckFormat(scope + "alertDescriptionFormat", details.description_format, kMaxDescriptionFormat);
    CheckColumn(scope + "alertTacticsColumnName", details.tactics_column);
    CheckColumn(scope + "alertSeverityColumnName", details.severity_column);
    for (std::size_t i = 0; i < details.dynamic_properties.size(); ++i) {
      CheckColumn(fmt::format("{}alertDynamicProperties[{}].value", scope, i), details.dynamic_properties[i].column);
    }
  }

  void CheckFormat(const std::string& path, std::string_view format, std::size_t limit) {
    CheckLength(path, format, limit);
    const Placeholders found = FindPlaceholders(format);
    if (found.columns.size() > kMaxPlaceholders) {
      Add(LoadCode::kTooMany, path, fmt::format("{} placeholders exceed {}", found.columns.size(), kMaxPlaceholders));
    }
    if (!found.problem.empty()) Add(LoadCode::kPlaceholderMalformed, path, found.problem);
  }

  void CheckSuppression() {
    CheckRange("suppressionDuration", rule_.suppression_duration, kMinSchedule, kMaxSuppression);
    if (rule_.suppression_enabled && !Has("suppressionDuration")) {
      Add(LoadCode::kSuppressionWithoutDuration, "suppressionEnabled", "is true without a suppressionDuration");
    }
  }

  void CheckGrouping() {
    const GroupingConfiguration& grouping = rule_.incident_configuration.grouping;
    const std::string scope = "incidentConfiguration.groupingConfiguration.";
    CheckRange(scope + "lookbackDuration", grouping.lookback, kMinLookback, kMaxLookback);
    constexpr std::string_view kDetails[] = {"DisplayName", "Severity"};
    CheckWords(scope + "groupByAlertDetails", grouping.by_alert_details, kDetails);
    std::vector<std::string_view> names;
    for (const EntityMapping& mapping : rule_.entity_mappings) names.push_back(mapping.type);
    CheckWords(scope + "groupByEntities", grouping.by_entities, names);
    names.clear();
    for (const CustomDetail& detail : rule_.custom_details) names.push_back(detail.name);
    CheckWords(scope + "groupByCustomDetails", grouping.by_custom_details, names);
  }

  void CheckWords(const std::string& path, const std::vector<std::string>& values, std::span<const std::string_view> words) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (FindWord(words, values[i]).empty()) Add(LoadCode::kUnknownValue, fmt::format("{}[{}]", path, i), UnknownWord(words, values[i]));
    }
  }

  const Rule& rule_;
  const KeyPlaces& places_;
  LoadResult& result_;
};

}  // namespace

void ValidateRule(const ReadRule& read, LoadResult& result) { Validator(read, result).Run(); }

std::vector<ColumnUse> ColumnsUsed(const Rule& rule) {
  std::vector<ColumnUse> uses;
  for (std::size_t i = 0; i < rule.entity_mappings.size(); ++i) {
    const std::vector<FieldMapping>& fields = rule.entity_mappings[i].fields;
    for (std::size_t j = 0; j < fields.size(); ++j) {
      uses.push_back({fmt::format("entityMappings[{}].fieldMappings[{}].columnName", i, j), fields[j].column});
    }
  }
  for (const CustomDetail& detail : rule.custom_details) uses.push_back({"customDetails." + detail.name, detail.column});
  const AlertDetailsOverride& details = rule.alert_details_override;
  const std::string scope = "alertDetailsOverride.";
  for (const std::string& column : FindPlaceholders(details.display_name_format).columns) {
    uses.push_back({scope + "alertDisplayNameFormat", column});
  }
  for (const std::string& column : FindPlaceholders(details.description_format).columns) {
    uses.push_back({scope + "alertDescriptionFormat", column});
  }
  uses.push_back({scope + "alertTacticsColumnName", details.tactics_column});
  uses.push_back({scope + "alertSeverityColumnName", details.severity_column});
  for (std::size_t i = 0; i < details.dynamic_properties.size(); ++i) {
    uses.push_back({fmt::format("{}alertDynamicProperties[{}].value", scope, i), details.dynamic_properties[i].column});
  }
  // A column that is missing from the file is reported as that.
  std::erase_if(uses, [](const ColumnUse& use) { return use.column.empty(); });
  return uses;
}

}  // namespace zoomwatch::ruleset
