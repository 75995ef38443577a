// A small rule as a file: one alert for each row of `query`, a line.
#pragma once

#include <fmt/format.h>

#include <string>

namespace zoomwatch::detector {

inline std::string RuleText(const std::string& id, const std::string& name, const std::string& query) {
  return fmt::format(R"(id: {}
name: {}
description: For a test.
kind: Scheduled
version: 1.0.0
severity: Low
requiredDataConnectors: []
tactics: [Discovery]
relevantTechniques: [T1087]
queryFrequency: 5m
queryPeriod: 1h
triggerOperator: gt
triggerThreshold: 0
query: |
  {}
entityMappings:
  - entityType: Account
    fieldMappings:
      - identifier: FullName
        columnName: EventId
eventGroupingSettings:
  aggregationKind: AlertPerResult
)", id, name, query);
}

}  // namespace zoomwatch::detector
