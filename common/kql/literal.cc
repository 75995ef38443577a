#include "common/kql/literal.h"

#include <limits>
#include <vector>

#include "absl/strings/ascii.h"
#include "common/kql/convert.h"
#include "common/kql/diagnostic.h"
#include "common/kql/json.h"
#include "common/kql/lexer.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

// "2017,1,31" or "2017, 10, 1, 12, 30": the fields of a civil time, from the year down.
std::optional<Value> DateTimeFromFields(std::string_view text) {
  std::vector<std::int64_t> fields;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto number = ParseLong(Trim(text.substr(0, comma)));
    if (!number || *number < 0 || *number > 9999) return std::nullopt;
    fields.push_back(*number);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  if (fields.size() < 3 || fields.size() > 6) return std::nullopt;
  fields.resize(6);
  CivilTime civil;
  civil.year = static_cast<int>(fields[0]);
  civil.month = static_cast<int>(fields[1]);
  civil.day = static_cast<int>(fields[2]);
  civil.hour = static_cast<int>(fields[3]);
  civil.minute = static_cast<int>(fields[4]);
  civil.second = static_cast<int>(fields[5]);
  const auto ticks = FromCivil(civil);
  return ticks ? std::optional<Value>(Value::DateTime(*ticks)) : std::nullopt;
}

// Reads the JSON-like text of a dynamic literal.
class DynamicReader {
 public:
  explicit DynamicReader(std::string_view text) : text_(text) {}

  DynamicLiteral Read() {
    DynamicLiteral result;
    result.value = ReadValue(0);
    SkipBlanks();
    if (problem_.empty() && at_ < text_.size()) Fail(fmt::format("found '{}' after the value", text_.substr(at_, 1)));
    result.problem = problem_;
    result.offset = problem_at_;
    return result;
  }

 private:
  void SkipBlanks() {
    while (at_ < text_.size()) {
      if (absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) {
        ++at_;
      } else if (text_.substr(at_).starts_with("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        return;
      }
    }
  }
  bool Take(char c) {
    SkipBlanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  Value Fail(std::string problem) {
    if (problem_.empty()) {
      problem_ = std::move(problem);
      problem_at_ = at_;
    }
    return Value();
  }

  Value ReadValue(int depth) {
    if (depth > kMaxJsonDepth) return Fail(fmt::format("values nested deeper than {}", kMaxJsonDepth));
    SkipBlanks();
    if (at_ >= text_.size()) return Fail("a JSON value is missing");
    const char c = text_[at_];
    if (c == '[') return ReadArray(depth);
    if (c == '{') return ReadBag(depth);
    if (c == '"' || c == '\'' || c == '@') return ReadString();
    if (text_.substr(at_).starts_with("dynamic")) return ReadNested(depth);
    return ReadScalar();
  }

  // A dynamic literal inside a dynamic literal is its value.
  Value ReadNested(int depth) {
    at_ += std::string_view("dynamic").size();
    if (!Take('(')) return Fail("'(' is missing after 'dynamic'");
    Value value = ReadValue(depth + 1);
    if (problem_.empty() && !Take(')')) return Fail("')' is missing after the value");
    return value;
  }

  Value ReadArray(int depth) {
    ++at_;
    Value::Array values;
    while (!Take(']')) {
      values.push_back(ReadValue(depth + 1));
      if (!problem_.empty()) return Value();
      SkipBlanks();
      if (!Take(',') && (at_ >= text_.size() || text_[at_] != ']')) return Fail("',' or ']' is missing in the array");
    }
    return Value::OfArray(std::move(values));
  }

  Value ReadBag(int depth) {
    ++at_;
    std::vector<Bag::Entry> entries;
    while (!Take('}')) {
      SkipBlanks();
      if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return Fail("a quoted key or '}' is missing in the bag");
      const Value key = ReadString();
      if (problem_.empty() && !Take(':')) return Fail("':' is missing after the key");
      Value value = ReadValue(depth + 1);
      if (!problem_.empty()) return Value();
      entries.emplace_back(std::string(key.AsString()), std::move(value));
      SkipBlanks();
      if (!Take(',') && (at_ >= text_.size() || text_[at_] != '}')) return Fail("',' or '}' is missing in the bag");
    }
    return Value::OfBag(Bag(std::move(entries)));
  }

  // Strings and scalars are tokens of the language, so the lexer reads them.
  Value ReadString() {
    const std::size_t start = at_;
    const char quote = text_[at_] == '@' ? text_[std::min(at_ + 1, text_.size() - 1)] : text_[at_];
    std::size_t end = at_ + (text_[at_] == '@' ? 2 : 1);
    while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' && text_[start] != '@' ? 2 : 1;
    if (end >= text_.size()) return Fail("the string is not closed");
    const std::string_view literal = text_.substr(start, end + 1 - start);
    std::vector<Diagnostic> diagnostics;
    const std::vector<Token> tokens = Lex(literal, diagnostics);
    if (!diagnostics.empty()) return Fail(diagnostics.front().message);
    at_ = end + 1;
    return Value::String(tokens.front().text);
  }

  Value ReadScalar() {
    std::size_t end = at_;
    int open = 0;
    while (end < text_.size()) {
      const char c = text_[end];
      if (c == '(') ++open;
      if (c == ')') --open;
      if (open == 0 && (c == ',' || c == ']' || c == '}')) break;
      ++end;
    }
    const std::string_view word = Trim(text_.substr(at_, end - at_));
    const auto value = ScalarFromWord(word);
    if (!value) return Fail(fmt::format("'{}' is no JSON value", word));
    at_ = end;
    return *value;
  }

  static std::optional<Value> ScalarFromWord(std::string_view word) {
    if (word == "null") return Value();
    if (word == "true") return Value::Bool(true);
    if (word == "false") return Value::Bool(false);
    const bool negative = word.starts_with('-');
    std::vector<Diagnostic> diagnostics;
    const std::vector<Token> tokens = Lex(negative ? word.substr(1) : word, diagnostics);
    if (!diagnostics.empty() || tokens.size() != 2) return std::nullopt;
    const Token& token = tokens.front();
    switch (token.kind) {
      case TokenKind::kLong:
      case TokenKind::kTimeSpan: {
        const std::int64_t magnitude = token.value.AsLong();
        const std::int64_t signed_value = negative ? -magnitude : magnitude;
        return token.kind == TokenKind::kLong ? Value::Long(signed_value) : Value::TimeSpan(signed_value);
      }
      case TokenKind::kReal: return Value::Real(negative ? -token.value.AsReal() : token.value.AsReal());
      case TokenKind::kTypedLiteral: return negative ? std::nullopt : TypedLiteralValue(token.type, token.text);
      case TokenKind::kEnd:
      case TokenKind::kIdentifier:
      case TokenKind::kWordOperator:
      case TokenKind::kString:
      case TokenKind::kDynamicLiteral:
      case TokenKind::kPunctuation: return std::nullopt;
    }
    return std::nullopt;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string problem_;
  std::size_t problem_at_ = 0;
};

}  // namespace

std::optional<Value> TypedLiteralValue(Type type, std::string_view text) {
  text = Trim(text);
  if (text == "null") return Value();
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front()) {
    text = text.substr(1, text.size() - 2);
  }
  if (type == Type::kDateTime && text.find(',') != std::string_view::npos && text.find(':') == std::string_view::npos &&
      text.find_first_not_of("0123456789, \t\n") == std::string_view::npos) {
    return DateTimeFromFields(text);
  }
  Value value = ConvertTo(type, Value::String(text));
  if (value.is_null()) return std::nullopt;
  return value;
}

DynamicLiteral DynamicLiteralValue(std::string_view text) { return DynamicReader(text).Read(); }

}  // namespace zoomwatch::kql
