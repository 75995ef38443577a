#include "common/config/nearest_name.h"

#include <gtest/gtest.h>

namespace zoomwatch::config {
namespace {

constexpr std::string_view kNames[] = {"run", "send", "ledger", "doctor"};

TEST(NearestName, FindsTheNameWithTheFewestEdits) {
  EXPECT_EQ(NearestName("snd", kNames), "send");
  EXPECT_EQ(NearestName("leger", kNames), "ledger");
  EXPECT_EQ(NearestName("doktor", kNames), "doctor");
  EXPECT_EQ(NearestName("send", kNames), "send");
}

TEST(NearestName, AcceptsThreeEditsAndNotFour) {
  constexpr std::string_view kLong[] = {"retention"};
  EXPECT_EQ(NearestName("retxxxion", kLong), "retention");
  EXPECT_EQ(NearestName("rexxxxion", kLong), "");
}

TEST(NearestName, DoesNotSuggestANameWithoutALetterInCommon) { EXPECT_EQ(NearestName("xyz", kNames), ""); }

TEST(NearestName, AnswersNothingForNoCandidatesAndAtOnceForAVeryLongName) {
  EXPECT_EQ(NearestName("run", {}), "");
  EXPECT_EQ(NearestName(std::string(10'000'000, 'r'), kNames), "");
}

}  // namespace
}  // namespace zoomwatch::config
