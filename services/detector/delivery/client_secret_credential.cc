#include "services/detector/delivery/client_secret_credential.h"

#include "common/crypto/secret_file.h"

namespace zoomwatch::detector {

TokenAnswer ClientSecretCredential::RequestToken(const std::stop_token& stop) {
  const auto secret = ReadSecretFile(secret_file_);
  if (!secret.ok()) return {.status = secret.status()};
  return RequestEntraToken(http_, application_, clock_, {{"client_secret", secret->Reveal()}}, stop);
}

}  // namespace zoomwatch::detector
