#include "services/detector/incidents/incident_row_queue.h"

#include <gmock/gmock.h>

#include "common/status/reasons.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/detector/incidents/incident_body.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class IncidentRowQueueTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(true); }
  void Open(bool incidents) {
    queue_.reset();
    store_.reset();
    auto store = AlertStore::Open({.directory = dir_.file("alerts"), .retention = absl::Hours(48), .incidents = incidents}, clock_);
    ASSERT_OK(store);
    store_ = *std::move(store);
    queue_ = std::make_unique<IncidentRowQueue>(*store_, alert::v1::SEVERITY_MEDIUM, metrics_);
  }
  static alert::v1::Alert MakeAlert(const std::string& id) {
    alert::v1::Alert alert;
    alert.set_alert_id(id);
    alert.set_rule_id("rule-1");
    alert.set_rule_kind("Scheduled");
    alert.set_severity(alert::v1::SEVERITY_HIGH);
    alert.set_title("title of " + id);
    alert.mutable_alert_time()->set_seconds(absl::ToUnixSeconds(kNow));
    return alert;
  }
  void Store(std::vector<alert::v1::Alert> alerts) {
    std::vector<NewAlert> fresh;
    for (alert::v1::Alert& alert : alerts) fresh.push_back({.alert = std::move(alert), .identity = ++identity_, .time = kql::kUnixEpoch});
    ASSERT_OK(store_->Commit({.sequence = ++position_, .clock = 1}, std::move(fresh)));
  }
  // Titles of the rows that wait.
  std::vector<std::string> Read(std::size_t max_rows = 100) {
    std::vector<std::string> titles;
    const auto rows = queue_->Read(max_rows, 1'000'000);
    EXPECT_OK(rows);
    if (!rows.ok()) return titles;
    for (const OutgoingRow& row : *rows) {
      const std::size_t begin = row.json.find("title of ") + 9;
      titles.emplace_back(row.json.substr(begin, row.json.find('"', begin) - begin));
      EXPECT_EQ(row.name, IncidentNameOf(titles.back()));
      EXPECT_EQ(row.time, kNow);
    }
    return titles;
  }

  static inline const absl::Time kNow = absl::FromUnixSeconds(1'795'000'000);
  testing::TempDir dir_;
  testing::FakeClock clock_{kNow};
  Metrics metrics_;
  std::unique_ptr<AlertStore> store_;
  std::unique_ptr<IncidentRowQueue> queue_;
  std::uint64_t identity_ = 0, position_ = 0;
};

TEST_F(IncidentRowQueueTest, GivesAlertsInOrderAndGoesOnBehindWhatIsSettled) {
  EXPECT_FALSE(queue_->WaitForRows(1, absl::ZeroDuration(), {}));
  EXPECT_THAT(Read(), IsEmpty());
  Store({MakeAlert("a"), MakeAlert("b"), MakeAlert("c")});
  EXPECT_TRUE(queue_->WaitForRows(3, absl::ZeroDuration(), {}));
  EXPECT_THAT(Read(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Read(2), ElementsAre("a", "b")) << "what is not settled comes again";
  ASSERT_OK(queue_->Commit({.settled = 2}, "state"));
  Open(true);
  EXPECT_EQ(queue_->SinkState(), "state");
  EXPECT_THAT(Read(), ElementsAre("c"));
  EXPECT_EQ(store_->WaitingCount(), 3U) << "rows have a position of their own";
}

TEST_F(IncidentRowQueueTest, PassesByWhatMakesNoIncident) {
  alert::v1::Alert low = MakeAlert("low"), hint = MakeAlert("hint"), silent = MakeAlert("silent"), medium = MakeAlert("medium");
  low.set_severity(alert::v1::SEVERITY_LOW);
  hint.set_rule_kind("hunting");
  silent.set_without_incident(true);
  medium.set_severity(alert::v1::SEVERITY_MEDIUM);
  Store({low, hint, medium, silent, MakeAlert("high"), silent});
  EXPECT_THAT(Read(), ElementsAre("medium"));
  EXPECT_EQ(store_->IncidentPosition(), 2U);
  ASSERT_OK(queue_->Commit({.settled = 1}, ""));
  EXPECT_THAT(Read(), ElementsAre("high"));
  ASSERT_OK(queue_->Commit({.settled = 1}, "state"));
  EXPECT_THAT(Read(), IsEmpty());
  EXPECT_EQ(queue_->SinkState(), "state");
  EXPECT_FALSE(queue_->WaitForRows(1, absl::ZeroDuration(), {})) << "nothing waits that would not be read";
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_detector_incidents_total{result=\"not_wanted\"} 3\n"))
      << "the store keeps an alert once: the second silent one is the first";
}

TEST_F(IncidentRowQueueTest, ManyUnwantedOnesDoNotHideTheNextOne) {
  std::vector<alert::v1::Alert> alerts;
  for (int i = 0; i < 500; ++i) {
    alerts.push_back(MakeAlert("low" + std::to_string(i)));
    alerts.back().set_severity(alert::v1::SEVERITY_INFORMATIONAL);
  }
  alerts.push_back(MakeAlert("high"));
  Store(std::move(alerts));
  EXPECT_THAT(Read(), ElementsAre("high"));
}

TEST_F(IncidentRowQueueTest, ARefusedAlertSaysSo) {
  Store({MakeAlert("a"), MakeAlert("b")});
  EXPECT_THAT(Read(), ElementsAre("a", "b"));
  SendOutcome outcome{.settled = 2};
  outcome.refused.push_back({.row = 1, .status = Error(Reason::kDeliveryRejected, "status 400: no")});
  ASSERT_OK(queue_->Commit(outcome, ""));
  EXPECT_EQ(store_->Find("a")->incident_refusal(), "");
  EXPECT_EQ(store_->Find("b")->incident_refusal(), "DELIVERY_REJECTED: status 400: no");
  Open(true);
  EXPECT_EQ(store_->Find("b")->incident_refusal(), "DELIVERY_REJECTED: status 400: no");
  EXPECT_EQ(store_->Find("b")->title(), "title of b");
}

TEST_F(IncidentRowQueueTest, AlertsFromBeforeOrFromATimeWithoutIncidentsMakeNone) {
  Store({MakeAlert("a")});
  Open(false);
  Store({MakeAlert("b")});
  Open(true);
  Store({MakeAlert("c")});
  EXPECT_THAT(Read(), ElementsAre("c"));
}

TEST_F(IncidentRowQueueTest, RetentionWaitsForTheSlowerOfRowsAndIncidents) {
  Store({MakeAlert("a"), MakeAlert("b"), MakeAlert("c")});
  ASSERT_OK(store_->CommitDelivered({1, 2, 3}, "", {}));
  EXPECT_THAT(Read(1), ElementsAre("a"));
  ASSERT_OK(queue_->Commit({.settled = 1}, ""));
  clock_.Advance(absl::Hours(100));
  Store({});
  EXPECT_EQ(store_->FirstSequence(), 2U) << "b and c have no incidents yet";
  EXPECT_THAT(Read(), ElementsAre("b", "c"));
  ASSERT_OK(queue_->Commit({.settled = 2}, ""));
  Store({});
  EXPECT_EQ(store_->FirstSequence(), 4U);
}

TEST_F(IncidentRowQueueTest, RowsThatAreBehindKeepAlertsToo) {
  Store({MakeAlert("a"), MakeAlert("b")});
  EXPECT_THAT(Read(), ElementsAre("a", "b"));
  ASSERT_OK(queue_->Commit({.settled = 2}, ""));
  ASSERT_OK(store_->CommitDelivered({1}, "", {}));
  clock_.Advance(absl::Hours(100));
  Store({});
  EXPECT_EQ(store_->FirstSequence(), 2U);
}

}  // namespace
}  // namespace zoomwatch::detector
