#include "services/detector/delivery/gzip.h"

#include <array>
#include <random>
#include <string>

#include "tests/unit/services/delivery/gunzip.h"

namespace zoomwatch::detector {
namespace {

TEST(GzipCompressor, EachResultIsAGzipMemberOfItsOwn) {
  GzipCompressor gzip;
  for (const std::string& plain : {std::string(1'000'000, 'x'), std::string(100, '['), std::string(4000, '\0'), std::string(101, '[')}) {
    const auto compressed = gzip.Compress(plain);
    ASSERT_TRUE(compressed.has_value());
    EXPECT_LT(compressed->size(), plain.size());
    EXPECT_EQ(Gunzip(*compressed), plain);
  }
}

TEST(GzipCompressor, WhatWouldNotBeSmallerIsNotCompressed) {
  GzipCompressor gzip;
  std::mt19937 random(7);
  std::string noise;
  for (int i = 0; i < 1'000'000; ++i) noise += static_cast<char>(random());
  for (const std::string& plain : {std::string(), std::string("[]"), noise}) EXPECT_FALSE(gzip.Compress(plain).has_value());
  EXPECT_EQ(Gunzip(*gzip.Compress(std::string(1000, 'x'))), std::string(1000, 'x')) << "and goes on";
}

// From noise to one letter, at sizes around the library's blocks and the limit of a body.
TEST(GzipCompressor, BodiesOfEveryKindComeBack) {
  GzipCompressor gzip;
  std::mt19937 random(11);
  for (int i = 0; i < 300; ++i) {
    const auto letters = 1 + random() % 64;
    const std::size_t near = std::array<std::size_t, 5>{60, 8'192, 32'768, 65'535, 200'000}[static_cast<std::size_t>(i) % 5];
    std::string plain(near + random() % 9, '\0');
    for (char& c : plain) c = static_cast<char>(random() % 8 == 0 ? random() : ' ' + random() % letters);
    const auto compressed = gzip.Compress(plain);
    if (compressed.has_value()) {
      ASSERT_EQ(Gunzip(*compressed), plain) << i;
    }
  }
}

TEST(GzipCompressor, MakesRowsSmaller) {
  std::string rows = "[";
  for (int i = 0; i < 1000; ++i)
    rows += R"({"Event":"meeting.started","EventId":")" + std::to_string(i * 7919) + "\"},";
  GzipCompressor gzip;
  const auto compressed = gzip.Compress(rows);
  ASSERT_TRUE(compressed.has_value());
  EXPECT_LT(compressed->size(), rows.size() / 5);
}

}  // namespace
}  // namespace zoomwatch::detector
