#include "common/ruleset/case_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/ruleset/rule_text.h"

namespace zoomwatch::ruleset {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kEvents[] = R"(events:
  gone:
    event: recording.deleted
    payload: {operator: ben, object: {uuid: rec-1, id: 7}}
)";

std::vector<RuleCase> Cases(const std::string& cases) {
  LoadResult result;
  auto read = ReadCaseFile(kEvents + cases, result);
  EXPECT_THAT(Texts(result), IsEmpty());
  return read.value_or(std::vector<RuleCase>());
}

std::vector<std::string> Refusal(const std::string& text) {
  LoadResult result;
  EXPECT_FALSE(ReadCaseFile(text, result).has_value());
  return Texts(result);
}

const absl::Time kStart = absl::FromUnixSeconds(1767571200);

TEST(CaseFile, ReadsStepsAndAlerts) {
  const auto cases = Cases(R"(cases:
  - name: one
    kind: near miss
    steps:
      - {at: 0s, send: gone}
      - {at: 5m, send: gone, happened: 0s}
      - {at: 1h}
    alerts:
      - {at: 5m, severity: high, row: {User: ben, Count: 2, Names: [a, "1"]}, later: {Count: 3}}
)");
  ASSERT_EQ(cases.size(), 1u);
  EXPECT_EQ(cases[0].name, "one");
  EXPECT_EQ(cases[0].kind, CaseKind::kNearMiss);
  EXPECT_EQ(cases[0].end, absl::Hours(1));
  ASSERT_EQ(cases[0].webhooks.size(), 2u);
  EXPECT_EQ(cases[0].webhooks[0].at, absl::ZeroDuration());
  EXPECT_EQ(cases[0].webhooks[1].at, absl::Minutes(5));
  EXPECT_EQ(cases[0].webhooks[1].happened, absl::ZeroDuration());
  ASSERT_EQ(cases[0].alerts.size(), 1u);
  EXPECT_EQ(cases[0].alerts[0].at, absl::Minutes(5));
  EXPECT_EQ(cases[0].alerts[0].severity, "High");
  EXPECT_THAT(cases[0].alerts[0].row, ElementsAre(Pair("User", "\"ben\""), Pair("Count", "2"), Pair("Names", "[\"a\",\"1\"]")));
  EXPECT_THAT(cases[0].alerts[0].later, ElementsAre(Pair("Count", "3")));
}

TEST(CaseFile, MakesTheSameBodyOfARepeatedDelivery) {
  const auto cases = Cases("cases: [{name: a, kind: duplicate, steps: [{at: 0s, send: gone}, {at: 5m, send: gone, happened: 0s}], alerts: []}]\n");
  EXPECT_EQ(BodyText(cases[0].webhooks[0], kStart),
            R"({"event":"recording.deleted","payload":{"operator":"ben","object":{"uuid":"rec-1","id":7}},"event_ts":1767571200000})");
  EXPECT_EQ(BodyText(cases[0].webhooks[1], kStart), BodyText(cases[0].webhooks[0], kStart));
}

TEST(CaseFile, KeepsTheEventTimeOfABodyThatHasOne) {
  const auto cases = Cases("cases: [{name: a, kind: late, steps: [{at: 5m, send: gone, with: {event_ts: 12}}], alerts: []}]\n");
  EXPECT_THAT(BodyText(cases[0].webhooks[0], kStart), ::testing::EndsWith("\"event_ts\":12}"));
}

TEST(CaseFile, ChangesValuesByPath) {
  const auto cases = Cases(
      "cases: [{name: a, kind: firing, steps: [{at: 0s, send: gone, with: {payload.object.uuid: x, payload.new.deep: [1]}, "
      "without: [payload.operator, payload.object.id]}], alerts: []}]\n");
  EXPECT_EQ(JsonText(cases[0].webhooks[0].body), R"({"event":"recording.deleted","payload":{"object":{"uuid":"x"},"new":{"deep":[1]}}})");
}

TEST(CaseFile, RepeatsAndCounts) {
  const auto cases = Cases(
      "cases: [{name: a, kind: firing, steps: [{at: 1m, send: gone, times: 3, every: 2m, with: {payload.object: {uuid: \"r{n}-{n}\"}}}, "
      "{at: 2m, send: gone}], alerts: []}]\n");
  std::vector<std::string> webhooks;
  for (const CaseWebhook& webhook : cases[0].webhooks) {
    webhooks.push_back(std::to_string(absl::ToInt64Minutes(webhook.at)) + " " + JsonText(*webhook.body.Find("payload")->Find("object")));
  }
  EXPECT_THAT(webhooks, ElementsAre(R"(1 {"uuid":"r1-1"})", R"(2 {"uuid":"rec-1","id":7})", R"(3 {"uuid":"r2-2"})", R"(5 {"uuid":"r3-3"})"));
  EXPECT_EQ(cases[0].end, absl::Minutes(5));
}

TEST(CaseFile, WritesPlainScalarsAsJson) {
  LoadResult result;
  const auto root = ParseYaml("[true, false, null, ~, 0, -12, 1.5e3, 01, 1., .5, +1, 0x1, yes, '1', \"true\", \"a\\\"\\\\\\n\\tb\", grün]", result);
  EXPECT_EQ(JsonText(*root),
            R"([true,false,null,null,0,-12,1.5e3,"01","1.",".5","+1","0x1","yes","1","true","a\"\\\u000a\u0009b","grün"])");
}

TEST(CaseFile, ReportsEverythingThatIsWrong) {
  EXPECT_THAT(Refusal("cases: []\n"), ElementsAre("MISSING_KEY the file: 'events' is required"));
  EXPECT_THAT(Refusal(std::string(kEvents) + "cases: []\n"), ElementsAre("MISSING_KEY cases: is empty"));
  EXPECT_THAT(Refusal("events: {a: 1}\ncases: [{name: x, kind: firing, steps: [], alerts: []}]\n"),
              ElementsAre("WRONG_TYPE events.a: must be a webhook's body, a mapping with 'event'"));
  EXPECT_THAT(Refusal(std::string(kEvents) + R"(cases:
  - name: a
    kind: fring
    step: []
    alerts:
      - {at: 1 hour, row: [], severty: Low}
  - name: b
    kind: late
    steps:
      - {at: 5m, send: nothing}
      - {at: 4m, send: gone, times: 0}
      - {at: 5m, send: gone, without: [payload.nothing]}
      - {at: 6m, sent: gone, times: 2}
      - {at: 7m, send: gon}
    alerts: []
)"),
              ElementsAre("MISSING_KEY a case: 'steps' is required", "UNKNOWN_VALUE kind: 'fring' is unknown, did you mean 'firing'?",
                          "MISSPELT_KEY a case: unknown key 'step', did you mean 'steps'?",
                          "MALFORMED_VALUE at: '1 hour' is not a duration: write 5m, 1h, 14d or PT5M, PT1H, P14D",
                          "WRONG_TYPE row: must be a mapping, not a list",
                          "MISSPELT_KEY an alert: unknown key 'severty', did you mean 'severity'?",
                          "UNKNOWN_VALUE send: event 'nothing' is unknown, known are gone", "OUT_OF_RANGE at: earlier than the step before",
                          "OUT_OF_RANGE times: '0' is not a number from 1, or too many webhooks",
                          "UNKNOWN_VALUE without: nothing at 'payload.nothing'",
                          "MISSING_KEY a step: 'send' is required with anything but 'at'",
                          "MISSPELT_KEY a step: unknown key 'sent', did you mean 'send'?",
                          "UNKNOWN_VALUE send: event 'gon' is unknown, did you mean 'gone'?"));
}

TEST(CaseFile, LimitsTheNumberOfWebhooks) {
  const auto text = [](int times) {
    return std::string(kEvents) + "cases: [{name: a, kind: firing, steps: [{at: 0s, send: gone, times: " + std::to_string(times) + "}], alerts: []}]\n";
  };
  LoadResult result;
  EXPECT_TRUE(ReadCaseFile(text(100'000), result).has_value());
  EXPECT_THAT(Refusal(text(100'001)), ElementsAre("OUT_OF_RANGE times: '100001' is not a number from 1, or too many webhooks"));
}

}  // namespace
}  // namespace zoomwatch::ruleset
