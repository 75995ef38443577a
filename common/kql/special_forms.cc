// Functions that are lazy (iff, case, coalesce), see neighbouring rows (prev, next, row_number, row_cumsum) or more
// than their arguments (now, ingestion_time, pack_all).
#include <optional>
#include <utility>

#include "common/kql/arithmetic.h"
#include "common/kql/convert.h"
#include "common/kql/scalar_node.h"

namespace zoomwatch::kql::scalar {
namespace {

// A cell of a branch: fixed to the type that the branches have in common, but for loose values, which stay what they
// are.
Value BranchValue(const Scalar& scalar, const Value& value) {
  if (scalar.loose && !value.is_null()) return value;
  return Coerce(scalar.type, value);
}

RowNumbers Listed(const Rows& rows) {
  RowNumbers listed;
  listed.reserve(rows.count());
  rows.ForEach([&listed](std::size_t row) { listed.push_back(static_cast<std::uint32_t>(row)); });
  return listed;
}

// iff(condition, then, else) and case(condition, then, condition, then, ..., else). A branch is computed for the rows
// that take it.
class ChoiceNode final : public Node {
 public:
  ChoiceNode(ScalarPtr scalar, NodePtrs children) : scalar_(std::move(scalar)), children_(std::move(children)) {}

  Result Evaluate(const Block& block, const Rows& rows) override {
    Cells cells(rows.block_rows());
    RowNumbers open = Listed(rows);
    for (std::size_t i = 0; i + 1 < children_.size() && !open.empty(); i += 2) {
      const Result conditions = children_[i]->Evaluate(block, Rows(rows.block_rows(), open));
      RowNumbers taken;
      RowNumbers still_open;
      for (const std::uint32_t row : open) (conditions[row].is_true() ? taken : still_open).push_back(row);
      Take(*children_[i + 1], block, taken, cells);
      open = std::move(still_open);
    }
    Take(*children_.back(), block, open, cells);
    return Result::Of(std::move(cells));
  }

 private:
  void Take(Node& branch, const Block& block, const RowNumbers& taken, Cells& cells) const {
    if (taken.empty()) return;
    const Result values = branch.Evaluate(block, Rows(cells.size(), taken));
    for (const std::uint32_t row : taken) cells[row] = BranchValue(*scalar_, values[row]);
  }

  const ScalarPtr scalar_;
  const NodePtrs children_;
};

// The first argument that is not null, or, of texts, not empty.
class CoalesceNode final : public Node {
 public:
  CoalesceNode(ScalarPtr scalar, NodePtrs children) : scalar_(std::move(scalar)), children_(std::move(children)) {}

  Result Evaluate(const Block& block, const Rows& rows) override {
    Cells cells(rows.block_rows());
    RowNumbers open = Listed(rows);
    for (const NodePtr& child : children_) {
      if (open.empty()) break;
      const Result values = child->Evaluate(block, Rows(rows.block_rows(), open));
      RowNumbers still_open;
      for (const std::uint32_t row : open) {
        const Value& value = values[row];
        const bool missing = value.is_null() || (value.is_string() && value.AsString().empty());
        cells[row] = BranchValue(*scalar_, value);
        if (missing) still_open.push_back(row);
      }
      open = std::move(still_open);
    }
    return Result::Of(std::move(cells));
  }

 private:
  const ScalarPtr scalar_;
  const NodePtrs children_;
};

// now(): the query's clock, moved by an offset.
class NowNode final : public Node {
 public:
  NowNode(NodePtrs children, const Environment& environment)
      : children_(std::move(children)), context_(environment.context) {}

  Result Evaluate(const Block& block, const Rows& rows) override {
    const Value now = Value::DateTime(context_.now);
    if (children_.empty()) return Result(now);
    const Result offsets = children_[0]->Evaluate(block, rows);
    Cells cells(rows.block_rows());
    rows.ForEach(
        [&](std::size_t row) { cells[row] = Arithmetic(Op::kAdd, Type::kDateTime, now, offsets[row], context_); });
    return Result::Of(std::move(cells));
  }

 private:
  const NodePtrs children_;
  ExecutionContext& context_;
};

// pack_all() and bag_pack_columns(): children are name, value, name, value, ..., and for pack_all an optional last one
// that says whether nulls and empty texts are left out.
class PackNode final : public Node {
 public:
  PackNode(NodePtrs children, const Environment& environment)
      : children_(std::move(children)), context_(environment.context) {}

  Result Evaluate(const Block& block, const Rows& rows) override {
    std::vector<Result> values;
    values.reserve(children_.size());
    for (const NodePtr& child : children_) values.push_back(child->Evaluate(block, rows));
    Cells cells(rows.block_rows());
    rows.ForEach([&](std::size_t row) { cells[row] = context_.Admit(Pack(values, row)); });
    return Result::Of(std::move(cells));
  }

 private:
  static Value Pack(const std::vector<Result>& values, std::size_t row) {
    const bool skips_empty = values.size() % 2 == 1 && values.back()[row].is_true();
    std::vector<Bag::Entry> entries;
    for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
      const Value& value = values[i + 1][row];
      if (skips_empty && (value.is_null() || (value.is_string() && value.AsString().empty()))) continue;
      entries.emplace_back(ToText(values[i][row]), value);
    }
    return Value::OfBag(Bag(std::move(entries)));
  }

  const NodePtrs children_;
  ExecutionContext& context_;
};

// prev(column [, offset [, default]]) and next(...). The block holds every row of the table in its order, so whichever
// rows are wanted, neighbours are looked up among all of them.
class NeighbourNode final : public Node {
 public:
  NeighbourNode(ScalarPtr scalar, NodePtrs children) : scalar_(std::move(scalar)), children_(std::move(children)) {}

  Result Evaluate(const Block& block, const Rows& rows) override {
    const Result values = children_[0]->Evaluate(block, Rows(block.rows));
    const Result offsets = children_.size() > 1 ? children_[1]->Evaluate(block, rows) : Result(Value::Long(1));
    const Result defaults = children_.size() > 2 ? children_[2]->Evaluate(block, rows) : Result(Value());
    const bool forward = scalar_->function->special == SpecialForm::kNext;
    const auto size = static_cast<std::int64_t>(block.rows);
    Cells cells(rows.block_rows());
    rows.ForEach([&](std::size_t row) {
      const Value& offset = offsets[row];
      // Further away than there are rows is outside in any case, and cannot overflow.
      const bool near = offset.kind() == Kind::kLong && offset.AsLong() >= -size && offset.AsLong() <= size;
      const auto at =
          static_cast<std::int64_t>(row) + (near ? (forward ? offset.AsLong() : -offset.AsLong()) : 2 * size);
      const bool inside = at >= 0 && at < size;
      cells[row] = BranchValue(*scalar_, inside ? values[static_cast<std::size_t>(at)] : defaults[row]);
    });
    return Result::Of(std::move(cells));
  }

 private:
  const ScalarPtr scalar_;
  const NodePtrs children_;
};

// row_number([start [, restart]]) and row_cumsum(term [, restart]): running values over all rows of the block.
class RunningNode final : public Node {
 public:
  RunningNode(ScalarPtr scalar, NodePtrs children, const Environment& environment)
      : scalar_(std::move(scalar)), children_(std::move(children)), context_(environment.context) {}

  Result Evaluate(const Block& block, const Rows&) override {
    const bool numbers = scalar_->function->special == SpecialForm::kRowNumber;
    const Rows all(block.rows);
    const Result first = children_.empty() ? Result(Value::Long(1)) : children_[0]->Evaluate(block, all);
    const Result restarts = children_.size() > 1 ? children_[1]->Evaluate(block, all) : Result(Value::Bool(false));
    const Value one = Value::Long(1);
    Cells cells(block.rows);
    Value running;
    for (std::size_t row = 0; row < block.rows; ++row) {
      if (row == 0 || restarts[row].is_true()) {
        running = first[row];
      } else if (numbers) {
        running = Arithmetic(Op::kAdd, scalar_->type, running, one, context_);
      } else if (!first[row].is_null()) {
        running = running.is_null() ? first[row] : Arithmetic(Op::kAdd, scalar_->type, running, first[row], context_);
      }
      cells[row] = running;
    }
    return Result::Of(std::move(cells));
  }

 private:
  const ScalarPtr scalar_;
  const NodePtrs children_;
  ExecutionContext& context_;
};

// What the rows of a query do not have: null.
class NothingNode final : public Node {
 public:
  explicit NothingNode(Type type) : type_(type) {}
  Result Evaluate(const Block&, const Rows&) override { return Result(NullOf(type_)); }

 private:
  const Type type_;
};

}  // namespace

NodePtr MakeSpecialForm(const ScalarPtr& scalar, NodePtrs children, const Environment& environment) {
  switch (scalar->function->special) {
    case SpecialForm::kIff:
    case SpecialForm::kCase: return std::make_unique<ChoiceNode>(scalar, std::move(children));
    case SpecialForm::kCoalesce: return std::make_unique<CoalesceNode>(scalar, std::move(children));
    case SpecialForm::kNow: return std::make_unique<NowNode>(std::move(children), environment);
    case SpecialForm::kPackAll:
    case SpecialForm::kBagPackColumns: return std::make_unique<PackNode>(std::move(children), environment);
    case SpecialForm::kPrev:
    case SpecialForm::kNext: return std::make_unique<NeighbourNode>(scalar, std::move(children));
    case SpecialForm::kRowNumber:
    case SpecialForm::kRowCumSum: return std::make_unique<RunningNode>(scalar, std::move(children), environment);
    case SpecialForm::kNone: return MakeCall(scalar, std::move(children), environment);
    // The binder resolves these to columns, calls of pack_array and relations; only ingestion_time() of a table without
    // one is left.
    case SpecialForm::kColumnIfExists:
    case SpecialForm::kPackArrayStar:
    case SpecialForm::kIngestionTime:
    case SpecialForm::kTable: return std::make_unique<NothingNode>(scalar->type);
  }
  return nullptr;
}

}  // namespace zoomwatch::kql::scalar
