#include "common/ruleset/alert_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoomwatch::ruleset {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(AlertFormat, FindsPlaceholders) {
  const Placeholders found = FindPlaceholders("{{User}} deleted {{ Count }} recordings, {{User}}");
  EXPECT_THAT(found.columns, ElementsAre("User", "Count", "User"));
  EXPECT_EQ(found.problem, "");
  EXPECT_THAT(FindPlaceholders("no placeholder {User} }}").columns, IsEmpty());
  EXPECT_EQ(FindPlaceholders("no placeholder {User} }}").problem, "");
}

TEST(AlertFormat, SaysWhatIsWrong) {
  EXPECT_EQ(FindPlaceholders("a {{User").problem, "a '{{' is not closed");
  EXPECT_EQ(FindPlaceholders("a {{User}").problem, "a '{{' is not closed");
  EXPECT_EQ(FindPlaceholders("a {{}}").problem, "'{{}}' names no column");
  EXPECT_EQ(FindPlaceholders("a {{b c}} {{d.e}}").problem, "'{{b c}}' names no column");
}

TEST(AlertFormat, FillsPlaceholders) {
  const auto value = [](std::string_view column) { return "<" + std::string(column) + ">"; };
  EXPECT_EQ(FillPlaceholders("{{A}} and {{ B }}!", value), "<A> and <B>!");
  EXPECT_EQ(FillPlaceholders("plain", value), "plain");
  EXPECT_EQ(FillPlaceholders("", value), "");
}

TEST(AlertFormat, KnowsColumnNames) {
  EXPECT_TRUE(IsColumnName("User"));
  EXPECT_TRUE(IsColumnName("_x9"));
  EXPECT_FALSE(IsColumnName(""));
  EXPECT_FALSE(IsColumnName("9x"));
  EXPECT_FALSE(IsColumnName("a b"));
  EXPECT_TRUE(IsColumnName(std::string(500, 'a')));
  EXPECT_FALSE(IsColumnName(std::string(501, 'a')));
}

}  // namespace
}  // namespace zoomwatch::ruleset
