#include "services/detector/delivery/gzip.h"

#include <zlib.h>

#include "common/status/check.h"

namespace zoomwatch::detector {

struct GzipCompressor::Stream {
  z_stream z{};
};

GzipCompressor::GzipCompressor() : stream_(std::make_unique<Stream>()) {
  constexpr int kGzipWindow = 15 + 16;  // 16: gzip instead of zlib's own header
  constexpr int kMemory = 8;
  ZOOMWATCH_CHECK(deflateInit2(&stream_->z, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) ==
                  Z_OK);
}

GzipCompressor::~GzipCompressor() { deflateEnd(&stream_->z); }

std::string_view GzipCompressor::Compress(std::string_view plain) {
  z_stream& z = stream_->z;
  ZOOMWATCH_CHECK(deflateReset(&z) == Z_OK);
  buffer_.resize(deflateBound(&z, plain.size()));
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));  // zlib does not write there
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(buffer_.data());
  z.avail_out = static_cast<uInt>(buffer_.size());
  ZOOMWATCH_CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);  // deflateBound() is enough for one pass
  return std::string_view(buffer_).substr(0, z.total_out);
}

}  // namespace zoomwatch::detector
