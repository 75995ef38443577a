#include "services/detector/hunt/hunt_service.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <thread>

#include "common/grpc/server.h"
#include "common/kql/convert.h"
#include "common/status/grpc_status.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "common/transport/grpc/hunt_cells.h"
#include "tests/unit/services/event_log/event_log_items.h"
#include "zoomwatch/hunt/v1/hunt_service.grpc.pb.h"

namespace zoomwatch::detector {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using hunt::v1::HuntRequest;
using hunt::v1::HuntResponse;
using testing::HasReason;
using testing::HasReasonAndMessage;

// A query that would run for hours.
constexpr char kEndless[] = "range X from 1 to 100000 step 1 | extend K = 1 | join kind=inner (range Y from 1 to 100000 step 1 | extend K = 1) on K "
                            "| summarize count()";

struct Answer {
  absl::Status status;
  std::vector<HuntResponse> responses;

  std::vector<std::string> First() const {
    std::vector<std::string> texts;
    for (const HuntResponse& response : responses) {
      for (const hunt::v1::Row& row : response.rows().rows()) texts.push_back(row.cells(0).text_value());
    }
    return texts;
  }
};

class HuntServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto log = EventLog::Open({.directory = dir_.file("events")}, SystemClock::Get(), metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
    Start({});
  }
  void TearDown() override { server_.reset(); }

  void Start(HuntOptions options) {
    server_.reset();
    hunts_ = std::make_unique<HuntService>(options, *log_, SystemClock::Get(), metrics_);
    grpc::Service* services[] = {hunts_->service()};
    auto server = GrpcServer::InProcess(services);
    ASSERT_OK(server);
    server_ = *std::move(server);
    stub_ = hunt::v1::HuntService::NewStub(server_->InProcessChannel());
  }

  void Store(int count) {
    std::vector<detect::v1::EventItem> items;
    for (int i = 0; i < count; ++i) {
      const std::string id = std::to_string(++stored_);
      detect::v1::EventItem item = EventOf("w" + id, "e" + id, absl::FromUnixSeconds(1'790'000'000 + stored_));
      item.mutable_event()->set_user(id);
      items.push_back(std::move(item));
    }
    ASSERT_OK(Append(*log_, std::move(items)));
  }

  Answer Hunt(const HuntRequest& request) {
    grpc::ClientContext context;
    return Hunt(context, request);
  }
  Answer Hunt(const std::string& query) {
    HuntRequest request;
    request.set_query(query);
    return Hunt(request);
  }
  Answer Hunt(grpc::ClientContext& context, const HuntRequest& request) {
    Answer answer;
    const auto reader = stub_->Hunt(&context, request);
    HuntResponse response;
    while (reader->Read(&response)) answer.responses.push_back(response);
    answer.status = FromGrpcStatus(reader->Finish());
    return answer;
  }
  int64_t Count(std::string_view result) { return static_cast<int64_t>(Value("zoomwatch_detector_hunts_total{result=\"" + std::string(result) + "\"}")); }
  double Value(const std::string& series) {
    const std::string text = metrics_.Text();
    const auto at = text.find("\n" + series + " ");
    return at == std::string::npos ? 0 : std::stod(text.substr(at + 1 + series.size()));
  }
  // Starts endless queries and waits until they run.
  std::vector<std::thread> Run(int count, std::vector<Answer>& answers, std::vector<grpc::ClientContext>& contexts) {
    std::vector<std::thread> threads;
    HuntRequest request;
    request.set_query(kEndless);
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([this, &answers, &contexts, request, i] { answers[static_cast<size_t>(i)] = Hunt(contexts[static_cast<size_t>(i)], request); });
    }
    while (Value("zoomwatch_detector_hunts_running") < count) std::this_thread::yield();
    return threads;
  }

  testing::TempDir dir_;
  Metrics metrics_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<HuntService> hunts_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<hunt::v1::HuntService::Stub> stub_;
  int stored_ = 0;
};

TEST_F(HuntServiceTest, SendsSchemaThenRowsThenSummary) {
  Store(3);
  const Answer answer = Hunt("ZoomLogs | where User != '2' | project User, TimeGenerated, Size = strlen(Event) | render table with (title='x')");
  ASSERT_OK(answer.status);
  ASSERT_THAT(answer.responses, SizeIs(3));
  const hunt::v1::Schema& schema = answer.responses[0].schema();
  ASSERT_EQ(schema.columns_size(), 3);
  EXPECT_EQ(schema.columns(0).name(), "User");
  EXPECT_EQ(schema.columns(1).type(), "datetime");
  EXPECT_EQ(schema.columns(2).type(), "long");
  EXPECT_EQ(schema.rendering().chart(), "table");
  EXPECT_EQ(schema.rendering().properties().at("title"), "x");
  EXPECT_THAT(answer.First(), ElementsAre("1", "3"));
  const hunt::v1::Row& row = answer.responses[1].rows().rows(1);
  EXPECT_EQ(row.cells(1).datetime_ticks(), kql::kUnixEpoch + 1'790'000'003 * kql::kTicksPerSecond);
  EXPECT_EQ(row.cells(2).long_value(), 15);
  const hunt::v1::Summary& summary = answer.responses[2].summary();
  EXPECT_EQ(summary.row_count(), 2);
  EXPECT_EQ(summary.scanned_count(), 3);
  EXPECT_GT(summary.scanned_bytes(), 0);
  ASSERT_GE(summary.operators_size(), 2);
  EXPECT_EQ(summary.operators(0).name(), "ZoomLogs");
  EXPECT_EQ(summary.operators(0).row_count(), 3);
  EXPECT_EQ(Count("ok"), 1);
}

TEST_F(HuntServiceTest, ReadsEventsOfTheTimeRangeOnly) {
  Store(5);
  HuntRequest request;
  request.set_query("ZoomLogs | project User");
  request.mutable_from_time()->set_seconds(1'790'000'002);
  request.mutable_to_time()->set_seconds(1'790'000'004);
  EXPECT_THAT(Hunt(request).First(), ElementsAre("2", "3"));
}

TEST_F(HuntServiceTest, TakesTheTimeOfTheRequestForNow) {
  Store(5);
  HuntRequest request;
  request.set_query("ZoomLogs | where TimeGenerated > ago(2s) | project User");
  request.mutable_now()->set_seconds(1'790'000'005);
  EXPECT_THAT(Hunt(request).First(), ElementsAre("4", "5"));
  request.clear_now();
  EXPECT_THAT(Hunt(request).First(), IsEmpty()) << "the events are years away";
}

TEST_F(HuntServiceTest, HasTheLegacyColumnsThatEventsHad) {
  const std::string zone = "Zoom_CL | project column_ifexists('payload_object_zone_s', 'no such column')";
  Store(1);
  EXPECT_THAT(Hunt(zone).First(), ElementsAre("no such column"));
  EXPECT_THAT(Hunt("Zoom_CL | project payload_object_zone_s").status,
              HasReasonAndMessage(Reason::kQueryInvalid, HasSubstr("'payload_object_zone_s'")));
  detect::v1::EventItem item = EventOf("w", "e", absl::FromUnixSeconds(1'790'000'100));
  item.mutable_event()->set_payload(R"({"event":"x","payload":{"object":{"zone":"UTC"}}})");
  ASSERT_OK(Append(*log_, {item}));
  EXPECT_THAT(Hunt(zone).First(), ElementsAre("", "UTC"));
  EXPECT_THAT(Hunt("Zoom_CL | project payload_object_zone_s").First(), ElementsAre("", "UTC"));
}

TEST_F(HuntServiceTest, ShowsEveryMistake) {
  const Answer answer = Hunt("ZoomLogs\n| where Evnt == 'x'\n| project Usr");
  EXPECT_THAT(answer.status, HasReasonAndMessage(Reason::kQueryInvalid, AllOf(HasSubstr("query:2:9"), HasSubstr("'Event'"), HasSubstr("query:3:11"),
                                                                              HasSubstr("            ^~~"))));
  EXPECT_THAT(answer.responses, IsEmpty());
  EXPECT_EQ(Count("invalid"), 1);
  std::string many = "print 1";
  for (int i = 0; i < 100; ++i) many += "\n| extend A = Missing" + std::to_string(i);
  EXPECT_THAT(Hunt(many).status, HasReasonAndMessage(Reason::kQueryInvalid, ::testing::ContainsRegex("Missing0'(.|\n)*and [0-9]+ more$")));
}

TEST_F(HuntServiceTest, RefusesRequestsThatMakeNoSense) {
  EXPECT_THAT(Hunt("").status, HasReason(Reason::kQueryInvalid));
  EXPECT_THAT(Hunt(std::string((1 << 20) + 1, ' ')).status, HasReason(Reason::kQueryInvalid));
  HuntRequest request;
  request.set_query("print 1");
  request.set_max_rows(-1);
  EXPECT_THAT(Hunt(request).status, HasReasonAndMessage(Reason::kQueryInvalid, HasSubstr("max_rows")));
  request.set_max_rows(0);
  request.mutable_now()->set_seconds(INT64_MAX);
  EXPECT_THAT(Hunt(request).status, HasReasonAndMessage(Reason::kQueryInvalid, HasSubstr("now")));
  request.clear_now();
  request.mutable_from_time()->set_nanos(-1);
  EXPECT_THAT(Hunt(request).status, HasReasonAndMessage(Reason::kQueryInvalid, HasSubstr("from_time")));
}

TEST_F(HuntServiceTest, ChecksAQueryWithoutRunningIt) {
  HuntRequest request;
  request.set_query(kEndless);
  request.set_check_only(true);
  const Answer answer = Hunt(request);
  ASSERT_OK(answer.status);
  ASSERT_THAT(answer.responses, SizeIs(2));
  EXPECT_EQ(answer.responses[0].schema().columns(0).name(), "count_");
  EXPECT_EQ(answer.responses[1].summary().row_count(), 0);
}

TEST_F(HuntServiceTest, NamesTheLimitThatAQueryReached) {
  HuntRequest request;
  request.set_query("range X from 1 to 11 step 1");
  request.set_max_rows(10);
  EXPECT_THAT(Hunt(request).status, HasReasonAndMessage(Reason::kQueryLimit, HasSubstr("max_result_rows 10")));
  request.set_max_rows(11);
  EXPECT_OK(Hunt(request).status);
  Start({.max_memory_bytes = 100'000});
  EXPECT_THAT(Hunt("range X from 1 to 100000 step 1 | summarize count() by X").status,
              HasReasonAndMessage(Reason::kQueryLimit, HasSubstr("max_memory_bytes")));
  Start({.max_result_rows = 5});
  EXPECT_THAT(Hunt(request).status, HasReasonAndMessage(Reason::kQueryLimit, HasSubstr("max_result_rows 5")));
  Start({.max_result_bytes = 100});
  EXPECT_THAT(Hunt(request).status, HasReasonAndMessage(Reason::kQueryLimit, HasSubstr("max_result_bytes 100")));
  Start({.max_duration = absl::Milliseconds(1)});
  EXPECT_THAT(Hunt(kEndless).status, HasReasonAndMessage(Reason::kQueryLimit, HasSubstr("max_duration 1ms")));
  EXPECT_EQ(Count("limit"), 5);
}

TEST_F(HuntServiceTest, TellsWhatEachOperatorTook) {
  Store(100);
  const Answer answer = Hunt("ZoomLogs | extend K = 1 | summarize count() by User");
  ASSERT_OK(answer.status);
  const hunt::v1::Summary& summary = answer.responses.back().summary();
  ASSERT_EQ(summary.operators_size(), 3);
  double sum = 0;
  for (const hunt::v1::OperatorStatistics& entry : summary.operators()) {
    EXPECT_GT(entry.own_seconds(), 0) << entry.name();
    sum += entry.own_seconds();
  }
  EXPECT_LE(sum, summary.elapsed_seconds());
}

TEST_F(HuntServiceTest, ACrossJoinOfTheStoreStaysWithinItsLimits) {
  Store(2000);
  Start({.max_result_rows = 1000});
  const std::string crossed = "ZoomLogs | extend K = 1 | project K, User | join kind=inner (ZoomLogs | extend K = 1 | project K, Other = User) on K";
  EXPECT_THAT(Hunt(crossed).status, HasReasonAndMessage(Reason::kQueryLimit, HasSubstr("max_result_rows 1000")));
  const Answer counted = Hunt(crossed + " | count");
  ASSERT_OK(counted.status);
  const HuntResponse& rows = counted.responses.at(counted.responses.size() - 2);  // progress may be before it
  ASSERT_EQ(rows.rows().rows_size(), 1);
  EXPECT_EQ(rows.rows().rows(0).cells(0).long_value(), 4'000'000);
  EXPECT_LT(counted.responses.back().summary().peak_memory_bytes(), 16 << 20) << "the pairs are not held";
  Start({.max_memory_bytes = 10'000});
  EXPECT_THAT(Hunt(crossed).status, HasReasonAndMessage(Reason::kQueryLimit, HasSubstr("max_memory_bytes 10000")));
}

TEST_F(HuntServiceTest, SendsRowsInBatchesUnderOneMebibyte) {
  const Answer answer = Hunt("range X from 1 to 4000 step 1 | extend T = strrep('0123456789', 20)");
  ASSERT_OK(answer.status);
  int64_t expected = 0;
  for (const HuntResponse& response : answer.responses) {
    EXPECT_LT(response.ByteSizeLong(), 1u << 20);
    for (const hunt::v1::Row& row : response.rows().rows()) EXPECT_EQ(row.cells(0).long_value(), ++expected);
  }
  EXPECT_EQ(expected, 4000);
  EXPECT_LT(answer.responses.size(), 10u) << "batches are small";
  EXPECT_EQ(answer.responses.back().summary().row_count(), 4000);
}

TEST_F(HuntServiceTest, SendsLargeRowsAloneAndRefusesThoseThatFitIntoNoMessage) {
  const Answer answer = Hunt("range X from 1 to 2 step 1 | extend T = strrep(strrep('0123456789', 1000), 30)");
  ASSERT_OK(answer.status);
  EXPECT_THAT(answer.responses, SizeIs(4));
  EXPECT_THAT(Hunt("range X from 1 to 300000 step 1 | summarize make_list(strcat('0123456789', X))").status,
              HasReasonAndMessage(Reason::kQueryLimit, HasSubstr("row 1")));
}

TEST_F(HuntServiceTest, EndsWithItsDeadline) {
  HuntRequest request;
  request.set_query(kEndless);
  // A deadline that passes before the call reaches its handler proves nothing; then a longer one is tried.
  for (int milliseconds = 200; Count("deadline") + Count("cancelled") == 0 && milliseconds < 60'000; milliseconds *= 2) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(milliseconds));
    EXPECT_TRUE(absl::IsDeadlineExceeded(Hunt(context, request).status));
    while (Value("zoomwatch_detector_hunts_running") > 0) std::this_thread::yield();
  }
  EXPECT_EQ(Count("deadline") + Count("cancelled"), 1);
}

TEST_F(HuntServiceTest, EndsWhenItsCallerGoes) {
  std::vector<Answer> answers(1);
  std::vector<grpc::ClientContext> contexts(1);
  std::vector<std::thread> threads = Run(1, answers, contexts);
  contexts[0].TryCancel();
  threads[0].join();
  EXPECT_TRUE(absl::IsCancelled(answers[0].status));
  while (Value("zoomwatch_detector_hunts_running") > 0) std::this_thread::yield();
  EXPECT_EQ(Count("cancelled"), 1);
}

TEST_F(HuntServiceTest, TellsAboutItsProgress) {
  HuntRequest request;
  request.set_query(kEndless);
  grpc::ClientContext context;
  const auto reader = stub_->Hunt(&context, request);
  HuntResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_TRUE(response.has_schema());
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_TRUE(response.has_progress());
  context.TryCancel();
  while (reader->Read(&response)) EXPECT_TRUE(response.has_progress());
  EXPECT_TRUE(absl::IsCancelled(FromGrpcStatus(reader->Finish())));
}

TEST_F(HuntServiceTest, RefusesMoreThanItMayRunAtOnce) {
  std::vector<Answer> answers(4);
  std::vector<grpc::ClientContext> contexts(4);
  std::vector<std::thread> threads = Run(4, answers, contexts);
  EXPECT_THAT(Hunt("print 1").status, HasReason(Reason::kOverloaded));
  for (grpc::ClientContext& context : contexts) context.TryCancel();
  for (std::thread& thread : threads) thread.join();
  while (Value("zoomwatch_detector_hunts_running") > 0) std::this_thread::yield();
  EXPECT_OK(Hunt("print 1").status);
  EXPECT_EQ(Count("overloaded"), 1);
}

TEST_F(HuntServiceTest, StopEndsWhatRunsAndRefusesTheRest) {
  Start({.stop_grace = absl::Minutes(5)});  // nobody is cut off
  std::vector<Answer> answers(2);
  std::vector<grpc::ClientContext> contexts(2);
  std::vector<std::thread> threads = Run(2, answers, contexts);
  hunts_->Stop();
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(answers[0].status, HasReason(Reason::kShuttingDown));
  EXPECT_THAT(answers[1].status, HasReason(Reason::kShuttingDown));
  EXPECT_THAT(Hunt("print 1").status, HasReason(Reason::kShuttingDown));
  EXPECT_EQ(Count("stopping"), 3);
}

TEST_F(HuntServiceTest, StopCutsOffACallerWhoDoesNotRead) {
  HuntRequest request;
  request.set_query("range X from 1 to 400 step 1 | extend T = strrep(strrep('0123456789', 1000), 10)");
  grpc::ClientContext context;
  const auto reader = stub_->Hunt(&context, request);
  while (Value("zoomwatch_detector_hunts_running") < 1) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  ASSERT_EQ(Value("zoomwatch_detector_hunts_running"), 1) << "the stream took everything";
  hunts_->Stop();
  while (Value("zoomwatch_detector_hunts_running") > 0) std::this_thread::yield();
  HuntResponse response;
  while (reader->Read(&response)) continue;
  EXPECT_FALSE(reader->Finish().ok());
}

}  // namespace
}  // namespace zoomwatch::detector
