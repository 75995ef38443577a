// Decompression of a call's body with a bound. Pure; thread-safe. Source: RFC 1952.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace zoomwatch::fakes {

enum class GunzipResult {
  kOk,
  kBroken,    // not gzip, cut off, a wrong checksum, or bytes after its end
  kTooLarge,  // more than max_bytes come out; no more than that was made
};

// Replaces `out`. One member or several, one after the other.
GunzipResult Gunzip(std::string_view compressed, size_t max_bytes, std::string& out);

}  // namespace zoomwatch::fakes
