// parse and parse-where: one regular expression is made of the pattern, and its groups become columns. Both evaluators parse with it.
//
// simple and relaxed: texts are literal, a column takes as little as the pattern allows; a whole number takes its
// digits, so that `*` may follow it. regex: texts are expressions, a column takes as much as it can unless flags say
// otherwise (U). A value that is not of its column's type makes the row a mismatch, or in relaxed mode the value null.
// A row that does not match gets nulls and "". Source of truth: the Kusto page "parse operator".
//
// Threading: thread-compatible. Ownership: refers to the relation and the context, which must outlive it.
// Limits: the automaton of a pattern takes at most 8 MiB.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/kql/block.h"
#include "common/kql/functions/call.h"
#include "common/kql/plan.h"
#include "common/kql/scalar_evaluator.h"

namespace zoomwatch::kql {

class RowParser {
 public:
  // `relation`: kParse. `wanted` says which columns of the result somebody reads; the others may stay null pointers. `subqueries` may be
  // null when the expression has none.
  RowParser(const Relation& relation, std::vector<bool> wanted, ExecutionContext& context, SubqueryResults* subqueries);

  // The rows that stay (of parse: all), with the parsed columns. `kept` becomes their numbers in the input, ascending. A pattern that is
  // no regular expression matches nothing, with a warning for each row.
  Block Parse(const Block& input, std::vector<std::uint32_t>& kept);

 private:
  struct ColumnGroup {
    const ParseStep* step;
    int group;
  };

  bool ParseRow(const Value& value, std::vector<Cells>& parsed);
  bool Match(std::string_view text, std::vector<Value>& cells);
  Value Read(Type type, std::string_view text) const;

  const Relation& relation_;
  const std::vector<bool> wanted_;
  ExecutionContext& context_;
  ScalarEvaluator text_;
  const re2::RE2 regex_;
  bool usable_ = false;
  std::vector<ColumnGroup> columns_;
  std::vector<re2::StringPiece> groups_;
};

}  // namespace zoomwatch::kql
