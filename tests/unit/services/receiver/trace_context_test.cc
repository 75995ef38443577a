#include "services/receiver/trace_context.h"

#include <gtest/gtest.h>

#include <set>

namespace zoomwatch::receiver {
namespace {

TEST(IsTraceparent, AcceptsVersionZero) {
  EXPECT_TRUE(IsTraceparent("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"));
}

TEST(IsTraceparent, RefusesOtherForms) {
  for (const char* text : {"", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-0", "01-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
                           "00-0123456789ABCDEF0123456789abcdef-0123456789abcdef-01", "00-00000000000000000000000000000000-0123456789abcdef-01",
                           "00-0123456789abcdef0123456789abcdef-0000000000000000-01", "00_0123456789abcdef0123456789abcdef-0123456789abcdef-01",
                           "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01-x", "00-0123456789abcdef0123456789abcdeg-0123456789abcdef-01"}) {
    EXPECT_FALSE(IsTraceparent(text)) << text;
  }
}

TEST(MakeTraceparent, MakesWellFormedDistinctOnes) {
  std::set<std::string> made;
  for (int i = 0; i < 1000; ++i) {
    const std::string traceparent = MakeTraceparent();
    EXPECT_TRUE(IsTraceparent(traceparent)) << traceparent;
    made.insert(traceparent);
  }
  EXPECT_EQ(made.size(), 1000u);
}

}  // namespace
}  // namespace zoomwatch::receiver
