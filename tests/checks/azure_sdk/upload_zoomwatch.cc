// Uploads rows with zoomwatch's own client, so that it stands beside Microsoft's. Driven by check_azure_sdk.py: a step as JSON on stdin,
// the outcome as JSON on stdout.
#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "common/http_client/http_client.h"
#include "common/metrics/metrics.h"
#include "common/retry/sleeper.h"
#include "common/time/clock.h"
#include "services/detector/delivery/assertion_credentials.h"
#include "services/detector/delivery/client_secret_credential.h"
#include "services/detector/delivery/logs_ingestion_sink.h"
#include "services/detector/delivery/managed_identity_credential.h"

namespace zoomwatch::detector {
namespace {

constexpr int kMaxAttempts = 5;

struct Usage {
  double cpu_seconds = 0;
  int64_t peak_kib = 0;
};

Usage UsageOfProcess() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return {.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime), .peak_kib = usage.ru_maxrss};
}

std::string Text(const boost::json::object& step, const char* name) { return std::string(step.at(name).as_string()); }

// The rows of the step, one JSON object each.
std::vector<std::string> ReadRows(const boost::json::object& step) {
  std::vector<std::string> rows;
  if (const boost::json::value* const file = step.if_contains("rows_file"); file != nullptr) {
    std::ifstream lines(std::string(file->as_string()));
    for (std::string line; std::getline(lines, line);) rows.push_back(line);
    return rows;
  }
  for (const boost::json::value& row : step.at("rows").as_array()) rows.push_back(boost::json::serialize(row));
  return rows;
}

std::unique_ptr<CredentialSource> MakeCredential(const boost::json::object& step, HttpClient& http, const Clock& clock) {
  const EntraApplication application{.authority = Text(step, "url"),
                                     .tenant_id = Text(step, "tenant"),
                                     .client_id = Text(step, "client_id"),
                                     .scope = "https://monitor.azure.com/.default"};
  const std::string kind = Text(step, "credential");
  if (kind == "secret") return std::make_unique<ClientSecretCredential>(application, Text(step, "secret_file"), http, clock);
  if (kind == "federated") return std::make_unique<WorkloadIdentityCredential>(application, Text(step, "token_file"), http, clock);
  if (kind == "certificate") {
    return std::make_unique<ClientCertificateCredential>(application, Text(step, "certificate_file"), Text(step, "private_key_file"), http,
                                                         clock);
  }
  return std::make_unique<ManagedIdentityCredential>(
      ManagedIdentityCredential::Options{.endpoint = Text(step, "url"), .client_id = "", .resource = "https://monitor.azure.com"}, http,
      clock);
}

// Sends until all is settled, as the delivery worker does.
absl::Status SendAll(LogsIngestionSink& sink, std::vector<OutgoingRow> rows) {
  absl::Status status;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const SendOutcome outcome = sink.Send(rows, {});
    if (!outcome.refused.empty()) return outcome.refused.front().status;
    if (outcome.next != SendOutcome::Next::kRetry) return outcome.status;
    status = outcome.status;
    rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(outcome.settled));
    SystemSleeper::Get().Sleep(outcome.retry_after, {});
  }
  return status;
}

int Main() {
  const std::string input((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
  const boost::json::object step = boost::json::parse(input).as_object();
  const std::vector<std::string> texts = ReadRows(step);
  std::vector<OutgoingRow> rows;
  for (const std::string& text : texts) rows.push_back({.json = text, .time = SystemClock::Get().Now()});

  const char* const authorities = std::getenv("SSL_CERT_FILE");
  const std::unique_ptr<HttpClient> http = MakeHttpClient({.ca_file = authorities == nullptr ? "" : authorities});
  Metrics metrics;
  const Clock& clock = SystemClock::Get();
  TokenProvider tokens(MakeCredential(step, *http, clock), clock, metrics);
  RateBudget::Options limits;
  if (step.contains("unthrottled")) limits = {.calls_per_minute = 1e9, .bytes_per_minute = 1e15};
  RateBudget budget(limits, clock);
  LogsIngestionClient client({.endpoint = Text(step, "url"), .rule_id = Text(step, "rule")}, *http, tokens, budget, clock,
                             SystemSleeper::Get(), metrics);
  LogsIngestionSink sink({.stream = Text(step, "stream")}, client, clock);
  const Usage before = UsageOfProcess();
  const absl::Status status = SendAll(sink, std::move(rows));
  const Usage after = UsageOfProcess();
  boost::json::object outcome;
  if (status.ok()) {
    outcome["status"] = 204;
  } else {
    outcome["status"] = nullptr;
    outcome["message"] = std::string(status.message());
  }
  outcome["cpu_seconds"] = after.cpu_seconds - before.cpu_seconds;
  outcome["grown_kib"] = after.peak_kib - before.peak_kib;
  std::cout << boost::json::serialize(outcome);
  return 0;
}

}  // namespace
}  // namespace zoomwatch::detector

int main() { return zoomwatch::detector::Main(); }
