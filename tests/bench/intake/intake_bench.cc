// What verification and durability cost at the webhook port, each as a ratio to the same HTTP stack answering 200 to everything.
//
//   intake_bench [--connections 256] [--rounds 5] [--seconds 2] [--tls] [--directory /var/tmp]
//
// Variants, in turn within each round, so that slow phases of the machine hit all of them:
//   all-200        the server alone
//   verify         signature, time window, replay cache; a store that settles at once
//   spool-no-sync  and the real spool on a file system whose syncs do nothing
//   spool          and the real spool: 200 after fdatasync
// By rate, a client that is busier than the server flatters every variant alike; the ratio by server CPU does not depend on the client.
// The server (one io thread) and the spool's thread run on core 0, the client on core 1. Rates and CPU are of this machine; only the
// ratios travel. Server CPU = CPU of the process minus that of the client's thread.
#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "common/http/server.h"
#include "common/status/check.h"
#include "common/testing/temp_dir.h"
#include "common/testing/test_ca.h"
#include "services/receiver/spool/spool.h"
#include "services/receiver/webhook_handler.h"
#include "tests/bench/intake/load_client.h"

namespace zoomwatch::bench {
namespace {

constexpr char kSecret[] = "bench-secret";

struct Arguments {
  int connections = 256;
  int rounds = 5;
  double seconds = 2;
  bool tls = false;
  std::string directory = "/var/tmp";
};

Arguments ParseArguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--tls") {
      arguments.tls = true;
      continue;
    }
    if (i + 1 == argc) std::exit(2);
    const std::string value = argv[++i];
    if (name == "--connections") arguments.connections = std::stoi(value);
    if (name == "--rounds") arguments.rounds = std::stoi(value);
    if (name == "--seconds") arguments.seconds = std::stod(value);
    if (name == "--directory") arguments.directory = value;
  }
  return arguments;
}

void PinToCore(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  sched_setaffinity(0, sizeof(cores), &cores);
}

double ProcessCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class AcceptEverything final : public http::Handler {
 public:
  void Handle(http::Request, http::Responder responder) override { responder.Send({}); }
};

class SettleAtOnce final : public receiver::WebhookStore {
 public:
  void Store(ingest::v1::RawWebhook, std::function<void(absl::Status)> done) override { done(absl::OkStatus()); }
};

// The real files, without waiting for the device.
class UnsyncedFile final : public storage::File {
 public:
  explicit UnsyncedFile(std::unique_ptr<storage::File> file) : file_(std::move(file)) {}
  absl::Status WriteAt(uint64_t offset, std::string_view bytes) override { return file_->WriteAt(offset, bytes); }
  absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, char* buffer) override { return file_->ReadAt(offset, size, buffer); }
  absl::Status SyncData() override { return absl::OkStatus(); }
  absl::StatusOr<uint64_t> Size() override { return file_->Size(); }

 private:
  const std::unique_ptr<storage::File> file_;
};

class UnsyncedFileSystem final : public storage::FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<storage::File>> Create(const std::string& path) override { return Wrap(files_.Create(path)); }
  absl::StatusOr<std::unique_ptr<storage::File>> Open(const std::string& path) override { return Wrap(files_.Open(path)); }
  absl::Status Rename(const std::string& from, const std::string& to) override { return files_.Rename(from, to); }
  absl::Status Remove(const std::string& path) override { return files_.Remove(path); }
  absl::Status MakeFolder(const std::string& path) override { return files_.MakeFolder(path); }
  absl::Status SyncFolder(const std::string&) override { return absl::OkStatus(); }
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override { return files_.List(path); }
  absl::StatusOr<std::unique_ptr<storage::FolderLock>> Lock(const std::string& folder) override { return files_.Lock(folder); }

 private:
  static absl::StatusOr<std::unique_ptr<storage::File>> Wrap(absl::StatusOr<std::unique_ptr<storage::File>> file) {
    if (!file.ok()) return file.status();
    return std::make_unique<UnsyncedFile>(*std::move(file));
  }
  storage::FileSystem& files_ = storage::PosixFileSystem();
};

enum class Variant { kAll200, kVerify, kSpoolNoSync, kSpool };
constexpr Variant kVariants[] = {Variant::kAll200, Variant::kVerify, Variant::kSpoolNoSync, Variant::kSpool};

const char* NameOf(Variant variant) {
  switch (variant) {
    case Variant::kAll200: return "all-200";
    case Variant::kVerify: return "verify";
    case Variant::kSpoolNoSync: return "spool-no-sync";
    case Variant::kSpool: return "spool";
  }
  __builtin_unreachable();
}

struct Measured {
  double rate = 0;           // answers per second
  double server_us = 0;      // CPU per answer
  float p50 = 0, p99 = 0;    // ms
};

class Bench {
 public:
  explicit Bench(Arguments arguments) : arguments_(std::move(arguments)) {
    std::ofstream(dir_.file("secret")) << kSecret;
    config_.add_zoom_accounts()->set_name("main");
    config_.mutable_zoom_accounts(0)->add_secret_token_files(dir_.file("secret"));
  }

  Measured Measure(Variant variant) {
    PinToCore(0);  // threads started from here on inherit it
    const Clock& clock = SystemClock::Get();
    Metrics metrics;
    const auto accounts = *receiver::AccountRegistry::Load(config_.zoom_accounts(), "/webhook", metrics);
    receiver::ReplayCache replays({}, metrics);
    receiver::ChallengeWatch challenges({"main"}, absl::Hours(80), clock, metrics);
    const std::string folder = arguments_.directory + "/zoomwatch-intake-bench";
    std::filesystem::remove_all(folder);
    std::unique_ptr<receiver::Spool> spool;
    if (variant == Variant::kSpool || variant == Variant::kSpoolNoSync) {
      storage::FileSystem& files = variant == Variant::kSpool ? storage::PosixFileSystem() : unsynced_;
      spool = *receiver::Spool::Open({.directory = folder}, files, clock, metrics);
    }
    SettleAtOnce no_store;
    receiver::WebhookStore& store = spool != nullptr ? static_cast<receiver::WebhookStore&>(*spool) : no_store;
    receiver::WebhookHandler verify({}, *accounts, replays, challenges, store, clock, metrics);
    AcceptEverything accept_everything;
    http::Handler& handler = variant == Variant::kAll200 ? static_cast<http::Handler&>(accept_everything) : verify;
    http::ServerOptions options{.name = "bench"};
    if (arguments_.tls) options.tls = {.certificate_file = certificate_.certificate_file, .private_key_file = certificate_.private_key_file};
    const auto server = *http::Server::Start(options, handler, clock, metrics);

    PinToCore(1);
    const Measured measured = Load(server->port());
    server->Shutdown(absl::Seconds(1));
    if (spool != nullptr) spool->Close();
    std::filesystem::remove_all(folder);
    return measured;
  }

 private:
  Measured Load(uint16_t port) {
    LoadClient client(port, arguments_.connections, arguments_.tls ? client_tls_.get() : nullptr, key_);
    client.Run(absl::Seconds(0.3));  // warm
    const double cpu_begin = ProcessCpuSeconds();
    const LoadResult result = client.Run(absl::Seconds(arguments_.seconds));
    const double server_cpu = ProcessCpuSeconds() - cpu_begin - result.client_cpu_seconds;
    ZOOMWATCH_CHECK(result.refused == 0 && result.answered > 100);
    const auto quantile = [&](double share) {
      return result.latency_ms[static_cast<size_t>(share * static_cast<double>(result.latency_ms.size() - 1))];
    };
    return {.rate = static_cast<double>(result.answered) / result.seconds,
            .server_us = server_cpu * 1e6 / static_cast<double>(result.answered),
            .p50 = quantile(0.5),
            .p99 = quantile(0.99)};
  }

  const Arguments arguments_;
  testing::TempDir dir_;
  testing::TestCa ca_{dir_.path(), "ca"};
  const testing::CertificateFiles certificate_ = ca_.Issue("server", {.common_name = "bench"});
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> client_tls_{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
  config::v1::Receiver config_;
  const HmacSha256Key key_{Secret(kSecret)};
  UnsyncedFileSystem unsynced_;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int Main(int argc, char** argv) {
  const Arguments arguments = ParseArguments(argc, argv);
  Bench bench(arguments);
  fmt::print("{} connections, {}, {} rounds of {} s\n", arguments.connections, arguments.tls ? "TLS 1.3" : "plain HTTP",
             arguments.rounds, arguments.seconds);
  fmt::print("round variant        answers/s  server us  p50 ms  p99 ms  ratio to all-200\n");
  std::vector<std::vector<double>> ratios(std::size(kVariants)), rates(std::size(kVariants)), cpu_ratios(std::size(kVariants));
  for (int round = 1; round <= arguments.rounds; ++round) {
    Measured control;
    for (size_t i = 0; i < std::size(kVariants); ++i) {
      const Measured measured = bench.Measure(kVariants[i]);
      if (kVariants[i] == Variant::kAll200) control = measured;
      rates[i].push_back(measured.rate);
      ratios[i].push_back(measured.rate / control.rate);
      cpu_ratios[i].push_back(control.server_us / measured.server_us);
      fmt::print("{:5} {:13} {:10.0f} {:10.1f} {:7.2f} {:7.2f} {:8.2f}\n", round, NameOf(kVariants[i]), measured.rate, measured.server_us,
                 measured.p50, measured.p99, measured.rate / control.rate);
    }
  }
  fmt::print("\nmedian of the rounds\n");
  for (size_t i = 0; i < std::size(kVariants); ++i) {
    fmt::print("      {:13} {:10.0f} answers/s, ratio to all-200 {:.2f} by rate, {:.2f} by server CPU\n", NameOf(kVariants[i]), Median(rates[i]),
               Median(ratios[i]), Median(cpu_ratios[i]));
  }
  std::vector<double> sync_cost;
  for (size_t round = 0; round < rates[2].size(); ++round) sync_cost.push_back(rates[2][round] / rates[3][round]);
  fmt::print("      spool-no-sync / spool: {:.2f}\n", Median(sync_cost));
  return 0;
}

}  // namespace
}  // namespace zoomwatch::bench

int main(int argc, char** argv) { return zoomwatch::bench::Main(argc, argv); }
