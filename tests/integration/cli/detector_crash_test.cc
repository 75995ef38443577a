// The three programs under load with all shipped rules, where only the detector is killed, again and again: the alerts are those of a run
// without kills, each once. The receiver and the normalizer stay up, so nothing is sent twice and nothing may be lost on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <memory>
#include <set>

#include "tests/integration/cli/rules_load.h"

namespace zoomwatch {
namespace {

using testing::BackgroundProgram;
using testing::Text;

class DetectorCrashTest : public testing::RulesLoad {
 protected:
  static constexpr uint16_t kNormalizerAdminPort = 9091, kDetectorAdminPort = 9092;

  void SetUp() override {
    std::filesystem::create_directory(dir_.file("rules"));
    Write("receiver.yaml", "webhook: {listen_address: '" + host_ + ":8443', allow_plaintext: true}\n" +
                               "zoom_accounts: [{name: main, secret_token_files: [token]}]\nspool: {directory: spool, segment_bytes: 4MiB}\n" +
                               "normalizer: {address: '" + host_ + ":8444', allow_plaintext: true, deadline: 2s}\n" +
                               "admin: {listen_address: '" + host_ + ":9090'}\n");
    Write("normalizer.yaml", "grpc: {listen_address: '" + host_ + ":8444', allow_plaintext: true}\n" +
                                 "detector: {address: '" + host_ + ":8445', allow_plaintext: true, deadline: 2s}\n" +
                                 "admin: {listen_address: '" + host_ + ":9091'}\n");
    Write("detector.yaml", "grpc: {listen_address: '" + host_ + ":8445', allow_plaintext: true}\nstore: {directory: store}\n" +
                               "delivery: {json_lines: {file: rows.jsonl, alerts_file: alerts.jsonl}}\n" +
                               "rules: {folders: [rules, '" + std::string(std::getenv("ZOOMWATCH_SOURCE_DIR")) +
                               "/rules'], alert_directory: alerts, reload_interval: 1s, settle_time: 100ms, hold_without_history: false}\n" +
                               "admin: {listen_address: '" + host_ + ":9092'}\n");
  }
  std::unique_ptr<BackgroundProgram> StartOne(const std::string& name, uint16_t admin_port) const {
    auto program = std::make_unique<BackgroundProgram>("zoomwatch-" + name, std::vector<std::string>{"--config", dir_.file(name + ".yaml")},
                                                       dir_.file("run.log"));
    for (int attempt = 0; attempt < 1500; ++attempt) {
      if (!testing::HttpGet(host_, admin_port, "/readyz").empty()) return program;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ADD_FAILURE() << name << " did not become ready";
    return program;
  }
  void StartDetector() { detector_ = StartOne("detector", kDetectorAdminPort); }
  void StartAll() {
    StartDetector();
    normalizer_ = StartOne("normalizer", kNormalizerAdminPort);
    receiver_ = StartOne("receiver", kAdminPort);
  }
  void EndAll() {
    for (auto* program : {&receiver_, &normalizer_, &detector_}) {
      EXPECT_EQ((*program)->End(SIGTERM), 0);
    }
  }

  std::unique_ptr<BackgroundProgram> receiver_, normalizer_, detector_;
};

TEST_F(DetectorCrashTest, TheAlertsAreThoseOfAnUndisturbedRunEachOnce) {
  const int kills = testing::KillsWanted(15);
  const int people = 3 * kills;
  const std::size_t bodies = WriteBodies(people);

  ASSERT_NO_FATAL_FAILURE(StartAll());
  ASSERT_EQ(Send(2000).code, 0);
  ASSERT_EQ(WaitForRows(bodies).size(), bodies);
  const std::map<std::string, int> expected = Summary(WaitForAlerts(static_cast<std::size_t>(people) * 5));
  ASSERT_GE(expected.size(), static_cast<std::size_t>(people) * 5) << "each person makes five alerts at least";
  EndAll();
  for (const char* const name : {"store", "spool", "alerts", "rows.jsonl", "alerts.jsonl"}) std::filesystem::remove_all(dir_.file(name));

  ASSERT_NO_FATAL_FAILURE(StartAll());
  testing::ProgramResult sent;
  std::thread sender([&] { sent = Send(18); });
  int killed = 0;
  std::set<std::pair<std::size_t, std::size_t>> points;  // rows and alerts that were out when it was killed
  while (killed < kills && Rows().size() < bodies) {
    // Four times in five somewhere behind the next row, so that the run gets further; otherwise soon after the start, while rules are warmed
    // and rows and alerts of before are delivered.
    const std::size_t before = Rows().size();
    const bool behind_row = killed % 5 != 4;
    for (int wait = 0; behind_row && wait < 2500 && Rows().size() == before; ++wait) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::this_thread::sleep_for(std::chrono::microseconds(random_() % (behind_row ? 60'000 : 200'000)));
    points.emplace(Rows().size(), Alerts().size());
    EXPECT_EQ(detector_->End(SIGKILL), -1);
    ++killed;
    StartDetector();
  }
  sender.join();
  EXPECT_EQ(sent.code, 0) << sent.out << sent.error;
  EXPECT_EQ(WaitForRows(bodies).size(), bodies);
  const std::size_t alerts = ExpectEachOnce(expected);
  EndAll();
  std::printf("%d kills, at %zu different points; %zu events, %zu alerts\n", killed, points.size(), bodies, alerts);
  EXPECT_GE(killed, kills / 5) << "the load ended too soon to show much";  // a slow machine takes long to start the detector
}

}  // namespace
}  // namespace zoomwatch
