// The three real programs as processes: the external corpus, outages, and kill -9 at random points. What was answered 200 must be in
// the sink exactly once, and the programs' own counts must agree.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "common/crypto/hmac.h"
#include "common/crypto/secret.h"
#include "common/testing/temp_dir.h"
#include "common/time/clock.h"
#include "services/receiver/signature_verifier.h"
#include "tests/integration/cli/program.h"

namespace zoomwatch {
namespace {

constexpr char kSecret[] = "pipeline-test-secret";

// One HTTP exchange on a connection of its own. The status code, or 0 when there was none (refused, cut, no answer in time).
int Exchange(const std::string& host, uint16_t port, const std::string& request, std::string* answer = nullptr) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval timeout{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  std::string text;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char buffer[4096];
    ssize_t count = 0;
    while ((count = recv(fd, buffer, sizeof buffer, 0)) > 0) text.append(buffer, static_cast<size_t>(count));
  }
  close(fd);
  if (answer != nullptr) *answer = text;
  return text.starts_with("HTTP/1.1 ") ? std::atoi(text.c_str() + 9) : 0;
}

class PipelineTest : public ::testing::Test {
 protected:
  enum Service { kReceiver, kNormalizer, kDetector };
  static constexpr const char* kNames[] = {"receiver", "normalizer", "detector"};
  static constexpr uint16_t kAdminPorts[] = {9090, 9091, 9092};

  PipelineTest() : seed_(std::random_device{}()), random_(seed_), key_(Secret(kSecret)) {
    // An address of this run's own, so that fixed ports cannot collide with another test or another run.
    host_ = "127." + std::to_string(100 + random_() % 100) + "." + std::to_string(1 + random_() % 250) + "." + std::to_string(1 + random_() % 250);
    Write("token", kSecret);
    Write("receiver.yaml", "webhook: {listen_address: '" + host_ + ":8443', allow_plaintext: true}\n" +
                               "zoom_accounts: [{name: main, secret_token_files: [token]}]\n"
                               "spool: {directory: spool, segment_bytes: 4MiB}\n"
                               "normalizer: {address: '" + host_ + ":8444', allow_plaintext: true, deadline: 2s}\n"
                               "grpc: {listen_address: '" + host_ + ":8446', allow_plaintext: true}\n"
                               "admin: {listen_address: '" + host_ + ":9090'}\n");
    Write("normalizer.yaml", "grpc: {listen_address: '" + host_ + ":8444', allow_plaintext: true}\n" +
                                 "detector: {address: '" + host_ + ":8445', allow_plaintext: true, deadline: 2s}\n" +
                                 "admin: {listen_address: '" + host_ + ":9091'}\n");
    Write("detector.yaml", "grpc: {listen_address: '" + host_ + ":8445', allow_plaintext: true}\n" +
                               "store: {directory: store}\ndelivery: {json_lines: {file: rows.jsonl}}\n"
                               "admin: {listen_address: '" + host_ + ":9092'}\n");
  }
  ~PipelineTest() override {
    for (const Service service : {kReceiver, kNormalizer, kDetector}) Kill(service, SIGKILL);
    if (HasFailure()) {
      for (const char* name : kNames) {
        std::ifstream log(dir_.file(std::string(name) + ".log"));
        std::printf("--- %s\n%s", name, std::string{std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()}.c_str());
      }
    }
  }

  void Write(const std::string& name, const std::string& text) { std::ofstream(dir_.file(name)) << text; }

  // Starts the program and waits until it says that it is ready.
  void Start(Service service) {
    const std::string program = std::string(std::getenv("ZOOMWATCH_BIN_DIR")) + "/zoomwatch-" + kNames[service];
    const std::string config = dir_.file(std::string(kNames[service]) + ".yaml");
    const std::string log = dir_.file(std::string(kNames[service]) + ".log");
    const pid_t pid = fork();
    if (pid == 0) {
      const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      dup2(fd, STDERR_FILENO);
      execl(program.c_str(), program.c_str(), "--config", config.c_str(), nullptr);
      _exit(127);
    }
    pids_[service] = pid;
    for (int attempt = 0; attempt < 600; ++attempt) {
      if (Exchange(host_, kAdminPorts[service], "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") == 200) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    FAIL() << kNames[service] << " did not become ready";
  }
  void StartAll() {
    for (const Service service : {kDetector, kNormalizer, kReceiver}) Start(service);
  }
  // Ends the process and returns its exit code; -1 when a signal ended it or it was not running.
  int Kill(Service service, int signal_number) {
    const pid_t pid = pids_[service];
    if (pid <= 0) return -1;
    pids_[service] = 0;
    kill(pid, signal_number);
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  int Post(const std::string& body) {
    const std::string timestamp = std::to_string(absl::ToUnixSeconds(SystemClock::Get().Now()));
    return Exchange(host_, 8443,
                    "POST /webhook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
                    "x-zm-request-timestamp: " + timestamp + "\r\nx-zm-signature: " + receiver::Sign(key_, timestamp, body) +
                        "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  // An event of its own for each number.
  static std::string Body(int number) {
    return R"({"event":"meeting.started","event_ts":)" + std::to_string(1763950000000 + number) +
           R"(,"payload":{"account_id":"a","object":{"id":"1","uuid":"marker-)" + std::to_string(number) + R"(-end","topic":"t"}}})";
  }

  std::vector<std::string> Rows() const {
    std::ifstream file(dir_.file("rows.jsonl"));
    std::vector<std::string> rows;
    for (std::string line; std::getline(file, line);) rows.push_back(line);
    return rows;
  }
  // Waits until there are as many rows, then a little longer, so that one too many would be seen.
  std::vector<std::string> WaitForRows(size_t count) const {
    for (int attempt = 0; attempt < 1500 && Rows().size() < count; ++attempt) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return Rows();
  }
  // Sum of a metric's series.
  double Metric(Service service, const std::string& name) const {
    std::string text;
    Exchange(host_, kAdminPorts[service], "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &text);
    double sum = 0;
    for (size_t at = text.find("\n" + name); at != std::string::npos; at = text.find("\n" + name, at + 1)) {
      const size_t end = text.find('\n', at + 1);
      sum += std::atof(text.c_str() + text.rfind(' ', end));
    }
    return sum;
  }

  testing::TempDir dir_;
  const unsigned seed_;
  std::mt19937 random_;
  const HmacSha256Key key_;
  std::string host_;
  pid_t pids_[3] = {};
};

TEST_F(PipelineTest, DeliversEverySampleOfTheCorpusAsOneRow) {
  const char* corpus = std::getenv("ZOOMWATCH_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "ZOOMWATCH_CORPUS is not set: the sample bodies did not run";
  StartAll();
  size_t sent = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(corpus) + "/zoom-events")) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string body{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    ASSERT_EQ(Post(body), 200) << entry.path();
    ++sent;
  }
  ASSERT_EQ(sent, 569u);
  EXPECT_EQ(WaitForRows(sent).size(), sent);
  EXPECT_EQ(Metric(kReceiver, "zoomwatch_receiver_spool_items"), 0);
}

TEST_F(PipelineTest, KeepsAnsweringDuringAnOutageAndDrainsInOrder) {
  // Batches that are on the way together may arrive in any order; one at a time keeps the order strict.
  std::ofstream(dir_.file("receiver.yaml"), std::ios::app) << "batching: {max_in_flight: 1}\n";
  StartAll();
  ASSERT_EQ(Post(Body(0)), 200);
  Kill(kNormalizer, SIGKILL);
  for (int i = 1; i < 50; ++i) ASSERT_EQ(Post(Body(i)), 200);
  Kill(kDetector, SIGKILL);
  for (int i = 50; i < 100; ++i) ASSERT_EQ(Post(Body(i)), 200);
  Start(kNormalizer);
  Start(kDetector);
  const auto rows = WaitForRows(100);
  ASSERT_EQ(rows.size(), 100u);
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(rows[static_cast<size_t>(i)], ::testing::HasSubstr("marker-" + std::to_string(i) + "-end"));
  }
}

TEST_F(PipelineTest, StopsCleanlyOnSigtermAndLosesNothing) {
  StartAll();
  for (int i = 0; i < 200; ++i) ASSERT_EQ(Post(Body(i)), 200);
  EXPECT_EQ(Kill(kReceiver, SIGTERM), 0);
  EXPECT_EQ(Kill(kNormalizer, SIGTERM), 0);
  EXPECT_EQ(Kill(kDetector, SIGTERM), 0);
  StartAll();
  EXPECT_EQ(WaitForRows(200).size(), 200u);
}

TEST_F(PipelineTest, SurvivesKillsAtRandomPointsWithoutLossOrRepeat) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  StartAll();
  const char* kills = std::getenv("ZOOMWATCH_KILLS");
  const int rounds = kills == nullptr ? 50 : std::atoi(kills);
  ASSERT_GT(rounds, 0);
  int next = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto victim = static_cast<Service>(round % 3);
    const auto delay = std::chrono::microseconds(random_() % 30'000);
    std::thread killer([&] {
      std::this_thread::sleep_for(delay);
      Kill(victim, SIGKILL);
    });
    std::vector<int> unanswered;
    for (int i = 0; i < 20; ++i, ++next) {
      if (Post(Body(next)) != 200) unanswered.push_back(next);
    }
    killer.join();
    ASSERT_NO_FATAL_FAILURE(Start(victim)) << "round " << round;
    // As Zoom does: what was not answered 200 comes again, whether or not it was stored.
    for (const int number : unanswered) ASSERT_EQ(Post(Body(number)), 200) << "round " << round;
  }
  const auto rows = WaitForRows(static_cast<size_t>(next));
  std::multiset<std::string> markers;
  for (const std::string& row : rows) {
    const size_t begin = row.find("marker-");
    ASSERT_NE(begin, std::string::npos) << row;
    markers.insert(row.substr(begin, row.find("-end", begin) - begin));
  }
  for (int i = 0; i < next; ++i) EXPECT_EQ(markers.count("marker-" + std::to_string(i)), 1u) << i;
  EXPECT_EQ(rows.size(), static_cast<size_t>(next));
  const testing::ProgramResult ledger = testing::RunProgram(
      "zoomwatch", {"ledger", "--address", host_ + ":8446", "--address", host_ + ":8445", "--plaintext", "--wait", "30s", "--json"});
  EXPECT_EQ(ledger.code, 0) << ledger.error;
  EXPECT_THAT(ledger.out, ::testing::HasSubstr("\"delivered\":" + std::to_string(next) + ","));
  EXPECT_THAT(ledger.out, ::testing::HasSubstr("\"balances\":true"));
}

}  // namespace
}  // namespace zoomwatch
