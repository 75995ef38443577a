// Compresses bodies as gzip. Not thread-safe; one for each thread, whose memory is reused.
// At zlib's fastest level: what Azure grants a minute is counted before compression, so a better ratio would only cost
// time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace zoomwatch::detector {

class GzipCompressor {
 public:
  GzipCompressor();
  ~GzipCompressor();
  GzipCompressor(const GzipCompressor&) = delete;
  GzipCompressor& operator=(const GzipCompressor&) = delete;

  // The gzip form of `plain`; valid until the next call.
  std::string_view Compress(std::string_view plain);

 private:
  struct Stream;
  const std::unique_ptr<Stream> stream_;
  std::string buffer_;
};

}  // namespace zoomwatch::detector
