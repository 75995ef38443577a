#include "common/kql/lexer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "common/kql/convert.h"
#include "common/kql/functions/utf8.h"
#include "common/kql/parser_hints.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordStart(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '$'; }
bool IsWordPart(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

class Lexer {
 public:
  Lexer(std::string_view text, std::vector<Diagnostic>& diagnostics) : text_(text), diagnostics_(diagnostics) {}

  std::vector<Token> Run() {
    while (SkipBlanks()) Next();
    Add(TokenKind::kEnd, at_);
    return std::move(tokens_);
  }

 private:
  char Peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool StartsWith(std::string_view prefix) const { return text_.substr(at_).starts_with(prefix); }

  Token& Add(TokenKind kind, std::size_t start, std::string text = {}) {
    Token& token = tokens_.emplace_back();
    token.kind = kind;
    token.span = {static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(at_ - start)};
    token.text = std::move(text);
    return token;
  }

  void Error(std::size_t start, std::size_t length, std::string message) {
    diagnostics_.push_back({Severity::kError, std::string(code::kSyntax),
                            {static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(length)}, 1, 1, std::move(message)});
  }

  // False at the end of the text.
  bool SkipBlanks() {
    while (at_ < text_.size()) {
      if (absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) {
        ++at_;
      } else if (StartsWith("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (StartsWith("\xC2\xA0") || StartsWith("\xEF\xBB\xBF")) {
        at_ += StartsWith("\xC2\xA0") ? 2 : 3;  // a no-break space or byte order mark, as pasted from web pages
      } else {
        return true;
      }
    }
    return false;
  }

  void Next() {
    const char c = Peek();
    if (IsDigit(c)) return Number();
    if (StartsString()) return String();
    if (IsWordStart(c)) return Word();
    if (c == '!' && absl::ascii_isalpha(static_cast<unsigned char>(Peek(1)))) return BangWord();
    Punctuation();
  }

  bool StartsString() const {
    std::size_t i = 0;
    if (Peek() == 'h' || Peek() == 'H') ++i;
    if (Peek(i) == '@') ++i;
    const std::string_view rest = text_.substr(std::min(at_ + i, text_.size()));
    if (rest.starts_with('"') || rest.starts_with('\'')) return true;
    return rest.starts_with("```") || rest.starts_with("~~~");
  }

  void Punctuation() {
    static constexpr std::string_view kDouble[] = {"==", "!=", "<>", "<=", ">=", "=~", "!~", "..", "=>"};
    const std::size_t start = at_;
    for (const std::string_view sign : kDouble) {
      if (StartsWith(sign)) {
        at_ += 2;
        Add(TokenKind::kPunctuation, start, std::string(sign));
        return;
      }
    }
    static constexpr std::string_view kSingle = "()[]{}|,;:.=<>+-*/%~";
    std::size_t end = at_;
    NextCodePoint(text_, end);
    if (kSingle.find(text_[at_]) == std::string_view::npos) {
      const std::string_view character = text_.substr(start, end - start);
      Error(start, end - start, fmt::format("unexpected character '{}'{}", character, CharacterHint(character)));
      at_ = end;
      return;
    }
    at_ = end;
    Add(TokenKind::kPunctuation, start, std::string(text_.substr(start, 1)));
  }

  void BangWord() {
    const std::size_t start = at_++;
    while (IsWordPart(Peek())) ++at_;
    if (Peek() == '~') ++at_;
    std::string word(text_.substr(start, at_ - start));
    static constexpr std::string_view kWords[] = {"!in", "!in~", "!has", "!has_cs", "!hasprefix", "!hasprefix_cs", "!hassuffix",
                                                  "!hassuffix_cs", "!contains", "!contains_cs", "!startswith", "!startswith_cs",
                                                  "!endswith", "!endswith_cs", "!between"};
    if (std::find(std::begin(kWords), std::end(kWords), word) == std::end(kWords)) {
      Error(start, at_ - start, fmt::format("there is no operator '{}'; write not(...) for a negation", word));
      return;
    }
    Add(TokenKind::kWordOperator, start, std::move(word));
  }

  void Word() {
    const std::size_t start = at_++;
    while (IsWordPart(Peek())) ++at_;
    std::string word(text_.substr(start, at_ - start));
    if (word == "in" && Peek() == '~') {
      ++at_;
      Add(TokenKind::kWordOperator, start, "in~");
      return;
    }
    if (TypedLiteral(start, word)) return;
    Add(TokenKind::kIdentifier, start, std::move(word));
  }

  bool TypedLiteral(std::size_t start, const std::string& word) {
    static constexpr std::string_view kLiteralTypes[] = {"bool", "boolean", "int",      "long", "real",     "double", "decimal",
                                                         "datetime", "date", "timespan", "time", "guid", "dynamic"};
    if (std::find(std::begin(kLiteralTypes), std::end(kLiteralTypes), word) == std::end(kLiteralTypes)) return false;
    // A path element (x.time) is a name, whatever follows.
    if (!tokens_.empty() && tokens_.back().kind == TokenKind::kPunctuation && tokens_.back().text == ".") return false;
    std::size_t open = at_;
    while (open < text_.size() && (text_[open] == ' ' || text_[open] == '\t')) ++open;
    if (open >= text_.size() || text_[open] != '(') return false;
    const std::size_t close = word == "dynamic" ? FindDynamicEnd(open) : text_.find(')', open);
    if (close == std::string_view::npos) {
      Error(start, at_ - start, fmt::format("the {} literal is not closed: ')' is missing", word));
      at_ = text_.size();
      return true;
    }
    at_ = close + 1;
    const bool dynamic = word == "dynamic";
    Token& token = Add(dynamic ? TokenKind::kDynamicLiteral : TokenKind::kTypedLiteral, start,
                       std::string(text_.substr(open + 1, close - open - 1)));
    token.type = *TypeFromName(word);
    return true;
  }

  // The closing bracket of dynamic(...), passing over strings and nested brackets.
  std::size_t FindDynamicEnd(std::size_t open) const {
    std::size_t depth = 0;
    char quote = '\0';
    for (std::size_t i = open; i < text_.size(); ++i) {
      const char c = text_[i];
      if (quote != '\0') {
        if (c == '\\') ++i;
        if (c == quote) quote = '\0';
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '(') {
        ++depth;
      } else if (c == ')' && --depth == 0) {
        return i;
      }
    }
    return std::string_view::npos;
  }

  void Number() {
    const std::size_t start = at_;
    if (Peek() == '0' && (Peek(1) == 'x' || Peek(1) == 'X') && absl::ascii_isxdigit(static_cast<unsigned char>(Peek(2)))) {
      at_ += 2;
      while (absl::ascii_isxdigit(static_cast<unsigned char>(Peek()))) ++at_;
      if (!IsWordPart(Peek())) return LongToken(start);
      at_ = start;
    }
    while (IsDigit(Peek())) ++at_;
    bool real = false;
    if (Peek() == '.' && Peek(1) != '.' && !IsWordStartButExponent(1)) {
      real = true;
      ++at_;
      while (IsDigit(Peek())) ++at_;
    }
    if (TakeUnit(start)) return;
    if (TakeExponent()) real = true;
    if (IsWordPart(Peek()) && !real) {  // 2ndColumn
      while (IsWordPart(Peek())) ++at_;
      Add(TokenKind::kIdentifier, start, std::string(text_.substr(start, at_ - start)));
      return;
    }
    if (!real) return LongToken(start);
    const auto value = ParseReal(text_.substr(start, at_ - start));
    Add(TokenKind::kReal, start, std::string(text_.substr(start, at_ - start))).value = Value::Real(value.value_or(0));
  }

  // In `1.e3` the letter belongs to the number; in `1.name` the point is an operator.
  bool IsWordStartButExponent(std::size_t ahead) const {
    const char c = Peek(ahead);
    if (!IsWordStart(c)) return false;
    if (c != 'e' && c != 'E') return true;
    const bool sign = Peek(ahead + 1) == '+' || Peek(ahead + 1) == '-';
    return !IsDigit(Peek(ahead + (sign ? 2 : 1)));
  }

  bool TakeExponent() {
    if (Peek() != 'e' && Peek() != 'E') return false;
    const std::size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
    if (!IsDigit(Peek(1 + sign))) return false;
    std::size_t end = at_ + 1 + sign;
    while (end < text_.size() && IsDigit(text_[end])) ++end;
    if (end < text_.size() && IsWordPart(text_[end])) return false;
    at_ = end;
    return true;
  }

  // A unit directly after the number, and nothing of a name after it.
  bool TakeUnit(std::size_t start) {
    std::size_t end = at_;
    while (end < text_.size() && IsWordPart(text_[end])) ++end;
    if (end == at_) return false;
    const auto ticks = TimeSpanOf(text_.substr(start, at_ - start), text_.substr(at_, end - at_));
    if (!ticks) return false;
    at_ = end;
    Add(TokenKind::kTimeSpan, start, std::string(text_.substr(start, at_ - start))).value = Value::TimeSpan(*ticks);
    return true;
  }

  void LongToken(std::size_t start) {
    const std::string_view digits = text_.substr(start, at_ - start);
    const auto value = ParseLong(digits);
    if (!value) Error(start, at_ - start, fmt::format("{} does not fit a long", digits));
    Add(TokenKind::kLong, start, std::string(digits)).value = Value::Long(value.value_or(0));
  }

  void String() {
    const std::size_t start = at_;
    if (Peek() == 'h' || Peek() == 'H') ++at_;
    const bool verbatim = Peek() == '@';
    if (verbatim) ++at_;
    for (const std::string_view fence : {std::string_view("```"), std::string_view("~~~")}) {
      if (StartsWith(fence)) return Fenced(start, fence);
    }
    const char quote = text_[at_++];
    std::string decoded;
    while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') {
      const char c = text_[at_++];
      if (c == quote) {
        if (verbatim && Peek() == quote) {
          ++at_;
        } else {
          Add(TokenKind::kString, start, std::move(decoded));
          return;
        }
      }
      if (c == '\\' && !verbatim) {
        Escape(decoded);
      } else {
        decoded.push_back(c);
      }
    }
    Error(start, at_ - start, fmt::format("the string is not closed: {} is missing", quote));
    Add(TokenKind::kString, start, std::move(decoded));
  }

  void Fenced(std::size_t start, std::string_view fence) {
    at_ += fence.size();
    const std::size_t end = text_.find(fence, at_);
    if (end == std::string_view::npos) {
      Error(start, fence.size(), fmt::format("the multi-line string is not closed: {} is missing", fence));
      at_ = text_.size();
      return;
    }
    std::string content(text_.substr(at_, end - at_));
    at_ = end + fence.size();
    Add(TokenKind::kString, start, std::move(content));
  }

  // Hexadecimal digits, exactly `count`.
  std::optional<char32_t> Hex(std::size_t count) {
    char32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const char c = Peek(i);
      if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return std::nullopt;
      const int digit = IsDigit(c) ? c - '0' : absl::ascii_tolower(static_cast<unsigned char>(c)) - 'a' + 10;
      value = value << 4 | static_cast<char32_t>(digit);
    }
    at_ += count;
    return value;
  }

  // The backslash is behind us.
  void Escape(std::string& out) {
    static constexpr std::pair<char, char> kSimple[] = {{'\\', '\\'}, {'\'', '\''}, {'"', '"'},  {'a', '\a'}, {'b', '\b'},
                                                        {'f', '\f'},  {'n', '\n'},  {'r', '\r'}, {'t', '\t'}, {'v', '\v'}};
    const std::size_t start = at_ - 1;
    if (at_ == text_.size()) return;  // the string is not closed, which is said where it began
    const char c = Peek();
    for (const auto& [letter, meaning] : kSimple) {
      if (c == letter) {
        ++at_;
        out.push_back(meaning);
        return;
      }
    }
    std::optional<char32_t> code_point;
    if (c >= '0' && c <= '7') {
      char32_t value = 0;
      for (int i = 0; i < 3 && Peek() >= '0' && Peek() <= '7'; ++i) value = value * 8 + static_cast<char32_t>(text_[at_++] - '0');
      code_point = value;
    } else if (c == 'x' || c == 'u' || c == 'U') {
      ++at_;
      code_point = Hex(c == 'x' ? 2 : c == 'u' ? 4 : 8);
      if (code_point && *code_point >= 0xD800 && *code_point < 0xDC00 && StartsWith("\\u")) {
        at_ += 2;
        const auto low = Hex(4);
        code_point = low && *low >= 0xDC00 && *low < 0xE000
                         ? std::optional<char32_t>(0x10000 + ((*code_point - 0xD800) << 10) + (*low - 0xDC00))
                         : std::nullopt;
      }
    }
    if (!code_point || *code_point > 0x10FFFF) {
      std::size_t end = start + 1;
      NextCodePoint(text_, end);
      Error(start, end - start, fmt::format("'{}' is no escape sequence; write @\"...\" for a string without escapes",
                                            text_.substr(start, end - start)));
      return;
    }
    AppendCodePoint(*code_point, out);
  }

  std::string_view text_;
  std::vector<Diagnostic>& diagnostics_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<Ticks> TimeSpanOf(std::string_view number, std::string_view unit) {
  if (unit.empty() || IsDigit(unit.back())) return std::nullopt;
  return ParseTimeSpan(fmt::format("{}{}", number, unit));
}

std::vector<Token> Lex(std::string_view text, std::vector<Diagnostic>& diagnostics) {
  return Lexer(text, diagnostics).Run();
}

}  // namespace zoomwatch::kql
