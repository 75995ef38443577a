#include "common/grpc/credentials.h"

#include <fmt/format.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "common/crypto/certificate.h"
#include "common/grpc/client_permissions.h"
#include "common/log/log.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch {
namespace {

namespace tls = grpc::experimental;

std::string_view View(grpc::string_ref text) { return {text.data(), text.size()}; }

// Lets in the clients whose certificate carries an allowed name. The chain was verified by the TLS library before.
class AllowedNames final : public tls::ExternalCertificateVerifier {
 public:
  explicit AllowedNames(std::set<std::string, std::less<>> names) : names_(std::move(names)) {}

  bool Verify(tls::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    if (Allowed(*request)) return true;
    Log(Severity::kWarning, "client certificate refused",
        {{"reason", NameOf(Reason::kPeerNotAllowed)}, {"common_name", View(request->common_name())}});
    *sync_status = grpc::Status(grpc::StatusCode::PERMISSION_DENIED, std::string(NameOf(Reason::kPeerNotAllowed)));
    return true;
  }

  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}

 private:
  bool Allowed(tls::TlsCustomVerificationCheckRequest& request) const {
    if (names_.contains(View(request.common_name()))) return true;
    for (const grpc::string_ref& name : request.dns_names()) {
      if (names_.contains(View(name))) return true;
    }
    return false;
  }

  const std::set<std::string, std::less<>> names_;
};

absl::Status ExactlyOne(bool has_tls, bool allow_plaintext, std::string_view where) {
  if (has_tls != allow_plaintext) return absl::OkStatus();
  return Error(Reason::kConfigInvalidValue,
               fmt::format("{}: {}", where,
                           has_tls ? "tls and allow_plaintext exclude each other"
                                   : "tls is missing (allow_plaintext: true serves one machine or a trusted mesh)"));
}

// Without names the list is no list: options that only look as if they kept somebody out are refused.
absl::Status CheckNames(const config::v1::GrpcServer& options) {
  const bool verifies_clients = options.has_tls() && !options.tls().client_ca_file().empty();
  if (!verifies_clients && !options.allowed_client_names().empty()) {
    return Error(Reason::kConfigInvalidValue, "grpc.allowed_client_names: needs tls.client_ca_file");
  }
  if (!options.api_client_names().empty() && options.allowed_client_names().empty()) {
    return Error(Reason::kConfigInvalidValue, "grpc.api_client_names: needs allowed_client_names; without them everybody may call everything");
  }
  return absl::OkStatus();
}

std::set<std::string, std::less<>> AllNames(const config::v1::GrpcServer& options) {
  std::set<std::string, std::less<>> names(options.allowed_client_names().begin(), options.allowed_client_names().end());
  names.insert(options.api_client_names().begin(), options.api_client_names().end());
  return names;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const config::v1::GrpcServer& options,
                                                                              const Clock& clock) {
  ZOOMWATCH_RETURN_IF_ERROR(ExactlyOne(options.has_tls(), options.allow_plaintext(), "grpc"));
  ZOOMWATCH_RETURN_IF_ERROR(CheckNames(options));
  if (!options.has_tls()) return grpc::InsecureServerCredentials();
  const config::v1::ServerTls& files = options.tls();
  ZOOMWATCH_RETURN_IF_ERROR(CheckCertificatePair(files.certificate_file(), files.private_key_file(), clock.Now()));
  const bool verifies_clients = !files.client_ca_file().empty();
  if (verifies_clients) ZOOMWATCH_RETURN_IF_ERROR(CheckAuthorities(files.client_ca_file()));
  tls::TlsServerCredentialsOptions tls_options(std::make_shared<tls::FileWatcherCertificateProvider>(
      files.private_key_file(), files.certificate_file(), files.client_ca_file(), kCertificateRefreshSeconds));
  tls_options.watch_identity_key_cert_pairs();
  if (verifies_clients) {
    tls_options.watch_root_certs();
    tls_options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  if (!options.allowed_client_names().empty()) {
    tls_options.set_certificate_verifier(tls::ExternalCertificateVerifier::Create<AllowedNames>(AllNames(options)));
  }
  std::shared_ptr<grpc::ServerCredentials> credentials = tls::TlsServerCredentials(tls_options);
  // Only where there is a difference to make: it costs something with each call.
  if (!options.api_client_names().empty()) credentials->SetAuthMetadataProcessor(std::make_shared<ClientPermissions>(options));
  return credentials;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(const config::v1::GrpcClient& options,
                                                                                const Clock& clock) {
  ZOOMWATCH_RETURN_IF_ERROR(ExactlyOne(options.has_tls(), options.allow_plaintext(), options.address()));
  if (!options.has_tls()) return grpc::InsecureChannelCredentials();
  const config::v1::ClientTls& files = options.tls();
  ZOOMWATCH_RETURN_IF_ERROR(CheckAuthorities(files.ca_file()));
  const bool has_identity = !files.certificate_file().empty();
  if (has_identity != !files.private_key_file().empty()) {
    return Error(Reason::kConfigInvalidValue,
                 fmt::format("{}: tls.certificate_file and tls.private_key_file come together or not at all", options.address()));
  }
  if (has_identity) {
    ZOOMWATCH_RETURN_IF_ERROR(CheckCertificatePair(files.certificate_file(), files.private_key_file(), clock.Now()));
  }
  tls::TlsChannelCredentialsOptions tls_options;
  tls_options.set_certificate_provider(std::make_shared<tls::FileWatcherCertificateProvider>(
      files.private_key_file(), files.certificate_file(), files.ca_file(), kCertificateRefreshSeconds));
  tls_options.watch_root_certs();
  if (has_identity) tls_options.watch_identity_key_cert_pairs();
  return tls::TlsCredentials(tls_options);
}

}  // namespace zoomwatch
