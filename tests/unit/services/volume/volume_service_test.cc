#include "services/detector/volume/volume_service.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/config/config.h"
#include "common/grpc/server.h"
#include "common/status/grpc_status.h"
#include "common/sync/mutex.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/detector/delivery/event_row_queue.h"
#include "services/detector/event_log/event_format.h"
#include "tests/unit/services/event_log/event_log_items.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::HasReason;
using volume::v1::MeasureVolumeRequest;
using volume::v1::MeasureVolumeResponse;
using volume::v1::RouteVolume;

constexpr int64_t kBegin = 1'790'000'000;

// A clock whose time of day can be held back, so that a call that asks for it waits.
class HeldClock final : public Clock {
 public:
  explicit HeldClock(const Clock& clock) : clock_(clock) {}

  absl::Time Now() const override {
    MutexLock lock(mutex_);
    ++waiting_;
    changed_.NotifyAll();
    while (held_) changed_.Wait(mutex_);
    --waiting_;
    return clock_.Now();
  }
  absl::Duration Monotonic() const override { return clock_.Monotonic(); }

  void Hold() {
    MutexLock lock(mutex_);
    held_ = true;
  }
  void AwaitCaller() {
    MutexLock lock(mutex_);
    while (waiting_ == 0) changed_.Wait(mutex_);
  }
  void Release() {
    MutexLock lock(mutex_);
    held_ = false;
    changed_.NotifyAll();
  }

 private:
  const Clock& clock_;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  mutable int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
};

class VolumeServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    OpenLog();
    Start(R"(routes: [{name: lake, events: ["chat.*"], stream: Custom-Lake_CL}, {name: away, where: 'User == "0"', not_sent: true}])");
  }
  void TearDown() override { server_.reset(); }

  void OpenLog() {
    auto log = EventLog::Open({.directory = dir_.file("events")}, clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
  }
  static config::v1::RouteList Routes(const std::string& yaml) {
    config::v1::RouteList list;
    EXPECT_OK(ParseConfig(yaml, "routes.yaml", "/", &list));
    return list;
  }
  void Start(const std::string& routes) {
    server_.reset();
    config::v1::LogsIngestionSink sink;
    sink.set_stream("Custom-Main_CL");
    sink.set_alert_stream("Custom-Alerts_CL");
    *sink.mutable_routes() = Routes(routes).routes();
    volumes_ = std::make_unique<VolumeService>(*log_, event_table::RowLimits{.max_row_bytes = 10'000}, sink, held_clock_);
    grpc::Service* services[] = {volumes_.get()};
    auto server = GrpcServer::InProcess(services);
    ASSERT_OK(server);
    server_ = *std::move(server);
    stub_ = volume::v1::VolumeService::NewStub(server_->InProcessChannel());
  }

  // Events of these names, a minute apart from kBegin on; the first has User "0", and so on.
  void Store(const std::vector<std::string>& names) {
    std::vector<detect::v1::EventItem> items;
    for (const std::string& name : names) {
      const std::string number = std::to_string(stored_);
      detect::v1::EventItem item = EventOf("w" + number, "e" + number, absl::FromUnixSeconds(kBegin) + absl::Minutes(stored_));
      item.mutable_event()->set_event(name);
      item.mutable_event()->set_user(number);
      item.mutable_event()->set_payload("{\"text\":\"" + std::string(static_cast<size_t>(stored_) * 100, 'x') + "\"}");
      items.push_back(std::move(item));
      ++stored_;
    }
    ASSERT_OK(Append(*log_, std::move(items)));
  }
  absl::StatusOr<MeasureVolumeResponse> Measure(const MeasureVolumeRequest& request = {}) {
    grpc::ClientContext context;
    return Measure(context, request);
  }
  absl::StatusOr<MeasureVolumeResponse> Measure(grpc::ClientContext& context, const MeasureVolumeRequest& request) {
    MeasureVolumeResponse response;
    const absl::Status status = FromGrpcStatus(stub_->MeasureVolume(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }
  // "name>stream rows", without their bytes.
  static std::vector<std::string> Texts(const google::protobuf::RepeatedPtrField<RouteVolume>& volumes) {
    std::vector<std::string> texts;
    for (const RouteVolume& volume : volumes) {
      texts.push_back(volume.name() + ">" + (volume.not_sent() ? "nowhere" : volume.stream()) + " " + std::to_string(volume.row_count()));
    }
    return texts;
  }
  static MeasureVolumeRequest Range(int64_t from, int64_t to) {
    MeasureVolumeRequest request;
    request.mutable_from_time()->set_seconds(from);
    request.mutable_to_time()->set_seconds(to);
    return request;
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(kBegin + 7200)};
  HeldClock held_clock_{clock_};
  Metrics metrics_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<VolumeService> volumes_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<volume::v1::VolumeService::Stub> stub_;
  int stored_ = 0;
};

TEST_F(VolumeServiceTest, CountsRowsByTheRoutesInForceAndByProposedOnes) {
  Store({"a.b", "chat.x", "a.c", "chat.y", "d.e"});
  MeasureVolumeRequest request;
  *request.mutable_proposed() = Routes(R"(routes: [{name: all, where: 'true', stream: Custom-Lake_CL}, {name: none, events: [a.b], not_sent: true}])");
  const auto volume = Measure(request);
  ASSERT_OK(volume);
  EXPECT_EQ(volume->event_count(), 5);
  EXPECT_THAT(Texts(volume->current()), ElementsAre("main>Custom-Main_CL 2", "lake>Custom-Lake_CL 2", "away>nowhere 1"));
  EXPECT_THAT(Texts(volume->proposed()), ElementsAre("main>Custom-Main_CL 0", "all>Custom-Lake_CL 5", "none>nowhere 0"));
  int64_t sum = 0;
  for (const RouteVolume& route : volume->current()) sum += route.byte_count();
  EXPECT_EQ(sum, volume->byte_count());
  EXPECT_EQ(volume->proposed(1).byte_count(), volume->byte_count());
}

TEST_F(VolumeServiceTest, BytesAreThoseThatDeliverySends) {
  std::vector<std::string> names(700, "a.b");  // the last bodies are larger than a row may be
  for (size_t i = 0; i < names.size(); i += 3) names[i] = "chat.x";
  Store(names);
  clock_.Advance(absl::Hours(24));
  config::v1::RouteList list = Routes(R"(routes: [{name: lake, events: ["chat.*"], stream: Custom-Lake_CL}, {name: away, where: 'User == "0"', not_sent: true}])");
  auto table = RouteTable::Make(list.routes(), "Custom-Main_CL", "", "routes");
  ASSERT_OK(table);
  EventRowQueue queue(*log_, {.max_row_bytes = 10'000}, metrics_, *std::move(table));
  const auto rows = queue.Read(1000, size_t{1} << 30);
  ASSERT_OK(rows);
  std::vector<int64_t> by_stream(2);
  for (const OutgoingRow& row : *rows) by_stream.at(row.stream) += static_cast<int64_t>(row.json.size());
  const auto volume = Measure();
  ASSERT_OK(volume);
  ASSERT_EQ(volume->current_size(), 3);
  EXPECT_EQ(volume->event_count(), 700);
  EXPECT_EQ(volume->current(0).byte_count(), by_stream[0]);
  EXPECT_EQ(volume->current(1).byte_count(), by_stream[1]);
  EXPECT_EQ(volume->current(2).row_count(), 0) << "the route before takes it";
}

TEST_F(VolumeServiceTest, MeasuresTheRangeAndSaysWhichItWas) {
  Store({"a.b", "a.b", "a.b", "a.b"});
  const auto middle = Measure(Range(kBegin + 60, kBegin + 180));
  ASSERT_OK(middle);
  EXPECT_EQ(middle->event_count(), 2) << "the end does not belong to it";
  EXPECT_EQ(middle->from_time().seconds(), kBegin + 60);
  EXPECT_EQ(middle->to_time().seconds(), kBegin + 180);
  const auto wide = Measure(Range(kBegin - 86'400, kBegin + 86'400));
  ASSERT_OK(wide);
  EXPECT_EQ(wide->event_count(), 4);
  EXPECT_EQ(wide->from_time().seconds(), kBegin) << "nothing is kept from before";
  EXPECT_EQ(wide->to_time().seconds(), kBegin + 7200) << "it is not later than that";
}

TEST_F(VolumeServiceTest, AnEmptyStoreIsNoEventsInNoTime) {
  const auto volume = Measure();
  ASSERT_OK(volume);
  EXPECT_EQ(volume->event_count(), 0);
  EXPECT_EQ(volume->from_time().seconds(), volume->to_time().seconds());
  EXPECT_THAT(Texts(volume->current()), ElementsAre("main>Custom-Main_CL 0", "lake>Custom-Lake_CL 0", "away>nowhere 0"));
  EXPECT_THAT(volume->proposed(), IsEmpty());
}

TEST_F(VolumeServiceTest, LeavesOutWhatCannotBeReadBack) {
  Store({"a.b", "a.b", "a.b"});
  server_.reset();
  volumes_.reset();
  log_.reset();
  const EventLogOptions options{.directory = dir_.file("events")};
  {
    auto store = storage::OpenKeyedStore({.folder = options.directory, .families = EventLogFamilies(options, clock_)});
    ASSERT_OK(store);
    storage::KeyedBatch batch;
    batch.Put(kEvents, NumberKey(2), "damaged");
    ASSERT_OK((*store)->Write(batch));
  }
  OpenLog();
  Start("routes: []");
  const auto volume = Measure();
  ASSERT_OK(volume);
  EXPECT_EQ(volume->event_count(), 2);
}

TEST_F(VolumeServiceTest, RefusesRoutesAndRangesThatCannotBeMeant) {
  Store({"a.b"});
  const auto expect = [&](const std::function<void(config::v1::Route&)>& spoil, const std::string& message) {
    MeasureVolumeRequest request;
    config::v1::Route& route = *request.mutable_proposed()->add_routes();
    route.set_name("r");
    route.add_events("a.b");
    route.set_not_sent(true);
    spoil(route);
    const auto volume = Measure(request);
    EXPECT_EQ(volume.status().code(), absl::StatusCode::kInvalidArgument) << volume.status();
    EXPECT_THAT(std::string(volume.status().message()), HasSubstr(message));
  };
  expect([](config::v1::Route& route) { route.set_name("two words"); }, "routes[0].name");
  expect([](config::v1::Route& route) { route.set_name(std::string("a\n  - b: \"", 10)); }, "routes[0].name");
  expect([](config::v1::Route& route) { route.set_events(0, "*"); }, "routes[0].events[0]");
  expect([](config::v1::Route& route) { route.set_stream("Nothing"); }, "routes[0].stream");
  expect([](config::v1::Route& route) { route.set_stream("Custom-Alerts_CL"); }, "is that of the alerts");
  expect([](config::v1::Route& route) { route.clear_events(); }, "exactly one of events and where");
  expect([](config::v1::Route& route) { route.clear_destination(); }, "exactly one of stream, not_sent");
  expect(
      [](config::v1::Route& route) {
        route.clear_events();
        route.set_where("Event == \"a\"\n and Evnt == now()");
      },
      "routes[0].where:2:6: error KS142");
  EXPECT_EQ(Measure(Range(kBegin + 100, kBegin + 50)).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Measure(Range(kBegin + 90'000, kBegin + 99'000)).status().code(), absl::StatusCode::kInvalidArgument) << "the future";
}

TEST_F(VolumeServiceTest, EndsWhenItsTimeIsOver) {
  Store({"a.b"});
  clock_.Advance(SystemClock::Get().Now() + absl::Hours(48) - clock_.Now());
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(SystemClock::Get().Now() + absl::Hours(24)));  // long ago by the service's clock
  EXPECT_EQ(Measure(context, {}).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(VolumeServiceTest, OneAtATimeAndNoneWhenTheCallerIsGone) {
  Store({"a.b"});
  held_clock_.Hold();
  grpc::ClientContext context;
  absl::Status first;
  std::thread caller([&] { first = Measure(context, {}).status(); });
  held_clock_.AwaitCaller();
  EXPECT_THAT(Measure().status(), HasReason(Reason::kOverloaded));
  context.TryCancel();
  held_clock_.Release();
  caller.join();
  EXPECT_EQ(first.code(), absl::StatusCode::kCancelled);
  // The first leaves when it notices; then there is room again.
  while (true) {
    const auto again = Measure();
    if (again.ok()) break;
    ASSERT_THAT(again.status(), HasReason(Reason::kOverloaded));
  }
}

TEST_F(VolumeServiceTest, MeasuresNothingAfterStop) {
  Store({"a.b"});
  volumes_->Stop();
  volumes_->Stop();
  EXPECT_THAT(Measure().status(), HasReason(Reason::kShuttingDown));
}

}  // namespace
}  // namespace zoomwatch::detector
