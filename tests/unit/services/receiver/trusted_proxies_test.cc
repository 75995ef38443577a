#include "services/receiver/trusted_proxies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace zoomwatch::receiver {
namespace {

using testing::HasReason;

TrustedProxies Proxies(std::vector<std::string> texts) {
  auto proxies = TrustedProxies::Parse(texts);
  EXPECT_OK(proxies);
  return *std::move(proxies);
}

std::string Source(const TrustedProxies& proxies, std::string_view peer, std::vector<std::string_view> forwarded_for) {
  http::Headers headers;
  for (const std::string_view value : forwarded_for) headers.Add("X-Forwarded-For", value);
  return proxies.SourceAddress(peer, headers);
}

TEST(TrustedProxies, MatchesPrefixesToTheBit) {
  const TrustedProxies proxies = Proxies({"10.0.0.0/9", "192.0.2.7", "2001:db8::/33"});
  EXPECT_TRUE(proxies.Trusts("10.127.255.255"));
  EXPECT_FALSE(proxies.Trusts("10.128.0.0"));
  EXPECT_TRUE(proxies.Trusts("192.0.2.7"));
  EXPECT_FALSE(proxies.Trusts("192.0.2.6"));
  EXPECT_TRUE(proxies.Trusts("2001:db8:7fff::1"));
  EXPECT_FALSE(proxies.Trusts("2001:db8:8000::1"));
  EXPECT_TRUE(proxies.Trusts("::ffff:10.1.1.1"));
  EXPECT_FALSE(proxies.Trusts("nonsense"));
  EXPECT_FALSE(proxies.Trusts(""));
}

TEST(TrustedProxies, TakesZeroForEverythingOfItsFamily) {
  const TrustedProxies proxies = Proxies({"0.0.0.0/0"});
  EXPECT_TRUE(proxies.Trusts("203.0.113.9"));
  EXPECT_FALSE(proxies.Trusts("2001:db8::1"));
}

TEST(TrustedProxies, RefusesOtherTexts) {
  for (const char* text : {"", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8", "::/129", "proxy.example", "10.0.0.0/8/8"}) {
    EXPECT_THAT(TrustedProxies::Parse(std::vector<std::string>{text}).status(), HasReason(Reason::kConfigInvalidValue)) << text;
  }
}

TEST(TrustedProxies, BelievesNobodyByDefault) { EXPECT_EQ(Source(Proxies({}), "10.0.0.1", {"203.0.113.9"}), "10.0.0.1"); }

TEST(TrustedProxies, BelievesOnlyTrustedPeers) {
  const TrustedProxies proxies = Proxies({"10.0.0.0/8"});
  EXPECT_EQ(Source(proxies, "10.0.0.1", {"203.0.113.9"}), "203.0.113.9");
  EXPECT_EQ(Source(proxies, "198.51.100.1", {"203.0.113.9"}), "198.51.100.1");
}

TEST(TrustedProxies, IgnoresWhatStandsBeforeTheFirstUntrustedHop) {
  const TrustedProxies proxies = Proxies({"10.0.0.0/8"});
  EXPECT_EQ(Source(proxies, "10.0.0.1", {"1.1.1.1, 203.0.113.9 ,10.2.3.4"}), "203.0.113.9");
  EXPECT_EQ(Source(proxies, "10.0.0.1", {"1.1.1.1, 203.0.113.9", "10.2.3.4"}), "203.0.113.9");
}

TEST(TrustedProxies, StopsAtAnEntryThatIsNoAddress) {
  const TrustedProxies proxies = Proxies({"10.0.0.0/8"});
  EXPECT_EQ(Source(proxies, "10.0.0.1", {"203.0.113.9, unknown, 10.2.3.4"}), "10.2.3.4");
  EXPECT_EQ(Source(proxies, "10.0.0.1", {""}), "10.0.0.1");
  EXPECT_EQ(Source(proxies, "10.0.0.1", {std::string(4000, ',')}), "10.0.0.1");
}

}  // namespace
}  // namespace zoomwatch::receiver
