// Computes a bound expression over blocks of rows. Shared by both evaluators: expressions mean the same everywhere;
// tables, aggregates and joins do not come here. Threading: one thread at a time. Ownership: the scalar's node is kept
// alive; context and subqueries outlive the evaluator. Errors: none at run time; what cannot be computed is null, with
// a warning counted in the context where it is documented.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/kql/block.h"
#include "common/kql/functions/call.h"
#include "common/kql/plan.h"

namespace zoomwatch::kql {

// The values of a subquery's first column, for `in (T)`.
class Members {
 public:
  virtual ~Members() = default;
  virtual bool Contains(const Value& value, bool ignore_case) const = 0;  // by the language's == (or =~)
};

// Results of the whole relations that expressions refer to. Computed once per execution, by the evaluator that owns the
// tables.
class SubqueryResults {
 public:
  virtual ~SubqueryResults() = default;
  virtual Value FirstCell(const Relation& relation) = 0;  // of toscalar()
  virtual const Members& MembersOf(const Relation& relation) = 0;
};

class ScalarEvaluator {
 public:
  // `subqueries` may be null when the expression has none.
  ScalarEvaluator(ScalarPtr scalar, ExecutionContext& context, SubqueryResults* subqueries);
  ~ScalarEvaluator();
  ScalarEvaluator(ScalarEvaluator&&) noexcept;
  ScalarEvaluator& operator=(ScalarEvaluator&&) noexcept;

  // One cell per row of the block. A column reference returns the block's own cells.
  CellsPtr Evaluate(const Block& block);

  // The rows for which the value is true, ascending; replaces what `rows` held. Cheaper than Evaluate() for predicates.
  void Select(const Block& block, std::vector<std::uint32_t>& rows);

  // REQUIRES: scalar->per_query.
  Value EvaluateOnce();

 private:
  class Node;
  std::unique_ptr<Node> root_;
};

}  // namespace zoomwatch::kql
