// The receiver's configuration as options of its parts. Pure.
#pragma once

#include "absl/status/statusor.h"
#include "common/http/server.h"
#include "services/receiver/replay_cache.h"
#include "services/receiver/webhook_handler.h"
#include "zoomwatch/config/v1/receiver.pb.h"

namespace zoomwatch::receiver {

// REQUIRES for all: the configuration loader has filled in the defaults and checked the limits of single options.

// Errors: CONFIG_INVALID_VALUE when neither TLS nor allow_plaintext is set, or both.
absl::StatusOr<http::ServerOptions> WebhookServerOptions(const config::v1::WebhookServer& config);

// Errors: CONFIG_INVALID_VALUE (trusted_proxies).
absl::StatusOr<WebhookHandlerOptions> HandlerOptions(const config::v1::Receiver& config);

ReplayCacheOptions CacheOptions(const config::v1::ReplayProtection& config);

}  // namespace zoomwatch::receiver
