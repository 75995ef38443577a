// The certificate that an application registered, against which its assertions are checked. Immutable; thread-safe.
// Source: "Microsoft identity platform application authentication certificate credentials", RFC 7518 sections 3.3 and 3.5.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/fakes/azure_monitor/jwt.h"

namespace zoomwatch::fakes {

class ClientCertificate {
 public:
  // The first certificate of a PEM file. Errors: INVALID_ARGUMENT.
  static absl::StatusOr<std::shared_ptr<const ClientCertificate>> Load(const std::string& file);

  // Whether the header names this certificate: x5t (SHA-1) or x5t#S256, and each of them that is there.
  bool IsNamedBy(const Jwt& jwt) const;
  // Whether the signature is by its key, with the header's algorithm, RS256 or PS256.
  bool Signed(const Jwt& jwt) const;

 private:
  explicit ClientCertificate(std::shared_ptr<X509> certificate) : certificate_(std::move(certificate)) {}
  std::string Thumbprint(const EVP_MD* digest) const;

  const std::shared_ptr<X509> certificate_;
};

}  // namespace zoomwatch::fakes
