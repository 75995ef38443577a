#include "common/ruleset/rule_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/ruleset/key_table.h"
#include "tests/unit/common/ruleset/rule_text.h"

namespace zoomwatch::ruleset {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Read {
  LoadResult result;
  Rule rule;
  KeyPlaces places;
};

Read ReadText(const std::string& text) {
  Read read;
  if (auto file = ReadRuleFile(text, read.result)) {
    read.rule = std::move(file->rule);
    read.places = std::move(file->places);
  }
  return read;
}

TEST(RuleReader, ReadsEveryKey) {
  const Read read = ReadText(R"(id: 0B5F1F0E-6A3C-4F0A-9D5E-3F2D0C9A7B11
name: Recordings deleted
description: |
  Somebody deletes recordings.
kind: Scheduled
severity: high
status: Available
enabled: false
version: 1.2.3
tags:
  - recordings
  - Schema: none
metadata: {source: {kind: Community}}
requiredDataConnectors:
  - connectorId: Zoom
    dataTypes: [ZoomLogs]
tactics: [Impact, Collection]
relevantTechniques: [T1485]
query: |
  ZoomLogs
  | summarize Count = count() by User
queryFrequency: 5m
queryPeriod: PT1H
triggerOperator: GreaterThan
triggerThreshold: 3
entityMappings:
  - entityType: Account
    fieldMappings:
      - identifier: FullName
        columnName: User
customDetails:
  Recordings: Count
alertDetailsOverride:
  alertDisplayNameFormat: "{{User}} deleted recordings"
  alertDescriptionFormat: "{{Count}} recordings"
  alertTacticsColumnName: Tactic
  alertSeverityColumnName: Severity
  alertDynamicProperties:
    - alertProperty: ProductName
      value: Product
eventGroupingSettings:
  aggregationKind: AlertPerResult
suppressionEnabled: true
suppressionDuration: 5h
incidentConfiguration:
  createIncident: false
  groupingConfiguration:
    enabled: true
    reopenClosedIncident: true
    lookbackDuration: PT5M
    matchingMethod: Selected
    groupByEntities: [Account]
    groupByAlertDetails: [Severity]
    groupByCustomDetails: [Recordings]
)");
  EXPECT_THAT(Texts(read.result), IsEmpty());
  const Rule& rule = read.rule;
  EXPECT_EQ(rule.id, "0b5f1f0e-6a3c-4f0a-9d5e-3f2d0c9a7b11");
  EXPECT_EQ(rule.name, "Recordings deleted");
  EXPECT_EQ(rule.description, "Somebody deletes recordings.\n");
  EXPECT_EQ(rule.kind, RuleKind::kScheduled);
  EXPECT_EQ(rule.severity, AlertSeverity::kHigh);
  EXPECT_EQ(rule.status, "Available");
  EXPECT_FALSE(rule.enabled);
  EXPECT_EQ(rule.version, "1.2.3");
  EXPECT_THAT(rule.tags, ElementsAre("recordings"));
  EXPECT_THAT(rule.required_data_connectors, ElementsAre(DataConnector{"Zoom", {"ZoomLogs"}}));
  EXPECT_THAT(rule.tactics, ElementsAre("Impact", "Collection"));
  EXPECT_THAT(rule.techniques, ElementsAre("T1485"));
  EXPECT_EQ(rule.query.text, "ZoomLogs\n| summarize Count = count() by User\n");
  EXPECT_EQ(rule.query_frequency, absl::Minutes(5));
  EXPECT_EQ(rule.query_period, absl::Hours(1));
  EXPECT_EQ(rule.trigger_operator, TriggerOperator::kGreaterThan);
  EXPECT_EQ(rule.trigger_threshold, 3);
  EXPECT_THAT(rule.entity_mappings, ElementsAre(EntityMapping{"Account", {{"FullName", "User"}}}));
  EXPECT_THAT(rule.custom_details, ElementsAre(CustomDetail{"Recordings", "Count"}));
  EXPECT_EQ(rule.alert_details_override,
            (AlertDetailsOverride{"{{User}} deleted recordings", "{{Count}} recordings", "Tactic", "Severity", {{"ProductName", "Product"}}}));
  EXPECT_EQ(rule.aggregation, Aggregation::kAlertPerResult);
  EXPECT_TRUE(rule.suppression_enabled);
  EXPECT_EQ(rule.suppression_duration, absl::Hours(5));
  const GroupingConfiguration grouping{true, true, absl::Minutes(5), GroupingMethod::kSelected, {"Account"}, {"Severity"}, {"Recordings"}};
  EXPECT_EQ(rule.incident_configuration, (IncidentConfiguration{false, grouping}));
}

TEST(RuleReader, FillsInDefaults) {
  const Rule rule = ReadText(RuleText().Yaml()).rule;
  EXPECT_TRUE(rule.enabled);
  EXPECT_EQ(rule.aggregation, Aggregation::kSingleAlert);
  EXPECT_FALSE(rule.suppression_enabled);
  EXPECT_TRUE(rule.incident_configuration.create_incident);
  EXPECT_FALSE(rule.incident_configuration.grouping.enabled);
  EXPECT_EQ(rule.incident_configuration.grouping.lookback, absl::Hours(5));
}

TEST(RuleReader, KnowsBothSpellingsOfTheTrigger) {
  const std::pair<const char*, TriggerOperator> cases[] = {
      {"gt", TriggerOperator::kGreaterThan}, {"lt", TriggerOperator::kLessThan}, {"eq", TriggerOperator::kEqual},
      {"ne", TriggerOperator::kNotEqual},    {"LessThan", TriggerOperator::kLessThan}, {"equal", TriggerOperator::kEqual},
      {"NotEqual", TriggerOperator::kNotEqual}};
  for (const auto& [text, trigger] : cases) {
    EXPECT_EQ(ReadText(RuleText().Set("triggerOperator", text).Yaml()).rule.trigger_operator, trigger) << text;
  }
}

TEST(RuleReader, TakesAFileWithoutScheduleForAHuntingQuery) {
  RuleText text;
  for (const char* key : {"kind", "severity", "queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold"}) text.Remove(key);
  const Read read = ReadText(text.Yaml());
  EXPECT_THAT(Texts(read.result), IsEmpty());
  EXPECT_EQ(read.rule.kind, RuleKind::kHunting);
  EXPECT_EQ(read.rule.severity, AlertSeverity::kInformational);
  EXPECT_EQ(read.rule.query_period, absl::Hours(336));
  EXPECT_EQ(read.rule.query_frequency, absl::Hours(1));
  EXPECT_EQ(read.rule.trigger_operator, TriggerOperator::kGreaterThan);
  EXPECT_EQ(read.rule.trigger_threshold, 0);
}

TEST(RuleReader, LoadsOlderFilesWithAWarningForEachKeyThatTheyLack) {
  const Read read = ReadText(RuleText().Remove("kind").Remove("version").Remove("requiredDataConnectors").Remove("tactics").Remove("description").Yaml());
  EXPECT_FALSE(read.result.HasErrors());
  EXPECT_EQ(read.rule.kind, RuleKind::kScheduled);
  EXPECT_THAT(Texts(read.result),
              ElementsAre("EXPECTED_KEY_MISSING kind: is absent, Scheduled is assumed", "EXPECTED_KEY_MISSING description: is absent, it stays empty",
                          "EXPECTED_KEY_MISSING version: is absent, it stays empty",
                          "EXPECTED_KEY_MISSING requiredDataConnectors: is absent, none are assumed",
                          "EXPECTED_KEY_MISSING tactics: is absent, it stays empty"));
}

TEST(RuleReader, GivesAnNrtRuleItsMinuteAndIgnoresASchedule) {
  const Read read = ReadText(RuleText().Set("kind", "NRT").Yaml());
  EXPECT_EQ(read.rule.kind, RuleKind::kNrt);
  EXPECT_EQ(read.rule.query_period, absl::Minutes(1));
  EXPECT_THAT(Texts(read.result), ElementsAre("KEY_NOT_USED queryFrequency: has no use in a NRT rule, ignored",
                                              "KEY_NOT_USED queryPeriod: has no use in a NRT rule, ignored",
                                              "KEY_NOT_USED triggerOperator: has no use in a NRT rule, ignored",
                                              "KEY_NOT_USED triggerThreshold: has no use in a NRT rule, ignored"));
}

TEST(RuleReader, RequiresWhatARuleCannotBeWithout) {
  for (const char* key : {"id", "name", "severity", "query", "queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold"}) {
    const Read absent = ReadText(RuleText().Remove(key).Yaml());
    EXPECT_THAT(Texts(absent.result), ElementsAre("MISSING_KEY " + std::string(key) + ": is required"));
    const Read null = ReadText(RuleText().Set(key, "").Yaml());
    EXPECT_THAT(Texts(null.result), ElementsAre("MISSING_KEY " + std::string(key) + ": is required"));
  }
}

TEST(RuleReader, TellsMisspeltKeysFromUnknownOnes) {
  const Read read = ReadText(RuleText().Set("suppresionEnabled", "true").Set("owner", "blue team").Yaml());
  EXPECT_THAT(Texts(read.result), ElementsAre("MISSPELT_KEY suppresionEnabled: unknown key, did you mean 'suppressionEnabled'?",
                                              "UNKNOWN_KEY owner: unknown key, ignored"));
  EXPECT_EQ(read.result.findings[0].place.line, 17);
  EXPECT_EQ(read.result.findings[0].place.column, 1);
}

TEST(RuleReader, ChecksKeysOfInnerMappings) {
  const Read read = ReadText(RuleText()
                                 .Set("entityMappings", "[{entityType: Account, fieldMappings: [{identifer: FullName, columnName: User}]}]")
                                 .Set("incidentConfiguration", "{createIncident: true, groupingConfiguration: {lookbackDuration: 5h}}")
                                 .Yaml());
  EXPECT_THAT(Texts(read.result),
              ElementsAre("MISSPELT_KEY entityMappings[0].fieldMappings[0].identifer: unknown key, did you mean 'identifier'?",
                          "MISSING_KEY entityMappings[0].fieldMappings[0].identifier: is required",
                          "MISSING_KEY incidentConfiguration.groupingConfiguration.enabled: is required"));
}

TEST(RuleReader, ReportsWrongTypesAndGoesOn) {
  const Read read = ReadText(RuleText()
                                 .Set("name", "[a]")
                                 .Set("tactics", "Impact")
                                 .Set("customDetails", "[a]")
                                 .Set("entityMappings", "[x]")
                                 .Set("enabled", "yes")
                                 .Set("triggerThreshold", "many")
                                 .Set("severity", "Hig")
                                 .Set("queryPeriod", "P1M")
                                 .Yaml());
  EXPECT_THAT(Texts(read.result),
              ElementsAre("WRONG_TYPE name: must be a value, not a list", "MALFORMED_VALUE enabled: 'yes' is neither true nor false",
                          "UNKNOWN_VALUE severity: 'Hig' is unknown, did you mean 'High'?", "WRONG_TYPE tactics: must be a list, not a value",
                          "MALFORMED_VALUE queryPeriod: 'P1M' is not a duration: years and months have no fixed length, use days",
                          "MALFORMED_VALUE triggerThreshold: 'many' is not a whole number",
                          "WRONG_TYPE entityMappings[0]: must be a mapping, not a value",
                          "WRONG_TYPE customDetails: must be a mapping, not a list"));
}

TEST(RuleReader, ListsTheWordsOfAShortListWhenNoneIsNear) {
  const Read read = ReadText(RuleText().Set("severity", "Catastrophic").Set("kind", "Fusion").Yaml());
  EXPECT_THAT(Texts(read.result),
              ElementsAre("UNKNOWN_VALUE kind: 'Fusion' is unknown, known are Scheduled, NRT",
                          "UNKNOWN_VALUE severity: 'Catastrophic' is unknown, known are Informational, Low, Medium, High"));
}

TEST(RuleReader, RefusesAFileThatIsNoMapping) {
  EXPECT_THAT(Texts(ReadText("").result), ElementsAre("YAML_MALFORMED a rule file is a mapping of keys to values, not nothing"));
  EXPECT_THAT(Texts(ReadText("- a\n").result), ElementsAre("YAML_MALFORMED a rule file is a mapping of keys to values, not a list"));
}

TEST(RuleReader, KeepsThePlaceOfEveryValue) {
  const Read read = ReadText("id: a\nseverity: Low\nrelevantTechniques:\n  - T1\n  - T2\nalertDetailsOverride:\n  alertDisplayNameFormat: x\n");
  EXPECT_EQ(read.places.at("id").column, 5);
  EXPECT_EQ(read.places.at("relevantTechniques[1]").line, 5);
  EXPECT_EQ(read.places.at("alertDetailsOverride.alertDisplayNameFormat").line, 7);
}

TEST(KeyTable, HasEachKeyOnceAndFindsIt) {
  for (const KeyRow& row : KeyTable()) EXPECT_EQ(FindKey(row.scope, row.name), &row) << row.name;
  EXPECT_EQ(FindKey(Scope::kRule, "nothing"), nullptr);
  EXPECT_THAT(KeyNames(Scope::kFieldMapping), ElementsAre("identifier", "columnName"));
}

}  // namespace
}  // namespace zoomwatch::ruleset
