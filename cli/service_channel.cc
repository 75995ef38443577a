#include "cli/service_channel.h"

#include <fmt/format.h>
#include <grpc/support/log.h>

#include "common/grpc/channel.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/clock.h"
#include "zoomwatch/config/v1/common.pb.h"

namespace zoomwatch::cli {
namespace {

// gRPC would take the port of https for one that is missing, and a scheme for a part of the name.
absl::Status CheckAddress(const std::string& address) {
  if (address.starts_with("unix:")) return absl::OkStatus();
  const std::size_t colon = address.rfind(':');
  const bool port = colon != std::string::npos && colon + 1 < address.size() &&
                    address.find_first_not_of("0123456789", colon + 1) == std::string::npos;
  if (port && address.find("//") == std::string::npos) return absl::OkStatus();
  return Error(Reason::kUsage, fmt::format("--address: '{}' is not HOST:PORT, such as localhost:9191", address));
}

absl::StatusOr<config::v1::GrpcClient> ReadClient(const Arguments& arguments, const std::string& address) {
  config::v1::GrpcClient client;
  client.set_address(address);
  client.set_allow_plaintext(arguments.Has("plaintext"));
  if (arguments.Has("plaintext")) {
    for (const char* flag : {"ca-file", "certificate-file", "private-key-file", "server-name"}) {
      if (arguments.Has(flag)) return Error(Reason::kUsage, fmt::format("--{} does not go with --plaintext", flag));
    }
    return client;
  }
  if (!arguments.Has("ca-file")) return Error(Reason::kUsage, "--ca-file FILE is required, or --plaintext");
  if (arguments.Has("certificate-file") != arguments.Has("private-key-file")) {
    return Error(Reason::kUsage, "--certificate-file and --private-key-file go together");
  }
  client.mutable_tls()->set_ca_file(arguments.Text("ca-file"));
  client.mutable_tls()->set_certificate_file(arguments.Text("certificate-file"));
  client.mutable_tls()->set_private_key_file(arguments.Text("private-key-file"));
  client.mutable_tls()->set_server_name(arguments.Text("server-name"));
  return client;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const Arguments& arguments, const std::string& address) {
  ZOOMWATCH_RETURN_IF_ERROR(CheckAddress(address));
  gpr_set_log_function([](gpr_log_func_args*) {});  // what fails is in the status
  ZOOMWATCH_ASSIGN_OR_RETURN(const config::v1::GrpcClient client, ReadClient(arguments, address));
  return MakeChannel(client, SystemClock::Get());
}

absl::Duration TimeoutOf(Arguments& arguments) {
  return arguments.Duration("timeout", absl::Seconds(10), absl::Milliseconds(1), absl::Minutes(10));
}

}  // namespace zoomwatch::cli
