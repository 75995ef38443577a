// What a client of a gRPC port of ours may call, by the names in its certificate.
//
// Names of options.allowed_client_names may call everything, names of options.api_client_names only the services that are made for
// programs outside the pipeline. The TLS handshake has let nobody else in (credentials.h); a client that the port cannot name may call
// nothing.
// Threading: thread-safe. Ownership: holds copies. Errors: PERMISSION_DENIED with the text PEER_NOT_ALLOWED.
#pragma once

#include <grpcpp/security/auth_metadata_processor.h>

#include <set>
#include <string>
#include <string_view>

#include "zoomwatch/config/v1/common.pb.h"

namespace zoomwatch {

// True for "/package.Service/Method" of the services for outside programs: alerts, rules, hunting, ledger, volume, and gRPC's own health and
// reflection. Whatever is not named here is for the pipeline's services only.
bool IsApiMethod(std::string_view path);

class ClientPermissions final : public grpc::AuthMetadataProcessor {
 public:
  explicit ClientPermissions(const config::v1::GrpcServer& options);

  // It looks names up and does not wait, so gRPC may call it on its own threads.
  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context, OutputMetadata* consumed,
                       OutputMetadata* response) override;

 private:
  const std::set<std::string, std::less<>> full_names_;
};

}  // namespace zoomwatch
