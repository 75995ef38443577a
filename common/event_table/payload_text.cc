#include "common/event_table/payload_text.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>

#include "absl/strings/charconv.h"
#include "common/event_table/json_writer.h"

namespace zoomwatch::event_table {
namespace {

constexpr std::string_view kShortEscapes = "\"\\/bfnrt";
constexpr std::string_view kMaxExactDigits = "9007199254740991";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A control character, or a byte that begins or continues a sequence that is not well-formed. Eight ASCII bytes at a time.
bool HasControlOrInvalidUtf8(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080, kBlanks = 0x2020202020202020;
  size_t at = 0;
  while (at < text.size()) {
    if (at + 8 <= text.size()) {
      uint64_t word;
      std::memcpy(&word, text.data() + at, 8);
      if ((word & kHighBits) == 0 && ((word - kBlanks) & kHighBits) == 0) {
        at += 8;
        continue;
      }
    }
    if (static_cast<unsigned char>(text[at]) < 0x20) return true;
    const size_t length = Utf8SequenceLength(text.substr(at));
    if (length == 0) return true;
    at += length;
  }
  return false;
}

// A run of as many digits as the smallest integer that is not exact. It must cover one of every 16 bytes.
bool HasLongDigitRun(std::string_view text) {
  const size_t length = kMaxExactDigits.size();
  for (size_t at = length - 1; at < text.size(); at += length) {
    if (!IsDigit(text[at])) continue;
    size_t begin = at, end = at + 1;
    while (begin > 0 && IsDigit(text[begin - 1])) --begin;
    while (end < text.size() && IsDigit(text[end])) ++end;
    if (end - begin >= length) return true;
  }
  return false;
}

// An exponent of three digits or more in what may be a number. With a smaller one only a number with a long run of digits is
// beyond a double.
bool HasLargeExponent(std::string_view text) {
  for (size_t at = 1; at < text.size(); ++at) {
    if ((text[at] | 0x20) != 'e' || !IsDigit(text[at - 1])) continue;
    const size_t from = at + 1 < text.size() && text[at + 1] == '+' ? at + 2 : at + 1;
    size_t end = from;
    while (end < text.size() && IsDigit(text[end])) ++end;
    if (end - from < 3) continue;
    size_t begin = at;
    while (begin > 0 && (IsDigit(text[begin - 1]) || text[begin - 1] == '.')) --begin;
    if (begin == 0 || std::string_view("[:,- \t\r\n").find(text[begin - 1]) != std::string_view::npos) return true;
  }
  return false;
}

// As JSON has it, a number may be of any size; readers that hold doubles refuse the whole text, or read infinity.
bool IsBeyondDouble(std::string_view number) {
  double value = 0;
  const auto result = absl::from_chars(number.data(), number.data() + number.size(), value);
  return result.ec == std::errc::result_out_of_range && std::fabs(value) > 1;  // not one that is too small: that is 0
}

bool HasSurrogateEscape(std::string_view text) {
  for (size_t at = text.find("\\u"); at != std::string_view::npos; at = text.find("\\u", at + 2)) {
    if (at + 2 < text.size() && (text[at + 2] == 'd' || text[at + 2] == 'D')) return true;
  }
  return false;
}

// The code unit of "\uXXXX" at the start of `text`.
std::optional<unsigned> EscapedUnit(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  unsigned unit = 0;
  for (size_t i = 2; i < 6; ++i) {
    const char c = text[i];
    unit <<= 4;
    if (IsDigit(c)) {
      unit += static_cast<unsigned>(c - '0');
    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
      unit += static_cast<unsigned>((c | 0x20) - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return unit;
}

class Rewriter {
 public:
  Rewriter(std::string_view in, std::string& out) : in_(in), out_(out) {}

  void Run() {
    while (at_ < in_.size()) {
      const char c = in_[at_];
      if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F) {
        Skip();
      } else if (c == '"') {
        String();
      } else if (IsDigit(c) || c == '-') {
        Number();
      } else {
        out_ += c;
        ++at_;
      }
    }
  }

 private:
  static bool IsOfNumber(char c) { return IsDigit(c) || (c != '\0' && std::strchr("+-.eE", c) != nullptr); }

  // White space, and what is no JSON. One blank stays where two numbers, which is no JSON either, would become another one.
  void Skip() {
    while (at_ < in_.size() && (static_cast<unsigned char>(in_[at_]) <= 0x20 || static_cast<unsigned char>(in_[at_]) >= 0x7F)) ++at_;
    if (at_ < in_.size() && !out_.empty() && IsOfNumber(out_.back()) && IsOfNumber(in_[at_])) out_ += ' ';
  }

  void Number() {
    const size_t begin = at_;
    bool integer = true;
    while (at_ < in_.size() && IsOfNumber(in_[at_])) {
      integer = integer && (IsDigit(in_[at_]) || in_[at_] == '-');
      ++at_;
    }
    const std::string_view token = in_.substr(begin, at_ - begin);
    const std::string_view digits = token[0] == '-' ? token.substr(1) : token;
    const bool exact = digits.size() < kMaxExactDigits.size() ||
                       (digits.size() == kMaxExactDigits.size() && digits <= kMaxExactDigits);
    const bool quote = integer ? !exact : IsBeyondDouble(token);
    if (quote) out_ += '"';
    out_ += token;
    if (quote) out_ += '"';
  }

  void String() {
    const size_t begin = at_;
    bool repaired = false;
    out_ += '"';
    ++at_;
    while (at_ < in_.size() && in_[at_] != '"') {
      if (in_[at_] == '\\') {
        repaired = Escape() || repaired;
        continue;
      }
      const size_t length = std::max<size_t>(Utf8SequenceLength(in_.substr(at_)), 1);
      const std::string_view character = in_.substr(at_, length);
      if (length == 1 && (static_cast<unsigned char>(character[0]) < 0x20 || static_cast<unsigned char>(character[0]) > 0x7F)) {
        AppendEncodedPrefix(out_, character, 6);
        repaired = repaired || static_cast<unsigned char>(character[0]) > 0x7F;
      } else {
        out_ += character;
      }
      at_ += length;
    }
    if (repaired && IsKey()) out_ += '~' + Sha256Hex(in_.substr(begin, at_ - begin)).substr(0, 16);
    out_ += '"';
    ++at_;
  }

  // Whether the string that ends at `at_` is the key of a member.
  bool IsKey() const {
    const size_t next = in_.find_first_not_of(" \t\r\n", at_ + 1);
    return next != std::string_view::npos && in_[next] == ':';
  }

  // Returns whether the character was not one and became U+FFFD.
  bool Escape() {
    const std::optional<unsigned> unit = EscapedUnit(in_.substr(at_));
    const bool known = unit.has_value() || (at_ + 1 < in_.size() && kShortEscapes.find(in_[at_ + 1]) != std::string_view::npos);
    if (!known) {  // no JSON; the backslash becomes a character of its own
      out_ += "\\\\";
      ++at_;
      return false;
    }
    size_t length = unit.has_value() ? 6 : 2;
    if (unit.has_value() && *unit >= 0xD800 && *unit <= 0xDFFF) {
      const std::optional<unsigned> other = EscapedUnit(in_.substr(at_ + 6));
      if (*unit > 0xDBFF || !other.has_value() || *other < 0xDC00 || *other > 0xDFFF) {
        out_ += "\\ufffd";
        at_ += 6;
        return true;
      }
      length = 12;
    }
    const std::string_view escape = in_.substr(at_, length);
    out_ += escape;
    at_ += escape.size();
    return false;
  }

  const std::string_view in_;
  std::string& out_;
  size_t at_ = 0;
};

}  // namespace

std::string_view RowPayload(std::string_view payload, std::string& scratch) {
  if (!HasControlOrInvalidUtf8(payload) && !HasLongDigitRun(payload) && !HasLargeExponent(payload) &&
      !HasSurrogateEscape(payload)) {
    return payload;
  }
  scratch.clear();
  scratch.reserve(payload.size() + 64);
  Rewriter(payload, scratch).Run();
  return scratch;
}

}  // namespace zoomwatch::event_table
