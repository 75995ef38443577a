// The identities that prove who they are by a signed assertion instead of a secret.
#pragma once

#include <string>
#include <utility>

#include "services/detector/delivery/credential_source.h"
#include "services/detector/delivery/entra_token_request.h"

namespace zoomwatch::detector {

// Entra ID application with a certificate: signs an assertion of its own for each request. Both files are read anew for
// it.
class ClientCertificateCredential final : public CredentialSource {
 public:
  // `http` and `clock` outlive the credential.
  ClientCertificateCredential(EntraApplication application, std::string certificate_file, std::string private_key_file,
                              HttpClient& http, const Clock& clock)
      : application_(std::move(application)),
        certificate_file_(std::move(certificate_file)),
        private_key_file_(std::move(private_key_file)),
        http_(http),
        clock_(clock) {}

  TokenAnswer RequestToken(const std::stop_token& stop) override;

 private:
  const EntraApplication application_;
  const std::string certificate_file_;
  const std::string private_key_file_;
  HttpClient& http_;
  const Clock& clock_;
};

// Workload identity: the Kubernetes service account's token is the assertion. The kubelet renews its file, which is
// read for each request.
class WorkloadIdentityCredential final : public CredentialSource {
 public:
  // `http` and `clock` outlive the credential.
  WorkloadIdentityCredential(EntraApplication application, std::string token_file, HttpClient& http, const Clock& clock)
      : application_(std::move(application)), token_file_(std::move(token_file)), http_(http), clock_(clock) {}

  TokenAnswer RequestToken(const std::stop_token& stop) override;

 private:
  const EntraApplication application_;
  const std::string token_file_;
  HttpClient& http_;
  const Clock& clock_;
};

}  // namespace zoomwatch::detector
