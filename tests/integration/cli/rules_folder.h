// A rule, the folder of a pipeline with rules, and its alerts. For tests.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "common/json/parser.h"
#include "tests/integration/cli/program.h"

namespace zoomwatch::testing {

// Alerts once for each user who is deactivated, whoever they are.
inline constexpr char kDeactivated[] = R"(id: 6f0a7bb1-6f84-4f0e-9a5a-2f6d8f8f6a01
name: User deactivated
description: A user was deactivated.
severity: Low
status: Available
kind: Scheduled
queryFrequency: 1h
queryPeriod: 1d
triggerOperator: gt
triggerThreshold: 0
tactics: [Impact]
relevantTechniques: [T1531]
query: |
  ZoomLogs
  | where Event == 'user.deactivated'
  | extend Account = tostring(Payload.payload.object.email)
  | summarize Times = count() by Account
entityMappings:
  - entityType: Account
    fieldMappings:
      - {identifier: FullName, columnName: Account}
version: 1.0.0
)";


// A text of a row at its top level; "" when there is none.
inline std::string Text(const std::string& row, const std::string& key) {
  json::Parser parser;
  json::Document document;
  EXPECT_TRUE(parser.Parse(row, document).ok()) << row;
  const json::NodeIndex node = document.Find(json::Document::root(), json::Key(key));
  return node == json::kNoNode ? "" : std::string(document.RawString(node));
}

class RulesFolder : public PipelineFolder {
 protected:
  // Rules come from the folder "rules" and from those given, absolute or relative.
  void UseRules(const std::string& more_folders = "", const std::string& reload_interval = "1s") const {
    std::filesystem::create_directories(dir_.file("rules"));
    std::ifstream file(dir_.file("all.yaml"));
    std::string config{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const std::string sink = "file: rows.jsonl";
    config.replace(config.find(sink), sink.size(), sink + ", alerts_file: alerts.jsonl");
    Write("all.yaml", config + "rules: {folders: [rules" + more_folders + "], alert_directory: alerts, reload_interval: " + reload_interval +
                          ", settle_time: 100ms, hold_without_history: false}\n");
  }
  std::vector<std::string> Alerts() const {
    std::ifstream file(dir_.file("alerts.jsonl"));
    std::vector<std::string> rows;
    for (std::string line; std::getline(file, line);) rows.push_back(line);
    return rows;
  }
  // Waits for that many, then a little longer, so that one too many would be seen.
  std::vector<std::string> WaitForAlerts(std::size_t count) const {
    for (int attempt = 0; attempt < 1500 && Alerts().size() < count; ++attempt) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    return Alerts();
  }
};

}  // namespace zoomwatch::testing
