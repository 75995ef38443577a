// Who we are towards Azure: one implementation for each kind of identity (client_secret_credential.h and its
// neighbours). Implementations are used by one thread at a time (TokenProvider sees to that).
#pragma once

#include <stop_token>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/crypto/secret.h"

namespace zoomwatch::detector {

// What the identity provider answered.
struct TokenAnswer {
  // OK: `token` is set. TOKEN_REFUSED: the provider knows us and says no, or does not know us. SECRET_UNREADABLE,
  // SECRET_EMPTY, CERTIFICATE_INVALID: our side of the credential cannot be used. HTTP_SERVER_UNTRUSTED.
  // DELIVERY_UNEXPECTED_ANSWER: no answer that the protocol knows. All these need a person. HTTP_CALL_FAILED,
  // DELIVERY_UNREACHABLE, DELIVERY_THROTTLED pass by themselves.
  absl::Status status;
  Secret token;
  absl::Duration lifetime;     // of the token, counted from before the request
  absl::Duration retry_after;  // with an error: the wait that the provider asked for; 0: none
};

class CredentialSource {
 public:
  virtual ~CredentialSource() = default;

  // Makes one request for a token. Reads files anew each time, so that rotated credentials take effect. Blocks.
  virtual TokenAnswer RequestToken(const std::stop_token& stop) = 0;
};

}  // namespace zoomwatch::detector
