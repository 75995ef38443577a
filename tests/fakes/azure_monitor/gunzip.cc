#include "tests/fakes/azure_monitor/gunzip.h"

#include <zlib.h>

#include <algorithm>

namespace zoomwatch::fakes {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;
constexpr size_t kStep = 256 * 1024;

struct Inflater {
  Inflater() : ready(inflateInit2(&stream, kGzipOnly) == Z_OK) {}
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream stream = {};
  const bool ready;
};

}  // namespace

GunzipResult Gunzip(std::string_view compressed, size_t max_bytes, std::string& out) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  out.clear();
  if (!inflater.ready || compressed.empty()) return GunzipResult::kBroken;
  std::string input(compressed);  // zlib's interface takes no const bytes
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  size_t size = 0;
  while (true) {
    if (size == out.size()) out.resize(std::min(size + kStep, max_bytes + 1));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = static_cast<uInt>(out.size() - size);
    const int result = inflate(&stream, Z_NO_FLUSH);
    size = out.size() - stream.avail_out;
    if (result != Z_OK && result != Z_STREAM_END) return GunzipResult::kBroken;
    if (size > max_bytes) return GunzipResult::kTooLarge;
    if (result != Z_STREAM_END) continue;
    if (stream.avail_in == 0) break;
    if (inflateReset(&stream) != Z_OK) return GunzipResult::kBroken;
  }
  out.resize(size);
  return GunzipResult::kOk;
}

}  // namespace zoomwatch::fakes
