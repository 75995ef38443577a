// absl::Status <-> grpc::Status at the RPC edge, reason included. Pure and thread-safe.
// The reason travels as a serialized zoomwatch.rpc.v1.ErrorInfo in grpc::Status::error_details().
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace zoomwatch {

// Messages are cut at 1,024 bytes, because gRPC carries them in a header.
grpc::Status ToGrpcStatus(const absl::Status& status);

// Details that are not an ErrorInfo of domain "zoomwatch" are dropped; code and message stay.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace zoomwatch
