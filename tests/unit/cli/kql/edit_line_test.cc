#include <gtest/gtest.h>

#include "cli/kql/line_editor.h"

namespace zoomwatch::cli {
namespace {

class EditLineTest : public ::testing::Test {
 protected:
  void Press(std::initializer_list<Key> keys) {
    for (const Key key : keys) line_.Press(key);
  }
  void Type(std::string_view text) { line_.Press(Key::kText, text); }
  // The text with the cursor as |.
  std::string Shown() const { return line_.text().substr(0, line_.cursor()) + "|" + line_.text().substr(line_.cursor()); }

  const std::vector<std::string> history_ = {"first", "second"};
  EditLine line_{history_};
};

TEST_F(EditLineTest, MovesAndInserts) {
  Type("abd");
  Press({Key::kLeft});
  Type("c");
  EXPECT_EQ(Shown(), "abc|d");
  Press({Key::kHome, Key::kLeft});
  EXPECT_EQ(Shown(), "|abcd");
  Press({Key::kRight});
  EXPECT_EQ(Shown(), "a|bcd");
  Press({Key::kEnd, Key::kRight});
  EXPECT_EQ(Shown(), "abcd|");
}

TEST_F(EditLineTest, TreatsACharacterAsOne) {
  Type("aé東");
  Press({Key::kLeft, Key::kLeft});
  EXPECT_EQ(Shown(), "a|é東");
  Press({Key::kDelete});
  EXPECT_EQ(Shown(), "a|東");
  Press({Key::kEnd, Key::kBackspace});
  EXPECT_EQ(Shown(), "a|");
  Press({Key::kBackspace, Key::kBackspace, Key::kDelete});
  EXPECT_EQ(Shown(), "|");
}

TEST_F(EditLineTest, CutsParts) {
  Type("one two  three");
  Press({Key::kKillWord});
  EXPECT_EQ(Shown(), "one two  |");
  Press({Key::kKillWord});
  EXPECT_EQ(Shown(), "one |");
  Press({Key::kLeft, Key::kKillToEnd});
  EXPECT_EQ(Shown(), "one|");
  Press({Key::kLeft, Key::kKillToStart});
  EXPECT_EQ(Shown(), "|e");
}

TEST_F(EditLineTest, WalksThroughTheHistoryAndBackToTheNewLine) {
  Type("new");
  Press({Key::kUp});
  EXPECT_EQ(Shown(), "second|");
  Press({Key::kUp, Key::kUp, Key::kUp});
  EXPECT_EQ(Shown(), "first|");
  Press({Key::kDown, Key::kDown});
  EXPECT_EQ(Shown(), "new|");
  Press({Key::kDown});
  EXPECT_EQ(Shown(), "new|");
  EXPECT_EQ(history_[0], "first") << "what is shown is a copy";
}

}  // namespace
}  // namespace zoomwatch::cli
