#include "common/kql/scalar_evaluator.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/kql/convert.h"
#include "common/kql/scalar_node.h"

namespace zoomwatch::kql {
namespace scalar {

void Node::Select(const Block& block, const Rows& rows, RowNumbers& selected) {
  const Result result = Evaluate(block, rows);
  if (const Value* same = result.same(); same != nullptr && !same->is_true()) return;
  rows.ForEach([&](std::size_t row) {
    if (result[row].is_true()) selected.push_back(static_cast<std::uint32_t>(row));
  });
}

Value Coerce(Type type, const Value& value) {
  bool fits = true;
  switch (type) {
    case Type::kBool: fits = value.kind() == Kind::kBool; break;
    case Type::kInt:
    case Type::kLong: fits = value.kind() == Kind::kLong; break;
    case Type::kReal: fits = value.kind() == Kind::kReal; break;
    case Type::kDecimal: fits = value.kind() == Kind::kDecimal; break;
    case Type::kString: return value.is_string() ? value : Value::String(ToText(value));
    case Type::kDateTime: fits = value.kind() == Kind::kDateTime; break;
    case Type::kTimeSpan: fits = value.kind() == Kind::kTimeSpan; break;
    case Type::kGuid: fits = value.kind() == Kind::kGuid; break;
    case Type::kDynamic:
    case Type::kUnknown: break;
  }
  return fits || value.is_null() ? value : ConvertTo(type, value);
}

namespace {

class ConstantNode final : public Node {
 public:
  explicit ConstantNode(Value value) : value_(std::move(value)) {}
  Result Evaluate(const Block&, const Rows&) override { return Result(value_); }

 private:
  const Value value_;
};

class ColumnNode final : public Node {
 public:
  explicit ColumnNode(std::size_t column) : column_(column) {}
  Result Evaluate(const Block& block, const Rows&) override {
    const CellsPtr& cells = block.columns[column_];
    return cells == nullptr ? Result(Value()) : Result(cells);
  }

 private:
  const std::size_t column_;
};

// A value that is the same for every row is computed when it is first needed: an untaken branch causes no warnings.
class OnceNode final : public Node {
 public:
  OnceNode(NodePtr node, ExecutionContext& context) : node_(std::move(node)), context_(context) {}
  Result Evaluate(const Block&, const Rows&) override {
    if (!value_) {
      const Block one_row{.rows = 1, .columns = {}};
      value_ = node_->Evaluate(one_row, Rows(1))[0];
      const std::uint64_t bytes = value_->MemoryBytes();
      context_.kept_bytes += bytes;
      context_.made_bytes -= std::min(context_.made_bytes, bytes);
      node_.reset();
    }
    return Result(*value_);
  }

 private:
  NodePtr node_;
  ExecutionContext& context_;
  std::optional<Value> value_;
};

// tostring() put in by the binder, and the fixing of loose values to their static type.
class CoerceNode final : public Node {
 public:
  CoerceNode(Type type, NodePtr child) : type_(type), child_(std::move(child)) {}
  Result Evaluate(const Block& block, const Rows& rows) override {
    const Result values = child_->Evaluate(block, rows);
    if (const Value* same = values.same()) return Result(Coerce(type_, *same));
    Cells cells(rows.block_rows());
    rows.ForEach([&](std::size_t row) { cells[row] = Coerce(type_, values[row]); });
    return Result::Of(std::move(cells));
  }

 private:
  const Type type_;
  const NodePtr child_;
};

class MemberNode final : public Node {
 public:
  explicit MemberNode(NodePtrs children) : of_(std::move(children[0])), index_(std::move(children[1])) {}
  Result Evaluate(const Block& block, const Rows& rows) override {
    const Result of = of_->Evaluate(block, rows);
    const Result index = index_->Evaluate(block, rows);
    if (of.same() != nullptr && index.same() != nullptr) return Result(Access(*of.same(), *index.same()));
    Cells cells(rows.block_rows());
    rows.ForEach([&](std::size_t row) { cells[row] = Access(of[row], index[row]); });
    return Result::Of(std::move(cells));
  }

 private:
  // Of the wrong kind, missing or out of range: null.
  static Value Access(const Value& of, const Value& index) {
    if (of.is_bag() && index.is_string()) {
      const Value* member = of.AsBag().Find(index.AsString());
      return member == nullptr ? Value() : *member;
    }
    if (!of.is_array() || index.kind() != Kind::kLong) return Value();
    const auto& elements = of.AsArray();
    const auto size = static_cast<std::int64_t>(elements.size());
    const std::int64_t at = index.AsLong();
    if (at >= size || at < -size) return Value();
    return elements[static_cast<std::size_t>(at < 0 ? at + size : at)];
  }

  const NodePtr of_;
  const NodePtr index_;
};

class ToScalarNode final : public Node {
 public:
  ToScalarNode(ScalarPtr scalar, SubqueryResults& subqueries) : scalar_(std::move(scalar)), subqueries_(subqueries) {}
  Result Evaluate(const Block&, const Rows&) override {
    return Result(Coerce(scalar_->type, subqueries_.FirstCell(*scalar_->relation)));
  }

 private:
  const ScalarPtr scalar_;
  SubqueryResults& subqueries_;
};

class InTableNode final : public Node {
 public:
  InTableNode(ScalarPtr scalar, NodePtr probe, SubqueryResults& subqueries)
      : scalar_(std::move(scalar)), probe_(std::move(probe)), subqueries_(subqueries) {}
  Result Evaluate(const Block& block, const Rows& rows) override {
    const Result probes = probe_->Evaluate(block, rows);
    const Members& members = subqueries_.MembersOf(*scalar_->relation);
    Cells cells(rows.block_rows());
    rows.ForEach([&](std::size_t row) {
      cells[row] = Value::Bool(members.Contains(probes[row], scalar_->ignore_case) != scalar_->negated);
    });
    return Result::Of(std::move(cells));
  }

 private:
  const ScalarPtr scalar_;
  const NodePtr probe_;
  SubqueryResults& subqueries_;
};

NodePtr Build(const ScalarPtr& scalar, const Environment& environment);

NodePtr BuildOfKind(const ScalarPtr& scalar, const Environment& environment) {
  NodePtrs children;
  children.reserve(scalar->children.size());
  for (const ScalarPtr& child : scalar->children) children.push_back(Build(child, environment));
  switch (scalar->kind) {
    case ScalarKind::kConstant: return std::make_unique<ConstantNode>(scalar->constant);
    case ScalarKind::kColumn: {
      NodePtr column = std::make_unique<ColumnNode>(scalar->column);
      // A loose text keeps its own value, as operators over text are told by kText; everything else is what its type
      // says.
      if (!scalar->loose || scalar->type == Type::kString || scalar->type == Type::kDynamic) return column;
      return std::make_unique<CoerceNode>(scalar->type, std::move(column));
    }
    case ScalarKind::kMember: return std::make_unique<MemberNode>(std::move(children));
    case ScalarKind::kOperator:
      return scalar->op == Op::kText ? MakeTextOperator(scalar, std::move(children), environment)
                                     : MakeOperator(scalar, std::move(children), environment);
    case ScalarKind::kIn: return MakeIn(scalar, std::move(children), environment);
    case ScalarKind::kInTable:
      return std::make_unique<InTableNode>(scalar, std::move(children[0]), *environment.subqueries);
    case ScalarKind::kCall:
      return scalar->function->special == SpecialForm::kNone
                 ? MakeCall(scalar, std::move(children), environment)
                 : MakeSpecialForm(scalar, std::move(children), environment);
    case ScalarKind::kText: return std::make_unique<CoerceNode>(Type::kString, std::move(children[0]));
    case ScalarKind::kToScalar: return std::make_unique<ToScalarNode>(scalar, *environment.subqueries);
  }
  return nullptr;
}

NodePtr Build(const ScalarPtr& scalar, const Environment& environment) {
  NodePtr node = BuildOfKind(scalar, environment);
  if (!scalar->per_query || scalar->kind == ScalarKind::kConstant) return node;
  return std::make_unique<OnceNode>(std::move(node), environment.context);
}

}  // namespace
}  // namespace scalar

class ScalarEvaluator::Node {
 public:
  Node(ScalarPtr scalar, const scalar::Environment& environment)
      : scalar_(std::move(scalar)), root_(scalar::Build(scalar_, environment)) {}
  scalar::Node& root() { return *root_; }

 private:
  const ScalarPtr scalar_;
  const scalar::NodePtr root_;
};

ScalarEvaluator::ScalarEvaluator(ScalarPtr scalar, ExecutionContext& context, SubqueryResults* subqueries)
    : root_(std::make_unique<Node>(std::move(scalar), scalar::Environment{context, subqueries})) {}
ScalarEvaluator::~ScalarEvaluator() = default;
ScalarEvaluator::ScalarEvaluator(ScalarEvaluator&&) noexcept = default;
ScalarEvaluator& ScalarEvaluator::operator=(ScalarEvaluator&&) noexcept = default;

CellsPtr ScalarEvaluator::Evaluate(const Block& block) {
  const scalar::Result result = root_->root().Evaluate(block, scalar::Rows(block.rows));
  if (result.same() == nullptr) return result.cells();
  return std::make_shared<const Cells>(block.rows, *result.same());
}

void ScalarEvaluator::Select(const Block& block, std::vector<std::uint32_t>& rows) {
  rows.clear();
  root_->root().Select(block, scalar::Rows(block.rows), rows);
}

Value ScalarEvaluator::EvaluateOnce() {
  const Block one_row{.rows = 1, .columns = {}};
  return root_->root().Evaluate(one_row, scalar::Rows(1))[0];
}

}  // namespace zoomwatch::kql
