#include "common/grpc/server.h"

#include <fmt/format.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>

#include <mutex>
#include <utility>

#include "common/grpc/credentials.h"
#include "common/grpc/limits.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch {
namespace {

// Health must be enabled before the first server is built, and is process-wide in gRPC.
void EnableHealth() {
  static std::once_flag once;
  std::call_once(once, [] { grpc::EnableDefaultHealthCheckService(true); });
}

}  // namespace

GrpcServer::GrpcServer(std::unique_ptr<grpc::Server> server, std::string address)
    : server_(std::move(server)), address_(std::move(address)) {}

GrpcServer::~GrpcServer() { Shutdown(absl::InfinitePast()); }

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Listen(const config::v1::GrpcServer& options,
                                                               std::span<grpc::Service* const> services, const Clock& clock) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const auto credentials, MakeServerCredentials(options, clock));
  EnableHealth();
  // The plugin adds itself to every server of the process, so it is initialised only where some server asks for it.
  if (options.reflection()) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  ApplyLimits(builder);
  // Two processes on one port would share the calls between them.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  int port = 0;
  builder.AddListeningPort(options.listen_address(), credentials, &port);
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return Error(Reason::kAddressUnusable, fmt::format("grpc.listen_address: cannot listen on {}", options.listen_address()));
  }
  const std::string host = options.listen_address().substr(0, options.listen_address().rfind(':'));
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(server), fmt::format("{}:{}", host, port)));
}

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::InProcess(std::span<grpc::Service* const> services) {
  EnableHealth();
  grpc::ServerBuilder builder;
  ApplyLimits(builder);
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return Error(Reason::kAddressUnusable, "in-process server: gRPC did not start it");
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(server), ""));
}

std::shared_ptr<grpc::Channel> GrpcServer::InProcessChannel() {
  grpc::ChannelArguments arguments;
  ApplyLimits(arguments);
  return server_->InProcessChannel(arguments);
}

void GrpcServer::SetServing(bool serving) {
  if (auto* health = server_->GetHealthCheckService(); health != nullptr) health->SetServingStatus(serving);
}

void GrpcServer::Shutdown(absl::Time deadline) {
  SetServing(false);
  server_->Shutdown(absl::ToChronoTime(deadline));
}

}  // namespace zoomwatch
