// kill -9 of a process that stores webhooks: what it reported as accepted is there, once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <random>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "tests/unit/services/spool/spool_items.h"

namespace zoomwatch::receiver {
namespace {

constexpr int kRounds = 10;
constexpr unsigned kSeed = 20261124;

class SpoolCrashTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Spool>> Open() {
    return Spool::Open({.directory = dir_.file("spool"), .max_disk_bytes = uint64_t{64} << 20, .segment_bytes = 16384,
                        .cursor_interval = absl::Milliseconds(1)},
                       storage::PosixFileSystem(), clock_, metrics_);
  }
  // Stores webhooks until the process is killed; writes the body of each accepted one to `pipe`, as a line.
  [[noreturn]] void StoreForever(int pipe, int round);
  // Kills a storing child after `report_bytes` of its reports; returns all lines that it reported.
  std::vector<std::string> RunAndKill(int round, size_t report_bytes);

  testing::TempDir dir_;
  testing::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  Metrics metrics_;
};

void SpoolCrashTest::StoreForever(int pipe, int round) {
  const auto spool = Open();
  if (!spool.ok()) _exit(1);
  for (int i = 0;; ++i) {
    const std::string body = std::to_string(round) + "/" + std::to_string(i);
    (*spool)->Store(Webhook(body), [pipe, line = body + "\n"](const absl::Status& status) {
      if (!status.ok() || write(pipe, line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(2);
    });
    if (i % 8 == 7 && !Store(**spool, std::to_string(round) + "/unreported").ok()) _exit(3);
  }
}

std::vector<std::string> SpoolCrashTest::RunAndKill(int round, size_t report_bytes) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    StoreForever(ends[1], round);
  }
  close(ends[1]);
  std::string text;
  char buffer[256];
  bool killed = false;
  while (true) {
    const ssize_t size = read(ends[0], buffer, sizeof(buffer));
    if (size <= 0) break;
    text.append(buffer, static_cast<size_t>(size));
    if (!killed && text.size() >= report_bytes) killed = kill(child, SIGKILL) == 0;
  }
  close(ends[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself: " << status;
  std::vector<std::string> lines;
  for (size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(text.substr(begin, end - begin));
  }
  return lines;
}

TEST_F(SpoolCrashTest, KeepsEveryReportedWebhookOnceThroughTenKills) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  std::vector<std::string> reported;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<std::string> lines = RunAndKill(round, std::uniform_int_distribution<size_t>(1, 1500)(random));
    EXPECT_FALSE(lines.empty());
    reported.insert(reported.end(), lines.begin(), lines.end());
    const auto spool = Open();
    ASSERT_OK(spool);
    std::map<std::string, int> stored;
    std::map<std::string, int> ids;
    while (true) {
      const auto batch = (*spool)->ReadBatch(100, kAllBytes, absl::ZeroDuration(), {});
      ASSERT_OK(batch);
      if (batch->webhooks.empty()) break;
      for (const ingest::v1::RawWebhook& webhook : batch->webhooks) {
        ++stored[webhook.body()];
        EXPECT_EQ(++ids[webhook.webhook_id()], 1) << webhook.webhook_id();
      }
    }
    for (const std::string& body : reported) EXPECT_EQ(stored[body], 1) << body;
    ASSERT_EQ((*spool)->Ledger().size(), 1u);
    EXPECT_EQ((*spool)->Ledger()[0].accepted_count(), static_cast<int64_t>(ids.size()));
    EXPECT_EQ((*spool)->Ledger()[0].spooled_count(), static_cast<int64_t>(ids.size()));
  }
}

}  // namespace
}  // namespace zoomwatch::receiver
