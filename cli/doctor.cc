// `zoomwatch doctor`: what is wrong with a set-up, and what to do about it.
#include <google/protobuf/message.h>
#include <grpc/support/log.h>

#include <memory>

#include "cli/all_in_one.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/doctor/file_checks.h"
#include "cli/doctor/network_checks.h"
#include "cli/doctor/rule_checks.h"
#include "cli/doctor/sink_checks.h"
#include "common/retry/sleeper.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/clock.h"
#include "zoomwatch/config/v1/all_in_one.pb.h"
#include "zoomwatch/config/v1/detector.pb.h"
#include "zoomwatch/config/v1/normalizer.pb.h"
#include "zoomwatch/config/v1/receiver.pb.h"

namespace zoomwatch::cli {
namespace {

constexpr FlagSpec kFlags[] = {
    {"config", "FILE", "Configuration of the service.", true},
    {"service", "NAME",
     "Whose configuration it is: receiver, normalizer, detector, or run. Absent: the one that it fits."},
    {"url", "URL",
     "Where Zoom or we reach the receiver, without the path: https://zoom.corp.example. Absent: this machine."},
    {"ca-file", "FILE",
     "PEM file of the authorities for https and for the gRPC port. Absent: the system's, and that of the port's clients."},
    {"certificate-file", "FILE", "PEM file with our certificate for the gRPC port, to ask for the rules. Absent: the service's own."},
    {"private-key-file", "FILE", "PEM file with its key."},
    {"server-name", "NAME", "Name to expect in the gRPC port's certificate. Absent: the host of its address."},
    {"rule-file", "FILE",
     "The data collection rule as az monitor data-collection rule show prints it: its columns are compared with ours."},
    {"offline", "", "Check files only and call nothing, for example before the start."},
    {"wait", "DURATION", "Check again every second until nothing fails, at most for so long. Default 0s."},
    {"timeout", "DURATION", "How long one call may take. Default 5s."},
    {"json", "", "Print one JSON object."},
};

constexpr Example kExamples[] = {
    {"before the start, as an init container", "zoomwatch doctor --config /etc/zoomwatch/receiver.yaml --offline"},
    {"the same, once a mounted secret and a certificate have come",
     "zoomwatch doctor --config /etc/zoomwatch/receiver.yaml --offline --wait 2m"},
    {"of a running receiver, as Zoom sees it",
     "zoomwatch doctor --config receiver.yaml --url https://zoom.corp.example"},
    {"of zoomwatch run", "zoomwatch doctor --config all-in-one.yaml"},
    {"of a detector that delivers to Azure", "zoomwatch doctor --config detector.yaml --rule-file rule.json"},
};

struct Options {
  std::string config, service;
  bool offline = false;
  std::string ca_file;
  NetworkChecksOptions network;
  SinkChecksOptions sink;
  RuleChecksOptions rules;
};

// False: it does not answer.
template <typename Config>
bool CheckService(const google::protobuf::Message& config, HttpClient& http, const Options& options, Checks& checks) {
  return CheckAdminPort(dynamic_cast<const Config&>(config).admin(), http, options.network, checks);
}

void CheckReceiverOf(const config::v1::Receiver& config, bool running, HttpClient& http, const Options& options, Checks& checks) {
  if (!running && options.network.url.empty()) return Skip(checks, "receiver", "not asked: the service does not run", "");
  CheckReceiver(config, http, SystemClock::Get(), options.network, checks);
}

void CheckRunning(const LoadedConfig& loaded, const Options& options, Checks& checks) {
  const Clock& clock = SystemClock::Get();
  const std::unique_ptr<HttpClient> http = MakeHttpClient({.ca_file = options.ca_file});
  const google::protobuf::Message& config = *loaded.config;
  bool running = false;
  if (const auto* receiver = dynamic_cast<const config::v1::Receiver*>(&config)) {
    running = CheckService<config::v1::Receiver>(config, *http, options, checks);
    CheckReceiverOf(*receiver, running, *http, options, checks);
  } else if (const auto* all = dynamic_cast<const config::v1::AllInOne*>(&config)) {
    running = CheckService<config::v1::AllInOne>(config, *http, options, checks);
    CheckReceiverOf(SplitConfig(*all).receiver, running, *http, options, checks);
  } else if (loaded.service == "normalizer") {
    running = CheckService<config::v1::Normalizer>(config, *http, options, checks);
  } else {
    running = CheckService<config::v1::Detector>(config, *http, options, checks);
  }
  CheckPeers(config, clock, options.network, checks);
  if (running) CheckRules(config, clock, options.rules, checks);
  CheckSink(config, clock, options.sink, checks);
}

// Everything once.
Checks Diagnose(const Options& options) {
  Checks checks;
  const LoadedConfig loaded = CheckConfig(options.config, options.service, checks);
  if (loaded.config == nullptr) return checks;
  CheckSecrets(*loaded.config, checks);
  CheckCertificates(*loaded.config, SystemClock::Get().Now(), checks);
  CheckAccess(*loaded.config, checks);
  CheckDisk(*loaded.config, checks);
  CheckRoutes(*loaded.config, checks);
  if (!options.offline) CheckRunning(loaded, options, checks);
  CheckColumns(*loaded.config, options.sink, checks);
  return checks;
}

absl::StatusOr<int> Run(Arguments& arguments, const Console& console) {
  const std::string service = arguments.Text("service");
  if (!service.empty() && service != "receiver" && service != "normalizer" && service != "detector" &&
      service != "run") {
    return Error(Reason::kUsage, "--service: expected receiver, normalizer, detector or run, found '" + service + "'");
  }
  const absl::Duration timeout = arguments.Duration("timeout", absl::Seconds(5), absl::Milliseconds(1), absl::Minutes(10));
  const absl::Duration wait = arguments.Duration("wait", absl::ZeroDuration(), absl::ZeroDuration(), absl::Hours(1));
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  const Options options{.config = arguments.Text("config"),
                        .service = service,
                        .offline = arguments.Has("offline"),
                        .ca_file = arguments.Text("ca-file"),
                        .network = {.url = arguments.Text("url"), .timeout = timeout},
                        .sink = {.timeout = timeout, .rule_file = arguments.Text("rule-file")},
                        .rules = {.timeout = timeout,
                                  .ca_file = arguments.Text("ca-file"),
                                  .certificate_file = arguments.Text("certificate-file"),
                                  .private_key_file = arguments.Text("private-key-file"),
                                  .server_name = arguments.Text("server-name")}};
  gpr_set_log_function([](gpr_log_func_args*) {});  // what fails is in the checks
  const absl::Duration end = SystemClock::Get().Monotonic() + wait;
  Checks checks = Diagnose(options);
  while (AnyFailed(checks) && SystemClock::Get().Monotonic() < end) {
    SystemSleeper::Get().Sleep(absl::Seconds(1), {});
    checks = Diagnose(options);
  }
  console.out << (arguments.Has("json") ? ChecksJson(checks) + "\n" : ChecksTable(checks));
  return AnyFailed(checks) ? kExitFailed : kExitOk;
}

}  // namespace

const CommandSpec& DoctorCommand() {
  static constexpr CommandSpec kSpec = {.name = "doctor",
                                        .summary = "what is wrong with a set-up, and what to do about it",
                                        .description =
                                            "Checks a service's configuration, secret files, certificates and disk; "
                                            "then, when it is running, whether it is ready, when Zoom's challenge came last, what "
                                            "waits, whether the receiver refuses forgeries and answers the challenge of every "
                                            "account as Zoom would send it, whether the clocks agree, whether the services behind "
                                            "it can be reached, which rules run, and whether Azure gives a token and takes the "
                                            "streams, also those of routes, and lets us read Sentinel's incidents where they are made. One line for each check: ok, warn, FAIL, or skip for what could not be "
                                            "asked; below stands what to do.\n\n"
                                            "The challenge is a real one: it is stored as an event "
                                            "endpoint.url_validation like Zoom's own, and counts as seen. Nothing else is stored.",
                                        .flags = kFlags,
                                        .positional = {},
                                        .examples = kExamples,
                                        .exit_codes = "0: nothing failed (there may be warnings). 1: a check failed.",
                                        .run = &Run};
  return kSpec;
}

}  // namespace zoomwatch::cli
