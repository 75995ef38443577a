#include "common/ruleset/rule_reader.h"

#include <cctype>
#include <utility>

#include "common/ruleset/key_table.h"
#include "common/ruleset/vocabulary.h"
#include "common/ruleset/yaml_document.h"

namespace zoomwatch::ruleset {
namespace {

constexpr std::string_view kKinds[] = {"Scheduled", "NRT"};
constexpr std::string_view kSeverities[] = {"Informational", "Low", "Medium", "High"};
// The form of rule files, then that of Sentinel's API.
constexpr std::string_view kTriggers[] = {"gt", "lt", "eq", "ne", "GreaterThan", "LessThan", "Equal", "NotEqual"};
constexpr std::string_view kAggregations[] = {"SingleAlert", "AlertPerResult"};
constexpr std::string_view kGroupingMethods[] = {"AllEntities", "AnyAlert", "Selected"};

// A file without a kind is a hunting query when it has nothing of a schedule: the format of hunting queries has no kind.
RuleKind KindOf(const yaml::Node& root) {
  if (const yaml::Node* kind = root.Find("kind"); kind != nullptr && kind->kind == yaml::Node::Kind::kScalar) {
    return FindWord(kKinds, kind->text) == "NRT" ? RuleKind::kNrt : RuleKind::kScheduled;
  }
  for (const std::string_view key : {"severity", "queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold"}) {
    if (root.Find(key) != nullptr) return RuleKind::kScheduled;
  }
  return RuleKind::kHunting;
}

void SetDefaults(Rule& rule) {
  switch (rule.kind) {
    case RuleKind::kScheduled: return;
    case RuleKind::kNrt:
      rule.query_frequency = kNrtPeriod;
      rule.query_period = kNrtPeriod;
      return;
    case RuleKind::kHunting:
      rule.query_frequency = kHuntingFrequency;
      rule.query_period = kHuntingPeriod;
      return;
  }
}

// Tags are texts or, in some published files, mappings, which say nothing to an engine.
std::vector<std::string> ReadTags(const yaml::Node& root) {
  std::vector<std::string> tags;
  const yaml::Node* list = root.Find("tags");
  if (list == nullptr) return tags;
  for (const yaml::Node& item : list->items) {
    if (item.kind == yaml::Node::Kind::kScalar) tags.push_back(item.text);
  }
  return tags;
}

void ReadHead(MappingReader& file, Rule& rule) {
  file.Text("id", rule.id);
  for (char& c : rule.id) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  file.Text("name", rule.name);
  file.Text("description", rule.description);
  file.Text("status", rule.status);
  file.Text("version", rule.version);
  file.Bool("enabled", rule.enabled);
  file.Word("kind", kKinds, [](std::size_t) {});  // KindOf() has read it
  file.Word("severity", kSeverities, [&](std::size_t i) { rule.severity = static_cast<AlertSeverity>(i); });
  file.TextList("tactics", rule.tactics);
  file.TextList("relevantTechniques", rule.techniques);
  file.MappingList("requiredDataConnectors", [&](MappingReader& item) {
    DataConnector& connector = rule.required_data_connectors.emplace_back();
    item.Text("connectorId", connector.id);
    item.TextList("dataTypes", connector.data_types);
  });
}

void ReadSchedule(MappingReader& file, Rule& rule) {
  file.Duration("queryFrequency", rule.query_frequency);
  file.Duration("queryPeriod", rule.query_period);
  file.Word("triggerOperator", kTriggers, [&](std::size_t i) { rule.trigger_operator = static_cast<TriggerOperator>(i % 4); });
  file.Integer("triggerThreshold", rule.trigger_threshold);
}

void ReadMappings(MappingReader& file, Rule& rule) {
  file.MappingList("entityMappings", [&](MappingReader& item) {
    EntityMapping& mapping = rule.entity_mappings.emplace_back();
    item.Text("entityType", mapping.type);
    item.MappingList("fieldMappings", [&](MappingReader& field) {
      FieldMapping& target = mapping.fields.emplace_back();
      field.Text("identifier", target.identifier);
      field.Text("columnName", target.column);
    });
  });
  file.TextMap("customDetails", [&](const std::string& name, const std::string& column) {
    rule.custom_details.push_back({name, column});
  });
}

void ReadAlertDetails(MappingReader& file, Rule& rule) {
  file.Mapping("alertDetailsOverride", [&](MappingReader& inner) {
    AlertDetailsOverride& details = rule.alert_details_override;
    inner.Text("alertDisplayNameFormat", details.display_name_format);
    inner.Text("alertDescriptionFormat", details.description_format);
    inner.Text("alertTacticsColumnName", details.tactics_column);
    inner.Text("alertSeverityColumnName", details.severity_column);
    inner.MappingList("alertDynamicProperties", [&](MappingReader& item) {
      DynamicProperty& property = details.dynamic_properties.emplace_back();
      item.Text("alertProperty", property.alert_property);
      item.Text("value", property.column);
    });
  });
  file.Mapping("eventGroupingSettings", [&](MappingReader& inner) {
    inner.Word("aggregationKind", kAggregations, [&](std::size_t i) { rule.aggregation = static_cast<Aggregation>(i); });
  });
  file.Bool("suppressionEnabled", rule.suppression_enabled);
  file.Duration("suppressionDuration", rule.suppression_duration);
}

void ReadIncidents(MappingReader& file, Rule& rule) {
  file.Mapping("incidentConfiguration", [&](MappingReader& inner) {
    inner.Bool("createIncident", rule.incident_configuration.create_incident);
    inner.Mapping("groupingConfiguration", [&](MappingReader& group) {
      GroupingConfiguration& grouping = rule.incident_configuration.grouping;
      group.Bool("enabled", grouping.enabled);
      group.Bool("reopenClosedIncident", grouping.reopen_closed_incident);
      group.Duration("lookbackDuration", grouping.lookback);
      group.Word("matchingMethod", kGroupingMethods, [&](std::size_t i) { grouping.method = static_cast<GroupingMethod>(i); });
      group.TextList("groupByEntities", grouping.by_entities);
      group.TextList("groupByAlertDetails", grouping.by_alert_details);
      group.TextList("groupByCustomDetails", grouping.by_custom_details);
    });
  });
}

}  // namespace

std::optional<ReadRule> ReadRuleFile(std::string_view text, LoadResult& result) {
  const std::optional<yaml::Node> root = ParseYaml(text, result);
  if (!root.has_value()) return std::nullopt;
  if (root->kind != yaml::Node::Kind::kMapping) {
    result.Add(LoadCode::kYamlMalformed, root->place, "a rule file is a mapping of keys to values, not " + std::string(KindName(root->kind)));
    return std::nullopt;
  }
  ReadRule read;
  read.rule.kind = KindOf(*root);
  SetDefaults(read.rule);
  ReadContext context{.kind = read.rule.kind, .result = result, .places = read.places};
  MappingReader file(*root, Scope::kRule, "", context);
  file.CheckKeys();
  ReadHead(file, read.rule);
  ReadSchedule(file, read.rule);
  ReadMappings(file, read.rule);
  ReadAlertDetails(file, read.rule);
  ReadIncidents(file, read.rule);
  read.rule.tags = ReadTags(*root);
  file.Text("query", read.rule.query.text);
  if (const yaml::Node* query = root->Find("query"); query != nullptr && query->kind == yaml::Node::Kind::kScalar) {
    read.rule.query = LocateText(text, *query);
  }
  return read;
}

}  // namespace zoomwatch::ruleset
