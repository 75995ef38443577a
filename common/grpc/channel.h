// Outgoing gRPC channels. Thread-safe. See common/grpc/limits.h for what every channel has in common.
#pragma once

#include <grpcpp/channel.h>

#include <memory>

#include "absl/status/statusor.h"
#include "common/time/clock.h"
#include "zoomwatch/config/v1/common.pb.h"

namespace zoomwatch {

// A lazy channel with round robin over all addresses of the target: the peer need not be up.
// Errors: those of MakeChannelCredentials.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const config::v1::GrpcClient& options, const Clock& clock);

}  // namespace zoomwatch
