// The template of the Azure side (azure/main.json), the streams of the fake and the rows that the detector sends agree.
#include "tests/fakes/azure_monitor/event_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "cli/zoom/event_bodies.h"
#include "common/event_table/event_row.h"
#include "services/detector/alerts/alert_row.h"
#include "services/normalizer/normalizer.h"
#include "tests/fakes/azure_monitor/call_reader.h"

namespace zoomwatch::fakes {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'795'000'000);

std::vector<Stream> TemplateStreams() {
  std::ifstream file(std::string(std::getenv("ZOOMWATCH_SOURCE_DIR")) + "/azure/main.json");
  std::ostringstream text;
  text << file.rdbuf();
  const auto streams = ReadStreams(text.str());
  EXPECT_TRUE(streams.ok()) << streams.status();
  return streams.ok() ? *streams : std::vector<Stream>();
}

std::vector<std::pair<std::string, ColumnType>> ColumnsOf(const Stream& stream) {
  std::vector<std::pair<std::string, ColumnType>> columns;
  for (const Column& column : stream.columns) columns.emplace_back(column.name, column.type);
  return columns;
}

// Nothing of the row is left out or changed by the table of that stream.
void ExpectKeptWhole(const std::string& row, const Stream& stream) {
  const AzureLimits limits;
  CallRows rows;
  const auto refusal = CallReader(limits).Read("[" + row + "]", stream, kNow, nullptr, rows);
  ASSERT_FALSE(refusal.has_value()) << row;
  ASSERT_THAT(rows.rows, SizeIs(1));
  EXPECT_THAT(rows.changes.undeclared, IsEmpty()) << row;
  EXPECT_THAT(rows.changes.lost, IsEmpty()) << row;
  EXPECT_THAT(rows.changes.cut, IsEmpty()) << row;
  EXPECT_EQ(rows.changes.time_missing + rows.changes.time_replaced, 0u) << row;
}

TEST(TemplateOfTheAzureSide, DeclaresTheStreamsThatTheDetectorSends) {
  const std::vector<Stream> streams = TemplateStreams();
  ASSERT_THAT(streams, SizeIs(2));
  EXPECT_EQ(streams[0].name, EventStream().name);
  EXPECT_EQ(ColumnsOf(streams[0]), ColumnsOf(EventStream()));
  EXPECT_EQ(streams[1].name, AlertStream().name);
  EXPECT_EQ(ColumnsOf(streams[1]), ColumnsOf(AlertStream()));
}

TEST(TemplateOfTheAzureSide, TakesEventsOfEveryFamilyWhole) {
  const std::vector<Stream> streams = TemplateStreams();
  ASSERT_THAT(streams, SizeIs(2));
  const auto bodies = cli::EventBodies::Make({.start = kNow});
  ASSERT_TRUE(bodies.ok());
  const Redactor redactor;
  Normalizer normalizer(redactor);
  event_table::RowEncoder encoder;
  for (size_t i = 0; i < bodies->events(); ++i) {
    ingest::v1::RawWebhook webhook;
    webhook.set_webhook_id("hook");
    webhook.set_account_name("main");
    webhook.mutable_receive_time()->set_seconds(absl::ToUnixSeconds(kNow));
    webhook.set_body(bodies->Body(i));
    detect::v1::EventItem item;
    normalizer.Normalize(webhook, item);
    ASSERT_TRUE(item.has_event()) << webhook.body();
    std::string row;
    encoder.Append(item.event(), row);
    ExpectKeptWhole(row, streams[0]);
    // The same in parts.
    item.mutable_event()->set_payload("{\"filler\":\"" + std::string(200'000, 'x') + "\"}");
    row.clear();
    encoder.Append(item.event(), row);
    ASSERT_NE(row.find("PayloadPart04"), std::string::npos);
    ExpectKeptWhole(row, streams[0]);
  }
}

TEST(TemplateOfTheAzureSide, TakesAlertsWhole) {
  const std::vector<Stream> streams = TemplateStreams();
  ASSERT_THAT(streams, SizeIs(2));
  alert::v1::Alert alert;
  alert.set_alert_id("a");
  alert.mutable_alert_time()->set_seconds(absl::ToUnixSeconds(kNow));
  alert.set_rule_id("r");
  alert.set_rule_name("Rule");
  alert.set_rule_kind("NRT");
  alert.set_title("Title");
  alert.set_description("What happened.");
  alert.set_severity(alert::v1::SEVERITY_HIGH);
  alert.add_tactics("Impact");
  alert.add_techniques("T1531");
  alert.set_identity("i");
  alert.set_revision(1);
  alert.add_entities()->set_type("Account");
  (*alert.mutable_custom_details())["Place"] = "Room 1";
  alert.add_rows_json("{}");
  alert.set_row_count(1);
  alert.add_event_ids("e");
  alert.add_account_names("main");
  std::string row;
  detector::AppendAlertRow(alert, {}, row);
  for (const detector::AlertColumn& column : detector::AlertColumns()) {
    EXPECT_NE(row.find("\"" + std::string(column.name) + "\":"), std::string::npos) << column.name << " is not in " << row;
  }
  ExpectKeptWhole(row, streams[1]);
}

}  // namespace
}  // namespace zoomwatch::fakes
