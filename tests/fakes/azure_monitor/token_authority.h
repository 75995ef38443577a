// The two places where a service gets its token: Entra's token endpoint (client credentials) and the managed identity endpoint of a
// virtual machine (IMDS). Tokens are JWTs that this object signed; it checks them for the ingestion endpoint.
// Thread-safe. Source: "OAuth 2.0 client credentials flow", "How to use managed identities on a VM to acquire an access token".
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/crypto/hmac.h"
#include "common/crypto/secret.h"
#include "common/http/message.h"
#include "common/sync/mutex.h"
#include "tests/fakes/azure_monitor/answer.h"
#include "tests/fakes/azure_monitor/client_certificate.h"

namespace zoomwatch::fakes {

struct TokenOptions {
  std::string tenant = "11111111-1111-4111-8111-111111111111";
  std::string client_id = "22222222-2222-4222-8222-222222222222";
  std::string client_secret = "fake~secret";
  // PEM; not empty: assertions of the client's own must be signed with this certificate's key.
  std::string client_certificate_file;
  // Resources that tokens are given for; any other is refused. Compared without slashes at the end.
  std::vector<std::string> resources = {"https://monitor.azure.com", "https://monitor.azure.us", "https://monitor.azure.cn",
                                        "https://management.azure.com"};
  // The one that the ingestion endpoint takes.
  std::string ingestion_resource = "https://monitor.azure.com";
  absl::Duration lifetime = absl::Seconds(3599);
};

class TokenAuthority {
 public:
  // `certificate` is what client_certificate_file holds, or null. REQUIRES: neither ids nor secret are empty.
  TokenAuthority(TokenOptions options, std::shared_ptr<const ClientCertificate> certificate);

  // POST /{tenant}/oauth2/v2.0/token, whatever the tenant in the path. 200 with a token for client_secret or client_assertion (see
  // assertion.h); otherwise 400 or 401 with Entra's error object and AADSTS number.
  http::Response AnswerTokenRequest(const http::Request& request, absl::Time now);

  // GET /metadata/identity/oauth2/token. 400 without "Metadata: true", api-version or a known resource, or for another client_id.
  http::Response AnswerManagedIdentityRequest(const http::Request& request, absl::Time now);

  // Whether this Authorization header opens the ingestion endpoint at `now`. Otherwise 401 InvalidAuthenticationToken (absent,
  // not ours, revoked), ExpiredAuthenticationToken (from its expiry on) or InvalidAuthenticationTokenAudience.
  std::optional<Refusal> Check(std::optional<std::string_view> authorization, absl::Time now) const {
    return CheckFor(options_.ingestion_resource, authorization, now);
  }
  // The same for an endpoint that takes tokens for another resource.
  std::optional<Refusal> CheckFor(std::string_view resource, std::optional<std::string_view> authorization, absl::Time now) const;

  // All tokens given so far are refused from now on.
  void RevokeTokens();
  // From now on only this secret is taken.
  void SetClientSecret(std::string secret);

  // The client_assertion of the last request that had one; "" when there was none.
  std::string last_client_assertion() const;

 private:
  using Form = std::vector<std::pair<std::string, std::string>>;
  std::string MakeToken(std::string_view resource, absl::Time now) const;
  // nullopt: the caller is who it says.
  std::optional<http::Response> CheckCaller(const Form& form, absl::Time now);
  bool Known(std::string_view resource) const;

  const TokenOptions options_;
  const std::shared_ptr<const ClientCertificate> certificate_;
  const HmacSha256Key key_;
  mutable Mutex mutex_;
  int generation_ ABSL_GUARDED_BY(mutex_) = 0;
  Secret client_secret_ ABSL_GUARDED_BY(mutex_);
  std::string last_client_assertion_ ABSL_GUARDED_BY(mutex_);
};

// The value of a query or form field, decoded ("+" is a space); nullopt when absent.
std::optional<std::string> FormValue(std::string_view form, std::string_view name);
// What stands after "?" in a request target.
std::string_view QueryOf(const http::Request& request);

}  // namespace zoomwatch::fakes
