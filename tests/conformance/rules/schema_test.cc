// rules/schema.json, which editors use, says the same as the reader's table of keys.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include "common/ruleset/key_table.h"
#include "common/ruleset/vocabulary.h"

namespace zoomwatch::ruleset {
namespace {

namespace dom = simdjson::dom;

// The definition of a scope's mapping in the schema; that of the file is the schema itself.
std::string_view DefinitionOf(Scope scope) {
  switch (scope) {
    case Scope::kRule: return "";
    case Scope::kDataConnector: return "dataConnector";
    case Scope::kEntityMapping: return "entityMapping";
    case Scope::kFieldMapping: return "fieldMapping";
    case Scope::kAlertDetailsOverride: return "alertDetailsOverride";
    case Scope::kDynamicProperty: return "dynamicProperty";
    case Scope::kEventGrouping: return "eventGroupingSettings";
    case Scope::kIncident: return "incidentConfiguration";
    case Scope::kGrouping: return "groupingConfiguration";
  }
  __builtin_unreachable();
}

class RuleSchema : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* directory = std::getenv("ZOOMWATCH_SOURCE_DIR");
    ASSERT_EQ(parser.load(std::string(directory == nullptr ? "." : directory) + "/rules/schema.json").get(root), simdjson::SUCCESS);
  }

  dom::element Mapping(Scope scope) {
    const std::string_view name = DefinitionOf(scope);
    return name.empty() ? root : root["$defs"][name].value();
  }

  static std::set<std::string> Texts(dom::element list) {
    std::set<std::string> texts;
    for (const dom::element item : dom::array(list)) texts.emplace(std::string_view(item));
    return texts;
  }

  dom::parser parser;
  dom::element root;
};

TEST_F(RuleSchema, HasTheKeysOfTheTable) {
  std::map<Scope, std::set<std::string>> table;
  for (const KeyRow& row : KeyTable()) table[row.scope].emplace(row.name);
  for (const auto& [scope, keys] : table) {
    std::set<std::string> found;
    for (const auto& [key, value] : dom::object(Mapping(scope)["properties"])) found.emplace(key);
    EXPECT_EQ(found, keys) << DefinitionOf(scope);
  }
}

TEST_F(RuleSchema, RequiresWhatEveryKindOfRuleRequires) {
  std::map<Scope, std::set<std::string>> table;
  for (const KeyRow& row : KeyTable()) {
    if (row.scheduled == Use::kRequired && row.nrt == Use::kRequired && row.hunting == Use::kRequired) table[row.scope].emplace(row.name);
  }
  for (const auto& [scope, keys] : table) EXPECT_EQ(Texts(Mapping(scope)["required"]), keys) << DefinitionOf(scope);
}

TEST_F(RuleSchema, RequiresTheScheduleOfAScheduledRule) {
  std::set<std::string> keys;
  for (const KeyRow& row : KeyTable()) {
    if (row.scope == Scope::kRule && row.scheduled == Use::kRequired && row.hunting != Use::kRequired) keys.emplace(row.name);
  }
  EXPECT_EQ(Texts(root["allOf"].at(0)["then"]["required"]), keys);
}

TEST_F(RuleSchema, HasTheEntityTypesAndTactics) {
  std::set<std::string> types;
  for (const EntityType& type : EntityTypes()) types.emplace(type.name);
  EXPECT_EQ(Texts(root["$defs"]["entityMapping"]["properties"]["entityType"]["enum"]), types);
  std::set<std::string> tactics(Tactics().begin(), Tactics().end());
  EXPECT_EQ(Texts(root["properties"]["tactics"]["items"]["enum"]), tactics);
}

TEST_F(RuleSchema, DescribesEveryKey) {
  for (const KeyRow& row : KeyTable()) {
    std::string_view text;
    EXPECT_EQ(Mapping(row.scope)["properties"][row.name]["description"].get(text), simdjson::SUCCESS) << row.name;
  }
}

}  // namespace
}  // namespace zoomwatch::ruleset
