#include "common/kql/optimizer.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace zoomwatch::kql {
namespace {

template <typename RelationType, typename Visitor>
void ForEachScalar(RelationType& relation, const Visitor& visit) {
  const auto visit_set = [&visit](auto& scalar) {
    if (scalar != nullptr) visit(scalar);
  };
  visit_set(relation.range_from);
  visit_set(relation.range_to);
  visit_set(relation.range_step);
  visit_set(relation.predicate);
  visit_set(relation.limit);
  visit_set(relation.parsed);
  for (auto& output : relation.outputs) visit(output);
  for (auto& key : relation.keys) visit(key);
  for (auto& key : relation.left_keys) visit(key);
  for (auto& key : relation.right_keys) visit(key);
  for (auto& call : relation.aggregates) {
    for (auto& argument : call.arguments) visit(argument);
  }
  for (auto& key : relation.order) visit(key.value);
  for (auto& expansion : relation.expansions) visit(expansion.value);
}

bool FiltersLeftFirst(JoinKind kind) {
  return kind == JoinKind::kInnerUnique || kind == JoinKind::kInner || kind == JoinKind::kLeftOuter || KeepsOnlyLeft(kind);
}

using Conjuncts = std::vector<ScalarPtr>;

void SplitInto(const ScalarPtr& predicate, Conjuncts& conjuncts) {
  if (predicate->kind != ScalarKind::kOperator || predicate->op != Op::kAnd) {
    conjuncts.push_back(predicate);
    return;
  }
  for (const ScalarPtr& child : predicate->children) SplitInto(child, conjuncts);
}

ScalarPtr Joined(const Conjuncts& conjuncts) {
  if (conjuncts.size() == 1) return conjuncts[0];
  auto all = std::make_shared<Scalar>();
  all->kind = ScalarKind::kOperator;
  all->type = Type::kBool;
  all->op = Op::kAnd;
  all->span = Cover(conjuncts.front()->span, conjuncts.back()->span);
  all->per_query = std::all_of(conjuncts.begin(), conjuncts.end(), [](const ScalarPtr& child) { return child->per_query; });
  all->children = conjuncts;
  return all;
}

// The expression over other columns, as `column_at` says; none when it says none for one of them.
template <typename Mapping>
std::optional<ScalarPtr> Mapped(const ScalarPtr& scalar, const Mapping& column_at) {
  if (scalar->kind == ScalarKind::kColumn) {
    const std::optional<std::size_t> column = column_at(scalar->column);
    if (!column) return std::nullopt;
    auto moved = std::make_shared<Scalar>(*scalar);
    moved->column = *column;
    return moved;
  }
  if (scalar->children.empty()) return scalar;
  auto copy = std::make_shared<Scalar>(*scalar);
  for (ScalarPtr& child : copy->children) {
    auto mapped = Mapped(child, column_at);
    if (!mapped) return std::nullopt;
    child = std::move(*mapped);
  }
  return copy;
}

bool ReadsRow(const Scalar& scalar) {
  if (scalar.kind == ScalarKind::kColumn) return true;
  return std::any_of(scalar.children.begin(), scalar.children.end(), [](const ScalarPtr& child) { return ReadsRow(*child); });
}

class Rewriting {
 public:
  RelationPtr Run(const RelationPtr& root) {
    CountReaders(*root);
    return filters_could_move_ ? Rewritten(root) : root;
  }

 private:
  void CountReaders(const Relation& relation) {
    if (++readers_[&relation] > 1) return;
    filters_could_move_ = filters_could_move_ || (relation.kind == RelationKind::kJoin && FiltersLeftFirst(relation.join));
    for (const RelationPtr& input : relation.inputs) CountReaders(*input);
    if (relation.applied != nullptr) CountReaders(*relation.applied);
    ForEachScalar(relation, [this](const ScalarPtr& scalar) { CountReaders(*scalar); });
  }
  void CountReaders(const Scalar& scalar) {
    if (scalar.relation != nullptr) CountReaders(*scalar.relation);
    for (const ScalarPtr& child : scalar.children) CountReaders(*child);
  }

  RelationPtr Rewritten(const RelationPtr& relation) {
    const auto done = done_.find(relation.get());
    if (done != done_.end()) return done->second;
    std::vector<bool> none;
    RelationPtr result = Pushed(relation, {}, none);
    done_.emplace(relation.get(), result);
    return result;
  }

  // The relation with those of the conjuncts moved into it that could be; they are marked in `taken`. All are over its columns.
  RelationPtr Pushed(const RelationPtr& relation, const Conjuncts& conjuncts, std::vector<bool>& taken) {
    taken.assign(conjuncts.size(), false);
    switch (relation->kind) {
      case RelationKind::kFilter: return ThroughFilter(relation, conjuncts, taken);
      case RelationKind::kProject: return ThroughProject(relation, conjuncts, taken);
      case RelationKind::kSort: return WithInput(relation, PushedBelow(relation->inputs[0], conjuncts, taken));
      case RelationKind::kJoin: return IntoJoin(relation, conjuncts, taken);
      case RelationKind::kTable:
      case RelationKind::kRows:
      case RelationKind::kRange:
      case RelationKind::kInput:
      case RelationKind::kAggregate:
      case RelationKind::kUnion:
      case RelationKind::kTop:
      case RelationKind::kTake:
      case RelationKind::kExpand:
      case RelationKind::kApply:
      case RelationKind::kParse:
      case RelationKind::kSerialize: return WithInputs(relation);
    }
    return relation;
  }

  // The same for an input, where other readers may not want the conjuncts.
  RelationPtr PushedBelow(const RelationPtr& input, const Conjuncts& conjuncts, std::vector<bool>& taken) {
    if (!conjuncts.empty() && readers_[input.get()] == 1) return Pushed(input, conjuncts, taken);
    taken.assign(conjuncts.size(), false);
    return Rewritten(input);
  }

  RelationPtr ThroughFilter(const RelationPtr& relation, const Conjuncts& conjuncts, std::vector<bool>& taken) {
    Conjuncts all = conjuncts;
    SplitInto(relation->predicate, all);
    std::vector<bool> all_taken;
    RelationPtr input = PushedBelow(relation->inputs[0], all, all_taken);
    Conjuncts kept;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i < conjuncts.size()) {
        taken[i] = all_taken[i];
      } else if (!all_taken[i]) {
        kept.push_back(all[i]);
      }
    }
    if (kept.empty()) return input;
    if (kept.size() + conjuncts.size() == all.size()) return WithInput(relation, std::move(input));
    Relation filter = *relation;
    filter.predicate = Joined(kept);
    filter.inputs = {std::move(input)};
    return Finished(std::move(filter));
  }

  RelationPtr ThroughProject(const RelationPtr& relation, const Conjuncts& conjuncts, std::vector<bool>& taken) {
    if (relation->needs_order) return WithInputs(relation);
    const auto column_at = [&relation](std::size_t column) {
      const Scalar& output = *relation->outputs[column];
      return output.kind == ScalarKind::kColumn ? std::optional<std::size_t>(output.column) : std::nullopt;
    };
    Conjuncts below;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < conjuncts.size(); ++i) {
      auto mapped = Mapped(conjuncts[i], column_at);
      if (!mapped) continue;
      below.push_back(std::move(*mapped));
      places.push_back(i);
    }
    std::vector<bool> below_taken;
    RelationPtr input = PushedBelow(relation->inputs[0], below, below_taken);
    for (std::size_t i = 0; i < places.size(); ++i) taken[places[i]] = below_taken[i];
    return WithInput(relation, std::move(input));
  }

  RelationPtr IntoJoin(const RelationPtr& relation, const Conjuncts& conjuncts, std::vector<bool>& taken) {
    if (!FiltersLeftFirst(relation->join)) return WithInputs(relation);
    const auto column_at = [&relation](std::size_t column) {
      const JoinOutput& output = relation->join_outputs[column];
      return output.right ? std::nullopt : std::optional<std::size_t>(output.column);
    };
    Conjuncts of_left;
    for (std::size_t i = 0; i < conjuncts.size(); ++i) {
      auto mapped = ReadsRow(*conjuncts[i]) ? Mapped(conjuncts[i], column_at) : std::nullopt;
      if (!mapped) continue;
      of_left.push_back(std::move(*mapped));
      taken[i] = true;
    }
    if (of_left.empty()) return WithInputs(relation);
    Relation filter;
    filter.kind = RelationKind::kFilter;
    filter.span = of_left.front()->span;
    filter.schema = relation->inputs[0]->schema;
    filter.predicate = Joined(of_left);
    filter.inputs = {relation->inputs[0]};
    RelationPtr left = std::make_shared<const Relation>(std::move(filter));
    readers_[left.get()] = 1;
    fresh_.push_back(left);
    Relation join = *relation;
    join.inputs = {Rewritten(left), Rewritten(relation->inputs[1])};
    return Finished(std::move(join));
  }

  RelationPtr WithInput(const RelationPtr& relation, RelationPtr input) {
    Relation copy = *relation;
    copy.inputs = {std::move(input)};
    return Settled(relation, std::move(copy));
  }

  RelationPtr WithInputs(const RelationPtr& relation) {
    Relation copy = *relation;
    for (RelationPtr& input : copy.inputs) input = Rewritten(input);
    if (copy.applied != nullptr) copy.applied = Rewritten(copy.applied);
    return Settled(relation, std::move(copy));
  }

  // The node itself when nothing below it has changed.
  RelationPtr Settled(const RelationPtr& relation, Relation copy) {
    bool changed = copy.inputs != relation->inputs || copy.applied != relation->applied;
    ForEachScalar(copy, [this, &changed](ScalarPtr& scalar) {
      ScalarPtr rewritten = Rewritten(scalar);
      changed = changed || rewritten != scalar;
      scalar = std::move(rewritten);
    });
    return changed ? Measured(std::move(copy)) : relation;
  }

  RelationPtr Finished(Relation relation) {
    ForEachScalar(relation, [this](ScalarPtr& scalar) { scalar = Rewritten(scalar); });
    return Measured(std::move(relation));
  }

  static RelationPtr Measured(Relation relation) {
    for (const RelationPtr& input : relation.inputs) relation.depth = std::max(relation.depth, input->depth + 1);
    if (relation.applied != nullptr) relation.depth = std::max(relation.depth, relation.applied->depth + 1);
    return std::make_shared<const Relation>(std::move(relation));
  }

  // Subqueries in expressions are plans too.
  ScalarPtr Rewritten(const ScalarPtr& scalar) {
    RelationPtr relation = scalar->relation == nullptr ? nullptr : Rewritten(scalar->relation);
    bool changed = relation != scalar->relation;
    std::vector<ScalarPtr> children;
    for (const ScalarPtr& child : scalar->children) {
      children.push_back(Rewritten(child));
      changed = changed || children.back() != child;
    }
    if (!changed) return scalar;
    auto copy = std::make_shared<Scalar>(*scalar);
    copy->relation = std::move(relation);
    copy->children = std::move(children);
    return copy;
  }

  bool filters_could_move_ = false;  // there is a join that takes them
  std::unordered_map<const Relation*, std::size_t> readers_;
  std::unordered_map<const Relation*, RelationPtr> done_;
  std::vector<RelationPtr> fresh_;  // keys of the maps above that nothing else holds
};

}  // namespace

RelationPtr Optimize(const RelationPtr& root) { return root == nullptr ? nullptr : Rewriting().Run(root); }

}  // namespace zoomwatch::kql
