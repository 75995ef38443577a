// Tokens "token-1", "token-2", ... that live for an hour. For tests only.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "services/detector/delivery/credential_source.h"

namespace zoomwatch::detector {

class FixedTokens final : public CredentialSource {
 public:
  // Answers instead of a token while it is not OK.
  void Fail(absl::Status status, absl::Duration retry_after = absl::ZeroDuration()) {
    status_ = std::move(status);
    retry_after_ = retry_after;
  }
  int issued() const { return issued_; }

  TokenAnswer RequestToken(const std::stop_token&) override {
    if (!status_.ok()) return {.status = status_, .retry_after = retry_after_};
    return {.status = status_, .token = Secret("token-" + std::to_string(++issued_)), .lifetime = absl::Hours(1)};
  }

 private:
  absl::Status status_;
  absl::Duration retry_after_;
  int issued_ = 0;
};

}  // namespace zoomwatch::detector
