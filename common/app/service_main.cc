#include "common/app/service_main.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>

#include "common/app/version.h"
#include "common/config/config.h"
#include "common/log/log.h"
#include "common/status/reasons.h"
#include "common/time/clock.h"

namespace zoomwatch {
namespace {

namespace po = boost::program_options;

constexpr int kOk = 0;
constexpr int kFailed = 1;
constexpr int kUsageError = 2;

struct CommandLine {
  std::string config_file;
  bool check_config = false;
  bool print_config = false;
  bool version = false;
  bool help = false;
};

po::options_description Options(CommandLine& line) {
  po::options_description options("Options");
  options.add_options()("config", po::value(&line.config_file)->value_name("FILE"), "configuration file (YAML)")(
      "check-config", po::bool_switch(&line.check_config), "check the configuration and exit")(
      "print-config", po::bool_switch(&line.print_config), "print the configuration with all defaults and exit")(
      "version", po::bool_switch(&line.version), "print the version and exit")("help", po::bool_switch(&line.help),
                                                                              "print this text and exit");
  return options;
}

absl::Status Parse(int argc, char** argv, const po::options_description& options) {
  try {
    po::variables_map values;
    po::store(po::command_line_parser(argc, argv).options(options).positional({}).run(), values);
    po::notify(values);
    return absl::OkStatus();
  } catch (const po::error& error) {
    return Error(Reason::kUsage, error.what());
  }
}

Severity SeverityOf(const std::string& level) {
  if (level == "debug") return Severity::kDebug;
  if (level == "warning") return Severity::kWarning;
  if (level == "error") return Severity::kError;
  return Severity::kInfo;
}

// gRPC's own lines (failed handshakes, refused connections) in our form, so that the log stays JSON.
void LogGrpcLine(gpr_log_func_args* line) {
  const Severity severity = line->severity == GPR_LOG_SEVERITY_ERROR ? Severity::kWarning : Severity::kDebug;
  Log(severity, "grpc", {{"text", line->message}});
}

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

void ForbidCoreDumps() { prctl(PR_SET_DUMPABLE, 0); }

int RunApp(const ServiceSpec& spec) {
  ForbidCoreDumps();
  ConfigureLog({.least_severity = SeverityOf(spec.logging().level()),
                .max_lines_per_second = spec.logging().max_lines_per_second(),
                .service = spec.name});
  gpr_set_log_function(LogGrpcLine);
  // Every thread started from here on inherits the mask, so only sigwait() below sees the signals.
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);  // a peer that closes its end is an error code, not the end of the process

  const std::unique_ptr<App> app = spec.make_app();
  if (const absl::Status status = app->Start(); !status.ok()) {
    Log(Severity::kError, "start-up failed", {{"error", status}});
    return kFailed;
  }
  Log(Severity::kInfo, "started", {{"version", kVersion}});
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  Log(Severity::kInfo, "stopping", {{"signal", strsignal(signal_number)}});
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // a second signal has its default action
  app->Stop(SystemClock::Get().Now() + spec.drain_deadline());
  Log(Severity::kInfo, "stopped");
  return kOk;
}

int ServiceMain(int argc, char** argv, const ServiceSpec& spec) {
  CommandLine line;
  const po::options_description options = Options(line);
  if (const absl::Status status = Parse(argc, argv, options); !status.ok()) {
    std::cerr << fmt::format("{}: {}\nTry '{} --help'.\n", spec.name, std::string(status.message()), spec.name);
    return kUsageError;
  }
  if (line.help) {
    std::cout << fmt::format("{}: {}\n\nUsage: {} --config FILE\n\n", spec.name, spec.summary, spec.name) << options
              << "\nEvery option of the configuration file is described in docs/configuration.md.\n";
    return kOk;
  }
  if (line.version) {
    std::cout << fmt::format("{} {}\n", spec.name, kVersion);
    return kOk;
  }
  if (line.config_file.empty()) {
    std::cerr << fmt::format("{}: --config FILE is required\nTry '{} --help'.\n", spec.name, spec.name);
    return kUsageError;
  }
  if (const absl::Status status = LoadConfigFile(line.config_file, spec.config); !status.ok()) {
    std::cerr << fmt::format("{}: {}\n", spec.name, Describe(status));
    return kFailed;
  }
  if (line.print_config) {
    std::cout << PrintConfig(*spec.config);
    return kOk;
  }
  if (line.check_config) {
    std::cout << fmt::format("{}: {}: OK\n", spec.name, line.config_file);
    return kOk;
  }
  return RunApp(spec);
}

}  // namespace zoomwatch
