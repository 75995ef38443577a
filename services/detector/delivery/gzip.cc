#include "services/detector/delivery/gzip.h"

#include <isa-l/igzip_lib.h>

#include <array>

#include "common/status/check.h"

namespace zoomwatch::detector {

struct GzipCompressor::Stream {
  isal_zstream z{};
  std::array<std::uint8_t, ISAL_DEF_LVL1_DEFAULT> level_buffer{};
};

GzipCompressor::GzipCompressor() : stream_(std::make_unique<Stream>()) {}
GzipCompressor::~GzipCompressor() = default;

std::optional<std::string_view> GzipCompressor::Compress(std::string_view plain) {
  if (buffer_.size() < plain.size()) buffer_.resize(plain.size());
  isal_zstream& z = stream_->z;
  isal_deflate_stateless_init(&z);
  z.level = 1;
  z.level_buf = stream_->level_buffer.data();
  z.level_buf_size = static_cast<std::uint32_t>(stream_->level_buffer.size());
  z.gzip_flag = IGZIP_GZIP;
  z.end_of_stream = 1;
  z.flush = NO_FLUSH;
  z.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(plain.data()));  // the library does not write there
  z.avail_in = static_cast<std::uint32_t>(plain.size());
  z.next_out = reinterpret_cast<std::uint8_t*>(buffer_.data());
  z.avail_out = static_cast<std::uint32_t>(plain.size());  // more is of no use
  const int result = isal_deflate_stateless(&z);
  if (result == STATELESS_OVERFLOW) return std::nullopt;
  ZOOMWATCH_CHECK(result == COMP_OK && z.avail_in == 0);
  return std::string_view(buffer_).substr(0, z.total_out);
}

}  // namespace zoomwatch::detector
