#include "tests/fakes/azure_monitor/assertion.h"

#include <fmt/format.h>

#include "tests/fakes/azure_monitor/jwt.h"

namespace zoomwatch::fakes {
namespace {

// Entra allows for clocks that differ; the official Node client rounds its time up.
constexpr absl::Duration kMaxClockSkew = absl::Minutes(5);
constexpr std::string_view kFederatedAudience = "api://AzureADTokenExchange";

std::optional<AssertionProblem> CheckOwn(const Jwt& jwt, std::string_view client_id, std::string_view tenant,
                                         const ClientCertificate* certificate) {
  const std::string_view algorithm = TextIn(jwt.header, "alg");
  if (algorithm != "RS256" && algorithm != "PS256") return AssertionProblem{5002738, "The assertion is not signed with RS256 or PS256."};
  if (TextIn(jwt.header, "x5t").empty() && TextIn(jwt.header, "x5t#S256").empty()) {
    return AssertionProblem{700027, "The certificate with identifier used to sign the client assertion is not registered."};
  }
  if (certificate != nullptr && !certificate->IsNamedBy(jwt)) {
    return AssertionProblem{700027, "The certificate with identifier used to sign the client assertion is not registered."};
  }
  if (certificate != nullptr && !certificate->Signed(jwt)) {
    return AssertionProblem{700027, "Client assertion failed signature validation."};
  }
  if (TextIn(jwt.claims, "sub") != client_id) return AssertionProblem{700021, "The subject of the assertion is not the client."};
  if (!TextIn(jwt.claims, "aud").ends_with(fmt::format("/{}/oauth2/v2.0/token", tenant))) {
    return AssertionProblem{700023, "Client assertion audience claim does not match the token endpoint."};
  }
  return std::nullopt;
}

}  // namespace

std::optional<AssertionProblem> CheckAssertion(std::string_view assertion, std::string_view client_id, std::string_view tenant,
                                               const ClientCertificate* certificate, absl::Time now) {
  const std::optional<Jwt> jwt = ReadJwt(assertion);
  if (!jwt) return AssertionProblem{50027, "JWT token is invalid or malformed."};
  if (now >= TimeIn(jwt->claims, "exp").value_or(absl::InfinitePast()) ||
      now + kMaxClockSkew < TimeIn(jwt->claims, "nbf").value_or(absl::InfinitePast())) {
    return AssertionProblem{700024, "Client assertion is not within its valid time range."};
  }
  if (TextIn(jwt->claims, "iss") == client_id) return CheckOwn(*jwt, client_id, tenant, certificate);
  if (TextIn(jwt->claims, "aud") != kFederatedAudience) {
    return AssertionProblem{700212, "No matching federated identity record found for presented assertion audience."};
  }
  if (TextIn(jwt->claims, "sub").empty()) {
    return AssertionProblem{700213, "No matching federated identity record found for presented assertion subject."};
  }
  return std::nullopt;
}

}  // namespace zoomwatch::fakes
