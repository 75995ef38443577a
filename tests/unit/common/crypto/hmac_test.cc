// Expected values: RFC 4231 case 2, FIPS 180-4 examples, and `openssl dgst -sha256 -hmac`.
#include "common/crypto/hmac.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace zoomwatch {
namespace {

TEST(Sha256, YieldsTheStandardsExamples) {
  EXPECT_EQ(HexEncode(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexEncode(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(HmacSha256Key, SignsTheStandardsExample) {
  const HmacSha256Key key{Secret("Jefe")};
  EXPECT_EQ(HexEncode(key.Sign({"what do ya want for nothing?"})),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(HmacSha256Key, SignsPartsLikeTheWhole) {
  const HmacSha256Key key{Secret("Jefe")};
  EXPECT_EQ(key.Sign({"what do ya ", "", "want for nothing?"}), key.Sign({"what do ya want for nothing?"}));
}

TEST(HmacSha256Key, BeginsAnewForEachCall) {
  const HmacSha256Key key{Secret("Jefe")};
  const Sha256Digest first = key.Sign({"a"});
  EXPECT_NE(key.Sign({"b"}), first);
  EXPECT_EQ(key.Sign({"a"}), first);
}

TEST(HmacSha256Key, TakesAKeyLongerThanABlock) {
  // RFC 4231 case 6: 131 bytes of 0xaa.
  const HmacSha256Key key{Secret(std::string(131, '\xaa'))};
  EXPECT_EQ(HexEncode(key.Sign({"Test Using Larger Than Block-Size Key - Hash Key First"})),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256Key, ServesManyThreads) {
  const HmacSha256Key key{Secret("Jefe")};
  const Sha256Digest expected = key.Sign({"what do ya want for nothing?"});
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 2000; ++j) wrong += key.Sign({"what do ya want ", "for nothing?"}) == expected ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Base64Encode, Pads) {
  EXPECT_EQ(Base64Encode("user:pass"), "dXNlcjpwYXNz");
  EXPECT_EQ(Base64Encode("a"), "YQ==");
  EXPECT_EQ(Base64Encode(std::string_view("\xfb\xff", 2)), "+/8=");
}

}  // namespace
}  // namespace zoomwatch
