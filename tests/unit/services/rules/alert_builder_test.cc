// Alerts of values of any size and bytes: each fits into a message, can be read back, and says what was left out.
#include "services/detector/rules/alert_builder.h"

#include <gtest/gtest.h>

#include <string>

namespace zoomwatch::detector {
namespace {

using kql::Type;
using kql::Value;

constexpr std::size_t kFitsIntoAMessage = 3 << 20;

const kql::Schema kSchema = {{"EventId", Type::kString}, {"AccountName", Type::kString}, {"Text", Type::kString}};

ruleset::Rule RuleWithEverything() {
  ruleset::Rule rule;
  rule.id = "rule-1";
  rule.name = "Everything";
  rule.alert_details_override = {.display_name_format = "{{Text}}", .description_format = "{{Text}} {{EventId}}", .tactics_column = "Text", .severity_column = "Text"};
  for (int i = 0; i < 10; ++i) {
    rule.entity_mappings.push_back({.type = "Account" + std::to_string(i), .fields = {{"FullName", "Text"}, {"Name", "EventId"}, {"Sid", "AccountName"}}});
  }
  for (int i = 0; i < 20; ++i) rule.custom_details.push_back({.name = "Detail" + std::to_string(i), .column = "Text"});
  return rule;
}

std::vector<Value> RowOf(const std::string& id, const std::string& text) {
  return {Value::String(id), Value::String("account " + text), Value::String(text)};
}

alert::v1::Alert Build(std::vector<std::vector<Value>> rows) {
  Finding finding{.time = kql::kUnixEpoch, .cause = FindingCause::kEvent, .identity = 1, .rows = std::move(rows), .row_count = 0};
  finding.row_count = static_cast<std::int64_t>(finding.rows.size());
  const alert::v1::Alert alert = BuildAlert(RuleWithEverything(), kSchema, finding, 1);
  alert::v1::Alert read;
  EXPECT_TRUE(read.ParseFromString(alert.SerializeAsString()));
  EXPECT_EQ(read.row_count(), finding.row_count);
  EXPECT_LE(read.ByteSizeLong(), kFitsIntoAMessage);
  return read;
}

TEST(AlertBuilder, UsualValuesAreWhole) {
  const std::string text(2'000, 'x');
  const alert::v1::Alert alert = Build({RowOf("e-1", text), RowOf("e-2", text)});
  EXPECT_EQ(alert.title(), text);
  EXPECT_EQ(alert.rows_json_size(), 2);
  EXPECT_EQ(alert.event_ids_size(), 2);
  EXPECT_EQ(alert.entities_size(), 20);
  EXPECT_EQ(alert.entities(0).fields().at("FullName"), text);
}

// Many rules make a column AccountName of an address, for an entity.
TEST(AlertBuilder, AccountNamesAreThoseOfTheTable) {
  Finding finding{.time = kql::kUnixEpoch, .cause = FindingCause::kEvent, .identity = 1, .rows = {RowOf("e1", "x")}, .row_count = 1};
  EXPECT_EQ(BuildAlert(RuleWithEverything(), kSchema, finding, 1).account_names_size(), 1);
  finding.has_account_names = false;
  EXPECT_EQ(BuildAlert(RuleWithEverything(), kSchema, finding, 1).account_names_size(), 0);
}

TEST(AlertBuilder, ValuesOfMegabytesAreCutAndTheirRowsLeftOut) {
  std::string text;
  while (text.size() < 4'000'000) text += "\xe2\x82\xac";  // each cut is within a character or not
  const alert::v1::Alert alert = Build({RowOf("e-1", text), RowOf("e-2", text + "2")});
  EXPECT_EQ(alert.rows_json_size(), 0);
  EXPECT_TRUE(alert.title().ends_with("\xe2\x82\xac..."));
  EXPECT_LT(alert.title().size(), 20'000u);
  EXPECT_EQ(alert.event_ids(0), "e-1");
}

TEST(AlertBuilder, ManyLargeRowsAreCounted) {
  std::vector<std::vector<Value>> rows;
  for (std::size_t i = 0; i < kMaxFindingRows; ++i) rows.push_back(RowOf("e-" + std::to_string(i) + std::string(30'000, 'i'), std::to_string(i) + std::string(30'000, 't')));
  const alert::v1::Alert alert = Build(std::move(rows));
  EXPECT_GT(alert.rows_json_size(), 0);
  EXPECT_LT(alert.rows_json_size(), 10);
  EXPECT_GT(alert.entities_size(), 0);
  EXPECT_GT(alert.event_ids_size(), 0);
}

TEST(AlertBuilder, BytesThatAreNoUtf8AreReplaced) {
  const alert::v1::Alert alert = Build({RowOf("e\xff", "\x80\xc3")});
  EXPECT_EQ(alert.event_ids(0), "e\uFFFD");
  EXPECT_EQ(alert.title(), "\uFFFD\uFFFD");
  EXPECT_EQ(alert.rows_json(0), "{\"EventId\":\"e\uFFFD\",\"AccountName\":\"account \uFFFD\uFFFD\",\"Text\":\"\uFFFD\uFFFD\"}");
  Build({RowOf(std::string(1'000'000, '\xff'), std::string(1'000'000, '\xfe'))});
}

}  // namespace
}  // namespace zoomwatch::detector
