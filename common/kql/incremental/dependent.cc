// Expressions over other tables. The rows are held, because a change of a subquery can change what any of them gives.
#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "common/kql/compare.h"
#include "common/kql/incremental/nodes.h"

namespace zoomwatch::kql::incremental {

namespace {

// The rows of one subquery, in order of their position.
class SubqueryState final : public Members {
 public:
  void Apply(const Deltas& deltas) {
    for (std::size_t row = 0; row < deltas.rows(); ++row) {
      const Value first = deltas.block.columns.empty() ? Value() : (*deltas.block.columns[0])[row];
      Add(deltas.position(row), first, deltas.weights[row]);
    }
  }
  Value First() const { return rows_.empty() ? Value() : rows_.begin()->second.first; }

  bool Contains(const Value& value, bool ignore_case) const override {
    return std::any_of(rows_.begin(), rows_.end(), [&](const auto& row) {
      const Value& member = row.second.first;
      if (ignore_case && member.is_string() && value.is_string()) return EqualIgnoringCase(member.AsString(), value.AsString());
      return EqualTo(value, member).is_true();
    });
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  static bool EqualIgnoringCase(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
  }
  void Add(Position position, const Value& value, std::int64_t weight) {
    auto [at, end] = rows_.equal_range(position);
    for (; at != end; ++at) {
      if (!SameKey(at->second.first, value)) continue;
      at->second.second += weight;
      if (at->second.second != 0) return;
      bytes_ -= 64 + value.MemoryBytes();
      rows_.erase(at);
      return;
    }
    rows_.emplace(position, std::pair(value, weight));
    bytes_ += 64 + value.MemoryBytes();
  }

  std::multimap<Position, std::pair<Value, std::int64_t>> rows_;
  std::uint64_t bytes_ = 0;
};

class DependentNode : public Node, private SubqueryResults {
 public:
  DependentNode(ExecutionContext& context, std::vector<ScalarPtr> scalars, std::vector<const Relation*> subqueries)
      : context_(context), scalars_(std::move(scalars)), subqueries_(std::move(subqueries)), states_(subqueries_.size()) {}

  absl::StatusOr<Deltas> Tick(Ticks, const std::vector<Deltas*>& inputs) override {
    const bool changed = std::any_of(inputs.begin() + 1, inputs.end(), [](const Deltas* deltas) { return deltas->rows() > 0; });
    Deltas out;
    if (changed) {
      const Deltas held = HeldRows();
      out = Compute(held);  // what they gave so far, before the subqueries move on
      for (std::int64_t& weight : out.weights) weight = -weight;
      for (std::size_t i = 0; i < states_.size(); ++i) states_[i].Apply(*inputs[i + 1]);
      MakeEvaluators();
      out = Joined(std::move(out), Compute(held));
    } else if (evaluators_.empty()) {
      MakeEvaluators();
    }
    out = Joined(std::move(out), Compute(*inputs[0]));
    Hold(*inputs[0]);
    return out;
  }
  std::uint64_t state_bytes() const override {
    std::uint64_t bytes = static_cast<std::uint64_t>(bytes_);
    for (const SubqueryState& state : states_) bytes += state.bytes();
    return bytes;
  }

 protected:
  // What these rows give with the subqueries as the evaluators know them.
  virtual Deltas Apply(const Deltas& rows, std::vector<ScalarEvaluator>& evaluators) = 0;

 private:
  Value FirstCell(const Relation& relation) override { return StateOf(relation).First(); }
  const Members& MembersOf(const Relation& relation) override { return StateOf(relation); }
  const SubqueryState& StateOf(const Relation& relation) const {
    const auto at = std::find(subqueries_.begin(), subqueries_.end(), &relation);
    return states_[static_cast<std::size_t>(at - subqueries_.begin())];
  }

  // Evaluators keep the results of subqueries, so a change needs new ones.
  void MakeEvaluators() {
    SubqueryResults* const results = this;
    evaluators_.clear();
    for (const ScalarPtr& scalar : scalars_) evaluators_.emplace_back(scalar, context_, results);
  }
  Deltas Compute(const Deltas& rows) { return rows.rows() == 0 ? Deltas() : Apply(rows, evaluators_); }

  Deltas HeldRows() const {
    DeltaBuilder rows(columns_);
    for (const auto& [order, held] : held_) rows.Add(held.first, held.second);
    return rows.Take();
  }

  static Deltas Joined(Deltas a, const Deltas& b) {
    if (a.rows() == 0) return b;
    if (b.rows() == 0) return a;
    DeltaBuilder out(std::max(a.block.columns.size(), b.block.columns.size()));
    for (std::size_t row = 0; row < a.rows(); ++row) out.Add(RowAt(a, row), a.weights[row]);
    for (std::size_t row = 0; row < b.rows(); ++row) out.Add(RowAt(b, row), b.weights[row]);
    return out.Take();
  }

  void Hold(const Deltas& rows) {
    columns_ = std::max(columns_, rows.block.columns.size());
    for (std::size_t row = 0; row < rows.rows(); ++row) HoldRow(RowAt(rows, row), rows.weights[row]);
  }
  void HoldRow(KeptRow row, std::int64_t weight) {
    auto [at, end] = held_.equal_range(row.order);
    for (; at != end; ++at) {
      const KeptRow& kept = at->second.first;
      if (kept.id != row.id || !std::equal(kept.cells.begin(), kept.cells.end(), row.cells.begin(), SameKey)) continue;
      at->second.second += weight;
      if (at->second.second != 0) return;
      bytes_ -= static_cast<std::int64_t>(RowBytes(kept));
      held_.erase(at);
      return;
    }
    bytes_ += static_cast<std::int64_t>(RowBytes(row));
    const std::uint64_t order = row.order;
    held_.emplace(order, std::pair(std::move(row), weight));
  }

  ExecutionContext& context_;
  const std::vector<ScalarPtr> scalars_;
  const std::vector<const Relation*> subqueries_;
  std::vector<SubqueryState> states_;
  std::vector<ScalarEvaluator> evaluators_;
  std::multimap<std::uint64_t, std::pair<KeptRow, std::int64_t>> held_;
  std::size_t columns_ = 0;
  std::int64_t bytes_ = 0;
};

class DependentFilterNode final : public DependentNode {
 public:
  using DependentNode::DependentNode;

 private:
  Deltas Apply(const Deltas& rows, std::vector<ScalarEvaluator>& predicates) override {
    Deltas passing = rows;
    for (ScalarEvaluator& predicate : predicates) {
      if (passing.rows() == 0) break;
      const CellsPtr passes = predicate.Evaluate(passing.block);
      std::vector<std::uint32_t> kept;
      for (std::uint32_t row = 0; row < passing.rows(); ++row) {
        if ((*passes)[row].is_true()) kept.push_back(row);
      }
      passing = Select(std::move(passing), kept);
    }
    return passing;
  }
};

class DependentProjectNode final : public DependentNode {
 public:
  using DependentNode::DependentNode;

 private:
  Deltas Apply(const Deltas& rows, std::vector<ScalarEvaluator>& outputs) override {
    Deltas projected = rows;
    projected.block.columns.clear();
    projected.held.clear();
    for (ScalarEvaluator& output : outputs) projected.block.columns.push_back(output.Evaluate(rows.block));
    return projected;
  }
};

}  // namespace

NodePtr MakeDependentFilterNode(ExecutionContext& context, std::vector<ScalarPtr> predicates, std::vector<const Relation*> subqueries) {
  return std::make_unique<DependentFilterNode>(context, std::move(predicates), std::move(subqueries));
}
NodePtr MakeDependentProjectNode(ExecutionContext& context, std::vector<ScalarPtr> outputs, std::vector<const Relation*> subqueries) {
  return std::make_unique<DependentProjectNode>(context, std::move(outputs), std::move(subqueries));
}

}  // namespace zoomwatch::kql::incremental
