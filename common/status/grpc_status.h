// absl::Status <-> grpc::Status at the RPC edge, reason included. Pure and thread-safe.
// The reason travels as a zoomwatch.rpc.v1.ErrorInfo within a zoomwatch.rpc.v1.Status in grpc::Status::error_details(), which is where
// and how gRPC's libraries of other languages look for details.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace zoomwatch {

// Messages are cut at 1,024 bytes, because gRPC carries them in a header.
grpc::Status ToGrpcStatus(const absl::Status& status);

// Details that hold no ErrorInfo of domain "zoomwatch" are dropped; code and message stay.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace zoomwatch
