#include "common/storage/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace zoomwatch::storage {
namespace {

// RFC 3720 appendix B.4, and the check value of the CRC catalogue.
TEST(Crc32c, MatchesPublishedVectors) {
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending += static_cast<char>(i);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(Crc32c(ascending), 0x46DD794EU);
  EXPECT_EQ(Crc32c(""), 0U);
}

TEST(Crc32c, TableAndInstructionAgreeAtEveryLength) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Crc32c(bytes), Crc32cByTable(bytes)) << bytes.size();
    bytes += static_cast<char>(i * 37);
  }
}

TEST(Crc32c, ContinuesBehindAPrefix) {
  EXPECT_EQ(Crc32c("56789", Crc32c("1234")), 0xE3069283U);
  EXPECT_EQ(Crc32cByTable("56789", Crc32cByTable("1234")), 0xE3069283U);
}

}  // namespace
}  // namespace zoomwatch::storage
