#include "common/ruleset/rule_validator.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/ruleset/rule_text.h"

namespace zoomwatch::ruleset {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Findings(const RuleText& text) {
  LoadResult result;
  const auto read = ReadRuleFile(text.Yaml(), result);
  EXPECT_THAT(Texts(result), IsEmpty());
  ValidateRule(*read, result);
  return Texts(result);
}
std::vector<std::string> With(const std::string& key, std::string value) { return Findings(RuleText().Set(key, std::move(value))); }

std::string Repeated(std::size_t times, const std::string& text) {
  std::string repeated;
  for (std::size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

TEST(RuleValidator, HasNothingToSayOfAGoodRule) { EXPECT_THAT(Findings(RuleText()), IsEmpty()); }

TEST(RuleValidator, WantsAGuid) {
  EXPECT_THAT(With("id", "0B5F1F0E-6A3C-4F0A-9D5E-3F2D0C9A7B11"), IsEmpty());
  for (const char* id : {"1", "0b5f1f0e6a3c4f0a9d5e3f2d0c9a7b11", "0b5f1f0e-6a3c-4f0a-9d5e-3f2d0c9a7b1g", "0b5f1f0e-6a3c-4f0a-9d5e-3f2d0c9a7b111"}) {
    EXPECT_THAT(With("id", id), ElementsAre(fmt::format("MALFORMED_VALUE id: '{}' is not a GUID", id)));
  }
}

TEST(RuleValidator, LimitsTexts) {
  EXPECT_THAT(With("name", std::string(256, 'n')), IsEmpty());
  EXPECT_THAT(With("name", std::string(257, 'n')), ElementsAre("TOO_LONG name: 257 characters exceed 256"));
  // Characters, not bytes.
  EXPECT_THAT(With("name", Repeated(256, "ß")), IsEmpty());
  EXPECT_THAT(With("name", "'  '"), ElementsAre("MISSING_KEY name: is empty"));
  EXPECT_THAT(With("description", std::string(5000, 'd')), IsEmpty());
  EXPECT_THAT(With("description", std::string(5001, 'd')), ElementsAre("TOO_LONG description: 5001 characters exceed 5000"));
  EXPECT_THAT(With("query", std::string(10'000, 'q')), IsEmpty());
  EXPECT_THAT(With("query", std::string(10'001, 'q')), ElementsAre("TOO_LONG query: 10001 characters exceed 10000"));
  EXPECT_THAT(With("query", "''"), ElementsAre("MISSING_KEY query: is empty"));
}

TEST(RuleValidator, WantsThreeNumbersAsVersion) {
  EXPECT_THAT(With("version", "10.20.30"), IsEmpty());
  for (const char* version : {"1.0", "1.0.0.0", "1..0", ".1.0", "1.0.", "1.0.a"}) {
    EXPECT_THAT(With("version", version), ElementsAre(fmt::format("MALFORMED_VALUE version: '{}' is not of the form 1.0.0", version)));
  }
  EXPECT_THAT(With("version", "1.0.1234567890123456"), IsEmpty());
  EXPECT_THAT(With("version", "1.0.12345678901234567"), ElementsAre("TOO_LONG version: 21 characters exceed 20"));
}

TEST(RuleValidator, LimitsTheSchedule) {
  EXPECT_THAT(With("queryFrequency", "5m"), IsEmpty());
  EXPECT_THAT(With("queryFrequency", "299s"), ElementsAre("OUT_OF_RANGE queryFrequency: 299s is not between 5m and 14d"));
  EXPECT_THAT(With("queryPeriod", "14d"), IsEmpty());
  EXPECT_THAT(With("queryPeriod", "337h"), ElementsAre("OUT_OF_RANGE queryPeriod: 337h is not between 5m and 14d"));
  EXPECT_THAT(With("queryPeriod", "60m"), IsEmpty());
  EXPECT_THAT(With("queryPeriod", "59m"), ElementsAre("PERIOD_TOO_SHORT queryPeriod: 59m is shorter than queryFrequency, 1h"));
  EXPECT_THAT(With("triggerThreshold", "10000"), IsEmpty());
  EXPECT_THAT(With("triggerThreshold", "10001"), ElementsAre("OUT_OF_RANGE triggerThreshold: 10001 is not between 0 and 10000"));
  EXPECT_THAT(With("triggerThreshold", "-1"), ElementsAre("OUT_OF_RANGE triggerThreshold: -1 is not between 0 and 10000"));
}

TEST(RuleValidator, WarnsOfAScheduleThatOnlySentinelRefuses) {
  EXPECT_THAT(Findings(RuleText().Set("queryFrequency", "59m").Set("queryPeriod", "47h")), IsEmpty());
  EXPECT_THAT(Findings(RuleText().Set("queryFrequency", "59m").Set("queryPeriod", "48h")),
              ElementsAre("PERIOD_NEEDS_FREQUENCY queryFrequency: Sentinel wants 1h or more with a queryPeriod of 2d"));
  EXPECT_THAT(Findings(RuleText().Set("queryFrequency", "60m").Set("queryPeriod", "48h")), IsEmpty());
}

TEST(RuleValidator, KnowsTacticsAndTheFormOfTechniques) {
  EXPECT_THAT(With("tactics", "[InitialAccess, impact, Stealth]"), IsEmpty());
  EXPECT_THAT(With("tactics", "[Initial Access]"), ElementsAre("UNKNOWN_VALUE tactics[0]: 'Initial Access' is unknown, did you mean 'InitialAccess'?"));
  EXPECT_THAT(With("relevantTechniques", "[T1566.002, T0883]"), IsEmpty());
  EXPECT_THAT(With("relevantTechniques", "[T156, t1566, T1566.2]"),
              ElementsAre("MALFORMED_VALUE relevantTechniques[0]: 'T156' is not of the form T1078 or T1078.004",
                          "MALFORMED_VALUE relevantTechniques[1]: 't1566' is not of the form T1078 or T1078.004",
                          "MALFORMED_VALUE relevantTechniques[2]: 'T1566.2' is not of the form T1078 or T1078.004"));
  EXPECT_THAT(With("relevantTechniques", "[T1192]"), ElementsAre("TECHNIQUE_RETIRED relevantTechniques[0]: T1192 is now T1566.002"));
  EXPECT_THAT(With("tactics", "[]"), ElementsAre("TECHNIQUE_WITHOUT_TACTIC relevantTechniques: has techniques and there are no tactics"));
}

std::string Mapping(const std::string& type, const std::string& fields) {
  return "[{entityType: " + type + ", fieldMappings: [" + fields + "]}]";
}

TEST(RuleValidator, ChecksEntities) {
  EXPECT_THAT(With("entityMappings", Mapping("Account", "{identifier: Name, columnName: A}, {identifier: UPNSuffix, columnName: B}")), IsEmpty());
  EXPECT_THAT(With("entityMappings", Mapping("Acount", "{identifier: Name, columnName: A}")),
              ElementsAre("BAD_ENTITY entityMappings[0].entityType: 'Acount' is unknown, did you mean 'Account'?"));
  EXPECT_THAT(With("entityMappings", Mapping("IP", "{identifier: Adress, columnName: A}")),
              ElementsAre("BAD_ENTITY entityMappings[0].fieldMappings[0].identifier: 'Adress' is unknown, did you mean 'Address'?",
                          "BAD_ENTITY entityMappings[0]: IP needs at least one of Address"));
  EXPECT_THAT(With("entityMappings", Mapping("Account", "{identifier: UPNSuffix, columnName: A}")),
              ElementsAre("BAD_ENTITY entityMappings[0]: Account needs at least one of FullName, Sid, Name, AadUserId, PUID, ObjectGuid"));
  EXPECT_THAT(With("entityMappings", Mapping("URL", "{identifier: Url, columnName: A}, {identifier: Url, columnName: B}")),
              ElementsAre("BAD_ENTITY entityMappings[0].fieldMappings[1].identifier: 'Url' stands twice"));
  EXPECT_THAT(With("entityMappings", Mapping("URL", "{identifier: Url, columnName: a b}")),
              ElementsAre("MALFORMED_VALUE entityMappings[0].fieldMappings[0].columnName: 'a b' is not a column name"));
}

TEST(RuleValidator, LimitsEntities) {
  const std::string one = "{entityType: IP, fieldMappings: [{identifier: Address, columnName: A}]}";
  const auto many = [&](std::size_t count) { return "[" + Repeated(count - 1, one + ", ") + one + "]"; };
  EXPECT_THAT(With("entityMappings", many(10)), IsEmpty());
  EXPECT_THAT(With("entityMappings", many(11)), ElementsAre("TOO_MANY entityMappings: 11 entries exceed 10"));
  EXPECT_THAT(With("entityMappings", "[]"), ElementsAre("MISSING_KEY entityMappings: is empty"));
  EXPECT_THAT(With("entityMappings", Mapping("Account", "{identifier: Name, columnName: A}, {identifier: UPNSuffix, columnName: A}, "
                                                        "{identifier: Sid, columnName: A}")),
              IsEmpty());
  EXPECT_THAT(With("entityMappings", Mapping("Account", "{identifier: Name, columnName: A}, {identifier: UPNSuffix, columnName: A}, "
                                                        "{identifier: Sid, columnName: A}, {identifier: PUID, columnName: A}")),
              ElementsAre("TOO_MANY entityMappings[0].fieldMappings: 4 entries exceed 3"));
  EXPECT_THAT(With("entityMappings", Mapping("Account", "")), ElementsAre("MISSING_KEY entityMappings[0].fieldMappings: is empty"));
}

TEST(RuleValidator, ChecksCustomDetails) {
  EXPECT_THAT(With("customDetails", "{Abcdefghijklmnopqrst: A}"), IsEmpty());
  EXPECT_THAT(With("customDetails", "{Abcdefghijklmnopqrstu: A}"),
              ElementsAre("TOO_LONG customDetails.Abcdefghijklmnopqrstu: 21 characters exceed 20"));
  EXPECT_THAT(With("customDetails", "{9x: A}"),
              ElementsAre("MALFORMED_VALUE customDetails.9x: a name is a letter and then letters, digits and underscores"));
  EXPECT_THAT(With("customDetails", "{x: a-b}"), ElementsAre("MALFORMED_VALUE customDetails.x: 'a-b' is not a column name"));
  const auto many = [](int count) {
    std::string details;
    for (int i = 0; i < count; ++i) details += fmt::format("{}d{}: A", i == 0 ? "" : ", ", i);
    return "{" + details + "}";
  };
  EXPECT_THAT(With("customDetails", many(20)), IsEmpty());
  EXPECT_THAT(With("customDetails", many(21)), ElementsAre("TOO_MANY customDetails: 21 entries exceed 20"));
}

TEST(RuleValidator, ChecksAlertDetails) {
  EXPECT_THAT(With("alertDetailsOverride", "{alertDisplayNameFormat: '{{A}} {{B}} {{C}}'}"), IsEmpty());
  EXPECT_THAT(With("alertDetailsOverride", "{alertDisplayNameFormat: '{{A}} {{B}} {{C}} {{D}}'}"),
              ElementsAre("TOO_MANY alertDetailsOverride.alertDisplayNameFormat: 4 placeholders exceed 3"));
  EXPECT_THAT(With("alertDetailsOverride", "{alertDescriptionFormat: 'a {{b c}}'}"),
              ElementsAre("PLACEHOLDER_MALFORMED alertDetailsOverride.alertDescriptionFormat: '{{b c}}' names no column"));
  EXPECT_THAT(With("alertDetailsOverride", "{alertDisplayNameFormat: " + std::string(257, 'x') + "}"),
              ElementsAre("TOO_LONG alertDetailsOverride.alertDisplayNameFormat: 257 characters exceed 256"));
  EXPECT_THAT(With("alertDetailsOverride", "{alertSeverityColumnName: a b}"),
              ElementsAre("MALFORMED_VALUE alertDetailsOverride.alertSeverityColumnName: 'a b' is not a column name"));
}

TEST(RuleValidator, ChecksSuppression) {
  EXPECT_THAT(Findings(RuleText().Set("suppressionEnabled", "true").Set("suppressionDuration", "24h")), IsEmpty());
  EXPECT_THAT(Findings(RuleText().Set("suppressionEnabled", "true").Set("suppressionDuration", "25h")),
              ElementsAre("OUT_OF_RANGE suppressionDuration: 25h is not between 5m and 1d"));
  EXPECT_THAT(With("suppressionEnabled", "true"),
              ElementsAre("SUPPRESSION_WITHOUT_DURATION suppressionEnabled: is true without a suppressionDuration"));
  EXPECT_THAT(With("suppressionEnabled", "false"), IsEmpty());
}

TEST(RuleValidator, ChecksGrouping) {
  const auto grouping = [](const std::string& more) {
    return With("incidentConfiguration", "{createIncident: true, groupingConfiguration: {enabled: true, " + more + "}}");
  };
  EXPECT_THAT(grouping("lookbackDuration: 7d"), IsEmpty());
  EXPECT_THAT(grouping("lookbackDuration: 8d"),
              ElementsAre("OUT_OF_RANGE incidentConfiguration.groupingConfiguration.lookbackDuration: 8d is not between 5m and 7d"));
  EXPECT_THAT(grouping("groupByAlertDetails: [Severity]"), IsEmpty());
  EXPECT_THAT(grouping("groupByEntities: [Account]"),
              ElementsAre("UNKNOWN_VALUE incidentConfiguration.groupingConfiguration.groupByEntities[0]: 'Account' is unknown, known are "));
}

TEST(RuleValidator, ListsTheColumnsThatARuleUses) {
  LoadResult result;
  const auto read = ReadRuleFile(RuleText()
                                     .Set("entityMappings", Mapping("URL", "{identifier: Url, columnName: A}"))
                                     .Set("customDetails", "{x: B}")
                                     .Set("alertDetailsOverride", "{alertDisplayNameFormat: '{{C}}', alertSeverityColumnName: D}")
                                     .Yaml(),
                                 result);
  std::vector<std::string> uses;
  for (const ColumnUse& use : ColumnsUsed(read->rule)) uses.push_back(use.path + "=" + use.column);
  EXPECT_THAT(uses, ElementsAre("entityMappings[0].fieldMappings[0].columnName=A", "customDetails.x=B",
                                "alertDetailsOverride.alertDisplayNameFormat=C", "alertDetailsOverride.alertSeverityColumnName=D"));
}

}  // namespace
}  // namespace zoomwatch::ruleset
