// A finding about a query, with its place in the text. Plain values; thread-compatible.
// Codes: KSnnn are the numbers of Microsoft's language service where it reports the same thing; ZWnnn are our own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zoomwatch::kql {

// Bytes [offset, offset + length) of the query text.
struct Span {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::uint32_t end() const { return offset + length; }
};
inline Span Cover(Span a, Span b) { return {a.offset, b.end() - a.offset}; }

enum class Severity : std::uint8_t { kError, kWarning };

namespace code {
inline constexpr std::string_view kSyntax = "ZW001";
inline constexpr std::string_view kNotSupported = "ZW002";  // known to the language, refused by zoomwatch
inline constexpr std::string_view kLimit = "ZW003";
inline constexpr std::string_view kBadConstant = "ZW004";  // a regex, date part, ... that cannot work
inline constexpr std::string_view kLint = "ZW005";
inline constexpr std::string_view kNotIncremental = "ZW006";  // runs in batch only
inline constexpr std::string_view kNotAfterColumn = "KS101";
inline constexpr std::string_view kOperandTypes = "KS106";
inline constexpr std::string_view kTypeExpected = "KS107";
inline constexpr std::string_view kScalarExpected = "KS108";
inline constexpr std::string_view kColumnExpected = "KS109";
inline constexpr std::string_view kNotAllowedHere = "KS110";
inline constexpr std::string_view kTableExpected = "KS111";
inline constexpr std::string_view kDynamicKey = "KS116";
inline constexpr std::string_view kArgumentsRequired = "KS117";
inline constexpr std::string_view kArgumentCount = "KS119";
inline constexpr std::string_view kArgumentRange = "KS120";
inline constexpr std::string_view kArgumentGroups = "KS121";
inline constexpr std::string_view kUnknownPlugin = "KS124";
inline constexpr std::string_view kNoOverload = "KS127";
inline constexpr std::string_view kConstantExpected = "KS129";
inline constexpr std::string_view kLiteralExpected = "KS131";
inline constexpr std::string_view kIntegerExpected = "KS134";
inline constexpr std::string_view kNumberExpected = "KS137";
inline constexpr std::string_view kSummableExpected = "KS138";
inline constexpr std::string_view kNotAmongValues = "KS140";
inline constexpr std::string_view kNoCommonType = "KS141";
inline constexpr std::string_view kUnknownName = "KS142";
inline constexpr std::string_view kAggregateNotAllowed = "KS144";
inline constexpr std::string_view kNotOnBothSides = "KS145";
inline constexpr std::string_view kNoElements = "KS147";
inline constexpr std::string_view kNotATuple = "KS149";
inline constexpr std::string_view kNameWithoutValue = "KS150";
inline constexpr std::string_view kDuplicateColumn = "KS171";
inline constexpr std::string_view kCellCount = "KS173";
inline constexpr std::string_view kMustBeFirst = "KS175";
inline constexpr std::string_view kJoinCondition = "KS182";
inline constexpr std::string_view kJoinOperand = "KS183";
inline constexpr std::string_view kStarNotAllowed = "KS191";
inline constexpr std::string_view kNamedAfterUnnamed = "KS195";
inline constexpr std::string_view kUnknownParameter = "KS196";
inline constexpr std::string_view kDuplicateName = "KS201";
inline constexpr std::string_view kUnknownTable = "KS204";
inline constexpr std::string_view kFuzzyTable = "KS205";
inline constexpr std::string_view kNotOrderable = "KS206";
inline constexpr std::string_view kUnknownDatabase = "KS208";
inline constexpr std::string_view kUnknownFunction = "KS211";
inline constexpr std::string_view kParameterOrder = "KS226";
inline constexpr std::string_view kCommonColumnType = "KS227";
inline constexpr std::string_view kNeedsBrackets = "KS228";
inline constexpr std::string_view kNoCommonArgumentType = "KS232";
inline constexpr std::string_view kArrayExpected = "KS234";
inline constexpr std::string_view kBagExpected = "KS235";
inline constexpr std::string_view kColumnBesideAggregate = "KS236";
inline constexpr std::string_view kDynamicJoinKey = "KS241";
inline constexpr std::string_view kJoinKeyTypes = "KS242";
inline constexpr std::string_view kMissingColumns = "KS249";
}  // namespace code

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string code;
  Span span;
  std::uint32_t line = 1;    // from 1
  std::uint32_t column = 1;  // from 1, in code points
  std::string message;       // lower case, no full stop
};

// Fills line and column from span, and cuts a message that quotes more than a person reads.
void Locate(std::string_view text, Diagnostic& diagnostic);

// "query:2:7: error KS142: unknown column 'Evnt', did you mean 'Event'?" with the line and a caret under the place.
std::string Explain(std::string_view text, const Diagnostic& diagnostic, std::string_view source_name = "query");

bool HasErrors(const std::vector<Diagnostic>& diagnostics);

// The candidate nearest to a misspelt name, or "" when none is near (a third of the letters wrong at most, case counts less).
std::string_view Nearest(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace zoomwatch::kql
