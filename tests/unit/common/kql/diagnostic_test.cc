#include "common/kql/diagnostic.h"

#include <gtest/gtest.h>

#include <string>

namespace zoomwatch::kql {
namespace {

// Line and marks below the message, for a finding about `word`.
std::string Excerpt(const std::string& text, std::string_view word) {
  Diagnostic diagnostic{.code = "ZW001", .span = {}, .message = "x"};
  const std::size_t at = text.find(word);
  diagnostic.span = {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(word.size())};
  Locate(text, diagnostic);
  const std::string explained = Explain(text, diagnostic);
  return explained.substr(explained.find('\n') + 1);
}

TEST(Explain, MarksThePlaceBelowItsLine) {
  EXPECT_EQ(Excerpt("T\n| where a == 1\n| count", "where"), "  | where a == 1\n    ^~~~~\n");
  EXPECT_EQ(Excerpt("T\r\n| where a == 1\r\n| count", "where"), "  | where a == 1\n    ^~~~~\n") << "lines of Windows";
  EXPECT_EQ(Excerpt("\tT | where", "where"), "  \tT | where\n  \t    ^~~~~\n");
}

TEST(Explain, WideCharactersTakeTwoCells) {
  EXPECT_EQ(Excerpt("T | where a == '\u4f1a\u8b70' and b", "b"), "  T | where a == '\u4f1a\u8b70' and b\n                            ^\n");
  EXPECT_EQ(Excerpt("print '\u4f1a\u8b70'", "\u4f1a\u8b70"), "  print '\u4f1a\u8b70'\n         ^~~~\n");
}

TEST(Explain, ShowsWhatIsAroundThePlaceInALongLine) {
  const std::string before(200, 'a'), behind(200, 'b');
  EXPECT_EQ(Excerpt(before + "X!" + behind, "X!"),
            "  ..." + std::string(60, 'a') + "X!" + std::string(38, 'b') + "...\n     " + std::string(60, ' ') + "^~\n");
  EXPECT_EQ(Excerpt("X!" + behind, "X!"), "  X!" + std::string(98, 'b') + "...\n  ^~\n");
  EXPECT_EQ(Excerpt(before + "X!", "X!"), "  ..." + std::string(98, 'a') + "X!\n     " + std::string(98, ' ') + "^~\n");
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "\u4f1a";
  EXPECT_EQ(Excerpt(wide + "X!", "X!").find("\uFFFD"), std::string::npos) << "no character is cut";
}

TEST(Explain, NothingActsOnTheTerminal) {
  EXPECT_EQ(Excerpt("print '\x1b[2J' X!", "X!"), "  print '\uFFFD[2J' X!\n               ^~\n");
}

}  // namespace
}  // namespace zoomwatch::kql
