// Nodes without state: each change passes through on its own.
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/kql/incremental/nodes.h"
#include "common/kql/parse_pattern.h"

namespace zoomwatch::kql::incremental {

namespace {

class ConstantNode final : public Node {
 public:
  explicit ConstantNode(const Relation& rows) : rows_(rows) {}

  absl::StatusOr<Deltas> Tick(Ticks, const std::vector<Deltas*>&) override {
    DeltaBuilder out(rows_.schema.size());
    if (std::exchange(done_, true)) return out.Take();
    std::uint64_t order = 0;
    for (const std::vector<Value>& cells : rows_.rows) {
      out.Add({.cells = cells, .order = order, .id = CombineIds(0, order)}, 1);
      ++order;
    }
    return out.Take();
  }
  Ticks NextDue() const override { return done_ ? kNever : std::numeric_limits<Ticks>::min(); }

 private:
  const Relation& rows_;
  bool done_ = false;
};

class FilterNode final : public Node {
 public:
  FilterNode(NodeContext context, const std::vector<ScalarPtr>& predicates) {
    for (const ScalarPtr& predicate : predicates) predicates_.emplace_back(predicate, context.execution, nullptr);
  }

  absl::StatusOr<Deltas> Tick(Ticks, const std::vector<Deltas*>& inputs) override {
    Deltas deltas = std::move(*inputs[0]);
    for (ScalarEvaluator& predicate : predicates_) {
      if (deltas.rows() == 0) break;
      const CellsPtr passes = predicate.Evaluate(deltas.block);
      std::vector<std::uint32_t> rows;
      for (std::uint32_t row = 0; row < deltas.rows(); ++row) {
        if ((*passes)[row].is_true()) rows.push_back(row);
      }
      deltas = Select(std::move(deltas), rows);
    }
    return deltas;
  }

 private:
  std::vector<ScalarEvaluator> predicates_;
};

class ProjectNode final : public Node {
 public:
  ProjectNode(NodeContext context, const std::vector<ScalarPtr>& outputs) {
    for (const ScalarPtr& output : outputs) outputs_.push_back({.evaluator = ScalarEvaluator(output, context.execution, nullptr)});
    std::set<std::size_t> handed_on;
    for (std::size_t i = outputs.size(); i-- > 0;) {
      // A loose column has to be made what its type says, see the evaluator.
      if (outputs[i]->kind != ScalarKind::kColumn || outputs[i]->loose) continue;
      outputs_[i].column = outputs[i]->column;
      outputs_[i].is_last = handed_on.insert(outputs[i]->column).second;
    }
  }

  absl::StatusOr<Deltas> Tick(Ticks, const std::vector<Deltas*>& inputs) override {
    Deltas deltas = std::move(*inputs[0]);
    if (deltas.rows() == 0) return deltas;
    std::vector<CellsPtr> columns(outputs_.size());
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      if (!outputs_[i].column) columns[i] = outputs_[i].evaluator.Evaluate(deltas.block);
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      if (!outputs_[i].column) continue;
      CellsPtr& column = deltas.block.columns[*outputs_[i].column];
      columns[i] = outputs_[i].is_last ? std::move(column) : column;
    }
    deltas.block.columns = std::move(columns);
    deltas.held.clear();
    return deltas;
  }

 private:
  struct Output {
    ScalarEvaluator evaluator;
    std::optional<std::size_t> column;  // it is no more than that column of the input
    bool is_last = false;               // of the outputs that are that column
  };
  std::vector<Output> outputs_;
};

class ParseNode final : public Node {
 public:
  ParseNode(NodeContext context, const Relation& relation)
      : parser_(relation, std::vector<bool>(relation.schema.size(), true), context.execution, nullptr) {}

  absl::StatusOr<Deltas> Tick(Ticks, const std::vector<Deltas*>& inputs) override {
    Deltas deltas = std::move(*inputs[0]);
    if (deltas.rows() == 0) return deltas;
    std::vector<std::uint32_t> kept;
    Block parsed = parser_.Parse(deltas.block, kept);
    deltas.block.columns.clear();
    deltas = Select(std::move(deltas), kept);
    deltas.block = std::move(parsed);
    deltas.held.clear();
    return deltas;
  }

 private:
  RowParser parser_;
};

class UnionNode final : public Node {
 public:
  explicit UnionNode(const Relation& relation) : relation_(relation) {}

  absl::StatusOr<Deltas> Tick(Ticks, const std::vector<Deltas*>& inputs) override {
    DeltaBuilder out(relation_.schema.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      for (std::size_t row = 0; row < inputs[i]->rows(); ++row) out.Add(Mapped(i, RowAt(*inputs[i], row)), inputs[i]->weights[row]);
    }
    return out.Take();
  }

 private:
  KeptRow Mapped(std::size_t input, KeptRow row) const {
    std::vector<Value> cells;
    const std::size_t first = relation_.source_names.empty() ? 0 : 1;  // withsource comes first
    if (first == 1) cells.push_back(Value::String(relation_.source_names[input]));
    for (std::size_t c = first; c < relation_.schema.size(); ++c) {
      const auto& source = relation_.union_columns[input][c];
      const bool text = relation_.schema[c].type == Type::kString;
      cells.push_back(source ? row.cells[*source] : text ? Value::String("") : Value());
    }
    row.cells = std::move(cells);
    row.id = CombineIds(row.id, input);
    return row;
  }

  const Relation& relation_;
};

}  // namespace

NodePtr MakeConstantNode(const Relation& rows) { return std::make_unique<ConstantNode>(rows); }
NodePtr MakeFilterNode(NodeContext context, std::vector<ScalarPtr> predicates) {
  return std::make_unique<FilterNode>(context, predicates);
}
NodePtr MakeProjectNode(NodeContext context, const std::vector<ScalarPtr>& outputs) {
  return std::make_unique<ProjectNode>(context, outputs);
}
NodePtr MakeParseNode(NodeContext context, const Relation& relation) { return std::make_unique<ParseNode>(context, relation); }
NodePtr MakeUnionNode(const Relation& relation) { return std::make_unique<UnionNode>(relation); }

}  // namespace zoomwatch::kql::incremental
