// A disk that is full: what was stored before can be read, nothing more is stored until the log is opened anew, and then nothing is
// lost or doubled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/detector/event_log/event_format.h"
#include "tests/unit/services/alerts/faulty_store.h"
#include "tests/unit/services/event_log/event_log_items.h"

namespace zoomwatch::detector {
namespace {

using testing::HasReason;
using Write = StoreFaults::Write;

class EventLogFaultsTest : public ::testing::TestWithParam<Write> {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    log_.reset();
    const EventLogOptions options{.directory = dir_.file("events")};
    auto store = storage::OpenKeyedStore({.folder = options.directory, .families = EventLogFamilies(options, clock_)});
    ASSERT_OK(store);
    auto log = EventLog::Open(options, std::make_unique<FaultyStore>(*std::move(store), faults_), clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
  }
  absl::StatusOr<BatchResult> Store(const std::string& id) { return Append(*log_, {EventOf("w-" + id, "e-" + id, clock_.Now())}); }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  Metrics metrics_;
  const std::shared_ptr<StoreFaults> faults_ = std::make_shared<StoreFaults>();
  std::unique_ptr<EventLog> log_;
};

TEST_P(EventLogFaultsTest, EverythingIsRefusedUntilTheLogIsOpenedAnew) {
  ASSERT_OK(Store("1"));
  faults_->write = GetParam();
  EXPECT_THAT(Store("2"), HasReason(Reason::kStorageFailed));
  EXPECT_THAT(log_->health(), HasReason(Reason::kStorageFailed));
  faults_->write = Write::kWorks;
  EXPECT_THAT(Store("2"), HasReason(Reason::kStorageFailed)) << "it does not know what it holds";
  EXPECT_EQ(log_->EndSequence(), 2u);
  EXPECT_OK(log_->FindEvent("e-1"));

  Open();
  EXPECT_OK(log_->health());
  for (const std::string id : {"1", "2", "3"}) {
    const auto result = Store(id);
    ASSERT_OK(result);
    EXPECT_EQ(result->accepted_count, 1);
  }
  EXPECT_EQ(log_->EndSequence(), 4u);
  const auto events = log_->ReadFrom(1, 10, 1 << 20);
  ASSERT_OK(events);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(events->at(i).event.event_id(), "e-" + std::to_string(i + 1));
}

// Rules and delivery look again and again whether there are events: they must not do so without a pause.
TEST_P(EventLogFaultsTest, WhoWaitsForEventsWaits) {
  faults_->write = GetParam();
  EXPECT_THAT(Store("1"), HasReason(Reason::kStorageFailed));
  const absl::Duration begin = SystemClock::Get().Monotonic();
  EXPECT_FALSE(log_->WaitForEvents(1, absl::Milliseconds(50), {}));
  EXPECT_GE(SystemClock::Get().Monotonic() - begin, absl::Milliseconds(50));
}

INSTANTIATE_TEST_SUITE_P(Writes, EventLogFaultsTest, ::testing::Values(Write::kFails, Write::kFailsAfterItWasDone));

}  // namespace
}  // namespace zoomwatch::detector
