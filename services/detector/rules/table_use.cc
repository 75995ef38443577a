#include "services/detector/rules/table_use.h"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "common/kql/incremental/temporal.h"

namespace zoomwatch::detector {
namespace {

using kql::Relation;
using kql::RelationKind;
using kql::RelationPtr;
using kql::Scalar;
using kql::ScalarKind;
using kql::ScalarPtr;
using Conditions = std::vector<ScalarPtr>;

bool IsOfRowAlone(const Scalar& scalar) {
  if (scalar.relation != nullptr) return false;
  if (scalar.kind == ScalarKind::kCall) {
    using kql::SpecialForm;
    const SpecialForm form = scalar.function->special;
    const bool other_rows = form == SpecialForm::kPrev || form == SpecialForm::kNext || form == SpecialForm::kRowNumber ||
                            form == SpecialForm::kRowCumSum;
    if (other_rows || form == SpecialForm::kNow || form == SpecialForm::kIngestionTime || !scalar.function->constant_foldable) return false;
  }
  return std::all_of(scalar.children.begin(), scalar.children.end(), [](const ScalarPtr& child) { return IsOfRowAlone(*child); });
}

// An expression that was put together of others has at most so many nodes: columns made of columns could double it at each step.
constexpr std::size_t kMaxNodes = 256;

// The condition with every column replaced by `expression_of` it; null when that is null for one of them or it becomes too large.
template <typename Mapping>
ScalarPtr Mapped(const ScalarPtr& scalar, const Mapping& expression_of, std::size_t& nodes) {
  if (++nodes > kMaxNodes) return nullptr;
  if (scalar->kind == ScalarKind::kColumn) return expression_of(*scalar, nodes);
  auto copy = std::make_shared<Scalar>(*scalar);
  for (ScalarPtr& child : copy->children) {
    child = Mapped(child, expression_of, nodes);
    if (child == nullptr) return nullptr;
  }
  return copy;
}

template <typename Mapping>
Conditions AllMapped(const Conditions& conditions, const Mapping& expression_of) {
  Conditions mapped;
  for (const ScalarPtr& condition : conditions) {
    std::size_t nodes = 0;
    if (ScalarPtr one = Mapped(condition, expression_of, nodes)) mapped.push_back(std::move(one));
  }
  return mapped;
}

ScalarPtr Moved(const Scalar& column, std::size_t to) {
  auto moved = std::make_shared<Scalar>(column);
  moved->column = to;
  return moved;
}

std::size_t NodesOf(const Scalar& scalar) {
  std::size_t nodes = 1;
  for (const ScalarPtr& child : scalar.children) nodes += NodesOf(*child);
  return nodes;
}

// `seen`: what is of the table, or being found out; a plan may read a part of it many times.
bool IsOfTable(const Relation& relation, std::size_t column, std::string_view name, std::set<std::pair<const Relation*, std::size_t>>& seen) {
  if (!seen.emplace(&relation, column).second) return true;
  const auto input = [&](std::size_t of, std::size_t its_column) { return IsOfTable(*relation.inputs[of], its_column, name, seen); };
  const auto scalar = [&](const ScalarPtr& value) { return value->kind == ScalarKind::kColumn && input(0, value->column); };
  switch (relation.kind) {
    case RelationKind::kTable: return relation.schema[column].name == name;
    case RelationKind::kFilter:
    case RelationKind::kSort:
    case RelationKind::kTop:
    case RelationKind::kTake:
    case RelationKind::kSerialize: return input(0, column);
    case RelationKind::kProject: return scalar(relation.outputs[column]);
    case RelationKind::kAggregate: return column < relation.keys.size() && scalar(relation.keys[column]);
    case RelationKind::kJoin: return input(relation.join_outputs[column].right ? 1 : 0, relation.join_outputs[column].column);
    case RelationKind::kExpand:
    case RelationKind::kParse: return column < relation.carried.size() && relation.carried[column] && input(0, *relation.carried[column]);
    case RelationKind::kUnion:
      for (std::size_t i = 0; i < relation.inputs.size(); ++i) {
        const std::optional<std::size_t>& source = relation.union_columns[i][column];
        if (source && !input(i, *source)) return false;
      }
      return true;
    case RelationKind::kRows:
    case RelationKind::kRange:
    case RelationKind::kInput:
    case RelationKind::kApply: return false;
  }
  return false;
}

class Search {
 public:
  std::vector<TableUse> Run(const RelationPtr& root) {
    CountReaders(*root);
    Visit(root, {});
    return std::move(uses_);
  }

 private:
  void CountReaders(const Relation& relation) {
    if (++readers_[&relation] > 1) return;
    for (const RelationPtr& input : relation.inputs) CountReaders(*input);
    ForEachSubquery(relation, [this](const RelationPtr& subquery) { CountReaders(*subquery); });
  }

  template <typename Visitor>
  static void ForEachSubquery(const Relation& relation, const Visitor& visit) {
    if (relation.predicate != nullptr) ForEachSubquery(*relation.predicate, visit);
    for (const ScalarPtr& output : relation.outputs) ForEachSubquery(*output, visit);
  }
  template <typename Visitor>
  static void ForEachSubquery(const Scalar& scalar, const Visitor& visit) {
    if (scalar.relation != nullptr) visit(scalar.relation);
    for (const ScalarPtr& child : scalar.children) ForEachSubquery(*child, visit);
  }

  // `conditions`: of its reader, over its columns. Of several readers each wants other rows, so none of theirs goes further.
  void Visit(const RelationPtr& relation, Conditions conditions) {
    if (readers_[relation.get()] > 1) {
      if (!shared_.insert(relation.get()).second) return;
      conditions.clear();
    }
    ForEachSubquery(*relation, [this](const RelationPtr& subquery) { Visit(subquery, {}); });
    switch (relation->kind) {
      case RelationKind::kTable: uses_.push_back({relation.get(), std::move(conditions)}); return;
      case RelationKind::kFilter: return ThroughFilter(*relation, std::move(conditions));
      case RelationKind::kProject: return ThroughProject(*relation, conditions);
      case RelationKind::kUnion: return ThroughUnion(*relation, conditions);
      case RelationKind::kSort:
      case RelationKind::kSerialize: return Visit(relation->inputs[0], std::move(conditions));
      case RelationKind::kRows:
      case RelationKind::kRange:
      case RelationKind::kInput:
      case RelationKind::kAggregate:
      case RelationKind::kJoin:
      case RelationKind::kTop:
      case RelationKind::kTake:
      case RelationKind::kExpand:
      case RelationKind::kApply:
      case RelationKind::kParse: break;
    }
    for (const RelationPtr& input : relation->inputs) Visit(input, {});
  }

  void ThroughFilter(const Relation& relation, Conditions conditions) {
    for (const ScalarPtr& condition : kql::incremental::Split(relation.predicate).rows) {
      if (IsOfRowAlone(*condition)) conditions.push_back(condition);
    }
    Visit(relation.inputs[0], std::move(conditions));
  }

  void ThroughProject(const Relation& relation, const Conditions& conditions) {
    if (relation.needs_order) return Visit(relation.inputs[0], {});
    Visit(relation.inputs[0], AllMapped(conditions, [&relation](const Scalar& column, std::size_t& nodes) -> ScalarPtr {
            const ScalarPtr& output = relation.outputs[column.column];
            if (output->kind == ScalarKind::kColumn) return Moved(column, output->column);
            // A loose column is converted where it is read.
            if (column.loose || column.type != output->type || !IsOfRowAlone(*output)) return nullptr;
            nodes += NodesOf(*output);
            return output;
          }));
  }

  void ThroughUnion(const Relation& relation, const Conditions& conditions) {
    for (std::size_t i = 0; i < relation.inputs.size(); ++i) {
      Visit(relation.inputs[i], AllMapped(conditions, [&](const Scalar& column, std::size_t&) -> ScalarPtr {
              const std::optional<std::size_t>& source = relation.union_columns[i][column.column];
              return source ? Moved(column, *source) : nullptr;
            }));
    }
  }

  std::unordered_map<const Relation*, std::size_t> readers_;
  std::unordered_set<const Relation*> shared_;  // of several readers, visited
  std::vector<TableUse> uses_;
};

}  // namespace

std::vector<TableUse> FindTableUses(const RelationPtr& root) { return Search().Run(root); }

bool KeepsColumn(const kql::Relation& root, std::string_view name) {
  const auto column = kql::FindColumn(root.schema, name);
  std::set<std::pair<const Relation*, std::size_t>> seen;
  return column && IsOfTable(root, *column, name, seen);
}

}  // namespace zoomwatch::detector
