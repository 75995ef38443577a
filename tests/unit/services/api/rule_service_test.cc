// What clients may send to RuleService, and rule files that make large answers: each has its page or its documented error.
#include "services/detector/api/rule_service.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "common/grpc/server.h"
#include "common/status/grpc_status.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "tests/unit/services/api/hostile_tokens.h"
#include "tests/unit/services/event_log/event_log_items.h"
#include "tests/unit/services/rules/rule_text.h"

namespace zoomwatch::detector {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kQuery[] = "ZoomLogs | where Event == 'meeting.started' | project TimeGenerated, EventId";

struct Page {
  absl::Status status;
  std::vector<std::string> rules;
  std::string next;
};

class RuleServiceTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(dir_.file("rules")); }
  void WriteRule(int number, const std::string& query = kQuery) const {
    Write(fmt::format("rule-{}.yaml", number), RuleText(fmt::format("11111111-2222-4333-8444-{:012}", number), fmt::format("Rule {}", number), query));
  }
  void Write(const std::string& name, const std::string& text) const { std::ofstream(dir_.file("rules/" + name)) << text; }
  void Start() {
    auto log = EventLog::Open({.directory = dir_.file("log")}, clock_, metrics_);
    ASSERT_OK(log);
    log_ = *std::move(log);
    auto alerts = AlertStore::Open({.directory = dir_.file("alerts")}, clock_);
    ASSERT_OK(alerts);
    alerts_ = *std::move(alerts);
    runner_ = std::make_unique<RuleRunner>(RuleRunnerOptions{.folders = {dir_.file("rules")}}, *log_, *alerts_, clock_, metrics_);
    ASSERT_OK(runner_->Start());
    service_ = std::make_unique<RuleService>(*runner_, *log_);
    grpc::Service* services[] = {service_.get()};
    config::v1::GrpcServer options;
    options.set_listen_address("127.0.0.1:0");
    options.set_allow_plaintext(true);
    auto server = GrpcServer::Listen(options, services, SystemClock::Get());
    ASSERT_OK(server);
    server_ = *std::move(server);
    const auto channel = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
    stub_ = rule::v1::RuleService::NewStub(channel);
  }
  void TearDown() override {
    if (service_ != nullptr) service_->Stop();
    server_.reset();
  }
  Page List(const std::string& token, int page_size = 0) {
    grpc::ClientContext context;
    rule::v1::ListRulesRequest request;
    request.set_page_token(token);
    request.set_page_size(page_size);
    rule::v1::ListRulesResponse response;
    Page page{.status = FromGrpcStatus(stub_->ListRules(&context, request, &response)), .rules = {}, .next = response.next_page_token()};
    for (const auto& rule : response.rules()) page.rules.push_back(rule.name());
    return page;
  }
  // How often the backtest found something, or its error.
  absl::StatusOr<int> Backtest(const rule::v1::BacktestRuleRequest& request) {
    grpc::ClientContext context;
    const auto reader = stub_->BacktestRule(&context, request);
    rule::v1::BacktestRuleResponse response;
    int found = 0;
    while (reader->Read(&response)) found += response.has_alert() ? 1 : 0;
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return FromGrpcStatus(status);
    return found;
  }

  testing::TempDir dir_;
  testing::FakeClock clock_{SystemClock::Get().Now()};  // backtests end at the system's time
  Metrics metrics_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<AlertStore> alerts_;
  std::unique_ptr<RuleRunner> runner_;
  std::unique_ptr<RuleService> service_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<rule::v1::RuleService::Stub> stub_;
};

TEST_F(RuleServiceTest, PageTokensArePlacesOrRefused) {
  for (int i = 1; i <= 3; ++i) WriteRule(i);
  ASSERT_NO_FATAL_FAILURE(Start());
  EXPECT_THAT(List("").rules, ElementsAre("Rule 1", "Rule 2", "Rule 3"));
  const Page first = List("", 1);
  EXPECT_THAT(first.rules, ElementsAre("Rule 1"));
  const Page second = List(first.next, 1);
  EXPECT_THAT(second.rules, ElementsAre("Rule 2"));
  EXPECT_THAT(List(second.next, 2).rules, ElementsAre("Rule 3"));
  // Rules may have gone since the token was made, so a place behind the last is the end.
  for (const std::string beyond : {"r3", "r4", "r9223372036854775807", "r18446744073709551615", "r18446744073709551516"}) {
    for (const int size : {0, 1, 2, 1000}) {
      const Page page = List(beyond, size);
      EXPECT_OK(page.status);
      EXPECT_THAT(page.rules, IsEmpty()) << beyond;
      EXPECT_EQ(page.next, "") << beyond;
    }
  }
  for (const std::string& token : HostileTokens('r')) {
    const absl::Status status = List(token).status;
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status << token.substr(0, 40);
    EXPECT_THAT(std::string(status.message()), HasSubstr("page_token"));
  }
  for (const int size : {-1, 1001, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) {
    EXPECT_TRUE(absl::IsInvalidArgument(List("", size).status)) << size;
  }
}

// A file may have thousands of errors, and there may be thousands of files.
TEST_F(RuleServiceTest, RefusedFilesWithManyErrorsFitIntoPages) {
  std::string bad = "id: no-guid\n";
  for (int i = 0; i < 8'000; ++i) bad += fmt::format("severity: {}\n", i);
  for (int i = 100; i < 120; ++i) Write(fmt::format("bad-{}.yaml", i), bad);
  Write("not-utf8-\xff.yaml", "id: \xff\xfe\nname: [\xc3]\n");
  Write("long.yaml", "id: " + std::string(250'000, 'x') + "\n" + std::string(1000, 'y') + ": 1\n");
  WriteRule(1);
  ASSERT_NO_FATAL_FAILURE(Start());
  std::vector<std::string> all;
  std::string token;
  do {
    const Page page = List(token, 1000);
    ASSERT_OK(page.status);
    ASSERT_THAT(page.rules, ::testing::Not(IsEmpty()));
    all.insert(all.end(), page.rules.begin(), page.rules.end());
    token = page.next;
  } while (!token.empty() && all.size() < 100);
  EXPECT_THAT(all, SizeIs(23));
  grpc::ClientContext context;
  rule::v1::ReloadRulesResponse reloaded;
  EXPECT_OK(FromGrpcStatus(stub_->ReloadRules(&context, {}, &reloaded)));
  EXPECT_GT(reloaded.findings_size(), 1000);
  EXPECT_THAT(reloaded.findings(reloaded.findings_size() - 1), ::testing::MatchesRegex("and [0-9]+ more"));
}

TEST_F(RuleServiceTest, AnIdOfAMegabyteIsNotFound) {
  WriteRule(1);
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const std::string& id : {std::string(), std::string(1 << 20, 'x'), std::string(1 << 18, '\x01')}) {
    {
      grpc::ClientContext context;
      rule::v1::GetRuleRequest request;
      request.set_rule_id(id);
      rule::v1::GetRuleResponse response;
      const absl::Status status = FromGrpcStatus(stub_->GetRule(&context, request, &response));
      EXPECT_TRUE(absl::IsNotFound(status)) << status;
    }
    for (const std::string& rule : {id, std::string("11111111-2222-4333-8444-000000000001")}) {
      grpc::ClientContext context;
      rule::v1::ExplainRuleRequest request;
      request.set_rule_id(rule);
      request.set_event_id(id.empty() ? "no such event" : id);
      rule::v1::ExplainRuleResponse response;
      const absl::Status status = FromGrpcStatus(stub_->ExplainRule(&context, request, &response));
      EXPECT_TRUE(absl::IsNotFound(status)) << status;
    }
  }
}

// A rule in batch runs every five minutes of the time that it is asked about: of the events that are kept, not of three centuries.
TEST_F(RuleServiceTest, ABacktestBeginsWithTheOldestEventAtMost) {
  WriteRule(1);
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_OK(Append(*log_, {EventOf("w-1", "e-1", clock_.Now() - absl::Minutes(11))}));
  rule::v1::BacktestRuleRequest request;
  request.set_rule_file(RuleText("11111111-2222-4333-8444-000000000009", "In batch", "ZoomLogs | sort by EventId asc | extend N = row_number() | project TimeGenerated, EventId, N"));
  request.mutable_from_time()->set_seconds(std::numeric_limits<std::int64_t>::min());
  request.mutable_to_time()->set_seconds(std::numeric_limits<std::int64_t>::max());
  const auto found = Backtest(request);
  ASSERT_OK(found);
  EXPECT_GE(*found, 1);
  std::swap(*request.mutable_from_time(), *request.mutable_to_time());
  EXPECT_TRUE(absl::IsInvalidArgument(Backtest(request).status()));
  request.mutable_from_time()->set_seconds(1);
  request.mutable_to_time()->set_seconds(2);
  const auto before = Backtest(request);
  ASSERT_OK(before);
  EXPECT_EQ(*before, 0);
}

}  // namespace
}  // namespace zoomwatch::detector
