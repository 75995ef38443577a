#include "services/detector/incidents/incident_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "common/json/parser.h"
#include "common/json/text.h"

namespace zoomwatch::detector {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

alert::v1::Alert MakeAlert() {
  alert::v1::Alert alert;
  alert.set_alert_id("00112233445566778899aabbccddeeff");
  alert.set_rule_id("e4779bdc-397a-4b71-be28-59e6a1e1d16b");
  alert.set_rule_name("Encryption switched off");
  alert.set_title("Encryption switched off by ann@corp.example");
  alert.set_description("End-to-end encryption was switched off.\nAsk who did it.");
  alert.set_severity(alert::v1::SEVERITY_MEDIUM);
  alert.add_tactics("DefenseEvasion");
  alert.add_tactics("Impact");
  alert.add_techniques("T1562");
  alert.mutable_alert_time()->set_seconds(1'795'000'000);
  alert.mutable_alert_time()->set_nanos(250'000'000);
  alert.set_identity("0123456789abcdef");
  alert.set_revision(2);
  alert.set_row_count(1);
  alert::v1::Entity& account = *alert.add_entities();
  account.set_type("Account");
  (*account.mutable_fields())["UPNSuffix"] = "corp.example";
  (*account.mutable_fields())["Name"] = "ann";
  (*alert.mutable_custom_details())["Setting"] = "e2e";
  alert.add_account_names("northwind");
  return alert;
}

// A text of the properties, decoded.
std::string Property(const std::string& body, const std::string& key) {
  json::Parser parser;
  json::Document document;
  EXPECT_TRUE(parser.Parse(body, document).ok()) << body;
  const json::NodeIndex node = document.Find(document.Find(json::Document::root(), json::Key("properties")), json::Key(key));
  EXPECT_NE(node, json::kNoNode) << key;
  std::string text;
  if (node != json::kNoNode) document.AppendString(node, text);
  return text;
}

TEST(IncidentName, IsAGuidThatTheAlertsIdAloneDecides) {
  EXPECT_EQ(IncidentNameOf(""), "e3b0c442-98fc-8c14-9afb-f4c8996fb924") << "SHA-256 of nothing, as a UUID of version 8";
  std::set<std::string> names;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = IncidentNameOf(std::to_string(i));
    EXPECT_THAT(name, MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    EXPECT_EQ(name, IncidentNameOf(std::to_string(i)));
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 1000U);
}

TEST(IncidentBody, HoldsWhatTheAlertSays) {
  EXPECT_EQ(IncidentBodyOf(MakeAlert()),
            R"({"properties":{"title":"Encryption switched off by ann@corp.example","severity":"Medium","status":"New",)"
            R"("description":"End-to-end encryption was switched off.\nAsk who did it.\n\nEntities: Account Name=ann, UPNSuffix=corp.example\n)"
            R"(Details: Setting=e2e\nZoom accounts: northwind\nTactics: DefenseEvasion, Impact\nTechniques: T1562\n)"
            R"(Rule: e4779bdc-397a-4b71-be28-59e6a1e1d16b (Encryption switched off)\n)"
            R"(Alert: 00112233445566778899aabbccddeeff, revision 2 of finding 0123456789abcdef, 1 rows",)"
            R"("firstActivityTimeUtc":"2026-11-18T11:06:40.250000Z","lastActivityTimeUtc":"2026-11-18T11:06:40.250000Z",)"
            R"("labels":[{"labelName":"zoomwatch"},{"labelName":"finding-0123456789abcdef"}]}})");
}

TEST(IncidentBody, NamesEverySeverityAsSentinelDoes) {
  alert::v1::Alert alert = MakeAlert();
  const std::pair<alert::v1::Severity, std::string> words[] = {{alert::v1::SEVERITY_HIGH, "High"},
                                                               {alert::v1::SEVERITY_MEDIUM, "Medium"},
                                                               {alert::v1::SEVERITY_LOW, "Low"},
                                                               {alert::v1::SEVERITY_INFORMATIONAL, "Informational"},
                                                               {alert::v1::SEVERITY_UNSPECIFIED, "Informational"}};
  for (const auto& [severity, word] : words) {
    alert.set_severity(severity);
    EXPECT_EQ(Property(IncidentBodyOf(alert), "severity"), word);
  }
}

TEST(IncidentBody, ALongDescriptionIsCutWithAMarkAndTheFactsStay) {
  alert::v1::Alert alert = MakeAlert();
  alert.set_description(std::string(100'000, 'd'));
  const std::string text = Property(IncidentBodyOf(alert), "description");
  EXPECT_EQ(Utf16Units(text), kMaxIncidentDescription);
  EXPECT_THAT(text, HasSubstr("ddd... [cut]\n\nEntities: Account"));
  EXPECT_THAT(text, EndsWith("revision 2 of finding 0123456789abcdef, 1 rows"));
}

TEST(IncidentBody, TheLimitIsExact) {
  alert::v1::Alert alert = MakeAlert();
  alert.set_description("");
  const std::size_t facts = Utf16Units(Property(IncidentBodyOf(alert), "description"));
  alert.set_description(std::string(kMaxIncidentDescription - facts - 2, 'd'));
  const std::string fits = Property(IncidentBodyOf(alert), "description");
  EXPECT_EQ(Utf16Units(fits), kMaxIncidentDescription);
  EXPECT_EQ(fits.find("[cut]"), std::string::npos);
  alert.mutable_description()->append("d");
  EXPECT_THAT(Property(IncidentBodyOf(alert), "description"), HasSubstr("... [cut]"));
  alert.set_title(std::string(kMaxIncidentTitle, 't'));
  EXPECT_EQ(Property(IncidentBodyOf(alert), "title"), std::string(kMaxIncidentTitle, 't'));
  alert.mutable_title()->append("t");
  EXPECT_EQ(Property(IncidentBodyOf(alert), "title"), std::string(kMaxIncidentTitle - 9, 't') + "... [cut]");
}

TEST(IncidentBody, CharactersBeyondTheBasicPlaneCountTwice) {
  alert::v1::Alert alert = MakeAlert();
  alert.set_title("");
  for (int i = 0; i < 200; ++i) alert.mutable_title()->append("\xF0\x9F\x98\x80");
  const std::string title = Property(IncidentBodyOf(alert), "title");
  EXPECT_LE(Utf16Units(title), kMaxIncidentTitle);
  EXPECT_GE(Utf16Units(title), kMaxIncidentTitle - 1);
  EXPECT_THAT(title, EndsWith("\xF0\x9F\x98\x80... [cut]"));
}

TEST(IncidentBody, HasATitleWhateverTheAlertHas) {
  alert::v1::Alert alert = MakeAlert();
  for (const char* const blank : {" \n", "\x01\u202e\u009b"}) {
    alert.set_title(blank);
    EXPECT_EQ(Property(IncidentBodyOf(alert), "title"), "Encryption switched off");
  }
  alert.set_rule_name("");
  EXPECT_EQ(Property(IncidentBodyOf(alert), "title"), "Alert 00112233445566778899aabbccddeeff");
  EXPECT_THAT(IncidentBodyOf(alert::v1::Alert()), StartsWith("{\"properties\":{\"title\":\"Alert \""));
}

TEST(IncidentBody, ControlCharactersBecomeSpaces) {
  alert::v1::Alert alert = MakeAlert();
  alert.set_title(std::string("a\0b\nc\x1b[31m\x7f", 11));
  EXPECT_EQ(Property(IncidentBodyOf(alert), "title"), "a b c [31m ");
  alert.set_description("one\ntwo\tthree\r\x01");
  EXPECT_THAT(Property(IncidentBodyOf(alert), "description"), StartsWith("one\ntwo\tthree  \n\n"));
}

TEST(IncidentBody, MarksThatMakeATitleLookLikeAnotherBecomeSpacesToo) {
  EXPECT_EQ(FitUtf16("a\u009bb\u202ec\u200fd\u2028e\u2066f\u061cg", 100, true), "a b c d e f g");
  const std::string kept = "\u00a0\u00e9\u0627\u200d\u2010\u2027\u202f\u2065\u206a\u4e2d";
  EXPECT_EQ(FitUtf16(kept, 100, false), kept);
}

TEST(IncidentBody, AnyBytesMakeABodyWithinTheLimits) {
  std::mt19937 random(7);
  const auto bytes = [&random](std::size_t most) {
    std::string text(random() % most, '\0');
    // Half of it from sequences of several bytes, so that cuts fall into characters.
    for (char& c : text) c = static_cast<char>(random() % 2 == 0 ? random() : 0xF0 + random() % 16);
    return text;
  };
  for (int round = 0; round < 300; ++round) {
    alert::v1::Alert alert;
    alert.set_alert_id(bytes(100));
    alert.set_identity(bytes(100));
    alert.set_title(bytes(2000));
    alert.set_description(bytes(20'000));
    alert.set_rule_name(bytes(1000));
    alert.set_rule_id(bytes(1000));
    for (int i = 0; i < 20; ++i) {
      alert::v1::Entity& entity = *alert.add_entities();
      entity.set_type(bytes(50));
      (*entity.mutable_fields())["Name"] = bytes(500);
      (*alert.mutable_custom_details())["k" + std::to_string(i)] = bytes(500);
      alert.add_tactics(bytes(100));
      alert.add_account_names(bytes(100));
    }
    const std::string body = IncidentBodyOf(alert);
    ASSERT_FALSE(json::FindInvalidUtf8(body)) << round;
    EXPECT_LE(Utf16Units(Property(body, "title")), kMaxIncidentTitle);
    EXPECT_LE(Utf16Units(Property(body, "description")), kMaxIncidentDescription);
    EXPECT_EQ(body, IncidentBodyOf(alert)) << "the same alert has the same body";
  }
}

}  // namespace
}  // namespace zoomwatch::detector
