// A gRPC server with the health service, the limits of common/grpc/limits.h and, when configured, reflection and mTLS.
// Thread-safe. Ownership: the services must outlive the server.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server.h>

#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/time/clock.h"
#include "zoomwatch/config/v1/common.pb.h"

namespace zoomwatch {

class GrpcServer {
 public:
  // Starts to listen. Errors: ADDRESS_UNUSABLE; those of MakeServerCredentials.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Listen(const config::v1::GrpcServer& options,
                                                            std::span<grpc::Service* const> services, const Clock& clock);

  // Starts without a port: reachable through InProcessChannel() only.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> InProcess(std::span<grpc::Service* const> services);

  // Stops as Shutdown(zero) if that was not done.
  ~GrpcServer();

  // "host:port" with the port that was bound; empty for InProcess().
  const std::string& address() const { return address_; }

  std::shared_ptr<grpc::Channel> InProcessChannel();

  // What the health service answers for the whole server ("").
  void SetServing(bool serving);

  // Health becomes NOT_SERVING, new calls are refused, calls in flight may finish until `deadline`, then they are cancelled.
  // Idempotent.
  void Shutdown(absl::Time deadline);

 private:
  GrpcServer(std::unique_ptr<grpc::Server> server, std::string address);

  const std::unique_ptr<grpc::Server> server_;
  const std::string address_;
};

}  // namespace zoomwatch
