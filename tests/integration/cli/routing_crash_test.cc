// `zoomwatch run` with routes to the fake Azure, killed again and again while webhooks come: every event ends in the stream of its route
// and in no other, or is not sent, and the ledger says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "common/testing/status_matchers.h"
#include "tests/fakes/azure_monitor/azure_monitor.h"
#include "tests/fakes/azure_monitor/event_stream.h"
#include "tests/integration/cli/program.h"

namespace zoomwatch {
namespace {

using ::testing::HasSubstr;
using testing::ProgramResult;
using testing::RunProgram;

constexpr char kMain[] = "Custom-ZoomLogs_CL";
constexpr char kLake[] = "Custom-ZoomLake_CL";
constexpr int kEvents = 3000;

class RoutingCrashTest : public testing::PipelineFolder {
 protected:
  void SetUp() override {
    auto azure = fakes::FakeAzureMonitor::Start({.rule_id = "dcr-1", .streams = {fakes::EventStream(kMain), fakes::EventStream(kLake)}});
    ASSERT_OK(azure);
    azure_ = *std::move(azure);
    Write("secret", "fake~secret");
    const fakes::TokenOptions token;
    Write("all.yaml", "webhook: {listen_address: '" + host_ + ":8443', allow_plaintext: true}\n" +
                          "zoom_accounts: [{name: main, secret_token_files: [token]}]\nspool: {directory: spool, segment_bytes: 4MiB}\n" +
                          "store: {directory: store}\ndelivery:\n  logs_ingestion:\n    rule_id: dcr-1\n    max_wait: 10ms\n    endpoint: " +
                          azure_->url() + "\n    client_secret: {authority: '" + azure_->url() + "', tenant_id: " + token.tenant +
                          ", client_id: " + token.client_id + ", client_secret_file: secret}\n" +
                          "    routes:\n      - {name: quiet, events: [\"user.*\"], not_sent: true}\n"
                          "      - {name: lake, where: 'Category == \"meeting\" or Event startswith \"webinar.\"', stream: Custom-ZoomLake_CL}\n" +
                          "admin: {listen_address: '" + host_ + ":9090'}\ngrpc: {listen_address: '" + host_ + ":9191', allow_plaintext: true}\n");
  }
  static std::string Text(const std::string& row, const std::string& key) {
    const std::string mark = "\"" + key + "\":\"";
    const size_t begin = row.find(mark) + mark.size();
    return row.substr(begin, row.find('"', begin) - begin);
  }
  // The events that arrived in the stream, by id, with their names.
  std::map<std::string, std::string> In(const char* stream) const {
    std::map<std::string, std::string> events;
    for (const std::string& row : azure_->Rows(stream)) events[Text(row, "EventId")] = Text(row, "Event");
    return events;
  }

  std::unique_ptr<fakes::FakeAzureMonitor> azure_;
};

TEST_F(RoutingCrashTest, EveryEventTakesItsRouteOnceAndTheLedgerBalances) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ProgramResult sent;
  std::thread sender([&] {
    sent = RunProgram("zoomwatch", {"send", "--url", url(), "--secret-file", dir_.file("token"), "--generate", std::to_string(kEvents), "--rate",
                                    "300", "--retries", "3", "--time-scale", "0.01"});
  });
  int kills = 0;
  for (; kills < 6; ++kills) {
    // Somewhere behind the next call that Azure stores.
    const uint64_t before = azure_->state().Answers("ingestion", "204");
    for (int wait = 0; wait < 5000 && azure_->state().Answers("ingestion", "204") == before; ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random_() % 60'000));
    EXPECT_EQ(pipeline_->End(SIGKILL), -1);
    if (kills == 2) {  // one stream takes nothing for a while, also over a kill
      ASSERT_OK(azure_->AddFault({.action = fakes::FaultAction::kRefuseRows, .count = 0, .status = 400, .column = "Category", .matches = "^(meeting|webinar)"}));
    }
    if (kills == 4) azure_->ClearFaults();
    ASSERT_NO_FATAL_FAILURE(Start());
  }
  sender.join();
  EXPECT_EQ(sent.code, 0) << sent.out << sent.error;
  const ProgramResult ledger = RunProgram("zoomwatch", {"ledger", "--address", host_ + ":9191", "--plaintext", "--json", "--wait", "2m"});
  EXPECT_EQ(ledger.code, 0) << ledger.out << ledger.error;
  EXPECT_THAT(ledger.out, HasSubstr("\"balances\":true"));
  EXPECT_THAT(ledger.out, HasSubstr("\"pending\":0,"));

  const auto main = In(kMain), lake = In(kLake);
  for (const auto& [id, name] : main) EXPECT_FALSE(name.starts_with("user.") || name.starts_with("meeting.") || name.starts_with("webinar.")) << name;
  for (const auto& [id, name] : lake) {
    EXPECT_TRUE(name.starts_with("meeting.") || name.starts_with("webinar.")) << name;
    EXPECT_FALSE(main.contains(id)) << id;
  }
  const auto number = [&](const std::string& mark) { return std::strtoull(ledger.out.c_str() + ledger.out.find(mark) + mark.size(), nullptr, 10); };
  EXPECT_EQ(number("{\"route\":\"main\",\"rows\":"), main.size());
  EXPECT_EQ(number("{\"route\":\"lake\",\"rows\":"), lake.size());
  const uint64_t quiet = number("{\"route\":\"quiet\",\"rows\":");
  EXPECT_EQ(number("\"not_sent\":"), quiet);
  EXPECT_EQ(number("\"delivered\":"), main.size() + lake.size());
  EXPECT_EQ(main.size() + lake.size() + quiet, static_cast<uint64_t>(kEvents));
  EXPECT_GT(quiet, 0u);
  EXPECT_GT(lake.size(), 0u);

  // What is stored weighs what the ledger counted, route by route.
  const ProgramResult volume = RunProgram("zoomwatch", {"volume", "--address", host_ + ":9191", "--plaintext", "--json", "--since", "1h"});
  EXPECT_EQ(volume.code, 0) << volume.error;
  const std::string current = volume.out.substr(volume.out.find("\"current\":"));
  const auto in_volume = [&](const std::string& route, const std::string& key) {
    const size_t at = current.find(key, current.find("{\"route\":\"" + route + "\"")) + key.size();
    return std::strtoull(current.c_str() + at, nullptr, 10);
  };
  for (const std::string route : {"main", "lake", "quiet"}) {
    const std::string entry = ledger.out.substr(ledger.out.find("{\"route\":\"" + route + "\""));
    EXPECT_EQ(in_volume(route, "\"rows\":"), std::strtoull(entry.c_str() + entry.find("\"rows\":") + 7, nullptr, 10)) << route;
    EXPECT_EQ(in_volume(route, "\"bytes\":"), std::strtoull(entry.c_str() + entry.find("\"bytes\":") + 8, nullptr, 10)) << route;
  }

  const ProgramResult table = RunProgram("zoomwatch", {"ledger", "--address", host_ + ":9191", "--plaintext"});
  EXPECT_THAT(table.out, HasSubstr("\n  route "));
  EXPECT_THAT(table.out, HasSubstr("\n  quiet "));
}

}  // namespace
}  // namespace zoomwatch
