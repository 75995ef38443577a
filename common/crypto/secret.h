// A secret in memory: never printed, never compared byte by byte, wiped when it goes.
// Not thread-safe beyond const access. Copies are explicit, so that none is made by accident.
#pragma once

#include <openssl/crypto.h>

#include <string>
#include <string_view>
#include <utility>

namespace zoomwatch {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(Secret&& other) noexcept { Swap(other); }
  Secret& operator=(Secret&& other) noexcept {
    Swap(other);
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { OPENSSL_cleanse(value_.data(), value_.size()); }

  Secret Clone() const { return Secret(value_); }
  bool empty() const { return value_.empty(); }

  // The bytes, for the one call that needs them. Never log, print or put them into an error.
  std::string_view Reveal() const { return value_; }

 private:
  // Swapping moves the heap block instead of copying it, and a short value is wiped where it was by the other's destructor.
  void Swap(Secret& other) { value_.swap(other.value_); }

  std::string value_;
};

// True when both are equal; the time depends on the lengths only.
inline bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace zoomwatch
