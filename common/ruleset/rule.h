// A Sentinel rule as its file states it. Plain values; thread-compatible. Source of truth: docs/rules.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/ruleset/load_result.h"

namespace zoomwatch::ruleset {

enum class RuleKind : std::uint8_t { kScheduled, kNrt, kHunting };
enum class AlertSeverity : std::uint8_t { kInformational, kLow, kMedium, kHigh };
enum class TriggerOperator : std::uint8_t { kGreaterThan, kLessThan, kEqual, kNotEqual };
enum class Aggregation : std::uint8_t { kSingleAlert, kAlertPerResult };
enum class GroupingMethod : std::uint8_t { kAllEntities, kAnyAlert, kSelected };

// A query and where it stands in its file, so that a place in the query can be told as a place in the file.
struct QueryText {
  std::string text;
  Place start;           // of the text's first character
  bool literal = false;  // a "|" block: every line of the text is a line of the file, indented alike
  bool one_line = false;  // the text stands on one line of the file

  // Line and column from 1, as KQL diagnostics have them. Where the file's line breaks are not the text's: the start.
  Place PlaceOf(std::uint32_t line, std::uint32_t column) const {
    const int column_offset = static_cast<int>(column) - 1;
    if (literal) return {start.line + static_cast<int>(line) - 1, start.column + column_offset};
    if (one_line && line == 1) return {start.line, start.column + column_offset};
    return start;
  }
  // The same query in another place is the same query.
  friend bool operator==(const QueryText& a, const QueryText& b) { return a.text == b.text; }
};

struct FieldMapping {
  std::string identifier;
  std::string column;
  bool operator==(const FieldMapping&) const = default;
};

struct EntityMapping {
  std::string type;
  std::vector<FieldMapping> fields;
  bool operator==(const EntityMapping&) const = default;
};

struct CustomDetail {
  std::string name;
  std::string column;
  bool operator==(const CustomDetail&) const = default;
};

struct DynamicProperty {
  std::string alert_property;
  std::string column;
  bool operator==(const DynamicProperty&) const = default;
};

// Empty: the rule's own value.
struct AlertDetailsOverride {
  std::string display_name_format;
  std::string description_format;
  std::string tactics_column;
  std::string severity_column;
  std::vector<DynamicProperty> dynamic_properties;
  bool operator==(const AlertDetailsOverride&) const = default;
};

struct GroupingConfiguration {
  bool enabled = false;
  bool reopen_closed_incident = false;
  absl::Duration lookback = absl::Hours(5);
  GroupingMethod method = GroupingMethod::kAllEntities;
  std::vector<std::string> by_entities;
  std::vector<std::string> by_alert_details;
  std::vector<std::string> by_custom_details;
  bool operator==(const GroupingConfiguration&) const = default;
};

struct IncidentConfiguration {
  bool create_incident = true;
  GroupingConfiguration grouping;
  bool operator==(const IncidentConfiguration&) const = default;
};

struct DataConnector {
  std::string id;
  std::vector<std::string> data_types;
  bool operator==(const DataConnector&) const = default;
};

// Kinds other than Scheduled state no schedule; the reader fills in what holds for them on a stream (docs/rules.md).
struct Rule {
  std::string id;  // lower case
  std::string name;
  std::string description;
  RuleKind kind = RuleKind::kScheduled;
  bool enabled = true;
  AlertSeverity severity = AlertSeverity::kInformational;
  std::string status;
  std::string version;
  std::vector<std::string> tags;
  std::vector<DataConnector> required_data_connectors;
  std::vector<std::string> tactics;
  std::vector<std::string> techniques;

  QueryText query;
  absl::Duration query_frequency;
  absl::Duration query_period;
  TriggerOperator trigger_operator = TriggerOperator::kGreaterThan;
  std::int64_t trigger_threshold = 0;

  std::vector<EntityMapping> entity_mappings;
  std::vector<CustomDetail> custom_details;
  AlertDetailsOverride alert_details_override;
  Aggregation aggregation = Aggregation::kSingleAlert;
  bool suppression_enabled = false;
  absl::Duration suppression_duration;
  IncidentConfiguration incident_configuration;

  bool operator==(const Rule&) const = default;
};

// The words of the file format.
std::string_view KindName(RuleKind kind);
std::string_view SeverityName(AlertSeverity severity);
std::string_view TriggerOperatorName(TriggerOperator trigger);
std::string_view AggregationName(Aggregation aggregation);
std::string_view GroupingMethodName(GroupingMethod method);

}  // namespace zoomwatch::ruleset
