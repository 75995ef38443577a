#include "services/detector/delivery/azure_delivery.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <utility>

#include "common/status/check.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "services/detector/delivery/assertion_credentials.h"
#include "services/detector/delivery/client_secret_credential.h"
#include "services/detector/delivery/logs_ingestion_sink.h"
#include "services/detector/delivery/managed_identity_credential.h"
#include "services/detector/delivery/routed_sink.h"

namespace zoomwatch::detector {
namespace {

// An attempt has room for several calls, so that only its last one is not full. Costs two to three times as much
// memory.
constexpr size_t kMaxAttemptRows = 10'000;
constexpr size_t kMaxAttemptBytes = 8'000'000;

absl::Duration DurationOf(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

std::string WithoutSlashes(std::string address) {
  while (address.ends_with('/')) address.pop_back();
  return address;
}

// What the messages of identities that ask Entra ID have in common.
template <typename Identity>
EntraApplication ApplicationOf(const Identity& identity, absl::Duration timeout) {
  return {.authority = WithoutSlashes(identity.authority()),
          .tenant_id = identity.tenant_id(),
          .client_id = identity.client_id(),
          .scope = identity.scope(),
          .timeout = timeout};
}

// REQUIRES: one identity is set, as the configuration loader demands.
std::unique_ptr<CredentialSource> MakeCredential(const config::v1::LogsIngestionSink& config, HttpClient& http,
                                                 const Clock& clock) {
  using Config = config::v1::LogsIngestionSink;
  const absl::Duration timeout = DurationOf(config.timeout());
  switch (config.identity_case()) {
    case Config::kClientSecret:
      return std::make_unique<ClientSecretCredential>(ApplicationOf(config.client_secret(), timeout),
                                                      config.client_secret().client_secret_file(), http, clock);
    case Config::kClientCertificate:
      return std::make_unique<ClientCertificateCredential>(ApplicationOf(config.client_certificate(), timeout),
                                                           config.client_certificate().certificate_file(),
                                                           config.client_certificate().private_key_file(), http, clock);
    case Config::kWorkloadIdentity:
      return std::make_unique<WorkloadIdentityCredential>(ApplicationOf(config.workload_identity(), timeout),
                                                          config.workload_identity().token_file(), http, clock);
    case Config::kManagedIdentity:
      return std::make_unique<ManagedIdentityCredential>(
          ManagedIdentityCredential::Options{.endpoint = WithoutSlashes(config.managed_identity().endpoint()),
                                             .client_id = config.managed_identity().client_id(),
                                             .resource = config.managed_identity().resource(),
                                             .timeout = timeout},
          http, clock);
    case Config::IDENTITY_NOT_SET:
      break;
  }
  ZOOMWATCH_CHECK(false);
  return nullptr;
}

// The same identity for another scope. Managed identities ask for the resource that the scope is of.
config::v1::LogsIngestionSink WithScope(config::v1::LogsIngestionSink config, const std::string& scope) {
  using Config = config::v1::LogsIngestionSink;
  constexpr std::string_view kDefault = "/.default";
  switch (config.identity_case()) {
    case Config::kClientSecret: config.mutable_client_secret()->set_scope(scope); break;
    case Config::kClientCertificate: config.mutable_client_certificate()->set_scope(scope); break;
    case Config::kWorkloadIdentity: config.mutable_workload_identity()->set_scope(scope); break;
    case Config::kManagedIdentity:
      config.mutable_managed_identity()->set_resource(scope.ends_with(kDefault) ? scope.substr(0, scope.size() - kDefault.size()) : scope);
      break;
    case Config::IDENTITY_NOT_SET: break;
  }
  return config;
}

// Tokens and secrets go to these addresses.
absl::Status CheckIdentityAddress(const std::string& prefix, const config::v1::LogsIngestionSink& config) {
  using Config = config::v1::LogsIngestionSink;
  switch (config.identity_case()) {
    case Config::kClientSecret:
      return CheckedAddress(prefix + "client_secret.authority", config.client_secret().authority()).status();
    case Config::kClientCertificate:
      return CheckedAddress(prefix + "client_certificate.authority", config.client_certificate().authority()).status();
    case Config::kWorkloadIdentity:
      return CheckedAddress(prefix + "workload_identity.authority", config.workload_identity().authority()).status();
    case Config::kManagedIdentity:
      if (WithoutSlashes(config.managed_identity().endpoint()) == "http://169.254.169.254") return absl::OkStatus();
      return CheckedAddress(prefix + "managed_identity.endpoint", config.managed_identity().endpoint()).status();
    case Config::IDENTITY_NOT_SET:
      break;
  }
  return Error(Reason::kConfigMissingKey, prefix + "client_secret: is one of the identities of which one is required");
}

}  // namespace

absl::StatusOr<std::string> CheckedAddress(const std::string& option, const std::string& address) {
  static const RE2 https(R"(https://[^/?#@\s]+(/[^?#\s]*)?)");
  static const RE2 this_machine(R"(http://(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?/*)");
  if (!RE2::FullMatch(address, https) && !RE2::FullMatch(address, this_machine)) {
    return Error(Reason::kConfigInvalidValue,
                 fmt::format("{}: must be https://<host>, or http:// on this machine, without user and query", option));
  }
  return WithoutSlashes(address);
}

absl::StatusOr<std::unique_ptr<AzureDelivery>> AzureDelivery::Make(const config::v1::LogsIngestionSink& config,
                                                                   const Clock& clock, Sleeper& sleeper,
                                                                   Metrics& metrics) {
  const std::string prefix = "delivery.logs_ingestion.";
  ZOOMWATCH_RETURN_IF_ERROR(CheckedAddress(prefix + "endpoint", config.endpoint()).status());
  ZOOMWATCH_RETURN_IF_ERROR(CheckIdentityAddress(prefix, config));
  if (DurationOf(config.initial_backoff()) > DurationOf(config.max_backoff())) {
    return Error(Reason::kConfigInvalidValue, prefix + "initial_backoff: is longer than max_backoff");
  }
  return std::unique_ptr<AzureDelivery>(new AzureDelivery(config, clock, sleeper, metrics));
}

AzureDelivery::AzureDelivery(const config::v1::LogsIngestionSink& config, const Clock& clock, Sleeper& sleeper,
                             Metrics& metrics)
    : config_(config),
      clock_(clock),
      metrics_(metrics),
      http_(MakeHttpClient({.ca_file = config.ca_file()})),
      tokens_(MakeCredential(config, *http_, clock), clock, metrics),
      budget_({}, clock),
      client_({.endpoint = WithoutSlashes(config.endpoint()),
               .rule_id = config.rule_id(),
               .timeout = DurationOf(config.timeout())},
              *http_, tokens_, budget_, clock, sleeper, metrics) {}

std::unique_ptr<RowSink> AzureDelivery::MakeSink(const std::string& stream, bool urgent) {
  return std::make_unique<LogsIngestionSink>(
      LogsIngestionSink::Options{
          .stream = stream, .max_body_bytes = static_cast<size_t>(config_.max_body_bytes()), .urgent = urgent},
      client_, clock_);
}

std::unique_ptr<RowSink> AzureDelivery::MakeSink(const std::vector<std::string>& streams) {
  std::vector<std::unique_ptr<RowSink>> sinks;
  for (const std::string& stream : streams) sinks.push_back(MakeSink(stream));
  return std::make_unique<RoutedSink>(std::move(sinks));
}

std::unique_ptr<TokenProvider> AzureDelivery::MakeTokens(const std::string& scope) {
  return std::make_unique<TokenProvider>(MakeCredential(WithScope(config_, scope), *http_, clock_), clock_, metrics_);
}

absl::Status AzureDelivery::ProbeToken() { return tokens_.Get({}).status; }

CallResult AzureDelivery::Probe(const std::string& stream) {
  constexpr std::string_view kNoRows = "[]";
  return client_.Post(stream, {.bytes = kNoRows, .gzip = false, .plain_bytes = kNoRows.size()}, {}, {});
}

DeliveryOptions AzureDelivery::worker_options() const {
  return {.max_rows = kMaxAttemptRows,
          .max_bytes = kMaxAttemptBytes,
          .max_wait = DurationOf(config_.max_wait()),
          .backoff = {.initial = DurationOf(config_.initial_backoff()), .longest = DurationOf(config_.max_backoff())}};
}

event_table::RowLimits AzureDelivery::row_limits() const {
  return {.max_row_bytes = static_cast<size_t>(config_.max_body_bytes()) - 2};  // "[" and "]"
}

}  // namespace zoomwatch::detector
