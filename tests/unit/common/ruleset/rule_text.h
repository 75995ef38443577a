// A good rule file, and that file with changes: what most tests of the loader start from.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/ruleset/load_result.h"

namespace zoomwatch::ruleset {

// Builds a rule file from top-level keys in the order in which they were first set.
class RuleText {
 public:
  // A Scheduled rule without findings.
  RuleText() {
    Set("id", "0b5f1f0e-6a3c-4f0a-9d5e-3f2d0c9a7b11");
    Set("name", "Recording deleted");
    Set("kind", "Scheduled");
    Set("description", "A recording was deleted.");
    Set("severity", "Medium");
    Set("version", "1.0.0");
    Set("requiredDataConnectors", "[]");
    Set("tactics", "[Impact]");
    Set("relevantTechniques", "[T1485]");
    Set("queryFrequency", "1h");
    Set("queryPeriod", "1d");
    Set("triggerOperator", "gt");
    Set("triggerThreshold", "0");
    Set("query", "|\n  ZoomLogs\n  | where Event == \"recording.deleted\"");
  }

  RuleText& Set(const std::string& key, std::string value) {
    if (!values_.contains(key)) order_.push_back(key);
    values_[key] = std::move(value);
    return *this;
  }
  RuleText& Remove(const std::string& key) {
    values_.erase(key);
    std::erase(order_, key);
    return *this;
  }
  std::string Yaml() const {
    std::string text;
    for (const std::string& key : order_) text += key + ": " + values_.at(key) + "\n";
    return text;
  }

 private:
  std::vector<std::string> order_;
  std::map<std::string, std::string> values_;
};

// "CODE message" of each finding.
inline std::vector<std::string> Texts(const LoadResult& result) {
  std::vector<std::string> texts;
  for (const LoadFinding& finding : result.findings) texts.push_back(std::string(RowOf(finding.code).name) + " " + finding.message);
  return texts;
}

}  // namespace zoomwatch::ruleset
