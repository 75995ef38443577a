#include "services/detector/hunt/event_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/event_table/event_catalog.h"
#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "tests/unit/services/event_log/event_log_items.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr kql::Ticks kNoon = kql::kUnixEpoch + 1'790'000'000 * kql::kTicksPerSecond;

class EventTablesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto log = EventLog::Open({.directory = dir_.file("events")}, clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
  }

  // The event's time is `nanos` after noon; its id tells its place.
  void Store(const std::string& name, int64_t nanos) {
    detect::v1::EventItem item = Make(name, nanos);
    ASSERT_OK(Append(*log_, {item}));
  }
  detect::v1::EventItem Make(const std::string& name, int64_t nanos, std::string payload = R"({"event":"x","payload":{"account_id":"a"}})") {
    const std::string id = std::to_string(++stored_);
    detect::v1::EventItem item = EventOf("w" + id, "e" + id, clock_.Now());
    item.mutable_event()->set_event(name);
    item.mutable_event()->set_user(id);
    item.mutable_event()->set_payload(std::move(payload));
    item.mutable_event()->mutable_receive_time()->set_seconds(1'790'000'000 + nanos / 1'000'000'000);
    item.mutable_event()->mutable_receive_time()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
    return item;
  }

  absl::StatusOr<kql::ResultTable> Run(const std::string& query, EventTables& tables) {
    const event_table::LegacyNames observed = {"payload_account_id_s"};
    const kql::BoundQuery bound =
        kql::Compile(query, event_table::EventCatalog(std::make_shared<const event_table::LegacyNames>(observed)));
    for (const kql::Diagnostic& diagnostic : bound.diagnostics) ADD_FAILURE() << kql::Explain(query, diagnostic);
    if (bound.root == nullptr) return absl::InvalidArgumentError("does not compile");
    return kql::ExecuteToTable(bound, tables, {.now = kNoon, .limits = {}, .check = {}});
  }
  // The first column of the result, as text.
  std::vector<std::string> First(const std::string& query, kql::Ticks from = kql::kMinDateTime, kql::Ticks to = kql::kMaxDateTime,
                                 uint64_t end_sequence = UINT64_MAX) {
    EventTables tables(*log_, from, to, end_sequence);
    const auto result = Run(query, tables);
    EXPECT_OK(result);
    std::vector<std::string> texts;
    if (result.ok()) {
      for (const auto& row : result->rows) texts.emplace_back(row[0].AsString());
    }
    return texts;
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  Metrics metrics_;
  std::unique_ptr<EventLog> log_;
  int stored_ = 0;
};

TEST_F(EventTablesTest, HaveEventsUnderAllNames) {
  Store("meeting.started", 0);
  Store("meeting.ended", 1000);
  EXPECT_THAT(First("ZoomLogs | project User"), ElementsAre("1", "2"));
  EXPECT_THAT(First("ZoomLogs_CL | where Event == 'meeting.ended' | project User"), ElementsAre("2"));
  EXPECT_THAT(First("Zoom_CL | project payload_account_id_s"), ElementsAre("a", "a"));
  EXPECT_THAT(First("ZoomLogs | project tostring(Payload.payload.account_id)"), ElementsAre("a", "a"));
}

TEST_F(EventTablesTest, LeaveOutTheirStartAndHaveTheirEnd) {
  for (const int64_t nanos : {0, 999, 1000, 1999, 2000, 3000}) Store("meeting.started", nanos);
  const auto between = [&](kql::Ticks from, kql::Ticks to) { return First("ZoomLogs | project User", kNoon + from, kNoon + to); };
  EXPECT_THAT(between(0, 10), ElementsAre("3", "4"));  // both are at 1 us
  EXPECT_THAT(between(-1, 0), ElementsAre("1", "2"));
  EXPECT_THAT(between(9, 20), ElementsAre("3", "4", "5"));
  EXPECT_THAT(between(1, 9), IsEmpty());
  EXPECT_THAT(between(20, 30), ElementsAre("6"));
}

TEST_F(EventTablesTest, EndAtASequence) {
  for (int i = 0; i < 4; ++i) Store("meeting.started", i);
  EXPECT_THAT(First("ZoomLogs | project User", kql::kMinDateTime, kql::kMaxDateTime, 3), ElementsAre("1", "2"));
  EXPECT_THAT(First("ZoomLogs | project User", kql::kMinDateTime, kql::kMaxDateTime, 1), IsEmpty());
}

TEST_F(EventTablesTest, AnswerTimeFiltersExactly) {
  for (const int64_t nanos : {0, 999, 1000, 1999, 2000}) Store("meeting.started", nanos);
  EXPECT_THAT(First("ZoomLogs | where TimeGenerated > now() | project User"), ElementsAre("3", "4", "5"));
  EXPECT_THAT(First("ZoomLogs | where TimeGenerated >= now() + 1microsecond and TimeGenerated < now() + 2microsecond | project User"),
              ElementsAre("3", "4"));
  EXPECT_THAT(First("ZoomLogs | where TimeGenerated <= now() | project User"), ElementsAre("1", "2"));
  EXPECT_THAT(First("ZoomLogs | where TimeGenerated > datetime(0001-01-01) | project User | take 1"), ElementsAre("1"));
}

TEST_F(EventTablesTest, DecodeOnlyEventsThatTheQueryWants) {
  for (int i = 0; i < 10; ++i) Store(i % 5 == 0 ? "meeting.ended" : "meeting.started", i * 1'000'000'000LL);
  EventTables tables(*log_, kql::kMinDateTime, kql::kMaxDateTime, UINT64_MAX);
  const auto result = Run("ZoomLogs | where Event == 'meeting.ended' and TimeGenerated < now() + 4s | project User", tables);
  ASSERT_OK(result);
  EXPECT_EQ(result->rows.size(), 1u);
  EXPECT_EQ(result->statistics.scanned.rows, 1u);
  EXPECT_GT(result->statistics.scanned.bytes, 0u);
}

TEST_F(EventTablesTest, ReadALongLogInOrderAndBlocks) {
  std::vector<detect::v1::EventItem> items;
  for (int i = 0; i < 3000; ++i) items.push_back(Make("meeting.started", i * 1000));
  ASSERT_OK(Append(*log_, std::move(items)));
  EventTables tables(*log_, kql::kMinDateTime, kql::kMaxDateTime, UINT64_MAX);
  const kql::Schema schema = event_table::EventCatalog().FindTable("ZoomLogs", {}).value();
  kql::ScanRequest request{.table = "ZoomLogs", .schema = schema, .needed = std::vector<bool>(schema.size(), false), .time_from = {},
                           .time_to = {}, .events = {}};
  const auto user = static_cast<std::size_t>(
      std::find_if(schema.begin(), schema.end(), [](const kql::Column& column) { return column.name == "User"; }) - schema.begin());
  request.needed[user] = true;
  const auto reader = tables.Open(request);
  ASSERT_OK(reader);
  std::vector<std::size_t> sizes;
  int next = 0;
  while (true) {
    const auto block = (*reader)->Next();
    ASSERT_OK(block);
    if (block->rows == 0) break;
    sizes.push_back(block->rows);
    EXPECT_EQ(block->columns[0], nullptr) << "nobody reads it";
    for (const kql::Value& value : *block->columns[user]) EXPECT_EQ(value.AsString(), std::to_string(++next));
  }
  EXPECT_THAT(sizes, ElementsAre(1024, 1024, 952));
  EXPECT_EQ((*reader)->statistics().rows, 3000u);
}

TEST_F(EventTablesTest, MakeSmallBlocksOfLargeEvents) {
  std::vector<detect::v1::EventItem> items;
  for (int i = 0; i < 10; ++i) items.push_back(Make("meeting.started", i, '"' + std::string(1 << 20, 'x') + '"'));
  ASSERT_OK(Append(*log_, std::move(items)));
  EventTables tables(*log_, kql::kMinDateTime, kql::kMaxDateTime, UINT64_MAX);
  const kql::Schema schema = event_table::EventCatalog().FindTable("ZoomLogs", {}).value();
  const auto reader = tables.Open({.table = "ZoomLogs", .schema = schema, .needed = std::vector<bool>(schema.size(), true),
                                   .time_from = {}, .time_to = {}, .events = {}});
  ASSERT_OK(reader);
  const auto block = (*reader)->Next();
  ASSERT_OK(block);
  EXPECT_EQ(block->rows, 4u);
  EXPECT_EQ(First("ZoomLogs | project User").size(), 10u);
}

TEST_F(EventTablesTest, ShowTheLogAsItWasWhenTheyWereMade) {
  Store("meeting.started", 0);
  EventTables tables(*log_, kql::kMinDateTime, kql::kMaxDateTime, UINT64_MAX);
  Store("meeting.started", 1);
  const auto result = Run("ZoomLogs | project User", tables);
  ASSERT_OK(result);
  EXPECT_EQ(result->rows.size(), 1u);
}

TEST_F(EventTablesTest, AskTheObserverAlthoughNothingIsWanted) {
  std::vector<detect::v1::EventItem> items;
  for (int i = 0; i < 3000; ++i) items.push_back(Make("meeting.started", i * 1000));
  ASSERT_OK(Append(*log_, std::move(items)));
  std::vector<uint64_t> seen;
  EventTables tables(*log_, kql::kMinDateTime, kql::kMaxDateTime, UINT64_MAX, [&](const ReadProgress& progress) {
    EXPECT_EQ(progress.total, 3000u);
    seen.push_back(progress.events);
    return seen.size() == 2 ? absl::CancelledError("enough") : absl::OkStatus();
  });
  const auto result = Run("ZoomLogs | where Event == 'no.such' | project User", tables);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(seen, ElementsAre(1024u, 2048u));
}

}  // namespace
}  // namespace zoomwatch::detector
