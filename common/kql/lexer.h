// Splits a query into tokens. Pure; thread-safe.
//
//   identifier   letter, '_' or '$', then letters, digits, '_'; or digits and then a letter, unless that is a timespan
//   long         digits | 0x hex digits
//   real         digits '.' [digits] [exponent] | digits exponent            (a digit is needed before the point)
//   timespan     number and unit without a blank: 1d 1.5h 10ms 3tick ...; the longest unit that fits
//   string       '...' "..." with escapes \\ \' \" \a \b \f \n \r \t \v \xhh \uhhhh \Uhhhhhhhh \ooo, on one line;
//                @'...' @"..." verbatim, the quote doubled; ```...``` and ~~~...~~~ over several lines;
//                h or H before any of them (obfuscated in Kusto's logs; the same value)
//   typed        bool int long real double decimal datetime date timespan time guid, then '(' raw text ')'
//   dynamic      dynamic '(' JSON with balanced brackets ')'
//   comment      // to the end of the line
//
// Errors: a diagnostic per bad character or unfinished literal; lexing goes on behind it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/kql/diagnostic.h"
#include "common/kql/token.h"

namespace zoomwatch::kql {

// The last token is kEnd. REQUIRES: text.size() < 4 GiB (the parser's limit is far below).
std::vector<Token> Lex(std::string_view text, std::vector<Diagnostic>& diagnostics);

// The ticks of `number` `unit`s; nullopt when the unit is unknown or the span too long.
std::optional<Ticks> TimeSpanOf(std::string_view number, std::string_view unit);

}  // namespace zoomwatch::kql
