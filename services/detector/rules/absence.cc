#include "services/detector/rules/absence.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace zoomwatch::detector {
namespace {

using kql::JoinKind;
using kql::Relation;
using kql::RelationKind;
using kql::Scalar;
using kql::ScalarKind;
using kql::ScalarPtr;

// A missing row on the left (on the right) of the join makes rows.
bool MakesRowsWithoutLeft(JoinKind kind) {
  return kind == JoinKind::kRightAnti || kind == JoinKind::kRightOuter || kind == JoinKind::kFullOuter;
}
bool MakesRowsWithoutRight(JoinKind kind) {
  return kind == JoinKind::kLeftAnti || kind == JoinKind::kLeftOuter || kind == JoinKind::kFullOuter;
}

class Search {
 public:
  bool Depends(const Relation& relation) {
    if (!visited_.insert(&relation).second) return false;
    if (relation.kind == RelationKind::kJoin) {
      if (MakesRowsWithoutLeft(relation.join) && ReadsTable(*relation.inputs[0])) return true;
      if (MakesRowsWithoutRight(relation.join) && ReadsTable(*relation.inputs[1])) return true;
    }
    if (relation.predicate != nullptr && DependsAsCondition(*relation.predicate)) return true;
    for (const std::vector<ScalarPtr>* scalars : {&relation.outputs, &relation.keys, &relation.left_keys, &relation.right_keys}) {
      if (std::any_of(scalars->begin(), scalars->end(), [this](const ScalarPtr& scalar) { return HasSubqueryOfTable(*scalar); })) return true;
    }
    for (const kql::AggregateCall& call : relation.aggregates) {
      for (const ScalarPtr& argument : call.arguments) {
        if (HasSubqueryOfTable(*argument)) return true;
      }
    }
    if (relation.applied != nullptr && Depends(*relation.applied)) return true;
    return std::any_of(relation.inputs.begin(), relation.inputs.end(), [this](const auto& input) { return Depends(*input); });
  }

 private:
  // A conjunct of a filter: a table that has more rows lets more rows pass `in`.
  bool DependsAsCondition(const Scalar& scalar) {
    if (scalar.kind == ScalarKind::kOperator && scalar.op == kql::Op::kAnd) {
      return std::any_of(scalar.children.begin(), scalar.children.end(), [this](const ScalarPtr& child) { return DependsAsCondition(*child); });
    }
    if (scalar.kind == ScalarKind::kInTable && !scalar.negated) return Depends(*scalar.relation) || HasSubqueryOfTable(*scalar.children[0]);
    return HasSubqueryOfTable(scalar);
  }

  bool ReadsTable(const Relation& relation) {
    if (relation.kind == RelationKind::kTable) return true;
    const auto [known, added] = reads_table_.try_emplace(&relation, false);
    if (!added) return known->second;
    bool reads = std::any_of(relation.inputs.begin(), relation.inputs.end(), [this](const auto& input) { return ReadsTable(*input); });
    reads = reads || (relation.applied != nullptr && ReadsTable(*relation.applied));
    reads = reads || (relation.predicate != nullptr && HasSubqueryOfTable(*relation.predicate));
    for (const ScalarPtr& output : relation.outputs) reads = reads || HasSubqueryOfTable(*output);
    return reads_table_[&relation] = reads;
  }

  // Also where the rows are written in the query, a table may say which of them there are.
  bool HasSubqueryOfTable(const Scalar& scalar) {
    if (scalar.relation != nullptr && ReadsTable(*scalar.relation)) return true;
    return std::any_of(scalar.children.begin(), scalar.children.end(), [this](const ScalarPtr& child) { return HasSubqueryOfTable(*child); });
  }

  std::unordered_set<const Relation*> visited_;
  std::unordered_map<const Relation*, bool> reads_table_;
};

}  // namespace

bool DependsOnAbsence(const Relation& root) { return Search().Depends(root); }

}  // namespace zoomwatch::detector
