// summarize, distinct, count over an input with retractions. A group whose row changed within the tick is one retraction and one
// insert; a group that came and went within it shows nothing.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "common/kql/compare.h"
#include "common/kql/convert.h"
#include "common/kql/incremental/live_aggregate.h"
#include "common/kql/incremental/nodes.h"
#include "common/kql/incremental/row_key.h"

namespace zoomwatch::kql::incremental {

namespace {

// The same in every process and for every spelling of a number, unlike HashKey().
std::uint64_t StableHash(const RowKey& key) {
  std::uint64_t hash = 0x6B7F4B1D;
  for (const Value& value : key) {
    for (const char c : ToText(value)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    hash = CombineIds(hash, static_cast<std::uint64_t>(value.kind()));
  }
  return hash;
}

class AggregateNode final : public Node {
 public:
  AggregateNode(NodeContext context, const Relation& relation) : relation_(relation) {
    for (const ScalarPtr& key : relation.keys) keys_.emplace_back(key, context.execution, nullptr);
    for (const AggregateCall& call : relation.aggregates) {
      std::vector<ScalarEvaluator> arguments;
      for (const ScalarPtr& argument : call.arguments) arguments.emplace_back(argument, context.execution, nullptr);
      arguments_.push_back(std::move(arguments));
    }
  }

  absl::StatusOr<Deltas> Tick(Ticks, const std::vector<Deltas*>& inputs) override {
    const Deltas& input = *inputs[0];
    std::vector<Group*> changed;
    if (!std::exchange(started_, true) && relation_.keys.empty()) Touch(GroupOf({}, 0), changed);  // one row even without input
    if (input.rows() > 0) Add(input, changed);
    DeltaBuilder out(relation_.schema.size());
    for (Group* group : changed) Settle(*group, out);
    return out.Take();
  }
  Ticks NextDue() const override {
    return started_ || !relation_.keys.empty() ? kNever : std::numeric_limits<Ticks>::min();
  }
  std::uint64_t state_bytes() const override { return bytes_; }

 private:
  struct Group {
    RowKey key;
    std::vector<std::unique_ptr<LiveAggregate>> aggregates;
    std::int64_t rows = 0;
    std::uint64_t order = 0;
    std::uint64_t bytes = 0;         // as counted in bytes_
    std::optional<KeptRow> shown;    // what was emitted last
    bool touched = false;            // in this tick
  };

  Group& GroupOf(RowKey key, std::uint64_t order) {
    const auto at = groups_.find(key);
    if (at != groups_.end()) return at->second;
    Group group{.key = key, .aggregates = {}, .order = order};
    for (const AggregateCall& call : relation_.aggregates) group.aggregates.push_back(MakeLiveAggregate(call));
    return groups_.emplace(std::move(key), std::move(group)).first->second;
  }

  static void Touch(Group& group, std::vector<Group*>& changed) {
    if (!std::exchange(group.touched, true)) changed.push_back(&group);  // pointers into an unordered_map are stable
  }

  void Add(const Deltas& input, std::vector<Group*>& changed) {
    std::vector<CellsPtr> keys;
    for (ScalarEvaluator& key : keys_) keys.push_back(key.Evaluate(input.block));
    std::vector<std::vector<CellsPtr>> arguments;
    for (auto& evaluators : arguments_) {
      std::vector<CellsPtr>& cells = arguments.emplace_back();
      for (ScalarEvaluator& evaluator : evaluators) cells.push_back(evaluator.Evaluate(input.block));
    }
    std::vector<Value> values;
    for (std::size_t row = 0; row < input.rows(); ++row) {
      RowKey key;
      for (const CellsPtr& cells : keys) key.push_back((*cells)[row]);
      Group& group = GroupOf(std::move(key), input.orders[row]);
      Touch(group, changed);
      group.rows += input.weights[row];
      for (std::size_t i = 0; i < arguments.size(); ++i) {
        values.clear();
        for (const CellsPtr& cells : arguments[i]) values.push_back((*cells)[row]);
        group.aggregates[i]->Add(values, input.weights[row], input.position(row));
      }
    }
  }

  void Settle(Group& group, DeltaBuilder& out) {
    group.touched = false;
    const bool gone = group.rows == 0 && !relation_.keys.empty();
    if (gone) {
      if (group.shown) out.Add(*group.shown, -1);
      bytes_ -= group.bytes;
      const RowKey key = group.key;
      groups_.erase(key);
      return;
    }
    KeptRow row{.cells = group.key, .order = group.order, .id = StableHash(group.key)};
    for (const auto& aggregate : group.aggregates) aggregate->AppendTo(row.cells);
    for (std::size_t c = 0; c < row.cells.size(); ++c) {  // a string has no null: max() of nothing is ""
      const Column& column = relation_.schema[c];
      if (row.cells[c].is_null() && column.type == Type::kString && !column.loose) row.cells[c] = Value::String("");
    }
    if (!group.shown || !std::equal(row.cells.begin(), row.cells.end(), group.shown->cells.begin(), SameKey)) {
      if (group.shown) out.Add(*group.shown, -1);
      out.Add(row, 1);
      group.shown = std::move(row);
    }
    Count(group);
  }

  void Count(Group& group) {
    std::uint64_t bytes = sizeof(Group) + 2 * group.key.size() * sizeof(Value) + 64;
    for (const Value& value : group.key) bytes += value.MemoryBytes();
    for (const auto& aggregate : group.aggregates) bytes += aggregate->bytes();
    if (group.shown) bytes += RowBytes(*group.shown);
    bytes_ += bytes - group.bytes;
    group.bytes = bytes;
  }

  const Relation& relation_;
  std::vector<ScalarEvaluator> keys_;
  std::vector<std::vector<ScalarEvaluator>> arguments_;
  std::unordered_map<RowKey, Group, RowKeyHash, RowKeyEqual> groups_;
  std::uint64_t bytes_ = 0;
  bool started_ = false;
};

}  // namespace

NodePtr MakeAggregateNode(NodeContext context, const Relation& relation) {
  return std::make_unique<AggregateNode>(context, relation);
}

}  // namespace zoomwatch::kql::incremental
