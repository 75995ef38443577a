// Asks a gRPC server for its health, as grpc.health.v1 defines it. Thread-safe; blocks.
#pragma once

#include <grpcpp/channel.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace zoomwatch {

// OK when the whole server ("") says SERVING before `deadline`. Errors: UNAVAILABLE when it says anything else; what
// gRPC says when it cannot be reached, shows a wrong certificate or does not have the service.
absl::Status CheckHealth(const std::shared_ptr<grpc::Channel>& channel, absl::Time deadline);

}  // namespace zoomwatch
