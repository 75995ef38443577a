// Whether the row of an event could change anything of a rule's result: asked before the row is made, of the few columns that the
// answer needs.
//
// Threading: one thread at a time. Ownership: the cells outlive it.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "common/kql/functions/call.h"
#include "common/kql/scalar_evaluator.h"
#include "common/kql/schema.h"
#include "services/detector/rules/shared_cells.h"

namespace zoomwatch::detector {

class RowFilter {
 public:
  // `uses`: the conditions of each place that reads the table (table_use.h), over these columns of it.
  RowFilter(const kql::Schema& schema, const std::vector<std::vector<kql::ScalarPtr>>& uses, SharedCells& cells);

  // False: no event with the name of the event in the cells passes.
  bool PassesByName();
  // False: the event in the cells does not. REQUIRES: PassesByName().
  bool Passes();

 private:
  struct Condition {
    kql::ScalarEvaluator evaluator;
    std::vector<std::pair<std::size_t, std::size_t>> columns;  // of the table, and their places in the cells
    bool of_name = false;                                      // reads the column Event alone
  };
  bool IsTrue(Condition& condition);

  SharedCells& cells_;
  std::unique_ptr<kql::ExecutionContext> context_;
  std::vector<std::vector<Condition>> uses_;  // those of the name first
  kql::Block block_;                          // one row
  std::vector<std::uint32_t> selected_;
};

}  // namespace zoomwatch::detector
