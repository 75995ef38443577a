#include "common/chart/display_text.h"

#include <gtest/gtest.h>

namespace zoomwatch::chart {
namespace {

TEST(DisplayText, ShowsWhatATerminalWouldActOn) {
  EXPECT_EQ(PrintableText("a\x1b[31mb\x07"), "a\\u{1b}[31mb\\u{7}");
  EXPECT_EQ(PrintableText("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(PrintableText("\xC2\x9B"), "\\u{9b}") << "a control sequence in one character";
  EXPECT_EQ(PrintableText("\xE2\x80\xAE"), "\\u{202e}") << "writes the rest of the line backwards";
  EXPECT_EQ(PrintableText("\xFFz"), "\xEF\xBF\xBDz");
  EXPECT_EQ(PrintableText("Zürich 東京 👍"), "Zürich 東京 👍");
}

TEST(DisplayText, KeepsTheLinesOfATextOfSeveral) {
  EXPECT_EQ(PrintableLines("a\x1b[2J\n\xC2\x9Bz\r"), "a\\u{1b}[2J\n\\u{9b}z\\r");
}

TEST(DisplayText, JsonMeansTheSameAndDoesNothing) {
  EXPECT_EQ(PrintableJson("{\"a\\n\": \"\xC2\x9B" "2J\x7f\xE2\x80\xAE\xE2\x80\xA8\"}\n"), "{\"a\\n\": \"\\u009b2J\\u007f\\u202e\\u2028\"}\n");
  EXPECT_EQ(PrintableJson("[\"\xFFz Zürich 👍\"]"), "[\"\xEF\xBF\xBDz Zürich 👍\"]");
}

TEST(DisplayText, CountsCellsOfTheTerminal) {
  EXPECT_EQ(DisplayWidth(""), 0U);
  EXPECT_EQ(DisplayWidth("Zürich"), 6U);
  EXPECT_EQ(DisplayWidth("東京"), 4U);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1U) << "a mark that combines";
  EXPECT_EQ(DisplayWidth("👍"), 2U);
}

TEST(DisplayText, CutsWhereAWholeCharacterFits) {
  EXPECT_EQ(CutToWidth("abcd", 4), "abcd");
  EXPECT_EQ(CutToWidth("abcde", 4), "abc…");
  EXPECT_EQ(CutToWidth("東京都", 4), "東…");
  EXPECT_EQ(CutToWidth("東京", 4), "東京");
  EXPECT_EQ(CutToWidth("abc", 1), "…");
  EXPECT_EQ(CutInside("abcdefgh", 8), "abcdefgh");
  EXPECT_EQ(CutInside("abcdefghi", 8), "abcd…ghi");
  EXPECT_EQ(CutInside("東京都港区", 8), "東京…区") << "an end of three cells would cut one in two";
  EXPECT_EQ(CutInside("abc", 1), "…");
  EXPECT_EQ(CutInside("abc", 2), "a…");
}

TEST(DisplayText, PadsByWidthAndNotByBytes) {
  EXPECT_EQ(PadRight("é", 3), "é  ");
  EXPECT_EQ(PadLeft("東", 3), " 東");
  EXPECT_EQ(PadLeft("abc", 2), "abc");
}

}  // namespace
}  // namespace zoomwatch::chart
