// What mv-expand and mv-apply make of a row: one row per element of its arrays and bags. Both evaluators expand with it.
//
// An empty array or bag gives no row, null and anything else one; several are walked in parallel, the shorter ones padded with null.
// Threading: thread-compatible. Ownership: refers to the relation and the context, which must outlive it.
#pragma once

#include <cstdint>
#include <vector>

#include "common/kql/block.h"
#include "common/kql/functions/call.h"
#include "common/kql/plan.h"
#include "common/kql/scalar_evaluator.h"

namespace zoomwatch::kql {

class Expander {
 public:
  // `relation`: kExpand or kApply. `wanted` says which columns of the expanded row somebody reads; the others may stay null pointers.
  // `subqueries` may be null when the expressions have none.
  Expander(const Relation& relation, std::vector<bool> wanted, ExecutionContext& context, SubqueryResults* subqueries);

  // Evaluates the arrays of the rows that the calls below are about, and lets go of those before.
  void Load(Block block);
  const Block& block() const { return block_; }

  // How many rows the row becomes. O(expansions).
  std::size_t RowsOf(std::size_t row) const;

  // Expanded rows, each given by an input row and the element's number, which is less than RowsOf(row).
  struct Picks {
    std::vector<std::uint32_t> rows;
    std::vector<std::uint32_t> elements;
  };
  Block Expand(const Picks& picks) const;

 private:
  const Relation& relation_;
  const std::vector<bool> wanted_;
  std::uint64_t limit_;
  std::vector<ScalarEvaluator> evaluators_;
  Block block_;
  std::vector<CellsPtr> values_;
};

}  // namespace zoomwatch::kql
