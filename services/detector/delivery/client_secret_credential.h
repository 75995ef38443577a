// Entra ID application with a client secret, which is read from its file at each request.
#pragma once

#include <string>
#include <utility>

#include "services/detector/delivery/credential_source.h"
#include "services/detector/delivery/entra_token_request.h"

namespace zoomwatch::detector {

class ClientSecretCredential final : public CredentialSource {
 public:
  // `http` and `clock` outlive the credential.
  ClientSecretCredential(EntraApplication application, std::string secret_file, HttpClient& http, const Clock& clock)
      : application_(std::move(application)), secret_file_(std::move(secret_file)), http_(http), clock_(clock) {}

  TokenAnswer RequestToken(const std::stop_token& stop) override;

 private:
  const EntraApplication application_;
  const std::string secret_file_;
  HttpClient& http_;
  const Clock& clock_;
};

}  // namespace zoomwatch::detector
