// TLS of gRPC connections from files, read again when they change (every kCertificateRefreshSeconds).
// The files are checked here first (common/crypto/certificate.h), because gRPC would only log and retry on bad ones.
// Errors: CERTIFICATE_INVALID; CONFIG_INVALID_VALUE when neither TLS nor allow_plaintext is set, or both are.
#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "absl/status/statusor.h"
#include "common/time/clock.h"
#include "zoomwatch/config/v1/common.pb.h"

namespace zoomwatch {

inline constexpr unsigned kCertificateRefreshSeconds = 2;

// With client_ca_file, clients must show a certificate that chains to it (mTLS); with allowed_client_names, one whose common
// name or a DNS name is in the list or in api_client_names, otherwise the handshake fails and a warning PEER_NOT_ALLOWED is logged.
// What the names of api_client_names may call: client_permissions.h.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const config::v1::GrpcServer& options,
                                                                              const Clock& clock);

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(const config::v1::GrpcClient& options,
                                                                                const Clock& clock);

}  // namespace zoomwatch
