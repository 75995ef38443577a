#include "common/ruleset/key_table.h"

namespace zoomwatch::ruleset {
namespace {

using S = Scope;
using V = ValueType;
constexpr Use kReq = Use::kRequired, kExp = Use::kExpected, kOpt = Use::kOptional, kNo = Use::kUnused;

constexpr KeyRow kTable[] = {
    //                                               Scheduled NRT hunting
    {S::kRule, "id", V::kGuid, kReq, kReq, kReq},
    {S::kRule, "name", V::kText, kReq, kReq, kReq},
    {S::kRule, "kind", V::kWord, kExp, kReq, kOpt},
    {S::kRule, "description", V::kText, kExp, kExp, kExp},
    {S::kRule, "severity", V::kWord, kReq, kReq, kNo},
    {S::kRule, "status", V::kText, kOpt, kOpt, kOpt},
    {S::kRule, "enabled", V::kBool, kOpt, kOpt, kOpt},
    {S::kRule, "version", V::kText, kExp, kExp, kOpt},
    {S::kRule, "tags", V::kAny, kOpt, kOpt, kOpt},
    {S::kRule, "metadata", V::kAny, kOpt, kOpt, kOpt},
    {S::kRule, "requiredDataConnectors", V::kMappingList, kExp, kExp, kOpt, S::kDataConnector},
    {S::kRule, "tactics", V::kTextList, kExp, kExp, kExp},
    {S::kRule, "relevantTechniques", V::kTextList, kOpt, kOpt, kOpt},
    {S::kRule, "query", V::kText, kReq, kReq, kReq},
    {S::kRule, "queryFrequency", V::kDuration, kReq, kNo, kNo},
    {S::kRule, "queryPeriod", V::kDuration, kReq, kNo, kNo},
    {S::kRule, "triggerOperator", V::kWord, kReq, kNo, kNo},
    {S::kRule, "triggerThreshold", V::kInteger, kReq, kNo, kNo},
    {S::kRule, "entityMappings", V::kMappingList, kOpt, kOpt, kOpt, S::kEntityMapping},
    {S::kRule, "customDetails", V::kTextMap, kOpt, kOpt, kOpt},
    {S::kRule, "alertDetailsOverride", V::kMapping, kOpt, kOpt, kNo, S::kAlertDetailsOverride},
    {S::kRule, "eventGroupingSettings", V::kMapping, kOpt, kOpt, kNo, S::kEventGrouping},
    {S::kRule, "suppressionEnabled", V::kBool, kOpt, kOpt, kNo},
    {S::kRule, "suppressionDuration", V::kDuration, kOpt, kOpt, kNo},
    {S::kRule, "incidentConfiguration", V::kMapping, kOpt, kOpt, kNo, S::kIncident},
    {S::kRule, "sentinelEntitiesMappings", V::kAny, kNo, kNo, kNo},
    {S::kDataConnector, "connectorId", V::kText, kReq, kReq, kReq},
    {S::kDataConnector, "dataTypes", V::kTextList, kOpt, kOpt, kOpt},
    {S::kEntityMapping, "entityType", V::kWord, kReq, kReq, kReq},
    {S::kEntityMapping, "fieldMappings", V::kMappingList, kReq, kReq, kReq, S::kFieldMapping},
    {S::kFieldMapping, "identifier", V::kWord, kReq, kReq, kReq},
    {S::kFieldMapping, "columnName", V::kText, kReq, kReq, kReq},
    {S::kAlertDetailsOverride, "alertDisplayNameFormat", V::kText, kOpt, kOpt, kOpt},
    {S::kAlertDetailsOverride, "alertDescriptionFormat", V::kText, kOpt, kOpt, kOpt},
    {S::kAlertDetailsOverride, "alertTacticsColumnName", V::kText, kOpt, kOpt, kOpt},
    {S::kAlertDetailsOverride, "alertSeverityColumnName", V::kText, kOpt, kOpt, kOpt},
    {S::kAlertDetailsOverride, "alertDynamicProperties", V::kMappingList, kOpt, kOpt, kOpt, S::kDynamicProperty},
    {S::kDynamicProperty, "alertProperty", V::kText, kReq, kReq, kReq},
    {S::kDynamicProperty, "value", V::kText, kReq, kReq, kReq},
    {S::kEventGrouping, "aggregationKind", V::kWord, kReq, kReq, kReq},
    {S::kIncident, "createIncident", V::kBool, kReq, kReq, kReq},
    {S::kIncident, "groupingConfiguration", V::kMapping, kOpt, kOpt, kOpt, S::kGrouping},
    {S::kGrouping, "enabled", V::kBool, kReq, kReq, kReq},
    {S::kGrouping, "reopenClosedIncident", V::kBool, kOpt, kOpt, kOpt},
    {S::kGrouping, "lookbackDuration", V::kDuration, kOpt, kOpt, kOpt},
    {S::kGrouping, "matchingMethod", V::kWord, kOpt, kOpt, kOpt},
    {S::kGrouping, "groupByEntities", V::kTextList, kOpt, kOpt, kOpt},
    {S::kGrouping, "groupByAlertDetails", V::kTextList, kOpt, kOpt, kOpt},
    {S::kGrouping, "groupByCustomDetails", V::kTextList, kOpt, kOpt, kOpt},
};

}  // namespace

std::span<const KeyRow> KeyTable() { return kTable; }

Use UseFor(const KeyRow& row, RuleKind kind) {
  switch (kind) {
    case RuleKind::kScheduled: return row.scheduled;
    case RuleKind::kNrt: return row.nrt;
    case RuleKind::kHunting: return row.hunting;
  }
  __builtin_unreachable();
}

const KeyRow* FindKey(Scope scope, std::string_view name) {
  for (const KeyRow& row : kTable) {
    if (row.scope == scope && row.name == name) return &row;
  }
  return nullptr;
}

std::vector<std::string_view> KeyNames(Scope scope) {
  std::vector<std::string_view> names;
  for (const KeyRow& row : kTable) {
    if (row.scope == scope) names.push_back(row.name);
  }
  return names;
}

}  // namespace zoomwatch::ruleset
