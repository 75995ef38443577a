// The inside of ScalarEvaluator: an expression as a tree of nodes, each of which computes its value for the wanted rows
// of a block. Threading, ownership and errors as in scalar_evaluator.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "common/kql/block.h"
#include "common/kql/functions/call.h"
#include "common/kql/plan.h"
#include "common/kql/value.h"

namespace zoomwatch::kql {

class SubqueryResults;

namespace scalar {

using RowNumbers = std::vector<std::uint32_t>;

// Which rows of a block are wanted: all of them, or the listed ones (ascending). Does not own the list.
class Rows {
 public:
  explicit Rows(std::size_t block_rows) : block_rows_(block_rows) {}
  Rows(std::size_t block_rows, const RowNumbers& listed) : block_rows_(block_rows), listed_(&listed) {}

  std::size_t block_rows() const { return block_rows_; }
  std::size_t count() const { return listed_ == nullptr ? block_rows_ : listed_->size(); }

  template <typename F>
  void ForEach(F visit) const {
    if (listed_ == nullptr) {
      for (std::size_t row = 0; row < block_rows_; ++row) visit(row);
    } else {
      for (const std::uint32_t row : *listed_) visit(row);
    }
  }

 private:
  std::size_t block_rows_;
  const RowNumbers* listed_ = nullptr;
};

// What a node computed: one value that holds for every row, or a cell per row of the block. Cells of rows that were not
// wanted are unspecified.
class Result {
 public:
  explicit Result(Value same) : same_(std::move(same)) {}
  explicit Result(CellsPtr cells) : cells_(std::move(cells)) {}
  static Result Of(Cells cells) { return Result(std::make_shared<const Cells>(std::move(cells))); }

  const Value* same() const { return cells_ == nullptr ? &same_ : nullptr; }
  const CellsPtr& cells() const { return cells_; }
  const Value& operator[](std::size_t row) const { return cells_ == nullptr ? same_ : (*cells_)[row]; }

 private:
  Value same_;
  CellsPtr cells_;
};

class Node {
 public:
  virtual ~Node() = default;
  virtual Result Evaluate(const Block& block, const Rows& rows) = 0;
  // Adds the wanted rows for which the value is true.
  virtual void Select(const Block& block, const Rows& rows, RowNumbers& selected);
};
using NodePtr = std::unique_ptr<Node>;
using NodePtrs = std::vector<NodePtr>;

struct Environment {
  ExecutionContext& context;
  SubqueryResults* subqueries;

  void Warn(Warning warning) const { ++context.warnings[static_cast<std::size_t>(warning)]; }
};

// The value as the static type demands: a value of another kind (from inside a dynamic, or of a narrower number) is
// converted, and a string is never null.
Value Coerce(Type type, const Value& value);
inline Value NullOf(Type type) { return type == Type::kString ? Value::String("") : Value(); }

// Nodes by kind of expression; each in the file that its comment names. `children` are those of the scalar, built.
NodePtr MakeOperator(const ScalarPtr& scalar, NodePtrs children,
                     const Environment& environment);                                        // scalar_operators.cc
NodePtr MakeIn(const ScalarPtr& scalar, NodePtrs children, const Environment& environment);  // scalar_operators.cc
NodePtr MakeTextOperator(const ScalarPtr& scalar, NodePtrs children,
                         const Environment& environment);  // text_operators.cc
NodePtr MakeCall(const ScalarPtr& scalar, NodePtrs children, const Environment& environment);          // scalar_call.cc
NodePtr MakeSpecialForm(const ScalarPtr& scalar, NodePtrs children,
                        const Environment& environment);  // special_forms.cc

}  // namespace scalar
}  // namespace zoomwatch::kql
