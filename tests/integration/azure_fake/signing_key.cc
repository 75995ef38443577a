#include "tests/integration/azure_fake/signing_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cstdio>

#include "common/status/check.h"
#include "tests/fakes/azure_monitor/jwt.h"

namespace zoomwatch::fakes {

SigningKey::SigningKey(const std::string& certificate_file) : key_(EVP_RSA_gen(2048), EVP_PKEY_free) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  ZOOMWATCH_CHECK(key_ != nullptr && certificate != nullptr);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  ZOOMWATCH_CHECK(X509_set_pubkey(certificate.get(), key_.get()) == 1);
  ZOOMWATCH_CHECK(X509_sign(certificate.get(), key_.get(), EVP_sha256()) > 0);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  ZOOMWATCH_CHECK(X509_digest(certificate.get(), EVP_sha256(), digest, &size) == 1);
  thumbprint_ = Base64UrlEncode({reinterpret_cast<const char*>(digest), size});
  std::FILE* const file = std::fopen(certificate_file.c_str(), "w");
  ZOOMWATCH_CHECK(file != nullptr && PEM_write_X509(file, certificate.get()) == 1 && std::fclose(file) == 0);
}

std::string SigningKey::Sign(const std::string& header, const std::string& claims, bool pss) const {
  const std::string text = Base64UrlEncode(header) + "." + Base64UrlEncode(claims);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_PKEY_CTX* key_context = nullptr;  // owned by `context`
  ZOOMWATCH_CHECK(EVP_DigestSignInit(context.get(), &key_context, EVP_sha256(), nullptr, key_.get()) == 1);
  if (pss) {
    ZOOMWATCH_CHECK(EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1);
    ZOOMWATCH_CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) == 1);
  }
  std::string signature(512, '\0');
  size_t size = signature.size();
  ZOOMWATCH_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                 reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1);
  signature.resize(size);
  return text + "." + Base64UrlEncode(signature);
}

}  // namespace zoomwatch::fakes
