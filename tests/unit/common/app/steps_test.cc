#include "common/app/steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace zoomwatch {
namespace {

using ::testing::ElementsAre;

class StepListTest : public ::testing::Test {
 protected:
  void AddStep(const std::string& name, absl::Status result = absl::OkStatus()) {
    steps_.Add(
        name,
        [=, this] {
          calls_.push_back("+" + name);
          return result;
        },
        [=, this](absl::Time) { calls_.push_back("-" + name); });
  }
  StepList steps_;
  std::vector<std::string> calls_;
};

TEST_F(StepListTest, StartsInOrderAndStopsInReverse) {
  AddStep("a");
  AddStep("b");
  ASSERT_OK(steps_.Start());
  steps_.Stop(absl::InfinitePast());
  EXPECT_THAT(calls_, ElementsAre("+a", "+b", "-b", "-a"));
}

TEST_F(StepListTest, StopsOnlyWhatWasStartedWhenAStepFails) {
  AddStep("a");
  AddStep("b", Error(Reason::kAddressUnusable, "taken"));
  AddStep("c");
  EXPECT_THAT(steps_.Start(), testing::HasReasonAndMessage(Reason::kAddressUnusable, "b: taken"));
  EXPECT_THAT(calls_, ElementsAre("+a", "+b", "-a"));
}

TEST_F(StepListTest, StopsOnce) {
  AddStep("a");
  ASSERT_OK(steps_.Start());
  steps_.Stop(absl::InfinitePast());
  steps_.Stop(absl::InfinitePast());
  EXPECT_THAT(calls_, ElementsAre("+a", "-a"));
}

}  // namespace
}  // namespace zoomwatch
