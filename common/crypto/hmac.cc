#include "common/crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <vector>

#include "absl/strings/escaping.h"
#include "common/status/check.h"
#include "common/sync/mutex.h"

namespace zoomwatch {
namespace {

struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMac>;

// SHA-256 and HMAC are in every OpenSSL 3, so failures below are failures to allocate: nothing a caller could handle.
MacContext MakeKeyedContext(std::string_view key) {
  static EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  ZOOMWATCH_CHECK(hmac != nullptr);
  MacContext context(EVP_MAC_CTX_new(hmac));
  ZOOMWATCH_CHECK(context != nullptr);
  char digest_name[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
                               OSSL_PARAM_construct_end()};
  ZOOMWATCH_CHECK(EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(key.data()), key.size(), params) == 1);
  return context;
}

}  // namespace

Sha256Digest Sha256(std::string_view bytes) {
  Sha256Digest digest;
  unsigned int size = 0;
  ZOOMWATCH_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  return digest;
}

// Free contexts of one key.
class HmacSha256Key::Contexts {
 public:
  explicit Contexts(const Secret& secret) : secret_(secret.Clone()) {}

  MacContext Acquire() {
    {
      MutexLock lock(mutex_);
      if (!free_.empty()) {
        MacContext context = std::move(free_.back());
        free_.pop_back();
        return context;
      }
    }
    return MakeKeyedContext(secret_.Reveal());
  }

  void Release(MacContext context) {
    MutexLock lock(mutex_);
    free_.push_back(std::move(context));
  }

 private:
  const Secret secret_;
  Mutex mutex_;
  std::vector<MacContext> free_ ABSL_GUARDED_BY(mutex_);
};

HmacSha256Key::HmacSha256Key(const Secret& secret) : contexts_(std::make_unique<Contexts>(secret)) {
  ZOOMWATCH_CHECK(!secret.empty());
}
HmacSha256Key::~HmacSha256Key() = default;

Sha256Digest HmacSha256Key::Sign(std::initializer_list<std::string_view> parts) const {
  MacContext context = contexts_->Acquire();
  ZOOMWATCH_CHECK(EVP_MAC_init(context.get(), nullptr, 0, nullptr) == 1);  // back to the begin, with the same key
  for (const std::string_view part : parts) {
    ZOOMWATCH_CHECK(EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(part.data()), part.size()) == 1);
  }
  Sha256Digest mac;
  size_t size = 0;
  ZOOMWATCH_CHECK(EVP_MAC_final(context.get(), mac.data(), &size, mac.size()) == 1);
  contexts_->Release(std::move(context));
  return mac;
}

std::string HexEncode(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string Base64Encode(std::string_view bytes) {
  return absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()));
}

}  // namespace zoomwatch
