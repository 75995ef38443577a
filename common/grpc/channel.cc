#include "common/grpc/channel.h"

#include <grpcpp/create_channel.h>

#include "common/grpc/credentials.h"
#include "common/grpc/limits.h"
#include "common/status/status_macros.h"

namespace zoomwatch {

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const config::v1::GrpcClient& options, const Clock& clock) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const auto credentials, MakeChannelCredentials(options, clock));
  grpc::ChannelArguments arguments;
  ApplyLimits(arguments);
  arguments.SetLoadBalancingPolicyName("round_robin");
  if (!options.tls().server_name().empty()) arguments.SetSslTargetNameOverride(options.tls().server_name());
  return grpc::CreateCustomChannel(options.address(), credentials, arguments);
}

}  // namespace zoomwatch
