#include "services/detector/alerts/alert_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "common/kql/json.h"

namespace zoomwatch::detector {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

alert::v1::Alert MakeAlert() {
  alert::v1::Alert alert;
  alert.set_alert_id("0123456789abcdef0123456789abcdef");
  alert.set_rule_id("6f0a7bb1-6f84-4f0e-9a5a-2f6d8f8f6a01");
  alert.set_rule_name("Rule");
  alert.set_rule_kind("NRT");
  alert.set_title("Title of \"it\"");
  alert.set_description("What happened.");
  alert.set_severity(alert::v1::SEVERITY_HIGH);
  alert.add_tactics("Impact");
  alert.add_techniques("T1531");
  alert.mutable_alert_time()->set_seconds(1767225600);
  alert.set_cause(alert::v1::CAUSE_EXPIRY);
  alert.set_identity("00000000000000ff");
  alert.set_revision(2);
  alert::v1::Entity& entity = *alert.add_entities();
  entity.set_type("Account");
  (*entity.mutable_fields())["FullName"] = "ann@corp.example";
  (*alert.mutable_custom_details())["Place"] = "Room 1";
  alert.add_rows_json(R"({"Account":"ann@corp.example","Times":3})");
  alert.set_row_count(1);
  alert.add_event_ids("e1");
  alert.add_account_names("main");
  return alert;
}

kql::Value Parsed(const std::string& row) {
  const auto value = kql::ParseJson(row);
  EXPECT_TRUE(value.has_value() && value->is_bag()) << row;
  return value.value_or(kql::Value());
}

TEST(AlertRow, HasEveryColumnInTheirOrder) {
  std::string row;
  AppendAlertRow(MakeAlert(), {}, row);
  EXPECT_EQ(row,
            R"({"TimeGenerated":"2026-01-01T00:00:00.000000Z","AlertId":"0123456789abcdef0123456789abcdef",)"
            R"("AlertTime":"2026-01-01T00:00:00.000000Z","RuleId":"6f0a7bb1-6f84-4f0e-9a5a-2f6d8f8f6a01","RuleName":"Rule","RuleKind":"NRT",)"
            R"("AlertTitle":"Title of \"it\"","Description":"What happened.","Severity":"High","Tactics":["Impact"],"Techniques":["T1531"],)"
            R"("Cause":"expiry","Identity":"00000000000000ff","Revision":2,)"
            R"("Entities":[{"Type":"Account","FullName":"ann@corp.example"}],"CustomDetails":{"Place":"Room 1"},)"
            R"("Rows":[{"Account":"ann@corp.example","Times":3}],"RowCount":1,"EventIds":["e1"],"AccountNames":["main"]})");
  std::size_t at = 0;
  for (const AlertColumn& column : AlertColumns()) {
    const std::size_t next = row.find("\"" + std::string(column.name) + "\":", at);
    ASSERT_NE(next, std::string::npos) << column.name;
    at = next;
  }
}

TEST(AlertRow, FitsIntoItsLimitsWhateverTheAlertHolds) {
  alert::v1::Alert alert = MakeAlert();
  alert.set_title(std::string(300'000, '"'));
  alert.set_description(std::string(300'000, '\x01'));
  for (int i = 0; i < 3000; ++i) {
    alert.add_rows_json("{\"Text\":\"" + std::string(500, 'x') + "\"}");
    alert.add_event_ids("event-" + std::to_string(i));
    alert::v1::Entity& entity = *alert.add_entities();
    entity.set_type("IP");
    (*entity.mutable_fields())["Address"] = std::string(50, 'a');
  }
  alert.set_row_count(3001);
  for (const std::size_t max_row_bytes : {999'998UL, 9'998UL}) {
    std::string row;
    AppendAlertRow(alert, {.max_row_bytes = max_row_bytes}, row);
    EXPECT_LE(row.size(), max_row_bytes);
    const kql::Value parsed = Parsed(row);
    EXPECT_THAT(row, HasSubstr("...[cut: 300000 bytes, sha256 "));
    EXPECT_EQ(parsed.AsBag().Find("RowCount")->AsLong(), 3001);
    EXPECT_LT(parsed.AsBag().Find("Rows")->AsArray().size(), 3001U);
  }
}

TEST(AlertRow, AnEmptyAlertIsStillARow) {
  std::string row;
  AppendAlertRow(alert::v1::Alert(), {}, row);
  Parsed(row);
  EXPECT_THAT(row, HasSubstr(R"("Severity":"Informational")"));
  EXPECT_THAT(row, Not(HasSubstr("CustomDetails")));
}

TEST(AlertRow, TheDocumentHasEveryColumnAsItIsHere) {
  const std::string path = std::string(std::getenv("ZOOMWATCH_SOURCE_DIR")) + "/docs/alerts.md";
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::string table = "| Column | Type | Holds |\n|---|---|---|\n";
  for (const AlertColumn& column : AlertColumns()) {
    table += "| " + std::string(column.name) + " | " + std::string(column.type) + " | " + std::string(column.holds) + " |\n";
  }
  EXPECT_NE(text.find(table), std::string::npos) << path << " must have:\n" << table;
}

}  // namespace
}  // namespace zoomwatch::detector
