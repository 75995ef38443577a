// The plain form of gzip bytes. For tests only.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

namespace zoomwatch::detector {

inline std::string Gunzip(std::string_view bytes) {
  z_stream z{};
  EXPECT_EQ(inflateInit2(&z, 15 + 16), Z_OK);
  std::string copy(bytes);
  std::string plain(size_t{4} << 20, '\0');
  z.next_in = reinterpret_cast<Bytef*>(copy.data());
  z.avail_in = static_cast<uInt>(copy.size());
  z.next_out = reinterpret_cast<Bytef*>(plain.data());
  z.avail_out = static_cast<uInt>(plain.size());
  EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(z.avail_in, 0u) << "nothing follows";
  plain.resize(z.total_out);
  inflateEnd(&z);
  return plain;
}

}  // namespace zoomwatch::detector
