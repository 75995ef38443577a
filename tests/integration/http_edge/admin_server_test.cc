#include "common/admin/admin_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/reasons.h"
#include "common/testing/status_matchers.h"
#include "tests/integration/http_edge/raw_client.h"

namespace zoomwatch {
namespace {

using ::testing::HasSubstr;
using testing::HasReason;
using testing::RawClient;
using testing::RawResponse;

constexpr MetricRow kThings{"zoomwatch_test_things_total", MetricType::kCounter, "Things.", {}};

class AdminServerTest : public ::testing::Test {
 protected:
  AdminServerTest() {
    auto server = AdminServer::Start("127.0.0.1:0", SystemClock::Get(), metrics_);
    EXPECT_OK(server);
    server_ = *std::move(server);
  }
  RawResponse Get(const std::string& target) {
    return RawClient(server_->port()).Exchange("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
  }

  Metrics metrics_;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, IsAliveBeforeItIsReady) {
  EXPECT_EQ(Get("/livez").status, 200);
  EXPECT_EQ(Get("/readyz").status, 503);
}

TEST_F(AdminServerTest, NamesEachCheckAndWhyItFails) {
  server_->SetStarted();
  server_->AddReadinessCheck("spool", [] { return Error(Reason::kSpoolFailed, "disk \"full\""); });
  server_->AddReadinessCheck("secrets", [] { return absl::OkStatus(); });
  const RawResponse response = Get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body,
            "{\"ready\":false,\"checks\":[{\"name\":\"started\",\"ready\":true},{\"name\":\"not draining\",\"ready\":true},"
            "{\"name\":\"spool\",\"ready\":false,\"why\":\"SPOOL_FAILED: disk \\\"full\\\"\"},"
            "{\"name\":\"secrets\",\"ready\":true}]}\n");
}

TEST_F(AdminServerTest, TellsDetailsButDoesNotDecideByThem) {
  server_->SetStarted();
  server_->AddReadinessDetail("delivery", [] { return Error(Reason::kDeliveryForbidden, "status 403"); });
  const RawResponse response = Get("/readyz");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body,
              HasSubstr("],\"details\":[{\"name\":\"delivery\",\"ok\":false,\"why\":\"DELIVERY_FORBIDDEN: status 403\"}]}"));
}

TEST_F(AdminServerTest, IsReadyWhenStartedAndEveryCheckIsOk) {
  server_->AddReadinessCheck("secrets", [] { return absl::OkStatus(); });
  server_->SetStarted();
  EXPECT_EQ(Get("/readyz").status, 200);
}

TEST_F(AdminServerTest, IsNotReadyWhileDraining) {
  server_->SetStarted();
  server_->SetDraining();
  EXPECT_THAT(Get("/readyz").body, HasSubstr("SHUTTING_DOWN"));
  EXPECT_EQ(Get("/livez").status, 200);
}

TEST_F(AdminServerTest, ServesMetricsAsPrometheusText) {
  metrics_.Counter(kThings).Increment(3);
  const RawResponse response = Get("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("zoomwatch_test_things_total 3\n"));
}

TEST_F(AdminServerTest, AnswersHeadWithoutBody) {
  RawClient client(server_->port());
  client.Send("HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n");
  const RawResponse response = client.Receive(/*head=*/true);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("Content-Length"), "3");
  // The next answer on the connection begins where the head ended.
  EXPECT_EQ(client.Exchange("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").body, "ok\n");
}

TEST_F(AdminServerTest, RefusesOtherPathsAndMethods) {
  EXPECT_EQ(Get("/").status, 404);
  RawClient client(server_->port());
  const RawResponse response = client.Exchange("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.Header("Allow"), "GET, HEAD");
}

TEST(AdminServer, ReportsAnAddressThatIsTaken) {
  Metrics metrics;
  auto first = AdminServer::Start("127.0.0.1:0", SystemClock::Get(), metrics);
  ASSERT_OK(first);
  auto second = AdminServer::Start("127.0.0.1:" + std::to_string((*first)->port()), SystemClock::Get(), metrics);
  EXPECT_THAT(second.status(), HasReason(Reason::kAddressUnusable));
  for (const char* address : {"", "nonsense", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1"}) {
    EXPECT_THAT(AdminServer::Start(address, SystemClock::Get(), metrics).status(), HasReason(Reason::kAddressUnusable)) << address;
  }
}

}  // namespace
}  // namespace zoomwatch
