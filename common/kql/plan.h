// The bound query: every name resolved, every expression typed, every result column named. Built by the binder, read by both
// evaluators; nothing here runs.
//
// Relations form a graph without cycles: a `let` table that is used twice is one node with two readers, and an evaluator may compute
// it once. No relation sees the rows of another than its inputs: subqueries in expressions (`in (T)`, toscalar(T)) are whole
// relations of their own, the same for every row.
// Ownership: nodes are shared and immutable once bound, so they may be read from any thread. Function and aggregate pointers are those
// of the registries, which live for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/kql/ast.h"
#include "common/kql/diagnostic.h"
#include "common/kql/functions/aggregates.h"
#include "common/kql/functions/registry.h"
#include "common/kql/schema.h"
#include "common/kql/types.h"
#include "common/kql/value.h"

namespace zoomwatch::kql {

struct Scalar;
struct Relation;
using ScalarPtr = std::shared_ptr<const Scalar>;
using RelationPtr = std::shared_ptr<const Relation>;

enum class ScalarKind : std::uint8_t {
  kConstant,  // constant
  kColumn,    // column of the input row
  kMember,    // children[0] . children[1]: access by a name, or by an index from 0 or, when negative, from the end
  kOperator,  // op over children
  kIn,        // children[0] in (children[1] ...); arrays among the values are flattened; negated, ignore_case
  kInTable,   // children[0] in (first column of relation); negated, ignore_case
  kCall,      // function, overload, children
  kText,      // tostring() of children[0], put in by the binder where a loose value meets a text
  kToScalar,  // first column of the first row of relation, null when it has none
};

enum class Op : std::uint8_t {
  kNone,
  kAdd, kSubtract, kMultiply, kDivide, kModulo, kNegate,
  kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual,
  kAnd, kOr,                // two children or more, three-valued, from left to right
  kBetween, kNotBetween,    // value, from, to; both ends belong; to is absolute (the binder adds a timespan to from)
  kText,                    // text_op over children
};

// The operators over text. Names as in the language; Cs is case-sensitive. Each has a negated form: Scalar::negated.
enum class TextOp : std::uint8_t {
  kNone, kEquals /* =~ */, kContains, kContainsCs, kStartsWith, kStartsWithCs, kEndsWith, kEndsWithCs, kHas, kHasCs,
  kHasPrefix, kHasPrefixCs, kHasSuffix, kHasSuffixCs, kHasAny, kHasAll, kMatchesRegex
};

struct Scalar {
  ScalarKind kind = ScalarKind::kConstant;
  Type type = Type::kUnknown;
  Span span;
  Value constant;
  std::size_t column = 0;
  Op op = Op::kNone;
  TextOp text_op = TextOp::kNone;
  bool negated = false;           // of text operators and kIn, kInTable
  bool ignore_case = false;       // of kIn, kInTable
  // The value may be of another kind than `type` says: a column that column_ifexists() named keeps its own value while its type is
  // that of the default.
  bool loose = false;
  // Does not depend on the row: one value per execution (now() included).
  bool per_query = false;
  const ScalarFunction* function = nullptr;
  const Overload* overload = nullptr;
  std::vector<Type> argument_types;  // of kCall, also those that are not among the children (typeof)
  std::vector<ScalarPtr> children;
  RelationPtr relation;
};

enum class RelationKind : std::uint8_t {
  kTable,      // table: a stored table, read through the catalog's provider
  kRows,       // constant rows (datatable; print has one row without columns below a kProject)
  kRange,      // range_from, range_to, range_step: one column
  kInput,      // the expanded rows of the mv-apply around it
  kFilter,     // predicate
  kProject,    // outputs: each column of the schema from an expression over the input row (project, extend, parse's kin)
  kAggregate,  // keys, aggregates (summarize, distinct, count)
  kJoin,       // join, left_keys, right_keys; inputs: left, right
  kUnion,      // inputs; union_columns says where each column comes from
  kSort,       // order
  kTop,        // order, limit
  kTake,       // limit
  kExpand,     // expansions (mv-expand)
  kApply,      // expansions, then `applied` over each expanded group (mv-apply)
  kParse,      // parse
  kSerialize,  // fixes the row order for prev, next, row_number
};

enum class JoinKind : std::uint8_t {
  kInner, kInnerUnique, kLeftOuter, kRightOuter, kFullOuter, kLeftSemi, kRightSemi, kLeftAnti, kRightAnti
};
// As the language writes it.
constexpr std::string_view JoinKindName(JoinKind kind) {
  constexpr std::string_view kNames[] = {"inner",    "innerunique", "leftouter", "rightouter", "fullouter",
                                         "leftsemi", "rightsemi",   "leftanti",  "rightanti"};
  return kNames[static_cast<std::size_t>(kind)];
}
// Semi and anti joins yield the columns of one side.
inline bool KeepsOnlyLeft(JoinKind kind) { return kind == JoinKind::kLeftSemi || kind == JoinKind::kLeftAnti; }
inline bool KeepsOnlyRight(JoinKind kind) { return kind == JoinKind::kRightSemi || kind == JoinKind::kRightAnti; }

// A column of a join's result: column of left or right input. A lookup leaves the right keys out.
struct JoinOutput {
  bool right = false;
  std::size_t column = 0;
};

struct AggregateCall {
  const AggregateFunction* function = nullptr;
  Aggregate aggregate = Aggregate::kCount;
  std::vector<ScalarPtr> arguments;  // arg_max(x, *) lists the columns that * stands for; percentiles only their value
  std::vector<Value> parameters;     // constant arguments: accuracy, maximum size, percentiles
  std::size_t outputs = 1;           // columns that it yields: those of arg_max, percentiles
};

struct SortKey {
  ScalarPtr value;
  bool ascending = false;
  bool nulls_first = false;
};

struct Expansion {
  ScalarPtr value;
  std::optional<Type> to_type;      // `to typeof(T)`
  std::size_t output = 0;           // column of the schema that it fills
};

// One part of parse's pattern, in order.
struct ParseStep {
  ParsePart::Kind kind = ParsePart::Kind::kStar;
  std::string text;                 // kText
  Type type = Type::kString;        // kColumn
  std::size_t output = 0;           // kColumn: column of the schema
};

enum class ParseMode : std::uint8_t { kSimple, kRegex, kRelaxed };

struct Relation {
  RelationKind kind = RelationKind::kRows;
  Schema schema;                    // of the result
  Span span;
  std::uint32_t depth = 1;          // nodes on the longest path to a leaf, itself included; kMaxPlanDepth at most
  std::vector<RelationPtr> inputs;

  std::string table;                               // kTable
  std::vector<std::vector<Value>> rows;            // kRows
  ScalarPtr range_from, range_to, range_step;      // kRange; per query
  ScalarPtr predicate;                             // kFilter; only true keeps a row
  std::vector<ScalarPtr> outputs;                  // kProject: one per column; kAggregate: none
  bool needs_order = false;                        // kProject: an output uses prev, next, row_number, row_cumsum
  std::vector<ScalarPtr> keys;                     // kAggregate: the first columns of the schema
  std::vector<AggregateCall> aggregates;           // kAggregate: the columns after the keys
  JoinKind join = JoinKind::kInner;                // kJoin
  std::vector<ScalarPtr> left_keys, right_keys;    // kJoin: over the left and over the right row, as many of each
  std::vector<JoinOutput> join_outputs;            // kJoin, kApply: one per column
  // kUnion: for each input, the input's column for each column of the schema; none: null or "". The name of the input when
  // withsource is the first column is the constant in source_names.
  std::vector<std::vector<std::optional<std::size_t>>> union_columns;
  std::vector<std::string> source_names;           // kUnion with withsource: one per input; otherwise empty
  std::vector<SortKey> order;                      // kSort, kTop
  ScalarPtr limit;                                 // kTop, kTake; kExpand and kApply: rows per input row; per query
  std::vector<Expansion> expansions;               // kExpand, kApply
  bool bag_as_array = false;                       // kExpand, kApply: bagexpansion=array
  std::optional<std::size_t> item_index;           // kExpand, kApply: column for with_itemindex
  // kExpand, kApply: the input's column for each column of the schema that no expansion fills.
  std::vector<std::optional<std::size_t>> carried;
  // kApply: the subquery over the expanded rows of one input row, and the kInput in it. The schema of the kInput is the expanded row,
  // which expansions, carried and item_index describe; join_outputs says which columns of the result are of the input row (left)
  // and which of the subquery's rows (right).
  RelationPtr applied, applied_input;
  ScalarPtr parsed;                                // kParse: the text
  ParseMode parse_mode = ParseMode::kSimple;
  std::string parse_flags;                         // kRegex: of "iUms"
  bool parse_where = false;                        // drops the rows that do not match
  std::vector<ParseStep> steps;                    // kParse; carried says where the other columns come from
};

// What `render` says about how to show the result; the rows are the same without it.
struct Rendering {
  std::string chart;  // "timechart", ...
  std::vector<RenderProperty> properties;
};

struct BoundQuery {
  RelationPtr root;                      // null when there are errors
  std::optional<Rendering> rendering;
  std::vector<Diagnostic> diagnostics;   // warnings too
};

}  // namespace zoomwatch::kql
