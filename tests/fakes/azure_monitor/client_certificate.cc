#include "tests/fakes/azure_monitor/client_certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "absl/status/status.h"

namespace zoomwatch::fakes {

namespace {

// Microsoft's Python client writes padding, which RFC 7515 leaves out; Entra takes it.
std::string_view WithoutPadding(std::string_view base64) {
  while (base64.ends_with('=')) base64.remove_suffix(1);
  return base64;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ClientCertificate>> ClientCertificate::Load(const std::string& file) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_file(file.c_str(), "r"), BIO_free);
  X509* const certificate = bio == nullptr ? nullptr : PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
  if (certificate == nullptr) return absl::InvalidArgumentError(file + ": holds no PEM certificate");
  return std::shared_ptr<const ClientCertificate>(new ClientCertificate(std::shared_ptr<X509>(certificate, X509_free)));
}

std::string ClientCertificate::Thumbprint(const EVP_MD* digest) const {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate_.get(), digest, bytes, &size) != 1) return "";
  return Base64UrlEncode({reinterpret_cast<const char*>(bytes), size});
}

bool ClientCertificate::IsNamedBy(const Jwt& jwt) const {
  const std::string_view sha1 = WithoutPadding(TextIn(jwt.header, "x5t"));
  const std::string_view sha256 = WithoutPadding(TextIn(jwt.header, "x5t#S256"));
  if (sha1.empty() && sha256.empty()) return false;
  return (sha1.empty() || sha1 == Thumbprint(EVP_sha1())) && (sha256.empty() || sha256 == Thumbprint(EVP_sha256()));
}

bool ClientCertificate::Signed(const Jwt& jwt) const {
  const std::string_view algorithm = TextIn(jwt.header, "alg");
  if (algorithm != "RS256" && algorithm != "PS256") return false;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_PKEY* const key = X509_get0_pubkey(certificate_.get());
  EVP_PKEY_CTX* key_context = nullptr;  // owned by `context`
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA ||
      EVP_DigestVerifyInit(context.get(), &key_context, EVP_sha256(), nullptr, key) != 1) {
    return false;
  }
  if (algorithm == "PS256" && (EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) != 1 ||
                               EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return false;
  }
  return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(jwt.signature.data()), jwt.signature.size(),
                          reinterpret_cast<const unsigned char*>(jwt.signed_part.data()), jwt.signed_part.size()) == 1;
}

}  // namespace zoomwatch::fakes
