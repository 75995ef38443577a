// The checks of `zoomwatch doctor` that call the running services. Not thread-safe; blocks for at most some seconds a
// check.
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "absl/time/time.h"
#include "cli/doctor/check.h"
#include "common/http_client/http_client.h"
#include "common/time/clock.h"
#include "zoomwatch/config/v1/receiver.pb.h"

namespace zoomwatch::cli {

struct NetworkChecksOptions {
  std::string url;                            // of the receiver, without a path; empty: from webhook.listen_address
  absl::Duration timeout = absl::Seconds(5);  // of one call
};

// "0.0.0.0:8443" -> "localhost:8443": where somebody on the same machine reaches a listener.
std::string LocalAddress(const std::string& listen_address);

// Whether the service itself says that it is ready, and what its metrics say about the last challenge, the spool and
// what waits for the sink. False: it does not answer.
bool CheckAdminPort(const config::v1::Admin& admin, HttpClient& http, const NetworkChecksOptions& options,
                    Checks& checks);

// That the running receiver is reached, has our time, refuses forgeries and unsigned challenges, and answers the
// challenge of every account with the secret of every file.
void CheckReceiver(const config::v1::Receiver& config, HttpClient& http, const Clock& clock,
                   const NetworkChecksOptions& options, Checks& checks);

// That the gRPC service behind each GrpcClient of the configuration is serving.
void CheckPeers(const google::protobuf::Message& config, const Clock& clock, const NetworkChecksOptions& options,
                Checks& checks);

}  // namespace zoomwatch::cli
