#include "services/detector/delivery/assertion_credentials.h"

#include "common/crypto/secret_file.h"
#include "services/detector/delivery/client_assertion.h"

namespace zoomwatch::detector {
namespace {

// Source: RFC 7523 section 2.2.
constexpr std::string_view kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

}  // namespace

TokenAnswer ClientCertificateCredential::RequestToken(const std::stop_token& stop) {
  const auto assertion = MakeClientAssertion({.certificate_file = certificate_file_,
                                              .private_key_file = private_key_file_,
                                              .client_id = application_.client_id,
                                              .audience = application_.TokenUrl()},
                                             clock_.Now());
  if (!assertion.ok()) return {.status = assertion.status()};
  return RequestEntraToken(http_, application_, clock_,
                           {{"client_assertion_type", kAssertionType}, {"client_assertion", assertion->Reveal()}},
                           stop);
}

TokenAnswer WorkloadIdentityCredential::RequestToken(const std::stop_token& stop) {
  const auto assertion = ReadSecretFile(token_file_);
  if (!assertion.ok()) return {.status = assertion.status()};
  return RequestEntraToken(http_, application_, clock_,
                           {{"client_assertion_type", kAssertionType}, {"client_assertion", assertion->Reveal()}},
                           stop);
}

}  // namespace zoomwatch::detector
