#include "common/kql/incremental/planner.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "common/kql/incremental/nodes.h"
#include "common/kql/incremental/temporal.h"

namespace zoomwatch::kql::incremental {

namespace {

// What a relation became.
struct Edge {
  std::size_t step = 0;
  bool append_only = false;
};

ScalarPtr ColumnOf(const Schema& schema, std::size_t column) {
  auto scalar = std::make_shared<Scalar>();
  scalar->kind = ScalarKind::kColumn;
  scalar->column = column;
  scalar->type = schema[column].type;
  scalar->loose = schema[column].loose;
  return scalar;
}

// The rows have another order than that in which their events came.
bool IsSorted(const Relation& relation) {
  switch (relation.kind) {
    case RelationKind::kSort:
    case RelationKind::kTop: return true;
    case RelationKind::kSerialize:
    case RelationKind::kFilter:
    case RelationKind::kProject:
    case RelationKind::kExpand:
    case RelationKind::kParse:
    case RelationKind::kTake: return IsSorted(*relation.inputs[0]);
    case RelationKind::kTable:
    case RelationKind::kRows:
    case RelationKind::kRange:
    case RelationKind::kInput:
    case RelationKind::kAggregate:
    case RelationKind::kJoin:
    case RelationKind::kUnion:
    case RelationKind::kApply: return false;
  }
  return false;
}

bool HasOneRowAtMost(const Relation& relation) {
  switch (relation.kind) {
    case RelationKind::kTop:
    case RelationKind::kTake: return relation.limit->kind == ScalarKind::kConstant && relation.limit->constant.AsLong() <= 1;
    case RelationKind::kSort:
    case RelationKind::kSerialize:
    case RelationKind::kFilter:
    case RelationKind::kProject:
    case RelationKind::kParse: return HasOneRowAtMost(*relation.inputs[0]);
    case RelationKind::kAggregate: return relation.keys.empty();
    case RelationKind::kTable:
    case RelationKind::kRows:
    case RelationKind::kRange:
    case RelationKind::kInput:
    case RelationKind::kExpand:
    case RelationKind::kJoin:
    case RelationKind::kUnion:
    case RelationKind::kApply: return false;
  }
  return false;
}

// toscalar() of the first of sorted rows; null when there is none.
const Scalar* FindFirstOfSorted(const Scalar& scalar) {
  if (scalar.kind == ScalarKind::kToScalar && IsSorted(*scalar.relation) && !HasOneRowAtMost(*scalar.relation)) return &scalar;
  for (const ScalarPtr& child : scalar.children) {
    if (const Scalar* found = FindFirstOfSorted(*child)) return found;
  }
  return nullptr;
}

// The documentation promises that these keep the order of sorted rows.
bool IsList(Aggregate aggregate) {
  return aggregate == Aggregate::kMakeList || aggregate == Aggregate::kMakeListIf || aggregate == Aggregate::kMakeListWithNulls;
}

void CollectSubqueries(const Scalar& scalar, std::vector<RelationPtr>& found) {
  if (scalar.relation != nullptr && std::find(found.begin(), found.end(), scalar.relation) == found.end()) {
    found.push_back(scalar.relation);
  }
  for (const ScalarPtr& child : scalar.children) CollectSubqueries(*child, found);
}

class Planner {
 public:
  // `applied_input`: of a subquery of mv-apply, the rows that it is over; otherwise null.
  Planner(const ViewOptions& options, ExecutionContext& context, Diagnostic& refused, const Relation* applied_input)
      : options_(options), context_(context), refused_(refused), applied_input_(applied_input) {}

  std::optional<Dataflow> Run(const RelationPtr& root) {
    const auto edge = PlanRelation(root);
    if (!edge) return std::nullopt;
    flow_.root = Retracting(*edge).step;
    MarkLastReaders(flow_);
    return std::move(flow_);
  }

 private:
  // Each returns none after a refusal.
  std::optional<Edge> PlanRelation(const RelationPtr& relation) {
    const auto known = planned_.find(relation.get());
    if (known != planned_.end()) return known->second;  // a table that is used twice is computed once
    const auto edge = PlanNew(*relation);
    if (edge) planned_.emplace(relation.get(), *edge);
    return edge;
  }

  std::optional<Edge> PlanNew(const Relation& relation) {
    if (applied_input_ != nullptr && !IsPlannedInApply(relation.kind)) return Refuse(relation.span, "an operator of this kind within mv-apply");
    switch (relation.kind) {
      case RelationKind::kTable: return PlanTable(relation);
      case RelationKind::kRows: return Edge{Add(MakeConstantNode(relation), {}, "constant rows"), true};
      case RelationKind::kFilter: return PlanFilter(relation);
      case RelationKind::kProject: return PlanProject(relation);
      case RelationKind::kAggregate: return PlanAggregate(relation);
      case RelationKind::kJoin: return PlanJoin(relation);
      case RelationKind::kUnion: return PlanUnion(relation);
      case RelationKind::kSort:
      case RelationKind::kSerialize: return PlanRelation(relation.inputs[0]);  // the order of rows is the reader's affair
      case RelationKind::kTop:
      case RelationKind::kTake: return PlanTop(relation);
      case RelationKind::kRange: return Refuse(relation.span, "range");
      case RelationKind::kInput: return PlanAppliedInput(relation);
      case RelationKind::kApply: return PlanApply(relation);
      case RelationKind::kExpand: return PlanExpand(relation);
      case RelationKind::kParse: return PlanParse(relation);
    }
    return std::nullopt;
  }

  std::optional<Edge> PlanTable(const Relation& relation) {
    const auto time = FindColumn(relation.schema, "TimeGenerated");
    if (!time || relation.schema[*time].type != Type::kDateTime) {
      return Refuse(relation.span, fmt::format("table '{}' without a datetime column TimeGenerated: nothing bounds its state", relation.table));
    }
    std::size_t table = 0;
    while (table < flow_.tables.size() && flow_.tables[table].name != relation.table) ++table;
    if (table == flow_.tables.size()) flow_.tables.push_back({relation.table, relation.schema});
    const std::size_t rows = Add(nullptr, {}, "table " + relation.table);
    flow_.steps[rows].table = table;
    const ScalarPtr value = ColumnOf(relation.schema, *time);
    std::vector<TemporalCondition> window = {{TemporalCondition::Bound::kLeaveAt, value, options_.window},
                                             {TemporalCondition::Bound::kEnterAt, value, 0}};
    return Edge{Add(MakeTemporalNode({context_}, std::move(window), true), {rows}, "window of the rule"), true};
  }

  std::optional<Edge> PlanFilter(const Relation& relation) {
    auto edge = PlanRelation(relation.inputs[0]);
    if (!edge) return std::nullopt;
    SplitPredicate split = Split(relation.predicate);
    if (!split.refused.empty()) return Refuse(split.refused_span, split.refused);
    if (applied_input_ != nullptr && !(split.temporal.empty() && split.subqueries.empty())) {
      return Refuse(relation.predicate->span, "a condition on now() or another table within mv-apply");
    }
    if (!split.rows.empty()) edge->step = Add(MakeFilterNode({context_}, split.rows), {edge->step}, "where");
    if (!split.temporal.empty()) {
      edge->step = Add(MakeTemporalNode({context_}, split.temporal, edge->append_only), {edge->step}, "where, by the clock");
    }
    std::vector<ScalarPtr> dependent;
    for (const ScalarPtr& conjunct : split.subqueries) {
      if (!IsMembership(*conjunct)) {
        dependent.push_back(conjunct);
        continue;
      }
      edge = PlanMembership(*edge, *conjunct, relation.schema);
      if (!edge) return std::nullopt;
    }
    return dependent.empty() ? edge : PlanDependent(*edge, dependent, true);
  }

  // `x in (T)` as a conjunct of its own, with keys that compare alike in a join.
  static bool IsMembership(const Scalar& conjunct) {
    if (conjunct.kind != ScalarKind::kInTable || HasSubquery(*conjunct.children[0])) return false;
    const Column& member = conjunct.relation->schema[0];
    const Scalar& value = *conjunct.children[0];
    return value.type == member.type && value.type != Type::kDynamic && !value.loose && !member.loose;
  }

  std::optional<Edge> PlanMembership(Edge rows, const Scalar& conjunct, const Schema& schema) {
    const auto members = PlanRelation(conjunct.relation);
    if (!members) return std::nullopt;
    JoinShape shape{.kind = conjunct.negated ? JoinKind::kLeftAnti : JoinKind::kLeftSemi,
                    .left_keys = {conjunct.children[0]},
                    .right_keys = {ColumnOf(conjunct.relation->schema, 0)},
                    .outputs = {},
                    .schema = schema,
                    .ignore_case = conjunct.ignore_case};
    for (std::size_t c = 0; c < schema.size(); ++c) shape.outputs.push_back({.right = false, .column = c});
    const std::size_t left = Retracting(rows).step;
    const std::size_t right = Retracting(*members).step;
    return Edge{Add(MakeJoinNode({context_}, std::move(shape)), {left, right}, conjunct.negated ? "!in (table)" : "in (table)"), false};
  }

  std::optional<Edge> PlanDependent(Edge rows, const std::vector<ScalarPtr>& scalars, bool filter) {
    std::vector<RelationPtr> subqueries;
    for (const ScalarPtr& scalar : scalars) {
      if (const Scalar* found = FindFirstOfSorted(*scalar)) return Refuse(found->span, "toscalar() of the first of sorted rows: use top 1");
      CollectSubqueries(*scalar, subqueries);
    }
    std::vector<std::size_t> inputs = {Retracting(rows).step};
    std::vector<const Relation*> relations;
    for (const RelationPtr& subquery : subqueries) {
      const auto edge = PlanRelation(subquery);
      if (!edge) return std::nullopt;
      inputs.push_back(Retracting(*edge).step);
      relations.push_back(subquery.get());
    }
    NodePtr node = filter ? MakeDependentFilterNode(context_, scalars, relations) : MakeDependentProjectNode(context_, scalars, relations);
    return Edge{Add(std::move(node), std::move(inputs), filter ? "where, by other tables" : "columns from other tables"), false};
  }

  std::optional<Edge> PlanProject(const Relation& relation) {
    if (relation.needs_order) return Refuse(relation.span, "a function of neighbouring rows");
    if (RefusesClock(relation.outputs)) return std::nullopt;
    auto edge = PlanRelation(relation.inputs[0]);
    if (!edge) return std::nullopt;
    if (std::any_of(relation.outputs.begin(), relation.outputs.end(), [](const ScalarPtr& output) { return HasSubquery(*output); })) {
      if (applied_input_ != nullptr) return Refuse(relation.span, "a column from another table within mv-apply");
      return PlanDependent(*edge, relation.outputs, false);
    }
    edge->step = Add(MakeProjectNode({context_}, relation.outputs), {edge->step}, "columns");
    return edge;
  }

  bool RefusesExpansions(const Relation& relation, std::string_view where) {
    if (relation.limit != nullptr && relation.limit->kind != ScalarKind::kConstant) {
      Refuse(relation.limit->span, "a number of rows that is not constant");
      return true;
    }
    std::vector<ScalarPtr> values;
    for (const Expansion& expansion : relation.expansions) values.push_back(expansion.value);
    return RefusesClock(values) || RefusesSubquery(values, where);
  }

  // The operators whose rows are no more than those they are given, and mv-expand, which has its limit.
  static bool IsPlannedInApply(RelationKind kind) {
    switch (kind) {
      case RelationKind::kInput:
      case RelationKind::kFilter:
      case RelationKind::kProject:
      case RelationKind::kAggregate:
      case RelationKind::kSort:
      case RelationKind::kSerialize:
      case RelationKind::kTop:
      case RelationKind::kTake:
      case RelationKind::kExpand: return true;
      case RelationKind::kParse:  // its regular expression would be compiled for each row
      case RelationKind::kTable:
      case RelationKind::kRows:
      case RelationKind::kRange:
      case RelationKind::kJoin:
      case RelationKind::kUnion:
      case RelationKind::kApply: return false;
    }
    return false;
  }

  std::optional<Edge> PlanAppliedInput(const Relation& relation) {
    if (&relation != applied_input_) return Refuse(relation.span, "the rows of another mv-apply");
    flow_.tables.push_back({"", relation.schema});
    return Edge{Add(nullptr, {}, "expanded rows of one row"), false};
  }

  std::optional<Edge> PlanApply(const Relation& relation) {
    if (RefusesExpansions(relation, "mv-apply")) return std::nullopt;
    // Planned once to see that it can be, and then for each row.
    if (!Planner(options_, context_, refused_, relation.applied_input.get()).Run(relation.applied)) return std::nullopt;
    auto edge = PlanRelation(relation.inputs[0]);
    if (!edge) return std::nullopt;
    auto subquery = [options = options_, &context = context_, &relation] {
      Diagnostic refused;
      return *Planner(options, context, refused, relation.applied_input.get()).Run(relation.applied);
    };
    edge->step = Add(MakeApplyNode({context_}, relation, options_.max_state_bytes, std::move(subquery)), {edge->step}, "mv-apply");
    return edge;
  }

  std::optional<Edge> PlanExpand(const Relation& relation) {
    if (RefusesExpansions(relation, "mv-expand")) return std::nullopt;
    auto edge = PlanRelation(relation.inputs[0]);
    if (!edge) return std::nullopt;
    edge->step = Add(MakeExpandNode({context_}, relation, options_.max_state_bytes), {edge->step}, "mv-expand");
    return edge;
  }

  std::optional<Edge> PlanParse(const Relation& relation) {
    const std::vector<ScalarPtr> values = {relation.parsed};
    if (RefusesClock(values) || RefusesSubquery(values, "parse")) return std::nullopt;
    auto edge = PlanRelation(relation.inputs[0]);
    if (!edge) return std::nullopt;
    edge->step = Add(MakeParseNode({context_}, relation), {edge->step}, relation.parse_where ? "parse-where" : "parse");
    return edge;
  }

  std::optional<Edge> PlanAggregate(const Relation& relation) {
    std::vector<ScalarPtr> scalars = relation.keys;
    for (const AggregateCall& call : relation.aggregates) scalars.insert(scalars.end(), call.arguments.begin(), call.arguments.end());
    if (RefusesClock(scalars) || RefusesSubquery(scalars, "summarize")) return std::nullopt;
    const bool lists = std::any_of(relation.aggregates.begin(), relation.aggregates.end(),
                                   [](const AggregateCall& call) { return IsList(call.aggregate); });
    if (lists && IsSorted(*relation.inputs[0])) return Refuse(relation.span, "a list in the order of sorted rows");
    const auto edge = PlanRelation(relation.inputs[0]);
    if (!edge) return std::nullopt;
    return Edge{Add(MakeAggregateNode({context_}, relation), {Retracting(*edge).step}, "summarize"), false};
  }

  std::optional<Edge> PlanJoin(const Relation& relation) {
    if (RefusesClock(relation.left_keys) || RefusesClock(relation.right_keys)) return std::nullopt;
    const auto left = PlanRelation(relation.inputs[0]);
    const auto right = left ? PlanRelation(relation.inputs[1]) : std::nullopt;
    if (!right) return std::nullopt;
    std::size_t left_step = Retracting(*left).step;
    if (relation.join == JoinKind::kInnerUnique) {
      left_step = Add(MakeLeaderNode({context_}, relation.left_keys), {left_step}, "earliest row of each key");
    }
    JoinShape shape{.kind = relation.join,
                    .left_keys = relation.left_keys,
                    .right_keys = relation.right_keys,
                    .outputs = relation.join_outputs,
                    .schema = relation.schema};
    const std::size_t right_step = Retracting(*right).step;
    return Edge{Add(MakeJoinNode({context_}, std::move(shape)), {left_step, right_step}, fmt::format("join kind={}", JoinKindName(relation.join))),
                false};
  }

  std::optional<Edge> PlanUnion(const Relation& relation) {
    std::vector<Edge> edges;
    for (const RelationPtr& input : relation.inputs) {
      const auto edge = PlanRelation(input);
      if (!edge) return std::nullopt;
      edges.push_back(*edge);
    }
    const bool append_only = std::all_of(edges.begin(), edges.end(), [](const Edge& edge) { return edge.append_only; });
    std::vector<std::size_t> steps;
    for (const Edge& edge : edges) steps.push_back(append_only ? edge.step : Retracting(edge).step);
    return Edge{Add(MakeUnionNode(relation), std::move(steps), "union"), append_only};
  }

  std::optional<Edge> PlanTop(const Relation& relation) {
    if (relation.limit->kind != ScalarKind::kConstant) return Refuse(relation.limit->span, "a number of rows that is not constant");
    if (!CheckOrder(relation.order)) return std::nullopt;
    const std::vector<SortKey>* order = &relation.order;
    if (relation.kind == RelationKind::kTake && IsSorted(*relation.inputs[0])) {
      const Relation* input = relation.inputs[0].get();
      while (input->kind == RelationKind::kSerialize) input = input->inputs[0].get();
      if (input->kind != RelationKind::kSort) return Refuse(relation.span, "take of rows that were sorted some steps before");
      if (!CheckOrder(input->order)) return std::nullopt;
      order = &input->order;
    }
    const auto edge = PlanRelation(relation.inputs[0]);
    if (!edge) return std::nullopt;
    NodePtr node = MakeTopNode({context_}, *order, relation.limit->constant.AsLong());
    return Edge{Add(std::move(node), {Retracting(*edge).step}, relation.kind == RelationKind::kTop ? "top" : "take"), false};
  }

  bool CheckOrder(const std::vector<SortKey>& order) {
    for (const SortKey& key : order) {
      if (!DependsOnClock(*key.value) && !HasSubquery(*key.value)) continue;
      Refuse(key.value->span, "an order by now() or another table");
      return false;
    }
    return true;
  }

  // The edge with retractions; made once per step.
  Edge Retracting(Edge edge) {
    if (!edge.append_only) return edge;
    const auto [at, added] = expired_.try_emplace(edge.step, 0);
    if (added) at->second = Add(MakeExpireNode(), {edge.step}, "expiry");
    return {at->second, false};
  }

  bool RefusesClock(const std::vector<ScalarPtr>& scalars) {
    for (const ScalarPtr& scalar : scalars) {
      if (!DependsOnClock(*scalar)) continue;
      Refuse(scalar->span, "now() outside of a condition: the value would change all the time");
      return true;
    }
    return false;
  }

  bool RefusesSubquery(const std::vector<ScalarPtr>& scalars, std::string_view where) {
    for (const ScalarPtr& scalar : scalars) {
      if (!HasSubquery(*scalar)) continue;
      Refuse(scalar->span, fmt::format("a subquery within {}", where));
      return true;
    }
    return false;
  }

  std::nullopt_t Refuse(Span span, std::string what) {
    refused_.severity = Severity::kWarning;
    refused_.code = code::kNotIncremental;
    refused_.span = span;
    refused_.message = std::move(what);
    return std::nullopt;
  }

  std::size_t Add(NodePtr node, std::vector<std::size_t> inputs, std::string text) {
    flow_.steps.push_back({.node = std::move(node), .inputs = std::move(inputs), .text = std::move(text)});
    return flow_.steps.size() - 1;
  }

  const ViewOptions& options_;
  ExecutionContext& context_;
  Diagnostic& refused_;
  const Relation* const applied_input_;
  Dataflow flow_;
  std::map<const Relation*, Edge> planned_;
  std::map<std::size_t, std::size_t> expired_;
};

}  // namespace

std::optional<Dataflow> Plan(const RelationPtr& root, const ViewOptions& options, ExecutionContext& context, Diagnostic& refused) {
  return Planner(options, context, refused, nullptr).Run(root);
}

}  // namespace zoomwatch::kql::incremental
