// The nodes of a dataflow, by what they do. Each is made by the planner (planner.h) and described in the file of its name.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "common/kql/functions/call.h"
#include "common/kql/incremental/dataflow.h"
#include "common/kql/incremental/node.h"
#include "common/kql/incremental/temporal.h"
#include "common/kql/plan.h"
#include "common/kql/scalar_evaluator.h"

namespace zoomwatch::kql::incremental {

// What the nodes of a view share. A node evaluates expressions that do not depend on the clock, so one context serves for ever.
struct NodeContext {
  ExecutionContext& execution;
};

// --- linear.cc: no state; append-only stays append-only -------------------------------------------------------------------------
NodePtr MakeConstantNode(const Relation& rows);  // its rows at the first tick
NodePtr MakeFilterNode(NodeContext context, std::vector<ScalarPtr> predicates);
NodePtr MakeProjectNode(NodeContext context, const std::vector<ScalarPtr>& outputs);
NodePtr MakeParseNode(NodeContext context, const Relation& relation);  // parse, parse-where
// union_columns of the relation; inputs in its order. withsource: source_names.
NodePtr MakeUnionNode(const Relation& relation);

// --- expand.cc: no state; append-only stays append-only --------------------------------------------------------------------------
// mv-expand. A tick whose rows would take more than `max_bytes` fails with kResourceExhausted before they are made.
NodePtr MakeExpandNode(NodeContext context, const Relation& relation, std::uint64_t max_bytes);
// --- apply.cc: mv-apply, likewise. `subquery` makes a fresh dataflow whose only table is the expanded rows of one row. ------------
NodePtr MakeApplyNode(NodeContext context, const Relation& relation, std::uint64_t max_bytes, std::function<Dataflow()> subquery);
// A row's place is that of the row it was expanded from and, in so many bits, its number. An event has fewer elements in all; beyond
// three expansions of one row places repeat, and identities decide.
inline constexpr int kElementBits = 20;

// --- window.cc: rows come and go with the clock -----------------------------------------------------------------------------------
// Keeps rows while all conditions hold. `append_only` says what the input is, and then what the output is.
NodePtr MakeTemporalNode(NodeContext context, std::vector<TemporalCondition> conditions, bool append_only);
// Append-only in, retractions out: each row is retracted when it leaves.
NodePtr MakeExpireNode();

// --- aggregate.cc: input with retractions; a changed group is a retraction and an insert ------------------------------------------
NodePtr MakeAggregateNode(NodeContext context, const Relation& relation);

// --- join.cc ------------------------------------------------------------------------------------------------------------------------
struct JoinShape {
  JoinKind kind = JoinKind::kInner;
  std::vector<ScalarPtr> left_keys, right_keys;
  std::vector<JoinOutput> outputs;  // of semi and anti joins: columns of their side
  Schema schema;                    // of the result
  bool ignore_case = false;         // keys are compared without ASCII case (`in~`)
};
// Inputs with retractions, left and right; output with retractions.
NodePtr MakeJoinNode(NodeContext context, JoinShape shape);
// The earliest left row of each key: innerunique is this, then an inner join. Input and output with retractions.
NodePtr MakeLeaderNode(NodeContext context, std::vector<ScalarPtr> keys);

// --- top.cc: the first `limit` rows by order; without keys by their position. Input and output with retractions ------------------
NodePtr MakeTopNode(NodeContext context, std::vector<SortKey> order, std::int64_t limit);

// --- dependent.cc: expressions over other tables (toscalar, `in` inside a larger expression) ----------------------------------------
// Inputs with retractions: the rows, then one per subquery in the order of `subqueries`. A change of a subquery re-evaluates all rows
// that are held. Either the predicates decide which rows pass, or the outputs make the row.
NodePtr MakeDependentFilterNode(ExecutionContext& context, std::vector<ScalarPtr> predicates, std::vector<const Relation*> subqueries);
NodePtr MakeDependentProjectNode(ExecutionContext& context, std::vector<ScalarPtr> outputs, std::vector<const Relation*> subqueries);

}  // namespace zoomwatch::kql::incremental
