// Reads lines from a terminal with editing and a history that lives as long as the program: arrows, Home, End, Delete, Backspace,
// ^A ^E ^B ^F ^K ^U ^W ^P ^N ^L. EditLine is the line alone and touches no terminal; LineEditor owns a terminal while a line is read.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace zoomwatch::cli {

enum class Key { kText, kLeft, kRight, kHome, kEnd, kUp, kDown, kBackspace, kDelete, kKillToEnd, kKillToStart, kKillWord, kRedraw,
                 kEnter, kCancel, kEndOfInput, kNone };

// The lines that were entered, the newest last; the oldest go beyond kMaxHistory.
inline constexpr std::size_t kMaxHistory = 1000;

class EditLine {
 public:
  explicit EditLine(const std::vector<std::string>& history) : history_(history), at_(history.size()) {}

  // `text` is for kText: a character, or several. Keys that end a line change nothing.
  void Press(Key key, std::string_view text = "");
  const std::string& text() const { return text_; }
  std::size_t cursor() const { return cursor_; }  // in bytes, between characters

 private:
  void Recall(std::size_t entry);
  std::size_t Before() const;  // the character before the cursor
  std::size_t After() const;

  const std::vector<std::string>& history_;
  std::size_t at_;       // the entry of the history that is shown; its size: the new line
  std::string new_line_;  // while an entry of the history is shown
  std::string text_;
  std::size_t cursor_ = 0;
};

class LineEditor {
 public:
  enum class End { kLine, kCancelled, kEndOfInput };

  // `input` is the file descriptor of a terminal; `out` goes to the same one.
  LineEditor(int input, std::ostream& out) : input_(input), out_(out) {}

  // Reads one line, without its end. kCancelled: ^C; kEndOfInput: ^D on an empty line, or the terminal is gone.
  End Read(std::string_view prompt, std::string& line);

 private:
  bool ReadByte(char& byte, int timeout_milliseconds);
  Key ReadKey(std::string& text);
  Key ReadEscape();
  void Draw(std::string_view prompt, const EditLine& line);
  void Remember(const std::string& line);

  const int input_;
  std::ostream& out_;
  std::vector<std::string> history_;
};

}  // namespace zoomwatch::cli
