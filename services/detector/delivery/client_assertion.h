// The signed statement by which an application with a certificate proves who it is.
// Source: "Microsoft identity platform application authentication certificate credentials": a JWT signed with PS256,
// whose header names the certificate by its SHA-256 thumbprint.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/secret.h"

namespace zoomwatch::detector {

// How long an assertion is good: longer than any clock is wrong and any call lasts, short enough to be of no use to a
// thief.
inline constexpr absl::Duration kAssertionLifetime = absl::Minutes(10);

struct AssertionRequest {
  std::string certificate_file;  // PEM, the first certificate is taken
  std::string private_key_file;  // PEM
  std::string client_id;
  std::string audience;  // the token endpoint
};

// Reads the files anew. CERTIFICATE_INVALID: they are not PEM, do not belong together, the certificate is not valid at
// `now`, or the key is not RSA, which is all that Entra ID takes.
absl::StatusOr<Secret> MakeClientAssertion(const AssertionRequest& request, absl::Time now);

}  // namespace zoomwatch::detector
