#include "common/ruleset/query_lookback.h"

#include <map>
#include <optional>
#include <string>

#include "common/kql/lexer.h"

namespace zoomwatch::ruleset {
namespace {

using kql::Token;
using kql::TokenKind;

bool Is(const Token& token, TokenKind kind, std::string_view text) { return token.kind == kind && token.text == text; }

}  // namespace

std::vector<Lookback> FindLookbacks(std::string_view query) {
  std::vector<kql::Diagnostic> diagnostics;
  const std::vector<Token> tokens = kql::Lex(query, diagnostics);
  std::map<std::string, kql::Ticks> lets;
  std::vector<Lookback> lookbacks;
  for (std::size_t i = 0; i + 3 < tokens.size(); ++i) {
    const Token &first = tokens[i], &second = tokens[i + 1], &third = tokens[i + 2], &fourth = tokens[i + 3];
    if (Is(first, TokenKind::kIdentifier, "let") && Is(third, TokenKind::kPunctuation, "=") && fourth.kind == TokenKind::kTimeSpan) {
      lets[second.text] = fourth.value.AsTicks();
    }
    if (!Is(first, TokenKind::kIdentifier, "ago") || !Is(second, TokenKind::kPunctuation, "(") ||
        !Is(fourth, TokenKind::kPunctuation, ")")) {
      continue;
    }
    std::optional<kql::Ticks> ticks;
    if (third.kind == TokenKind::kTimeSpan) ticks = third.value.AsTicks();
    if (const auto let = lets.find(third.text); third.kind == TokenKind::kIdentifier && let != lets.end()) ticks = let->second;
    if (!ticks.has_value()) continue;
    kql::Diagnostic place{.span = first.span};
    kql::Locate(query, place);
    lookbacks.push_back({absl::Microseconds(*ticks / kql::kTicksPerMicrosecond), place.line, place.column});
  }
  return lookbacks;
}

}  // namespace zoomwatch::ruleset
