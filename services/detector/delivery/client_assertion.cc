#include "services/detector/delivery/client_assertion.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <optional>

#include "absl/strings/escaping.h"
#include "common/crypto/certificate.h"
#include "common/log/log.h"
#include "common/status/check.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch::detector {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

std::string Base64Url(std::string_view bytes) {
  return absl::WebSafeBase64Escape(absl::string_view(bytes.data(), bytes.size()));
}

std::string Quoted(std::string_view text) {
  std::string quoted;
  AppendJsonString(quoted, text);
  return quoted;
}

absl::StatusOr<std::string> ThumbprintOf(const std::string& certificate_file) {
  const std::unique_ptr<BIO, Free> bio(BIO_new_file(certificate_file.c_str(), "r"));
  const std::unique_ptr<X509, Free> certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)
                                                    : nullptr);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (certificate == nullptr || X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) {
    return Error(Reason::kCertificateInvalid, certificate_file + ": holds no certificate");
  }
  return std::string(reinterpret_cast<const char*>(digest.data()), size);
}

// RSASSA-PSS with SHA-256 and a salt as long as the digest; nullopt when the key cannot.
std::optional<std::string> Sign(EVP_PKEY* key, std::string_view text) {
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;  // owned by `context`
  size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_DigestSignInit(context.get(), &key_context, EVP_sha256(), nullptr, key) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1) {
    return std::nullopt;
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) !=
      1) {
    return std::nullopt;
  }
  signature.resize(size);
  return signature;
}

std::string RandomId() {
  std::array<unsigned char, 16> bytes{};
  ZOOMWATCH_CHECK(RAND_bytes(bytes.data(), bytes.size()) == 1);
  return Base64Url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// A key that needs a pass phrase is refused, not asked for on the terminal.
int NoPassPhrase(char*, int, int, void*) { return 0; }

}  // namespace

absl::StatusOr<Secret> MakeClientAssertion(const AssertionRequest& request, absl::Time now) {
  ZOOMWATCH_RETURN_IF_ERROR(CheckCertificatePair(request.certificate_file, request.private_key_file, now));
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::string thumbprint, ThumbprintOf(request.certificate_file));
  const std::unique_ptr<BIO, Free> bio(BIO_new_file(request.private_key_file.c_str(), "r"));
  const std::unique_ptr<EVP_PKEY, Free> key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassPhrase, nullptr)
                                                : nullptr);
  if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return Error(Reason::kCertificateInvalid,
                 request.private_key_file + ": is not an RSA key, which Entra ID asks for");
  }
  const std::string header = fmt::format(R"({{"alg":"PS256","typ":"JWT","x5t#S256":"{}"}})", Base64Url(thumbprint));
  const std::string claims =
      fmt::format(R"({{"aud":{},"exp":{},"iss":{},"jti":"{}","nbf":{},"sub":{}}})", Quoted(request.audience),
                  absl::ToUnixSeconds(now + kAssertionLifetime), Quoted(request.client_id), RandomId(),
                  absl::ToUnixSeconds(now), Quoted(request.client_id));
  std::string token = Base64Url(header) + "." + Base64Url(claims);
  const std::optional<std::string> signature = Sign(key.get(), token);
  if (!signature) return Error(Reason::kCertificateInvalid, request.private_key_file + ": cannot sign");
  token += "." + Base64Url(*signature);
  return Secret(std::move(token));
}

}  // namespace zoomwatch::detector
