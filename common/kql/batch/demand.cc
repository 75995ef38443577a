#include "common/kql/batch/demand.h"

#include <utility>

#include "common/kql/batch/bounds.h"

namespace zoomwatch::kql::batch {
namespace {

void CollectScalar(const ScalarPtr& scalar, std::vector<const Scalar*>& scalars) {
  if (scalar != nullptr) scalars.push_back(scalar.get());
}

// Every expression of a relation.
std::vector<const Scalar*> ScalarsOf(const Relation& relation) {
  std::vector<const Scalar*> scalars;
  CollectScalar(relation.range_from, scalars);
  CollectScalar(relation.range_to, scalars);
  CollectScalar(relation.range_step, scalars);
  CollectScalar(relation.predicate, scalars);
  for (const ScalarPtr& output : relation.outputs) CollectScalar(output, scalars);
  for (const ScalarPtr& key : relation.keys) CollectScalar(key, scalars);
  for (const AggregateCall& call : relation.aggregates) {
    for (const ScalarPtr& argument : call.arguments) CollectScalar(argument, scalars);
  }
  for (const ScalarPtr& key : relation.left_keys) CollectScalar(key, scalars);
  for (const ScalarPtr& key : relation.right_keys) CollectScalar(key, scalars);
  for (const SortKey& key : relation.order) CollectScalar(key.value, scalars);
  CollectScalar(relation.limit, scalars);
  for (const Expansion& expansion : relation.expansions) CollectScalar(expansion.value, scalars);
  CollectScalar(relation.parsed, scalars);
  return scalars;
}

void CollectRelations(const Scalar& scalar, std::vector<const Relation*>& relations) {
  if (scalar.relation != nullptr) relations.push_back(scalar.relation.get());
  for (const ScalarPtr& child : scalar.children) CollectRelations(*child, relations);
}

// Walks the plan from its leaves to the root, once per node, then hands demands down from the root.
class Analysis {
 public:
  explicit Analysis(Ticks now) : now_(now) {}

  Demands Run(const Relation& root) {
    Visit(root, false);
    Demand& of_root = demands_[&root];
    of_root.columns.assign(root.schema.size(), true);
    ++of_root.readers;
    for (auto relation = order_.rbegin(); relation != order_.rend(); ++relation) HandDown(**relation);
    return std::move(demands_);
  }

 private:
  // Returns whether the relation depends on the rows of an mv-apply.
  bool Visit(const Relation& relation, bool applied) {
    const auto [found, added] = demands_.try_emplace(&relation);
    if (!added) return found->second.below_input;
    found->second.columns.assign(relation.schema.size(), false);
    found->second.applied = applied;
    bool below_input = relation.kind == RelationKind::kInput;
    for (const RelationPtr& input : relation.inputs) below_input |= Visit(*input, applied);
    std::vector<const Relation*> subqueries;
    for (const Scalar* scalar : ScalarsOf(relation)) CollectRelations(*scalar, subqueries);
    for (const Relation* subquery : subqueries) below_input |= Visit(*subquery, applied);
    if (relation.kind == RelationKind::kApply) {
      applies_[relation.applied_input.get()] = &relation;
      below_input |= Visit(*relation.applied, true) && applied;
    }
    demands_[&relation].below_input = below_input;
    order_.push_back(&relation);
    return below_input;
  }

  void Want(const Scalar& scalar, const Relation& input) {
    if (scalar.kind == ScalarKind::kColumn) demands_[&input].columns[scalar.column] = true;
    for (const ScalarPtr& child : scalar.children) Want(*child, input);
  }

  // One reader's bounds join those of the readers before it.
  void AddReader(const Relation& input, const RowBounds& bounds) {
    Demand& demand = demands_[&input];
    demand.bounds = demand.readers == 0 ? bounds : Hull(demand.bounds, bounds);
    ++demand.readers;
  }

  void HandDown(const Relation& relation) {
    for (const Scalar* scalar : ScalarsOf(relation)) HandDownToSubqueries(*scalar);
    const Demand demand = demands_[&relation];
    switch (relation.kind) {
      case RelationKind::kTable:
      case RelationKind::kRows:
      case RelationKind::kRange: return;
      case RelationKind::kInput: return ThroughInput(relation, demand);
      case RelationKind::kFilter:
      case RelationKind::kSort:
      case RelationKind::kTop:
      case RelationKind::kTake:
      case RelationKind::kSerialize: return ThroughSameColumns(relation, demand);
      case RelationKind::kProject: return ThroughProject(relation, demand);
      case RelationKind::kAggregate: return ThroughAggregate(relation, demand);
      case RelationKind::kJoin: return ThroughJoin(relation, demand);
      case RelationKind::kUnion: return ThroughUnion(relation, demand);
      case RelationKind::kExpand:
      case RelationKind::kParse: return ThroughCarried(relation, relation.carried, demand);
      case RelationKind::kApply: return ThroughApply(relation, demand);
    }
  }

  void HandDownToSubqueries(const Scalar& scalar) {
    if (scalar.relation != nullptr) {
      if (!scalar.relation->schema.empty()) demands_[scalar.relation.get()].columns[0] = true;
      AddReader(*scalar.relation, {});
    }
    for (const ScalarPtr& child : scalar.children) HandDownToSubqueries(*child);
  }

  void ThroughSameColumns(const Relation& relation, const Demand& demand) {
    const Relation& input = *relation.inputs[0];
    for (std::size_t i = 0; i < demand.columns.size(); ++i) {
      if (demand.columns[i]) demands_[&input].columns[i] = true;
    }
    for (const SortKey& key : relation.order) Want(*key.value, input);
    if (relation.kind == RelationKind::kFilter) {
      Want(*relation.predicate, input);
      return AddReader(input, Intersect(BoundsOf(*relation.predicate, now_), demand.bounds));
    }
    // Which rows a limit keeps, and the row before, depend on all rows.
    AddReader(input, relation.kind == RelationKind::kSort ? demand.bounds : RowBounds());
  }

  void ThroughProject(const Relation& relation, const Demand& demand) {
    const Relation& input = *relation.inputs[0];
    RowBounds bounds;
    for (std::size_t i = 0; i < relation.outputs.size(); ++i) {
      const Scalar& output = *relation.outputs[i];
      if (demand.columns[i]) Want(output, input);
      const auto found = demand.bounds.find(i);
      if (found == demand.bounds.end() || output.kind != ScalarKind::kColumn || relation.needs_order) continue;
      bounds = Intersect(std::move(bounds), {{output.column, found->second}});
    }
    AddReader(input, bounds);
  }

  void ThroughAggregate(const Relation& relation, const Demand& demand) {
    const Relation& input = *relation.inputs[0];
    RowBounds bounds;
    for (std::size_t i = 0; i < relation.keys.size(); ++i) {
      Want(*relation.keys[i], input);
      const auto found = demand.bounds.find(i);
      if (found != demand.bounds.end() && relation.keys[i]->kind == ScalarKind::kColumn) {
        bounds = Intersect(std::move(bounds), {{relation.keys[i]->column, found->second}});
      }
    }
    for (const AggregateCall& call : relation.aggregates) {
      for (const ScalarPtr& argument : call.arguments) Want(*argument, input);
    }
    AddReader(input, bounds);
  }

  void ThroughJoin(const Relation& relation, const Demand& demand) {
    const Relation& left = *relation.inputs[0];
    const Relation& right = *relation.inputs[1];
    const JoinKind kind = relation.join;
    // innerunique: another row of the same key could survive if fewer came in.
    const bool bounds_left = kind == JoinKind::kInner || kind == JoinKind::kLeftOuter || KeepsOnlyLeft(kind);
    const bool bounds_right = kind == JoinKind::kInner || kind == JoinKind::kRightOuter || KeepsOnlyRight(kind);
    RowBounds of_left, of_right;
    for (std::size_t i = 0; i < relation.join_outputs.size(); ++i) {
      const JoinOutput& output = relation.join_outputs[i];
      if (demand.columns[i]) demands_[output.right ? &right : &left].columns[output.column] = true;
      const auto found = demand.bounds.find(i);
      if (found == demand.bounds.end() || !(output.right ? bounds_right : bounds_left)) continue;
      RowBounds& bounds = output.right ? of_right : of_left;
      bounds = Intersect(std::move(bounds), {{output.column, found->second}});
    }
    for (const ScalarPtr& key : relation.left_keys) Want(*key, left);
    for (const ScalarPtr& key : relation.right_keys) Want(*key, right);
    AddReader(left, of_left);
    AddReader(right, of_right);
  }

  void ThroughUnion(const Relation& relation, const Demand& demand) {
    for (std::size_t i = 0; i < relation.inputs.size(); ++i) {
      const Relation& input = *relation.inputs[i];
      RowBounds bounds;
      for (std::size_t c = 0; c < relation.union_columns[i].size(); ++c) {
        const std::optional<std::size_t>& source = relation.union_columns[i][c];
        if (!source) continue;
        if (demand.columns[c]) demands_[&input].columns[*source] = true;
        const auto found = demand.bounds.find(c);
        if (found != demand.bounds.end()) bounds = Intersect(std::move(bounds), {{*source, found->second}});
      }
      AddReader(input, bounds);
    }
  }

  void ThroughCarried(const Relation& relation, const std::vector<std::optional<std::size_t>>& carried,
                      const Demand& demand) {
    const Relation& input = *relation.inputs[0];
    RowBounds bounds;
    for (std::size_t c = 0; c < carried.size(); ++c) {
      if (!carried[c]) continue;
      if (demand.columns[c]) demands_[&input].columns[*carried[c]] = true;
      const auto found = demand.bounds.find(c);
      if (found != demand.bounds.end()) bounds = Intersect(std::move(bounds), {{*carried[c], found->second}});
    }
    for (const Expansion& expansion : relation.expansions) Want(*expansion.value, input);
    if (relation.parsed != nullptr) Want(*relation.parsed, input);
    AddReader(input, bounds);
  }

  void ThroughApply(const Relation& relation, const Demand& demand) {
    const Relation& input = *relation.inputs[0];
    for (std::size_t i = 0; i < relation.join_outputs.size(); ++i) {
      const JoinOutput& output = relation.join_outputs[i];
      if (demand.columns[i]) demands_[output.right ? relation.applied.get() : &input].columns[output.column] = true;
    }
    for (const Expansion& expansion : relation.expansions) Want(*expansion.value, input);
    AddReader(input, {});
    AddReader(*relation.applied, {});
  }

  // The expanded rows carry columns of the mv-apply's input.
  void ThroughInput(const Relation& relation, const Demand& demand) {
    const Relation& apply = *applies_.at(&relation);
    for (std::size_t c = 0; c < apply.carried.size(); ++c) {
      if (apply.carried[c] && demand.columns[c]) demands_[apply.inputs[0].get()].columns[*apply.carried[c]] = true;
    }
  }

  const Ticks now_;
  Demands demands_;
  std::vector<const Relation*> order_;  // inputs before their readers
  std::unordered_map<const Relation*, const Relation*> applies_;  // by the kInput in their subquery
};

}  // namespace

Demands ComputeDemands(const Relation& root, Ticks now) { return Analysis(now).Run(root); }

}  // namespace zoomwatch::kql::batch
