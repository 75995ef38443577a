// A channel to a running service from the flags that all commands share which call one.
#pragma once

#include <grpcpp/channel.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cli/arguments.h"
#include "cli/command.h"

namespace zoomwatch::cli {

// How to reach a service, but for its address.
inline constexpr std::array<FlagSpec, 5> kConnectionFlags = {{
    {"ca-file", "FILE", "PEM file of the authorities that the services' certificates must chain to."},
    {"certificate-file", "FILE",
     "PEM file with our certificate chain (mTLS); its name must be among the services' allowed_client_names."},
    {"private-key-file", "FILE", "PEM file with our private key."},
    {"server-name", "NAME", "Name to expect in the services' certificates. Absent: the host of the address."},
    {"plaintext", "", "Call without TLS."},
}};
inline constexpr FlagSpec kTimeoutFlag = {"timeout", "DURATION", "How long a service may take to answer. Default 10s."};

// A command's own flags and then those.
template <std::size_t kCount>
constexpr std::array<FlagSpec, kCount + kConnectionFlags.size()> WithConnectionFlags(const FlagSpec (&own)[kCount]) {
  std::array<FlagSpec, kCount + kConnectionFlags.size()> flags;
  std::copy(std::begin(own), std::end(own), flags.begin());
  std::copy(kConnectionFlags.begin(), kConnectionFlags.end(), flags.begin() + kCount);
  return flags;
}

// Errors: USAGE for flags that do not go together and an address that is not HOST:PORT; those of MakeChannel().
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const Arguments& arguments, const std::string& address);

// From --timeout. Reads it; the caller asks arguments.status().
absl::Duration TimeoutOf(Arguments& arguments);

}  // namespace zoomwatch::cli
