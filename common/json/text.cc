#include "common/json/text.h"

#include <cstdint>

namespace zoomwatch::json {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";
constexpr size_t kUnicodeEscapeLength = 6;  // \uXXXX

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The code unit of a \uXXXX escape at `offset`, or -1 when there is none.
int32_t CodeUnitAt(std::string_view raw, size_t offset) {
  if (offset + kUnicodeEscapeLength > raw.size() || raw[offset] != '\\' || raw[offset + 1] != 'u') return -1;
  int32_t unit = 0;
  for (size_t i = offset + 2; i < offset + kUnicodeEscapeLength; ++i) {
    const int digit = HexDigit(raw[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

bool IsHighSurrogate(int32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool IsLowSurrogate(int32_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

void AppendCodePoint(int32_t code_point, std::string& out) {
  const auto continuation = [](int32_t bits) { return static_cast<char>(0x80 | (bits & 0x3f)); };
  if (code_point < 0x80) {
    out.push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    out.push_back(static_cast<char>(0xc0 | (code_point >> 6)));
    out.push_back(continuation(code_point));
  } else if (code_point < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | (code_point >> 12)));
    out.push_back(continuation(code_point >> 6));
    out.push_back(continuation(code_point));
  } else {
    out.push_back(static_cast<char>(0xf0 | (code_point >> 18)));
    out.push_back(continuation(code_point >> 12));
    out.push_back(continuation(code_point >> 6));
    out.push_back(continuation(code_point));
  }
}

// A \u escape, alone or as a pair.
struct UnicodeEscape {
  int32_t code_point = -1;  // -1: not an escape
  size_t length = kUnicodeEscapeLength;
  bool lone = false;
};

UnicodeEscape ReadUnicodeEscape(std::string_view raw, size_t offset) {
  UnicodeEscape escape;
  const int32_t unit = CodeUnitAt(raw, offset);
  if (unit < 0) return escape;
  escape.code_point = unit;
  if (IsLowSurrogate(unit)) {
    escape.lone = true;
  } else if (IsHighSurrogate(unit)) {
    const int32_t low = CodeUnitAt(raw, offset + kUnicodeEscapeLength);
    escape.lone = !IsLowSurrogate(low);
    if (!escape.lone) {
      escape.code_point = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
      escape.length = 2 * kUnicodeEscapeLength;
    }
  }
  return escape;
}

// The character of a one-letter escape, or 0.
char SimpleEscape(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

size_t SkipDigits(std::string_view token, size_t at) {
  while (at < token.size() && token[at] >= '0' && token[at] <= '9') ++at;
  return at;
}

bool IsContinuation(std::string_view text, size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

// Length of the UTF-8 sequence at `at`, or 0 when it is invalid (overlong, a surrogate, above U+10FFFF, cut).
size_t SequenceLength(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return IsContinuation(text, at + 1) ? 2 : 0;
  const size_t length = lead >= 0xf0 ? 4 : 3;
  if (lead < 0xe0 || lead > 0xf4) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text, at + i)) return 0;
  }
  const auto second = static_cast<unsigned char>(text[at + 1]);
  if (lead == 0xe0 && second < 0xa0) return 0;
  if (lead == 0xed && second > 0x9f) return 0;
  if (lead == 0xf0 && second < 0x90) return 0;
  if (lead == 0xf4 && second > 0x8f) return 0;
  return length;
}

}  // namespace

EscapeCheck CheckEscapes(std::string_view raw) {
  EscapeCheck check;
  for (size_t at = raw.find('\\'); at != std::string_view::npos; at = raw.find('\\', at)) {
    if (at + 1 < raw.size() && raw[at + 1] == 'u') {
      const UnicodeEscape escape = ReadUnicodeEscape(raw, at);
      if (escape.code_point < 0) {
        check.error_offset = at;
        return check;
      }
      check.lone_surrogate = check.lone_surrogate || escape.lone;
      at += escape.length;
    } else if (at + 1 < raw.size() && SimpleEscape(raw[at + 1]) != 0) {
      at += 2;
    } else {
      check.error_offset = at;
      return check;
    }
  }
  return check;
}

void AppendUnescaped(std::string_view raw, std::string& out) {
  size_t copied = 0;
  for (size_t at = raw.find('\\'); at != std::string_view::npos; at = raw.find('\\', at)) {
    out.append(raw.substr(copied, at - copied));
    if (raw[at + 1] != 'u') {
      out.push_back(SimpleEscape(raw[at + 1]));
      at += 2;
    } else {
      const UnicodeEscape escape = ReadUnicodeEscape(raw, at);
      if (escape.lone) {
        out.append(kReplacement);
      } else {
        AppendCodePoint(escape.code_point, out);
      }
      at += escape.length;
    }
    copied = at;
  }
  out.append(raw.substr(copied));
}

std::optional<size_t> FindLoneSurrogate(std::string_view raw, size_t from) {
  for (size_t at = raw.find('\\', from); at != std::string_view::npos; at = raw.find('\\', at)) {
    if (raw[at + 1] != 'u') {
      at += 2;
      continue;
    }
    const UnicodeEscape escape = ReadUnicodeEscape(raw, at);
    if (escape.lone) return at;
    at += escape.length;
  }
  return std::nullopt;
}

bool IsNumber(std::string_view token) {
  size_t at = !token.empty() && token[0] == '-' ? 1 : 0;
  const size_t integer = at;
  at = SkipDigits(token, at);
  if (at == integer || (token[integer] == '0' && at > integer + 1)) return false;
  if (at < token.size() && token[at] == '.') {
    const size_t fraction = ++at;
    at = SkipDigits(token, at);
    if (at == fraction) return false;
  }
  if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
    ++at;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
    const size_t exponent = at;
    at = SkipDigits(token, at);
    if (at == exponent) return false;
  }
  return at == token.size();
}

std::optional<size_t> FindInvalidUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = SequenceLength(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

void ReplaceInvalidUtf8(std::string& text) {
  std::string valid;
  std::string_view rest = text;
  for (auto bad = FindInvalidUtf8(rest); bad; bad = FindInvalidUtf8(rest)) {
    valid.append(rest.substr(0, *bad)).append("\xEF\xBF\xBD");
    rest.remove_prefix(*bad + 1);
  }
  if (rest.size() < text.size()) text = valid.append(rest);
}

std::string_view CutUtf8(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  while (end > 0 && IsContinuation(text, end)) --end;
  return text.substr(0, end);
}

}  // namespace zoomwatch::json
