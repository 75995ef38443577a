// `zoomwatch doctor`: what is wrong with a set-up, and what to do about it.
#include <google/protobuf/message.h>
#include <grpc/support/log.h>

#include <memory>

#include "cli/all_in_one.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/doctor/file_checks.h"
#include "cli/doctor/network_checks.h"
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
    {"ca-file", "FILE", "PEM file of the authorities for https. Absent: the system's."},
    {"offline", "", "Check files only and call nothing, for example before the start."},
    {"timeout", "DURATION", "How long one call may take. Default 5s."},
    {"json", "", "Print one JSON object."},
};

constexpr Example kExamples[] = {
    {"before the start, as an init container", "zoomwatch doctor --config /etc/zoomwatch/receiver.yaml --offline"},
    {"of a running receiver, as Zoom sees it",
     "zoomwatch doctor --config receiver.yaml --url https://zoom.corp.example"},
    {"of zoomwatch run", "zoomwatch doctor --config all-in-one.yaml"},
};

void CheckRunning(const LoadedConfig& loaded, const NetworkChecksOptions& options, const std::string& ca_file,
                  Checks& checks) {
  const Clock& clock = SystemClock::Get();
  const std::unique_ptr<HttpClient> http = MakeHttpClient({.ca_file = ca_file});
  const auto check = [&](const auto& config) { CheckAdminPort(config.admin(), *http, options, checks); };
  if (const auto* receiver = dynamic_cast<const config::v1::Receiver*>(loaded.config.get())) {
    check(*receiver);
    CheckReceiver(*receiver, *http, clock, options, checks);
  }
  if (const auto* normalizer = dynamic_cast<const config::v1::Normalizer*>(loaded.config.get())) check(*normalizer);
  if (const auto* detector = dynamic_cast<const config::v1::Detector*>(loaded.config.get())) check(*detector);
  if (const auto* all = dynamic_cast<const config::v1::AllInOne*>(loaded.config.get())) {
    check(*all);
    CheckReceiver(SplitConfig(*all).receiver, *http, clock, options, checks);
  }
  CheckPeers(*loaded.config, clock, options, checks);
  CheckSink(*loaded.config, clock, options, checks);
}

absl::StatusOr<int> Run(Arguments& arguments, const Console& console) {
  const std::string service = arguments.Text("service");
  if (!service.empty() && service != "receiver" && service != "normalizer" && service != "detector" &&
      service != "run") {
    return Error(Reason::kUsage, "--service: expected receiver, normalizer, detector or run, found '" + service + "'");
  }
  const NetworkChecksOptions options{
      .url = arguments.Text("url"),
      .timeout = arguments.Duration("timeout", absl::Seconds(5), absl::Milliseconds(1), absl::Minutes(10))};
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  gpr_set_log_function([](gpr_log_func_args*) {});  // what fails is in the checks
  Checks checks;
  const LoadedConfig loaded = CheckConfig(arguments.Text("config"), service, checks);
  if (loaded.config != nullptr) {
    CheckSecrets(*loaded.config, checks);
    CheckCertificates(*loaded.config, SystemClock::Get().Now(), checks);
    CheckDisk(*loaded.config, checks);
    if (!arguments.Has("offline")) CheckRunning(loaded, options, arguments.Text("ca-file"), checks);
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
                                            "then, when it is running, whether it is ready, whether "
                                            "the receiver refuses forgeries and answers the challenge of every account "
                                            "as Zoom would send it, whether the clocks agree, and "
                                            "whether the services and the sink behind it can be reached. One line for "
                                            "each check; below what is not in order stands what to do.\n\n"
                                            "The challenge is a real one: it is stored as an event "
                                            "endpoint.url_validation like Zoom's own. Nothing else is stored.",
                                        .flags = kFlags,
                                        .positional = {},
                                        .examples = kExamples,
                                        .exit_codes = "0: nothing failed (there may be warnings). 1: a check failed.",
                                        .run = &Run};
  return kSpec;
}

}  // namespace zoomwatch::cli
