// Arithmetic, comparison, and, or, between, in.
#include <optional>
#include <utility>

#include "common/kql/arithmetic.h"
#include "common/kql/compare.h"
#include "common/kql/scalar_node.h"
#include "common/kql/value_set.h"

namespace zoomwatch::kql::scalar {
namespace {

class ArithmeticNode final : public Node {
 public:
  ArithmeticNode(ScalarPtr scalar, NodePtrs children, const Environment& environment)
      : scalar_(std::move(scalar)),
        a_(std::move(children[0])),
        b_(std::move(children[1])),
        context_(environment.context) {}

  Result Evaluate(const Block& block, const Rows& rows) override {
    const Result a = a_->Evaluate(block, rows);
    const Result b = b_->Evaluate(block, rows);
    Cells cells(rows.block_rows());
    rows.ForEach(
        [&](std::size_t row) { cells[row] = Arithmetic(scalar_->op, scalar_->type, a[row], b[row], context_); });
    return Result::Of(std::move(cells));
  }

 private:
  const ScalarPtr scalar_;
  const NodePtr a_, b_;
  ExecutionContext& context_;
};

class NegateNode final : public Node {
 public:
  NegateNode(ScalarPtr scalar, NodePtrs children, const Environment& environment)
      : scalar_(std::move(scalar)), child_(std::move(children[0])), context_(environment.context) {}

  Result Evaluate(const Block& block, const Rows& rows) override {
    const Result values = child_->Evaluate(block, rows);
    Cells cells(rows.block_rows());
    rows.ForEach([&](std::size_t row) { cells[row] = Negate(scalar_->type, values[row], context_); });
    return Result::Of(std::move(cells));
  }

 private:
  const ScalarPtr scalar_;
  const NodePtr child_;
  ExecutionContext& context_;
};

// --- comparison ---

// Whether an ordering satisfies a comparison.
bool Satisfies(Op op, std::partial_ordering order) {
  if (op == Op::kEqual) return order == 0;
  if (op == Op::kNotEqual) return order != 0;
  if (op == Op::kLess) return order < 0;
  if (op == Op::kLessOrEqual) return order <= 0;
  return op == Op::kGreater ? order > 0 : order >= 0;
}

// Nulls and values that do not go together (a text and a number inside dynamics) make null; NaN is neither less nor
// greater.
Value Ordered(Op op, const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return Value();
  const std::partial_ordering order = Compare(a, b);
  if (order == std::partial_ordering::unordered) {
    const bool numbers = (a.is_number() || a.kind() == Kind::kBool) && (b.is_number() || b.kind() == Kind::kBool);
    return numbers ? Value::Bool(false) : Value();
  }
  return Value::Bool(Satisfies(op, order));
}

Value Compared(Op op, const Value& a, const Value& b) {
  if (op == Op::kEqual) return EqualTo(a, b);
  if (op == Op::kNotEqual) return NotEqualTo(a, b);
  return Ordered(op, a, b);
}

bool ComparesAsInteger(Kind kind) { return kind == Kind::kLong || kind == Kind::kDateTime || kind == Kind::kTimeSpan; }

class ComparisonNode final : public Node {
 public:
  ComparisonNode(Op op, NodePtrs children) : op_(op), a_(std::move(children[0])), b_(std::move(children[1])) {}

  Result Evaluate(const Block& block, const Rows& rows) override {
    const Result a = a_->Evaluate(block, rows);
    const Result b = b_->Evaluate(block, rows);
    Cells cells(rows.block_rows());
    ForEachCompared(a, b, rows, [&](std::size_t row, bool holds) { cells[row] = Value::Bool(holds); },
                    [&](std::size_t row, Value value) { cells[row] = std::move(value); });
    return Result::Of(std::move(cells));
  }

  void Select(const Block& block, const Rows& rows, RowNumbers& selected) override {
    const Result a = a_->Evaluate(block, rows);
    const Result b = b_->Evaluate(block, rows);
    const auto add = [&selected](std::size_t row, bool holds) {
      if (holds) selected.push_back(static_cast<std::uint32_t>(row));
    };
    ForEachCompared(a, b, rows, add, [&add](std::size_t row, const Value& value) { add(row, value.is_true()); });
  }

 private:
  // A column against one integer, time or text compares without looking at kinds twice; everything else takes the
  // general way.
  template <typename Typed, typename General>
  void ForEachCompared(const Result& a, const Result& b, const Rows& rows, Typed typed, General general) const {
    const auto generally = [&](std::size_t row) { general(row, Compared(op_, a[row], b[row])); };
    const Value* same = b.same();
    if (same != nullptr && ComparesAsInteger(same->kind())) {
      const Kind kind = same->kind();
      const std::int64_t wanted = same->AsLong();
      rows.ForEach([&](std::size_t row) {
        const Value& value = a[row];
        value.kind() == kind ? typed(row, Satisfies(op_, value.AsLong() <=> wanted)) : generally(row);
      });
    } else if (same != nullptr && same->is_string() && (op_ == Op::kEqual || op_ == Op::kNotEqual)) {
      const std::string_view wanted = same->AsString();
      rows.ForEach([&](std::size_t row) {
        const Value& value = a[row];
        value.is_string() ? typed(row, (value.AsString() == wanted) == (op_ == Op::kEqual)) : generally(row);
      });
    } else {
      rows.ForEach(generally);
    }
  }

  const Op op_;
  const NodePtr a_, b_;
};

// --- three-valued logic ---

Value And(const Value& a, const Value& b) {
  if (a.is_false() || b.is_false()) return Value::Bool(false);
  return a.is_null() || b.is_null() ? Value() : Value::Bool(true);
}

// `and` and `or` with two children or more. A later child is computed only for the rows that the earlier ones have not
// decided.
class LogicNode final : public Node {
 public:
  LogicNode(Op op, NodePtrs children) : deciding_(op == Op::kOr), children_(std::move(children)) {}

  Result Evaluate(const Block& block, const Rows& rows) override {
    Cells cells(rows.block_rows());
    rows.ForEach([&](std::size_t row) { cells[row] = Value::Bool(!deciding_); });
    RowNumbers open;
    open.reserve(rows.count());
    rows.ForEach([&open](std::size_t row) { open.push_back(static_cast<std::uint32_t>(row)); });
    for (const NodePtr& child : children_) {
      if (open.empty()) break;
      const Result values = child->Evaluate(block, Rows(rows.block_rows(), open));
      RowNumbers still_open;
      for (const std::uint32_t row : open) {
        const Value& value = values[row];
        if (value.kind() != Kind::kBool) {
          cells[row] = Value();
        } else if (value.AsBool() == deciding_) {
          cells[row] = value;
          continue;
        }
        still_open.push_back(row);
      }
      open = std::move(still_open);
    }
    return Result::Of(std::move(cells));
  }

  void Select(const Block& block, const Rows& rows, RowNumbers& selected) override {
    if (deciding_) return Node::Select(block, rows, selected);
    RowNumbers alive;
    children_[0]->Select(block, rows, alive);
    for (std::size_t i = 1; i < children_.size() && !alive.empty(); ++i) {
      RowNumbers still_alive;
      children_[i]->Select(block, Rows(rows.block_rows(), alive), still_alive);
      alive = std::move(still_alive);
    }
    selected.insert(selected.end(), alive.begin(), alive.end());
  }

 private:
  const bool deciding_;  // the value that decides: false for `and`, true for `or`
  const NodePtrs children_;
};

class BetweenNode final : public Node {
 public:
  BetweenNode(bool negated, NodePtrs children)
      : negated_(negated), value_(std::move(children[0])), from_(std::move(children[1])), to_(std::move(children[2])) {}

  Result Evaluate(const Block& block, const Rows& rows) override {
    const Result values = value_->Evaluate(block, rows);
    const Result from = from_->Evaluate(block, rows);
    const Result to = to_->Evaluate(block, rows);
    Cells cells(rows.block_rows());
    rows.ForEach([&](std::size_t row) {
      const Value within =
          And(Ordered(Op::kGreaterOrEqual, values[row], from[row]), Ordered(Op::kLessOrEqual, values[row], to[row]));
      cells[row] = within.is_null() ? within : Value::Bool(within.AsBool() != negated_);
    });
    return Result::Of(std::move(cells));
  }

 private:
  const bool negated_;
  const NodePtr value_, from_, to_;
};

// --- in ---

// `in` is the `or` of ==, `!in` the `and` of !=: null is in nothing, and unlike a list with a null the answer is then
// null.
Value Membership(const ValueSet& set, const Value& value, const Scalar& scalar) {
  if (scalar.ignore_case) return Value::Bool(set.ContainsText(value) != scalar.negated);
  if (value.is_null() && set.has_null()) return Value();
  return Value::Bool(set.Contains(value) != scalar.negated);
}

class InNode final : public Node {
 public:
  InNode(ScalarPtr scalar, NodePtrs children) : scalar_(std::move(scalar)), children_(std::move(children)) {
    for (std::size_t i = 1; i < children_.size(); ++i) {
      const Scalar& value = *scalar_->children[i];
      fixed_ = fixed_ && (value.kind == ScalarKind::kConstant || value.per_query);
    }
  }

  Result Evaluate(const Block& block, const Rows& rows) override {
    const Result probes = children_[0]->Evaluate(block, rows);
    std::vector<Result> values;
    for (std::size_t i = 1; i < children_.size() && !(fixed_ && set_); ++i)
      values.push_back(children_[i]->Evaluate(block, rows));
    if (fixed_ && !set_) {
      set_.emplace();
      for (const Result& value : values) set_->AddFlattened(*value.same());
    }
    Cells cells(rows.block_rows());
    rows.ForEach([&](std::size_t row) {
      if (set_) {
        cells[row] = Membership(*set_, probes[row], *scalar_);
        return;
      }
      ValueSet of_row;
      for (const Result& value : values) of_row.AddFlattened(value[row]);
      cells[row] = Membership(of_row, probes[row], *scalar_);
    });
    return Result::Of(std::move(cells));
  }

 private:
  const ScalarPtr scalar_;
  const NodePtrs children_;
  bool fixed_ = true;  // every value is the same for all rows, so one set serves
  std::optional<ValueSet> set_;
};

}  // namespace

NodePtr MakeOperator(const ScalarPtr& scalar, NodePtrs children, const Environment& environment) {
  switch (scalar->op) {
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kModulo: return std::make_unique<ArithmeticNode>(scalar, std::move(children), environment);
    case Op::kNegate: return std::make_unique<NegateNode>(scalar, std::move(children), environment);
    case Op::kEqual:
    case Op::kNotEqual:
    case Op::kLess:
    case Op::kLessOrEqual:
    case Op::kGreater:
    case Op::kGreaterOrEqual: return std::make_unique<ComparisonNode>(scalar->op, std::move(children));
    case Op::kAnd:
    case Op::kOr: return std::make_unique<LogicNode>(scalar->op, std::move(children));
    case Op::kBetween:
    case Op::kNotBetween:
      return std::make_unique<BetweenNode>(scalar->op == Op::kNotBetween, std::move(children));
    case Op::kText: return MakeTextOperator(scalar, std::move(children), environment);
    case Op::kNone: return nullptr;
  }
  return nullptr;
}

NodePtr MakeIn(const ScalarPtr& scalar, NodePtrs children, const Environment&) {
  return std::make_unique<InNode>(scalar, std::move(children));
}

}  // namespace zoomwatch::kql::scalar
