#include "services/receiver/webhook_options.h"

#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch::receiver {
namespace {

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

// Longer than a peer waits between two requests while there is traffic.
constexpr absl::Duration kStopGrace = absl::Seconds(1);

}  // namespace

absl::StatusOr<http::ServerOptions> WebhookServerOptions(const config::v1::WebhookServer& config) {
  if (config.has_tls() == config.allow_plaintext()) {
    return Error(Reason::kConfigInvalidValue, config.has_tls() ? "webhook: tls and allow_plaintext exclude each other"
                                                               : "webhook: needs tls, or allow_plaintext behind an ingress");
  }
  http::ServerOptions options{.name = "webhook",
                              .listen_address = config.listen_address(),
                              .threads = config.threads(),
                              .max_header_bytes = static_cast<size_t>(config.max_header_bytes()),
                              .max_body_bytes = static_cast<size_t>(config.max_body_bytes()),
                              .max_connections = config.max_connections(),
                              .request_timeout = ToDuration(config.request_timeout()),
                              .idle_timeout = ToDuration(config.idle_timeout()),
                              .answer_deadline = ToDuration(config.answer_deadline()),
                              .stop_grace = kStopGrace};
  if (config.has_tls()) {
    options.tls = http::TlsOptions{.certificate_file = config.tls().certificate_file(),
                                   .private_key_file = config.tls().private_key_file(),
                                   .client_ca_file = config.tls().client_ca_file()};
  }
  return options;
}

absl::StatusOr<WebhookHandlerOptions> HandlerOptions(const config::v1::Receiver& config) {
  WebhookHandlerOptions options{.max_age = ToDuration(config.replay().max_age()),
                                .max_ahead = ToDuration(config.replay().max_ahead())};
  ZOOMWATCH_ASSIGN_OR_RETURN(options.trusted_proxies, TrustedProxies::Parse(config.webhook().trusted_proxies()));
  return options;
}

ReplayCacheOptions CacheOptions(const config::v1::ReplayProtection& config) {
  return {.max_age = ToDuration(config.max_age()), .max_entries = static_cast<size_t>(config.max_entries())};
}

}  // namespace zoomwatch::receiver
