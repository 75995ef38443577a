// Parses a query into its syntax tree. Pure; thread-safe.
//
//   query        = { statement ";" } [ ";" ]                      the last expression statement is the result
//   statement    = "let" name "=" ( lambda | pipe )
//                | "set" name [ "=" ( word | literal ) ]
//                | "declare" "query_parameters" "(" parameter { "," parameter } ")"
//                | pipe
//   lambda       = [ "view" ] "(" [ parameter { "," parameter } ] ")" "{" { let ";" } [ pipe ] [ ";" ] "}"
//   parameter    = name ":" type [ "=" literal ] | name ":" "(" ( "*" | schema ) ")"
//   schema       = [ name ":" type { "," name ":" type } ]
//   pipe         = source { "|" operator }
//   source       = expr | "print" named-list | "range" name "from" expr "to" expr "step" expr | union | search
//                | "evaluate" call
//   operator     = "where"|"filter" named                       "project-away"|"project-keep" wild { "," wild }
//                | "extend"|"project"|"serialize" [ named-list ]  "project-rename" name "=" name { "," ... }
//                | "project-reorder" wild [ order-word ] { "," ... }
//                | "summarize" { parameter-value } [ named-list ] [ "by" named-list ]
//                | "distinct" { parameter-value } ( "*" | named-list )
//                | "join"|"lookup" { parameter-value } expr "on" expr { "," expr }
//                | "sort"|"order" { parameter-value } "by" ordered { "," ordered } | "top" expr "by" ordered
//                | "take"|"limit" expr | "count" [ "as" name ]
//                | "mv-expand"|"mv-apply" { parameter-value } mv-item { "," mv-item } [ "limit" expr ] [ "on" "(" pipe ")" ]
//                | "parse"|"parse-where" { parameter-value } expr "with" { "*" | string | name [ ":" type ] }
//                | "render" word [ "with" "(" property { "," property } ")" ] | "as" name | "invoke" call
//                | "evaluate" call [ ":" "(" [ "*" [ "," ] ] schema ")" ] | "getschema" | union | search
//   expr         = and { "or" and }                             left to right
//   and          = equality { "and" equality }
//   equality     = relation [ ("=="|"!="|"<>") relation | list-operator "(" ... ")" | between "(" expr ".." expr ")" ]
//   relation     = sum [ ("<"|">"|"<="|">=") sum ]              equality, relation and string take one operator at most
//   sum          = product { ("+"|"-") product }
//   product      = string { ("*"|"/"|"%") string }
//   string       = unary [ string-operator unary ]              string operators bind tighter than arithmetic
//   unary        = [ "+" | "-" ] postfix
//   postfix      = primary { "." ( name | "[" expr "]" ) | "[" expr "]" }
//   primary      = literal | name | call | "(" pipe ")" | "toscalar" "(" pipe ")" | "materialize" "(" pipe ")" | datatable
//                | "typeof" "(" type ")"
//
// Limits: kMaxQueryBytes; kMaxNesting brackets, blocks and subqueries within each other; kMaxTreeDepth operators in one chain.
// Errors: diagnostics ZW001 (syntax), ZW002 (a known operator that is not supported), ZW003 (a limit), KS228 (a keyword where
// a name is needed). Parsing goes on with the next operator or statement, so several errors may be reported.
// Source of truth: docs/kql.md; precedence as Microsoft's parser has it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "common/kql/ast.h"
#include "common/kql/diagnostic.h"

namespace zoomwatch::kql {

inline constexpr std::size_t kMaxQueryBytes = 1 << 20;
inline constexpr int kMaxNesting = 200;
inline constexpr std::uint32_t kMaxTreeDepth = 1000;

// The tree of what could be parsed; check the diagnostics before using it. Their places are filled in.
Query Parse(std::string_view text, std::vector<Diagnostic>& diagnostics);

// What may stand behind '|', other names of an operator behind it; and what the language has there that is refused (ZW002).
std::vector<std::string_view> OperatorNames();
std::vector<std::string_view> RefusedOperatorNames();

// Where a word that the language also uses as a keyword may stand as a name.
enum class NamePlace { kExpression, kDefinition, kAssigned };
bool NeedsBrackets(std::string_view word, NamePlace place);

}  // namespace zoomwatch::kql
