#include "cli/kql/line_editor.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "common/chart/display_text.h"

namespace zoomwatch::cli {
namespace {

constexpr int kForEver = -1;
constexpr int kEscapeMilliseconds = 50;  // what follows an ESC of a key comes at once

bool Continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// The terminal hands over every key as it is pressed, for as long as this lives.
class RawMode {
 public:
  explicit RawMode(int terminal) : terminal_(terminal) {
    if (tcgetattr(terminal_, &saved_) != 0) return;
    termios raw = saved_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    changed_ = tcsetattr(terminal_, TCSADRAIN, &raw) == 0;
  }
  ~RawMode() {
    if (changed_) tcsetattr(terminal_, TCSADRAIN, &saved_);
  }
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;

 private:
  const int terminal_;
  termios saved_{};
  bool changed_ = false;
};

std::size_t WidthOf(int terminal) {
  winsize size{};
  return ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 80;
}

Key ControlKey(char byte) {
  switch (byte) {
    case '\r':
    case '\n': return Key::kEnter;
    case 0x7F:
    case 0x08: return Key::kBackspace;
    case 0x01: return Key::kHome;
    case 0x02: return Key::kLeft;
    case 0x03: return Key::kCancel;
    case 0x04: return Key::kEndOfInput;
    case 0x05: return Key::kEnd;
    case 0x06: return Key::kRight;
    case 0x0B: return Key::kKillToEnd;
    case 0x0C: return Key::kRedraw;
    case 0x0E: return Key::kDown;
    case 0x10: return Key::kUp;
    case 0x15: return Key::kKillToStart;
    case 0x17: return Key::kKillWord;
    default: return Key::kNone;
  }
}

Key EscapeKey(char number, char last) {
  switch (last) {
    case 'A': return Key::kUp;
    case 'B': return Key::kDown;
    case 'C': return Key::kRight;
    case 'D': return Key::kLeft;
    case 'H': return Key::kHome;
    case 'F': return Key::kEnd;
    case '~': break;
    default: return Key::kNone;
  }
  if (number == '1' || number == '7') return Key::kHome;
  if (number == '4' || number == '8') return Key::kEnd;
  return number == '3' ? Key::kDelete : Key::kNone;
}

}  // namespace

std::size_t EditLine::Before() const {
  std::size_t at = cursor_ == 0 ? 0 : cursor_ - 1;
  while (at > 0 && Continues(text_[at])) --at;
  return at;
}

std::size_t EditLine::After() const {
  std::size_t at = cursor_ == text_.size() ? cursor_ : cursor_ + 1;
  while (at < text_.size() && Continues(text_[at])) ++at;
  return at;
}

void EditLine::Recall(std::size_t entry) {
  if (at_ == history_.size()) new_line_ = text_;
  at_ = entry;
  text_ = entry == history_.size() ? new_line_ : history_[entry];
  cursor_ = text_.size();
}

void EditLine::Press(Key key, std::string_view text) {
  switch (key) {
    case Key::kText:
      text_.insert(cursor_, text);
      cursor_ += text.size();
      return;
    case Key::kLeft: cursor_ = Before(); return;
    case Key::kRight: cursor_ = After(); return;
    case Key::kHome: cursor_ = 0; return;
    case Key::kEnd: cursor_ = text_.size(); return;
    case Key::kUp:
      if (at_ > 0) Recall(at_ - 1);
      return;
    case Key::kDown:
      if (at_ < history_.size()) Recall(at_ + 1);
      return;
    case Key::kBackspace: {
      const std::size_t from = Before();
      text_.erase(from, cursor_ - from);
      cursor_ = from;
      return;
    }
    case Key::kDelete:
    case Key::kEndOfInput: text_.erase(cursor_, After() - cursor_); return;
    case Key::kKillToEnd: text_.erase(cursor_); return;
    case Key::kKillToStart:
      text_.erase(0, cursor_);
      cursor_ = 0;
      return;
    case Key::kKillWord: {
      std::size_t from = cursor_;
      while (from > 0 && text_[from - 1] == ' ') --from;
      while (from > 0 && text_[from - 1] != ' ') --from;
      text_.erase(from, cursor_ - from);
      cursor_ = from;
      return;
    }
    case Key::kRedraw:
    case Key::kEnter:
    case Key::kCancel:
    case Key::kNone: return;
  }
}

bool LineEditor::ReadByte(char& byte, int timeout_milliseconds) {
  pollfd waited{.fd = input_, .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = poll(&waited, 1, timeout_milliseconds);
  } while (ready < 0 && errno == EINTR);
  return ready > 0 && read(input_, &byte, 1) == 1;
}

Key LineEditor::ReadEscape() {
  char byte = 0;
  if (!ReadByte(byte, kEscapeMilliseconds) || (byte != '[' && byte != 'O')) return Key::kNone;
  char number = 0;
  while (ReadByte(byte, kEscapeMilliseconds)) {
    if (byte >= 0x40 && byte <= 0x7E) return EscapeKey(number, byte);
    if (number == 0) number = byte;
  }
  return Key::kNone;
}

Key LineEditor::ReadKey(std::string& text) {
  char byte = 0;
  if (!ReadByte(byte, kForEver)) return Key::kEndOfInput;
  if (byte == 0x1B) return ReadEscape();
  text.clear();
  if (byte == '\t') byte = ' ';
  if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F) return ControlKey(byte);
  text += byte;
  // The rest of a character comes with its first byte.
  const auto first = static_cast<unsigned char>(byte);
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  while (text.size() < size && ReadByte(byte, kEscapeMilliseconds)) text += byte;
  return Key::kText;
}

void LineEditor::Draw(std::string_view prompt, const EditLine& line) {
  const std::size_t room = WidthOf(input_) - chart::DisplayWidth(prompt) - 1;
  // What is left of the cursor must be seen; of the rest, what fits.
  std::size_t from = 0;
  while (chart::DisplayWidth(line.text().substr(from, line.cursor() - from)) > room) {
    do {
      ++from;
    } while (from < line.cursor() && Continues(line.text()[from]));
  }
  std::string shown = line.text().substr(from);
  if (chart::DisplayWidth(shown) > room) shown = chart::CutToWidth(shown, room);
  const std::size_t column = chart::DisplayWidth(prompt) + chart::DisplayWidth(line.text().substr(from, line.cursor() - from));
  out_ << '\r' << prompt << shown << "\x1b[K\r";
  if (column > 0) out_ << "\x1b[" << column << 'C';
  out_.flush();
}

void LineEditor::Remember(const std::string& line) {
  if (line.empty() || (!history_.empty() && history_.back() == line)) return;
  history_.push_back(line);
  if (history_.size() > kMaxHistory) history_.erase(history_.begin());
}

LineEditor::End LineEditor::Read(std::string_view prompt, std::string& line) {
  const RawMode raw(input_);
  EditLine edited(history_);
  std::string text;
  while (true) {
    Draw(prompt, edited);
    const Key key = ReadKey(text);
    const bool end_of_input = key == Key::kEndOfInput && edited.text().empty();
    if (key == Key::kEnter || key == Key::kCancel || end_of_input) {
      edited.Press(Key::kEnd);
      Draw(prompt, edited);
      out_ << (key == Key::kCancel ? "^C\n" : "\n") << std::flush;
      if (key != Key::kEnter) return end_of_input ? End::kEndOfInput : End::kCancelled;
      line = edited.text();
      Remember(line);
      return End::kLine;
    }
    if (key == Key::kRedraw) out_ << "\x1b[H\x1b[2J";
    edited.Press(key, text);
  }
}

}  // namespace zoomwatch::cli
