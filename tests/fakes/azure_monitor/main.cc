// fake-azure-monitor: the fake Azure as a program, for the demo and for clients that are not ours.
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "common/crypto/secret_file.h"
#include "tests/fakes/azure_monitor/azure_monitor.h"
#include "tests/fakes/azure_monitor/event_stream.h"

namespace zoomwatch::fakes {
namespace {

namespace po = boost::program_options;

constexpr int kFailed = 1;
constexpr int kUsageError = 2;

struct CommandLine {
  AzureMonitorOptions options;
  std::string client_secret_file;
  std::string ready_file;
  std::string streams_file;
  std::vector<std::string> auxiliary;
  std::vector<std::string> faults;
  double token_lifetime_seconds = 3599;
  bool help = false;
};

po::options_description Options(CommandLine& line) {
  AzureMonitorOptions& options = line.options;
  po::options_description description("Options");
  description.add_options()("port", po::value(&options.port)->default_value(0)->value_name("N"), "port on 127.0.0.1; 0: any free one")(
      "tls-cert", po::value(&options.certificate_file)->value_name("FILE"), "PEM certificate; with --tls-key: https")(
      "tls-key", po::value(&options.private_key_file)->value_name("FILE"), "PEM key")(
      "ready-file", po::value(&line.ready_file)->value_name("FILE"), "gets the URL once calls are taken")(
      "rows-file", po::value(&options.rows_file)->value_name("FILE"),
      "committed rows are appended, one JSON object per line, \"Type\" is the table")(
      "tenant", po::value(&options.token.tenant)->default_value(options.token.tenant)->value_name("ID"), "directory (tenant) id")(
      "client-id", po::value(&options.token.client_id)->default_value(options.token.client_id)->value_name("ID"),
      "application (client) id")("client-secret-file", po::value(&line.client_secret_file)->value_name("FILE"),
                                 "holds the client's secret; required")(
      "client-certificate", po::value(&options.token.client_certificate_file)->value_name("FILE"),
      "PEM; assertions must be signed with its key; without it they are taken by their shape")("audience", po::value(&options.token.ingestion_resource)->default_value(options.token.ingestion_resource)->value_name("URL"),
      "resource that tokens for ingestion must be for")(
      "token-lifetime", po::value(&line.token_lifetime_seconds)->default_value(3599)->value_name("SECONDS"), "of tokens")(
      "rule-id", po::value(&options.rule_id)->default_value(options.rule_id)->value_name("ID"),
      "immutable id of the data collection rule")(
      "streams", po::value(&line.streams_file)->value_name("FILE"),
      "JSON with \"streamDeclarations\", such as a template of the rule; without it Custom-ZoomLogs_CL and Custom-ZoomAlerts_CL, with "
      "the columns of the tables of events and of alerts")("auxiliary", po::value(&line.auxiliary)->value_name("STREAM"),
                             "the stream's table has the plan Auxiliary; may be repeated")(
      "max-body-bytes", po::value(&options.limits.max_body_bytes)->default_value(options.limits.max_body_bytes)->value_name("N"),
      "of one call as sent")(
      "max-content-bytes",
      po::value(&options.limits.max_content_bytes)->default_value(options.limits.max_content_bytes)->value_name("N"),
      "of one call after decompression")(
      "max-calls-per-minute",
      po::value(&options.limits.max_calls_per_minute)->default_value(options.limits.max_calls_per_minute)->value_name("N"), "of the rule")(
      "max-bytes-per-minute",
      po::value(&options.limits.max_bytes_per_minute)->default_value(options.limits.max_bytes_per_minute)->value_name("N"), "of the rule")(
      "subscription-id", po::value(&options.incidents.subscription_id)->default_value(options.incidents.subscription_id)->value_name("ID"),
      "subscription of the workspace that takes incidents")(
      "resource-group", po::value(&options.incidents.resource_group)->default_value(options.incidents.resource_group)->value_name("NAME"),
      "its resource group")("workspace", po::value(&options.incidents.workspace)->default_value(options.incidents.workspace)->value_name("NAME"),
                            "its name")(
      "lose-object-bodies", po::bool_switch(&options.lose_object_bodies),
      "a body that is one object gets 204 and is lost, as the service was seen to do it; without this 400")(
      "keep-rows", po::value(&options.keep_rows)->default_value(options.keep_rows)->value_name("N"),
      "how many rows GET /_fake/rows can show")("fault", po::value(&line.faults)->value_name("JSON"),
                                                "a fault, as for POST /_fake/faults; may be repeated")(
      "help", po::bool_switch(&line.help), "print this text and exit");
  return description;
}

constexpr std::string_view kExplanation = R"(
The URL is the authority host, the managed identity endpoint, the ingestion and the management endpoint at once. Beside them:
  GET    /_fake/state              counters
  GET    /_fake/rows?stream=NAME   committed rows, one per line
  GET    /_fake/last-call          the last ingestion call with a valid token
  POST   /_fake/faults             adds faults, one object or an array of them; DELETE removes all
  POST   /_fake/revoke             refuses all tokens given so far
  POST   /_fake/forget             forgets rows and counters

A fault: {"target":"ingestion","action":"answer","status":429,"retry_after":5,"skip":10,"count":3}
  target   ingestion (default), token, managed_identity, incident_read (GET), incident_write (PUT)
  action   answer (default), pass, cut_in_body, cut_before_commit, commit_then_cut, commit_then_cut_in_answer,
           commit_then_answer, refuse_rows (with column, and matches: a regular expression)
  skip     so many calls pass first (0)          count   so many calls run into it (1; 0: all; refuse_rows: 0)
  delay_ms before the action; -1: until the faults are removed
  status, retry_after, code, message             of the answer
)";

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file) return absl::NotFoundError(path + ": cannot be read");
  return content.str();
}

// Fills in what the command line names files for.
absl::Status Complete(CommandLine& line) {
  AzureMonitorOptions& options = line.options;
  if (line.client_secret_file.empty()) return absl::InvalidArgumentError("--client-secret-file is required");
  if (options.certificate_file.empty() != options.private_key_file.empty()) {
    return absl::InvalidArgumentError("--tls-cert and --tls-key go together");
  }
  absl::StatusOr<Secret> secret = ReadSecretFile(line.client_secret_file);
  if (!secret.ok()) return secret.status();
  options.token.client_secret = secret->Reveal();
  options.token.lifetime = absl::Seconds(line.token_lifetime_seconds);
  options.streams = {EventStream(), AlertStream()};
  if (!line.streams_file.empty()) {
    const absl::StatusOr<std::string> json = ReadFile(line.streams_file);
    if (!json.ok()) return json.status();
    absl::StatusOr<std::vector<Stream>> streams = ReadStreams(*json);
    if (!streams.ok()) return streams.status();
    options.streams = *std::move(streams);
  }
  for (const std::string& name : line.auxiliary) {
    const auto found = std::find_if(options.streams.begin(), options.streams.end(), [&](const Stream& stream) { return stream.name == name; });
    if (found == options.streams.end()) return absl::InvalidArgumentError("--auxiliary " + name + ": no such stream");
    found->auxiliary = true;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<FakeAzureMonitor>> Start(const CommandLine& line) {
  absl::StatusOr<std::unique_ptr<FakeAzureMonitor>> fake = FakeAzureMonitor::Start(line.options);
  if (!fake.ok()) return fake;
  for (const std::string& text : line.faults) {
    const absl::StatusOr<std::vector<Fault>> faults = ReadFaults(text);
    if (!faults.ok()) return faults.status();
    for (const Fault& fault : *faults) {
      if (const absl::Status status = (*fake)->AddFault(fault); !status.ok()) return status;
    }
  }
  return fake;
}

// Whole or not at all, so that who waits for the file never reads half of it.
absl::Status WriteReadyFile(const std::string& path, const std::string& url) {
  if (path.empty()) return absl::OkStatus();
  const std::string unfinished = path + ".new";
  std::ofstream file(unfinished);
  file << url << "\n";
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(unfinished, path, error);
  if (!file || error) return absl::UnavailableError(path + ": cannot be written");
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  CommandLine line;
  const po::options_description options = Options(line);
  try {
    po::variables_map values;
    po::store(po::command_line_parser(argc, argv).options(options).positional({}).run(), values);
    po::notify(values);
  } catch (const po::error& error) {
    std::cerr << fmt::format("fake-azure-monitor: {}\nTry 'fake-azure-monitor --help'.\n", error.what());
    return kUsageError;
  }
  if (line.help) {
    std::cout << "fake-azure-monitor: a fake of Azure's token endpoints, Logs Ingestion API and Sentinel's incidents with their documented limits\n\n"
              << options << kExplanation;
    return 0;
  }
  if (const absl::Status status = Complete(line); !status.ok()) {
    std::cerr << fmt::format("fake-azure-monitor: {}\nTry 'fake-azure-monitor --help'.\n", std::string(status.message()));
    return kUsageError;
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // every thread inherits it, so only sigwait() sees them
  const absl::StatusOr<std::unique_ptr<FakeAzureMonitor>> fake = Start(line);
  const absl::Status ready = fake.ok() ? WriteReadyFile(line.ready_file, (*fake)->url()) : fake.status();
  if (!ready.ok()) {
    std::cerr << fmt::format("fake-azure-monitor: {}\n", std::string(ready.message()));
    return kFailed;
  }
  std::cout << (*fake)->url() << std::endl;
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  return 0;
}

}  // namespace
}  // namespace zoomwatch::fakes

int main(int argc, char** argv) { return zoomwatch::fakes::Main(argc, argv); }
