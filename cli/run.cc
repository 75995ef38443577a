// `zoomwatch run`: the whole pipeline in one process.
#include <fmt/format.h>

#include <memory>

#include "cli/all_in_one.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "common/config/config.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch::cli {
namespace {

constexpr FlagSpec kFlags[] = {
    {"config", "FILE", "Configuration (YAML); its options are those of AllInOne in docs/configuration.md."},
    {"check-config", "", "Check the configuration and end."},
    {"print-config", "", "Print the configuration with all defaults and end."},
    {"print-example-config", "", "Print a configuration to begin with and end."},
};

constexpr Example kExamples[] = {
    {"try it: a configuration, a secret, and the pipeline", "zoomwatch run --print-example-config >all-in-one.yaml"},
    {"", "(umask 077; openssl rand -hex 24 >zoom-secret-token)"},
    {"", "zoomwatch run --config all-in-one.yaml"},
    {"from another terminal: events, and what became of them",
     "zoomwatch send --url http://localhost:8080/webhook --secret-file zoom-secret-token --generate 26"},
    {"", "cat zoom-rows.jsonl"},
};

// docs/examples/all-in-one.yaml is this text; a test compares them and loads it.
constexpr std::string_view kExampleConfig = R"(# zoomwatch run --config all-in-one.yaml
# Relative paths are taken from the folder of this file. docs/configuration.md has every option.

# The port that Zoom, or the proxy in front of it, posts to. Here without TLS and for this machine only.
webhook:
  listen_address: 127.0.0.1:8080
  allow_plaintext: true
  # In earnest: listen_address 0.0.0.0:8443, no allow_plaintext, and
  # tls: {certificate_file: tls.crt, private_key_file: tls.key}

# The Zoom apps whose webhooks are accepted, each with the secret token of its "Features" page in a file.
zoom_accounts:
  - name: main
    secret_token_files: [zoom-secret-token]

# What was accepted and not yet passed on: survives restarts and outages.
spool:
  directory: zoom-spool

# All events of the last month, for de-duplication and delivery.
store:
  directory: zoom-store

# Where the rows go.
delivery:
  json_lines:
    file: zoom-rows.jsonl
    alerts_file: zoom-alerts.jsonl

# Sentinel's rule files, evaluated as the events arrive (docs/rules.md): name your folders, and take the # away.
# rules:
#   folders: [rules]
#   alert_directory: zoom-alerts

# Probes and metrics: /livez, /readyz, /metrics.
admin:
  listen_address: 127.0.0.1:9090

# For zoomwatch ledger, hunt, alerts, rules and volume: --address localhost:9191 --plaintext.
grpc:
  listen_address: 127.0.0.1:9191
  allow_plaintext: true
)";

absl::StatusOr<int> Run(Arguments& arguments, const Console& console) {
  if (arguments.Has("print-example-config")) {
    console.out << kExampleConfig;
    return kExitOk;
  }
  const std::string file = arguments.Text("config");
  if (file.empty()) return Error(Reason::kUsage, "--config FILE is required");
  config::v1::AllInOne config;
  ZOOMWATCH_RETURN_IF_ERROR(LoadConfigFile(file, &config));
  if (arguments.Has("print-config")) {
    console.out << PrintConfig(config);
    return kExitOk;
  }
  if (arguments.Has("check-config")) {
    console.out << fmt::format("zoomwatch run: {}: OK\n", file);
    return kExitOk;
  }
  return RunApp({.name = "zoomwatch",
                 .summary = {},
                 .config = &config,
                 .logging = [&]() -> const config::v1::Logging& { return config.logging(); },
                 .drain_deadline = [&] { return absl::Seconds(config.drain_deadline().seconds()); },
                 .make_app = [&] { return std::make_unique<AllInOneApp>(config, SystemClock::Get()); }});
}

}  // namespace

const CommandSpec& RunCommand() {
  static constexpr CommandSpec kSpec = {
      .name = "run",
      .summary = "the whole pipeline in one process",
      .description =
          "Runs receiver, normalizer and detector in one process, joined by channels inside it, from one "
          "configuration: to try zoomwatch "
          "out, and for small set-ups. In production each service is a program of its own (zoomwatch-receiver, "
          "zoomwatch-normalizer, "
          "zoomwatch-detector) with the same code.\n\n"
          "Logs JSON lines to standard error. SIGTERM and SIGINT drain: what was accepted is delivered, or kept on "
          "disk for the next "
          "start. A second signal ends the process at once, which loses nothing either.",
      .flags = kFlags,
      .positional = {},
      .examples = kExamples,
      .exit_codes =
          "0: stopped by a signal, or the asked text was printed. 1: the configuration is wrong, or start-up failed.",
      .run = &Run};
  return kSpec;
}

}  // namespace zoomwatch::cli
