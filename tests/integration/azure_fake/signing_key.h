// An RSA key with a certificate, as an application registers it, that signs assertions. For tests only; aborts on failure.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

namespace zoomwatch::fakes {

class SigningKey {
 public:
  // Makes both and writes the certificate as PEM.
  explicit SigningKey(const std::string& certificate_file);

  // SHA-256 of the certificate, base64url.
  const std::string& thumbprint() const { return thumbprint_; }
  // The JWT of these two JSON objects, signed with SHA-256 and PSS or PKCS #1 padding.
  std::string Sign(const std::string& header, const std::string& claims, bool pss) const;

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::string thumbprint_;
};

}  // namespace zoomwatch::fakes
