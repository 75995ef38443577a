// How long an event takes to become the row of an alert: three processes with mutual TLS between them, every step on disk before it is
// acknowledged, the shipped rules and the rule of the probes.
//
//   pipeline_bench [--rate 5000] [--seconds 30] [--directory /var/tmp]
//
// `zoomwatch send` posts invented events of all families at the rate. Beside it one probe after the other, 20 a second at most, is
// posted over a connection of its own, and the file of alerts is watched until its row is there; what is printed is the time from the
// begin of its POST. The file is looked at every half millisecond. The CPU time of each process is printed by event.
// The times mean something only where nothing else runs; the load average of the machine at the beginning is printed for that.
// The programs are taken from the folder of this one.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "common/crypto/hmac.h"
#include "common/crypto/secret.h"
#include "common/http_client/http_client.h"
#include "common/status/check.h"
#include "common/testing/test_ca.h"
#include "common/time/clock.h"
#include "tests/bench/pipeline/program.h"

namespace zoomwatch::bench {
namespace {

namespace fs = std::filesystem;

constexpr char kSecret[] = "bench-secret";
constexpr absl::Duration kBetweenProbes = absl::Milliseconds(50);
constexpr absl::Duration kBetweenLooks = absl::Microseconds(500);
constexpr absl::Duration kPatience = absl::Seconds(30);

constexpr char kProbeRule[] = R"(id: 3c1d3e0e-5f0f-4a55-9d0e-6f5f7c0a9b11
name: Probe
description: A probe of the benchmark.
kind: Scheduled
version: 1.0.0
severity: Low
requiredDataConnectors: []
tactics: [Discovery]
relevantTechniques: [T1087]
queryFrequency: 5m
queryPeriod: 1h
triggerOperator: gt
triggerThreshold: 0
query: |
  ZoomLogs
  | where Event == 'bench.probe'
  | project TimeGenerated, EventId, Probe = tostring(Payload.payload.probe)
entityMappings:
  - entityType: Account
    fieldMappings:
      - identifier: FullName
        columnName: Probe
eventGroupingSettings:
  aggregationKind: AlertPerResult
)";

struct Arguments {
  int rate = 5000;
  int seconds = 30;
  std::string directory = "/var/tmp";
};

Arguments ParseArguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--rate") arguments.rate = std::stoi(value);
    if (name == "--seconds") arguments.seconds = std::stoi(value);
    if (name == "--directory") arguments.directory = value;
  }
  return arguments;
}

double Quantile(const std::vector<double>& sorted, double part) {
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1) + 0.5)];
}

class Pipeline {
 public:
  Pipeline(fs::path programs, fs::path folder) : programs_(std::move(programs)), folder_(std::move(folder)) {
    std::random_device random;
    host_ = fmt::format("127.{}.{}.{}", 20 + random() % 200, 1 + random() % 250, 1 + random() % 250);
    fs::create_directories(folder_ / "probe");
    const testing::TestCa ca(folder_, "ca");
    for (const std::string name : {"receiver", "normalizer", "detector"}) {
      ca.Issue(name, {.common_name = name, .subject_alternative_names = {"DNS:localhost", "IP:" + host_}});
    }
    Write("token", kSecret);
    Write("probe/probe.yaml", kProbeRule);
    Write("receiver.yaml",
          fmt::format("webhook: {{listen_address: '{0}:8443', tls: {{certificate_file: receiver.pem, private_key_file: receiver.key}}}}\n"
                      "zoom_accounts: [{{name: main, secret_token_files: [token]}}]\nspool: {{directory: spool}}\n"
                      "normalizer: {{address: '{0}:8444', {1}}}\nadmin: {{listen_address: '{0}:9090'}}\n",
                      host_, ClientTls("receiver")));
    Write("normalizer.yaml", fmt::format("grpc: {{listen_address: '{0}:8444', {1}, allowed_client_names: [receiver]}}\n"
                                         "detector: {{address: '{0}:8445', {2}}}\nadmin: {{listen_address: '{0}:9091'}}\n",
                                         host_, ServerTls("normalizer"), ClientTls("normalizer")));
    Write("detector.yaml", fmt::format("grpc: {{listen_address: '{0}:8445', {1}, allowed_client_names: [normalizer]}}\n"
                                       "store: {{directory: store}}\ndelivery: {{json_lines: {{file: rows.jsonl, alerts_file: alerts.jsonl}}}}\n"
                                       "rules: {{folders: [probe, '{2}'], alert_directory: alerts}}\nadmin: {{listen_address: '{0}:9092'}}\n",
                                       host_, ServerTls("detector"), ZOOMWATCH_SOURCE_DIR "/rules"));
    http_ = MakeHttpClient({.ca_file = ca.ca_file()});
    detector_ = Start("detector", 9092);
    normalizer_ = Start("normalizer", 9091);
    receiver_ = Start("receiver", 9090);
  }

  std::unique_ptr<Program> StartLoad(int rate, int seconds) {
    return std::make_unique<Program>((programs_ / "zoomwatch").string(),
                                     std::vector<std::string>{"send", "--url", url(), "--ca-file", (folder_ / "ca.pem").string(), "--secret-file",
                                                              (folder_ / "token").string(), "--generate", std::to_string(rate * seconds), "--rate",
                                                              std::to_string(rate), "--concurrency", "32"},
                                     (folder_ / "send").string());
  }

  // Posts a probe and waits for its alert. Milliseconds until it was answered, and until the row was there.
  std::pair<double, double> Probe(int number) {
    const std::string name = fmt::format("probe-{}-end", number);
    const std::string time = std::to_string(absl::ToUnixSeconds(clock_.Now()));
    const std::string body = fmt::format(R"({{"event":"bench.probe","event_ts":{},"payload":{{"account_id":"acc","probe":"{}"}}}})",
                                         absl::ToUnixMillis(clock_.Now()), name);
    const absl::Duration begin = clock_.Monotonic();
    const auto answer = http_->Send({.method = "POST",
                                     .url = url(),
                                     .headers = {{"Content-Type", "application/json"},
                                                 {"x-zm-request-timestamp", time},
                                                 {"x-zm-signature", "v0=" + HexEncode(key_.Sign({"v0:", time, ":", body}))}},
                                     .body = body,
                                     .direct = true},
                                    {});
    ZOOMWATCH_CHECK(answer.ok() && answer->status == 200);
    const absl::Duration answered = clock_.Monotonic();
    while (!HasAlert(name)) {
      ZOOMWATCH_CHECK(clock_.Monotonic() - begin < kPatience);
      std::this_thread::sleep_for(absl::ToChronoMicroseconds(kBetweenLooks));
    }
    return {absl::ToDoubleMilliseconds(answered - begin), absl::ToDoubleMilliseconds(clock_.Monotonic() - begin)};
  }

  // CPU seconds by name.
  std::vector<std::pair<std::string, double>> End() {
    std::vector<std::pair<std::string, double>> times;
    times.emplace_back("receiver", receiver_->End(SIGTERM));
    times.emplace_back("normalizer", normalizer_->End(SIGTERM));
    times.emplace_back("detector", detector_->End(SIGTERM));
    ZOOMWATCH_CHECK(receiver_->ended_well() && normalizer_->ended_well() && detector_->ended_well());
    return times;
  }

 private:
  void Write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  static std::string ServerTls(const std::string& name) {
    return fmt::format("tls: {{certificate_file: {0}.pem, private_key_file: {0}.key, client_ca_file: ca.pem}}", name);
  }
  static std::string ClientTls(const std::string& name) {
    return fmt::format("tls: {{ca_file: ca.pem, certificate_file: {0}.pem, private_key_file: {0}.key, server_name: localhost}}", name);
  }
  std::string url() const { return "https://" + host_ + ":8443/webhook"; }

  std::unique_ptr<Program> Start(const std::string& service, int admin_port) {
    auto program = std::make_unique<Program>((programs_ / ("zoomwatch-" + service)).string(),
                                             std::vector<std::string>{"--config", (folder_ / (service + ".yaml")).string()}, (folder_ / service).string());
    const absl::Duration begin = clock_.Monotonic();
    for (bool ready = false; !ready;) {
      ZOOMWATCH_CHECK(clock_.Monotonic() - begin < kPatience);
      const auto answer = http_->Send({.url = fmt::format("http://{}:{}/readyz", host_, admin_port), .direct = true}, {});
      ready = answer.ok() && answer->status == 200;
      if (!ready) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return program;
  }

  // Reads on in the file of alerts.
  bool HasAlert(const std::string& name) {
    if (!alerts_.is_open()) alerts_.open(folder_ / "alerts.jsonl");
    alerts_.clear();
    char buffer[1 << 16];
    while (alerts_.read(buffer, sizeof buffer), alerts_.gcount() > 0) {
      seen_.append(buffer, static_cast<std::size_t>(alerts_.gcount()));
      alerts_.clear();
    }
    const std::size_t line = seen_.find(name);
    const bool whole = line != std::string::npos && seen_.find('\n', line) != std::string::npos;
    if (const std::size_t last = seen_.rfind('\n'); last != std::string::npos) seen_.erase(0, last + 1);
    return whole;
  }

  const fs::path programs_, folder_;
  const Clock& clock_ = SystemClock::Get();
  std::string host_;
  const HmacSha256Key key_{Secret(kSecret)};
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<Program> detector_, normalizer_, receiver_;
  std::ifstream alerts_;
  std::string seen_;
};

void Run(const Arguments& arguments) {
  const fs::path folder = fs::path(arguments.directory) / fmt::format("zoomwatch-pipeline-bench.{}", getpid());
  double load = 0;
  getloadavg(&load, 1);
  std::vector<double> answered, alerted;
  {
    Pipeline pipeline(fs::canonical("/proc/self/exe").parent_path(), folder);
    const Clock& clock = SystemClock::Get();
    const absl::Duration begin = clock.Monotonic();
    const auto sender = pipeline.StartLoad(arguments.rate, arguments.seconds);
    for (int number = 0; clock.Monotonic() - begin < absl::Seconds(arguments.seconds); ++number) {
      const absl::Duration next = clock.Monotonic() + kBetweenProbes;
      const auto [answer, alert] = pipeline.Probe(number);
      answered.push_back(answer);
      alerted.push_back(alert);
      if (clock.Monotonic() < next) std::this_thread::sleep_for(absl::ToChronoMicroseconds(next - clock.Monotonic()));
    }
    const double sender_cpu = sender->End(0);
    const double seconds = absl::ToDoubleSeconds(clock.Monotonic() - begin);
    const double events = static_cast<double>(arguments.rate) * arguments.seconds;
    ZOOMWATCH_CHECK(sender->ended_well());
    fmt::print("{:.0f} events in {:.1f} s ({:.0f}/s), load average before {:.2f}\n", events, seconds, events / seconds, load);
    for (const auto& [name, cpu] : pipeline.End()) fmt::print("  {:<12} {:6.1f} us of CPU time an event\n", name, cpu * 1e6 / events);
    fmt::print("  {:<12} {:6.1f}\n", "the sender", sender_cpu * 1e6 / events);
  }
  for (const auto& [name, times] : {std::pair("answered", &answered), std::pair("alert's row", &alerted)}) {
    std::sort(times->begin(), times->end());
    fmt::print("  {} probes, {:<12} p50 {:7.1f} ms  p99 {:7.1f} ms  at most {:7.1f} ms\n", times->size(), name, Quantile(*times, 0.5),
               Quantile(*times, 0.99), times->back());
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace zoomwatch::bench

int main(int argc, char** argv) { zoomwatch::bench::Run(zoomwatch::bench::ParseArguments(argc, argv)); }
