// Patterns that come from data: however many there are and however much each grows, one execution keeps a bounded amount of them.
#include <gtest/gtest.h>
#include <malloc.h>
#include <re2/re2.h>

#include <string>

#include "common/kql/functions/call.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

// What the allocator has given out; 0 where a sanitizer has its own allocator.
std::size_t AllocatedBytes() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

// Each prefix of it is another state for patterns such as [ab]*a[ab]{13}c.
std::string ManyStates(std::size_t size) {
  std::string text;
  for (std::uint32_t state = 1; text.size() < size; state = state * 1664525 + 1013904223) text.push_back((state >> 24) % 2 == 0 ? 'a' : 'b');
  return text;
}

TEST(RegexCache, PatternsThatGrowWhileTheyMatchAreBoundedTogether) {
  RegexCache cache;
  const std::string text = ManyStates(20'000);
  const std::size_t before = AllocatedBytes();
  for (int i = 0; i < 300; ++i) {
    const re2::RE2* regex = cache.Get(fmt::format("[ab]*a[ab]{{13}}c{}", i));
    ASSERT_NE(regex, nullptr);
    ASSERT_FALSE(re2::RE2::PartialMatch(text, *regex));
    ASSERT_LE(cache.MemoryBytes(), RegexCache::kMaxBytes);
    ASSERT_LE(AllocatedBytes(), before + RegexCache::kMaxBytes);
  }
}

TEST(RegexCache, TextsOfPatternsCountWhetherTheyCompileOrNot) {
  RegexCache cache;
  const std::size_t before = AllocatedBytes();
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(cache.Get("(" + std::string(1 << 20, 'a') + std::to_string(i)), nullptr);
    ASSERT_NE(cache.Get("[" + std::string(1 << 14, 'a') + "]" + std::to_string(i)), nullptr);
    ASSERT_LE(cache.MemoryBytes(), RegexCache::kMaxBytes);
    ASSERT_LE(AllocatedBytes(), before + RegexCache::kMaxBytes);
  }
}

TEST(RegexCache, SmallPatternsAreBoundedInNumber) {
  RegexCache cache;
  for (std::size_t i = 0; i < 3 * RegexCache::kMaxPatterns; ++i) {
    ASSERT_EQ(cache.Get(fmt::format("({}", i)), nullptr);
    ASSERT_LE(cache.MemoryBytes(), RegexCache::kMaxPatterns * 512);
  }
}

TEST(RegexCache, APatternIsCompiledOnceWhileItIsKept) {
  RegexCache cache;
  const re2::RE2* regex = cache.Get("^a+$");
  const std::size_t bytes = cache.MemoryBytes();
  EXPECT_EQ(cache.Get("^a+$"), regex);
  EXPECT_EQ(cache.Get("(a"), nullptr);
  EXPECT_EQ(cache.Get("(a"), nullptr);
  EXPECT_GT(cache.MemoryBytes(), bytes);
  EXPECT_LT(cache.MemoryBytes(), bytes + 1024);
  // What was dropped comes back the same.
  for (int i = 0; i < 200; ++i) cache.Get(std::to_string(i));
  regex = cache.Get("^a+$");
  ASSERT_NE(regex, nullptr);
  EXPECT_TRUE(re2::RE2::PartialMatch("aaa", *regex));
  EXPECT_FALSE(re2::RE2::PartialMatch("aab", *regex));
  EXPECT_EQ(cache.Get("(a"), nullptr);
}

TEST(RegexCache, CompilesWhatTheBinderAccepts) {
  RegexCache cache;
  int accepted = 0, refused = 0;
  for (std::size_t repeats = 1; repeats <= 512; repeats += repeats < 8 ? 1 : repeats / 8) {
    std::string pattern;
    for (std::size_t i = 0; i < repeats; ++i) pattern += "[^a]{250}";
    const bool accepts = CheckRegex(pattern).empty();
    ++(accepts ? accepted : refused);
    const re2::RE2* regex = cache.Get(pattern);
    ASSERT_EQ(regex != nullptr, accepts) << repeats;
    if (regex != nullptr) {
      EXPECT_TRUE(re2::RE2::FullMatch(std::string(250 * repeats, 'b'), *regex)) << repeats;
    }
  }
  EXPECT_GT(accepted, 8);
  EXPECT_GT(refused, 0);
  EXPECT_NE(cache.Get("(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)"), nullptr);
  EXPECT_EQ(cache.Get("(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)"), nullptr);
}

}  // namespace
}  // namespace zoomwatch::kql
