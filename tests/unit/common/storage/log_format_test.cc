#include "common/storage/log_format.h"

#include <gtest/gtest.h>

namespace zoomwatch::storage::log_format {
namespace {

TEST(LogFormat, RecordIsPaddedToEightBytes) {
  EXPECT_EQ(RecordBytes(0), 24U);
  EXPECT_EQ(RecordBytes(1), 32U);
  EXPECT_EQ(RecordBytes(8), 32U);
  EXPECT_EQ(RecordBytes(9), 40U);
}

TEST(LogFormat, WritesTheExampleOfTheHeader) {
  std::string bytes;
  AppendUnsealedRecord(bytes, 1, "abc");
  EXPECT_EQ(SealRecord(bytes.data(), 1), 32U);
  ASSERT_EQ(bytes.size(), 32U);
  EXPECT_EQ(bytes.substr(4), std::string("\x03\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0abc\0\0\0\0\0", 28));
  EXPECT_TRUE(RecordIsSound(bytes));
}

TEST(LogFormat, EveryChangedByteOfARecordIsNoticedExceptPadding) {
  std::string bytes;
  AppendUnsealedRecord(bytes, 7, "hello");
  SealRecord(bytes.data(), 5);
  for (size_t i = 0; i < kRecordHeaderBytes + 5; ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x40);
    EXPECT_FALSE(RecordIsSound(changed)) << "byte " << i;
  }
}

TEST(LogFormat, ZerosAreNoRecord) { EXPECT_FALSE(RecordIsSound(std::string(64, '\0'))); }

TEST(LogFormat, SegmentHeaderRoundTrips) {
  const std::string bytes = EncodeSegmentHeader({.first_position = 12, .size = 4096});
  const auto header = DecodeSegmentHeader(bytes);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->first_position, 12U);
  EXPECT_EQ(header->size, 4096U);
  std::string changed = bytes;
  changed[9] = 1;
  EXPECT_FALSE(DecodeSegmentHeader(changed).has_value());
  EXPECT_FALSE(DecodeSegmentHeader(bytes.substr(0, 31)).has_value());
}

TEST(LogFormat, NamesSortByPosition) {
  EXPECT_EQ(SegmentName(42), "00000000000000000042.log");
  EXPECT_EQ(ParseSegmentName("00000000000000000042.log"), 42U);
  EXPECT_EQ(ParseSegmentName("18446744073709551615.log"), 18446744073709551615U);
  EXPECT_EQ(ParseSegmentName("18446744073709551616.log"), std::nullopt);
  EXPECT_EQ(ParseSegmentName("00000000000000000000.log"), std::nullopt);
  EXPECT_EQ(ParseSegmentName("42.log"), std::nullopt);
  EXPECT_EQ(ParseSegmentName("spare.tmp"), std::nullopt);
}

}  // namespace
}  // namespace zoomwatch::storage::log_format
