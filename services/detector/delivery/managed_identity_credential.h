// The identity of the virtual machine, by the instance metadata service (IMDS). Its requests never go through a proxy.
// Source: "How to use managed identities for Azure resources on an Azure VM to acquire an access token".
#pragma once

#include <string>
#include <utility>

#include "absl/time/time.h"
#include "common/http_client/http_client.h"
#include "common/time/clock.h"
#include "services/detector/delivery/credential_source.h"

namespace zoomwatch::detector {

class ManagedIdentityCredential final : public CredentialSource {
 public:
  struct Options {
    std::string endpoint = "http://169.254.169.254";  // no slash at the end
    std::string client_id;                            // of a user-assigned identity; empty: the machine's own
    std::string resource;                             // "https://monitor.azure.com"
    absl::Duration timeout = absl::Seconds(30);
  };

  // `http` and `clock` outlive the credential.
  ManagedIdentityCredential(Options options, HttpClient& http, const Clock& clock)
      : options_(std::move(options)), http_(http), clock_(clock) {}

  TokenAnswer RequestToken(const std::stop_token& stop) override;

 private:
  const Options options_;
  HttpClient& http_;
  const Clock& clock_;
};

}  // namespace zoomwatch::detector
