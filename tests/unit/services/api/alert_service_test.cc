// What clients may send to AlertService: every token and size has its page or its documented error, and none repeats or loses an alert.
#include "services/detector/api/alert_service.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "common/grpc/server.h"
#include "common/status/grpc_status.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "tests/unit/services/api/hostile_tokens.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Sequences = std::vector<std::int64_t>;

constexpr std::int64_t kNowSeconds = 1'790'000'000;

struct Page {
  absl::Status status;
  Sequences alerts;
  std::string next;
};

class AlertServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = AlertStore::Open({.directory = dir_.file("alerts"), .retention = absl::Hours(1)}, clock_);
    ASSERT_OK(store);
    store_ = *std::move(store);
    service_ = std::make_unique<AlertService>(*store_);
    grpc::Service* services[] = {service_.get()};
    config::v1::GrpcServer options;
    options.set_listen_address("127.0.0.1:0");
    options.set_allow_plaintext(true);
    auto server = GrpcServer::Listen(options, services, SystemClock::Get());
    ASSERT_OK(server);
    server_ = *std::move(server);
    const auto channel = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
    stub_ = alert::v1::AlertService::NewStub(channel);
  }
  void TearDown() override {
    service_->Stop();
    server_.reset();
  }
  // Alerts of rules "even" and "odd" by sequence.
  void Store(int count) {
    std::vector<NewAlert> alerts;
    for (int i = 0; i < count; ++i) {
      NewAlert alert{.alert = {}, .identity = ++stored_, .time = kql::kUnixEpoch + kNowSeconds * kql::kTicksPerSecond};
      alert.alert.set_alert_id(fmt::format("a{}", stored_));
      alert.alert.set_rule_id(stored_ % 2 == 0 ? "even" : "odd");
      alert.alert.mutable_alert_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
      alerts.push_back(std::move(alert));
    }
    ASSERT_OK(store_->Commit({.sequence = stored_, .clock = 1}, std::move(alerts)));
  }
  // Removes the alerts up to that one.
  void Remove(std::uint64_t sequence) {
    std::vector<std::uint64_t> delivered(sequence);
    std::iota(delivered.begin(), delivered.end(), 1);
    ASSERT_OK(store_->CommitDelivered(delivered, "", {}));
    clock_.Advance(absl::Hours(2));
    ASSERT_OK(store_->Commit({.sequence = stored_, .clock = 1}, {}));
    ASSERT_EQ(store_->FirstSequence(), sequence + 1);
  }
  Page List(const alert::v1::ListAlertsRequest& request) {
    grpc::ClientContext context;
    alert::v1::ListAlertsResponse response;
    Page page{.status = FromGrpcStatus(stub_->ListAlerts(&context, request, &response)), .alerts = {}, .next = response.next_page_token()};
    for (const auto& alert : response.alerts()) page.alerts.push_back(alert.sequence());
    return page;
  }
  Page List(const std::string& token, int page_size = 0, const std::string& rule = "") {
    alert::v1::ListAlertsRequest request;
    request.set_page_token(token);
    request.set_page_size(page_size);
    if (!rule.empty()) request.mutable_filter()->add_rule_ids(rule);
    return List(request);
  }
  // Ends the stream after `count` alerts. `next`: the token of the last.
  Page Subscribe(const alert::v1::SubscribeAlertsRequest& request, std::size_t count) {
    grpc::ClientContext context;
    const auto reader = stub_->SubscribeAlerts(&context, request);
    Page page;
    alert::v1::SubscribeAlertsResponse response;
    while (page.alerts.size() < count && reader->Read(&response)) {
      if (!response.has_alert()) continue;
      page.alerts.push_back(response.alert().sequence());
      page.next = response.resume_token();
    }
    if (count > 0 && page.alerts.size() == count) context.TryCancel();
    while (reader->Read(&response)) {}
    page.status = FromGrpcStatus(reader->Finish());
    return page;
  }
  Page Resume(const std::string& token, std::size_t count) {
    alert::v1::SubscribeAlertsRequest request;
    request.set_resume_token(token);
    return Subscribe(request, count);
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(kNowSeconds)};
  std::unique_ptr<AlertStore> store_;
  std::unique_ptr<AlertService> service_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<alert::v1::AlertService::Stub> stub_;
  std::uint64_t stored_ = 0;
};

void ExpectInvalid(const absl::Status& status, std::string_view field) {
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(field)));
  EXPECT_LT(status.message().size(), 200u);
}

TEST_F(AlertServiceTest, PagesHoldEachAlertOnceWhateverTheirSize) {
  Store(7);
  for (const int size : {1, 2, 3, 6, 7, 8, 1000}) {
    Sequences all;
    std::string token;
    do {
      const Page page = List(token, size);
      ASSERT_OK(page.status);
      ASSERT_LE(page.alerts.size(), static_cast<std::size_t>(size));
      all.insert(all.end(), page.alerts.begin(), page.alerts.end());
      token = page.next;
    } while (!token.empty() && all.size() <= 7);
    EXPECT_THAT(all, ElementsAre(7, 6, 5, 4, 3, 2, 1)) << size;
  }
}

TEST_F(AlertServiceTest, PageSizesOutsideOfTheirLimitsAreRefused) {
  Store(3);
  for (const int size : {-1, 1001, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) ExpectInvalid(List("", size).status, "page_size");
  EXPECT_THAT(List("", 0).alerts, SizeIs(3));
}

TEST_F(AlertServiceTest, PageTokensArePlacesOrRefused) {
  Store(5);
  Remove(2);
  Store(1);
  struct Case {
    std::string token;
    Sequences alerts;
  };
  for (const Case& place : {Case{"", {6, 5, 4, 3}}, Case{"a7", {6, 5, 4, 3}}, Case{"a6", {5, 4, 3}}, Case{"a4", {3}}, Case{"a3", {}}, Case{"a2", {}},
                            Case{"a0", {}}}) {
    const Page page = List(place.token);
    EXPECT_OK(page.status);
    EXPECT_EQ(page.alerts, place.alerts) << place.token;
    EXPECT_EQ(page.next, "") << place.token;
  }
  for (const std::string beyond : {"a8", "a9223372036854775807", "a9223372036854775808", "a18446744073709551615"}) {
    ExpectInvalid(List(beyond).status, "page_token");
  }
  for (const std::string& token : HostileTokens('a')) {
    SCOPED_TRACE(token.substr(0, 40));
    ExpectInvalid(List(token).status, "page_token");
  }
}

TEST_F(AlertServiceTest, APageTokenIsAPlaceUnderAnyFilter) {
  Store(6);
  const Page first = List("", 1, "odd");
  ASSERT_THAT(first.alerts, ElementsAre(5));
  EXPECT_THAT(List(first.next, 0, "odd").alerts, ElementsAre(3, 1));
  // Behind it are the alerts from the next odd one on.
  EXPECT_THAT(List(first.next, 0, "even").alerts, ElementsAre(2));
  EXPECT_THAT(List(first.next).alerts, ElementsAre(3, 2, 1));
  EXPECT_THAT(List(first.next, 0, "other").alerts, IsEmpty());
}

TEST_F(AlertServiceTest, PagesEndWhereRetentionHasRemovedTheRest) {
  Store(6);
  const Page first = List("", 2);
  ASSERT_THAT(first.alerts, ElementsAre(6, 5));
  Remove(4);
  const Page rest = List(first.next, 2);
  EXPECT_OK(rest.status);
  EXPECT_THAT(rest.alerts, IsEmpty());
  EXPECT_EQ(rest.next, "");
}

TEST_F(AlertServiceTest, ResumeTokensArePlacesOrRefused) {
  Store(5);
  Remove(2);
  Store(1);
  EXPECT_THAT(Resume("p2", 4).alerts, ElementsAre(3, 4, 5, 6));
  EXPECT_THAT(Resume("p5", 1).alerts, ElementsAre(6));
  for (const std::string gone : {"p1", "p0"}) {
    const absl::Status status = Resume(gone, 0).status;
    EXPECT_TRUE(absl::IsOutOfRange(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("from_beginning"));
  }
  for (const std::string beyond : {"p7", "p9223372036854775807", "p9223372036854775808", "p18446744073709551614", "p18446744073709551615"}) {
    ExpectInvalid(Resume(beyond, 0).status, "resume_token");
  }
  for (const std::string& token : HostileTokens('p')) {
    SCOPED_TRACE(token.substr(0, 40));
    ExpectInvalid(Resume(token, 0).status, "resume_token");
  }
  alert::v1::SubscribeAlertsRequest both;
  both.set_resume_token("p5");
  both.set_from_beginning(true);
  ExpectInvalid(Subscribe(both, 0).status, "from_beginning");
}

TEST_F(AlertServiceTest, AResumeTokenIsAPlaceUnderAnyFilter) {
  Store(6);
  alert::v1::SubscribeAlertsRequest request;
  request.set_from_beginning(true);
  request.mutable_filter()->add_rule_ids("odd");
  const Page first = Subscribe(request, 2);
  ASSERT_THAT(first.alerts, ElementsAre(1, 3));
  EXPECT_THAT(Resume(first.next, 3).alerts, ElementsAre(4, 5, 6));
}

TEST_F(AlertServiceTest, FiltersAtTheEndsOfTimeAndOfThousandsOfRules) {
  Store(4);
  alert::v1::ListAlertsRequest request;
  for (int i = 0; i < 50'000; ++i) request.mutable_filter()->add_rule_ids(fmt::format("rule-{}", i));
  request.mutable_filter()->add_rule_ids("odd");
  request.mutable_filter()->mutable_from_time()->set_seconds(std::numeric_limits<std::int64_t>::min());
  request.mutable_filter()->mutable_from_time()->set_nanos(std::numeric_limits<std::int32_t>::min());
  request.mutable_filter()->mutable_to_time()->set_seconds(std::numeric_limits<std::int64_t>::max());
  request.mutable_filter()->mutable_to_time()->set_nanos(std::numeric_limits<std::int32_t>::max());
  EXPECT_THAT(List(request).alerts, ElementsAre(3, 1));
  std::swap(*request.mutable_filter()->mutable_from_time(), *request.mutable_filter()->mutable_to_time());
  EXPECT_THAT(List(request).alerts, IsEmpty());
  request.clear_filter();
  request.mutable_filter()->set_min_severity(static_cast<alert::v1::Severity>(std::numeric_limits<std::int32_t>::min()));
  EXPECT_THAT(List(request).alerts, SizeIs(4));
  request.mutable_filter()->set_min_severity(static_cast<alert::v1::Severity>(std::numeric_limits<std::int32_t>::max()));
  EXPECT_THAT(List(request).alerts, IsEmpty());
}

TEST_F(AlertServiceTest, AnIdOfAMegabyteIsNotFound) {
  for (const std::string& id : {std::string(), std::string(1 << 20, 'x'), std::string(1 << 18, '\x01'), std::string("a1\0", 3)}) {
    grpc::ClientContext context;
    alert::v1::GetAlertRequest request;
    request.set_alert_id(id);
    alert::v1::GetAlertResponse response;
    const absl::Status status = FromGrpcStatus(stub_->GetAlert(&context, request, &response));
    EXPECT_TRUE(absl::IsNotFound(status)) << status;
  }
}

}  // namespace
}  // namespace zoomwatch::detector
