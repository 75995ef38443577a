// How far a command has come, in words.
#include "cli/progress_line.h"

#include <gtest/gtest.h>

namespace zoomwatch::cli {
namespace {

TEST(ProgressLineTest, DrawsWhatIsDoneOfAll) {
  EXPECT_EQ(ProgressText(0, 300), "[                              ]   0%  0 of 300 events read");
  EXPECT_EQ(ProgressText(100, 300, "up to noon"), "[##########                    ]  33%  100 of 300 events read, up to noon");
  EXPECT_EQ(ProgressText(300, 300), "[##############################] 100%  300 of 300 events read");
}

TEST(ProgressLineTest, KnowsNoMoreThanAll) {
  EXPECT_EQ(ProgressText(400, 300), "[##############################] 100%  400 of 300 events read");
  EXPECT_EQ(ProgressText(7, 0), "7 events read");
}

}  // namespace
}  // namespace zoomwatch::cli
