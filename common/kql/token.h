// Tokens of KQL. Plain values; they hold copies of decoded text and spans into the query.
#pragma once

#include <cstdint>
#include <string>

#include "common/kql/diagnostic.h"
#include "common/kql/types.h"
#include "common/kql/value.h"

namespace zoomwatch::kql {

enum class TokenKind : std::uint8_t {
  kEnd,
  kIdentifier,  // keywords too: KQL has hardly any reserved words, so the parser tells them by place
  kWordOperator,  // in~ !in !in~ !has !contains_cs !between ...: a word with a sign that belongs to it
  kLong,
  kReal,
  kTimeSpan,
  kString,
  kTypedLiteral,    // datetime(...), int(...), guid(...): type, and text between the brackets
  kDynamicLiteral,  // dynamic(...): text between the brackets
  kPunctuation,     // == != <> <= >= =~ !~ .. and single characters
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Span span;
  std::string text;               // identifier, operator, decoded string, or text between the brackets
  Value value;                    // of kLong, kReal, kTimeSpan
  Type type = Type::kUnknown;     // of kTypedLiteral
};

}  // namespace zoomwatch::kql
