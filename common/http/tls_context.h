// The TLS set-up of a port, and its replacement when the certificate files change. Internal to common/http.
#pragma once

#include <openssl/types.h>

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/hmac.h"
#include "common/http/server.h"
#include "common/sync/mutex.h"

namespace zoomwatch::http {

// A loaded certificate and key, ready to make connections from.
struct TlsContext {
  std::shared_ptr<SSL_CTX> handle;
  absl::Time not_after;  // of the leaf
};

// Makes a context from PEM text. Pure but for allocation. Errors: CERTIFICATE_INVALID (with what is wrong; never key material).
absl::StatusOr<TlsContext> MakeTlsContext(std::string_view certificate_pem, std::string_view key_pem,
                                          std::string_view client_ca_pem, absl::Time now);

// Thread-safe.
class TlsContextSource {
 public:
  // Errors: CERTIFICATE_INVALID.
  static absl::StatusOr<std::unique_ptr<TlsContextSource>> Open(const TlsOptions& options, absl::Time now);

  // The last good context.
  TlsContext Get() const;

  enum class Outcome { kUnchanged, kReplaced };
  // Reads the files; replaces the context when their content changed and is good. Blocks on the disk.
  // CERTIFICATE_INVALID: the context stays. The same bad content is an error at each call.
  absl::StatusOr<Outcome> Reload(absl::Time now);

 private:
  explicit TlsContextSource(const TlsOptions& options) : options_(options) {}

  const TlsOptions options_;
  mutable Mutex mutex_;
  TlsContext context_ ABSL_GUARDED_BY(mutex_);
  Sha256Digest loaded_content_ ABSL_GUARDED_BY(mutex_) = {};
};

}  // namespace zoomwatch::http
