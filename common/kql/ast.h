// The syntax tree of a query. Nodes own their children and carry the place in the text that they were read from.
// Built by the parser, read by the binder; names are not resolved here. Thread-compatible.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/kql/diagnostic.h"
#include "common/kql/types.h"
#include "common/kql/value.h"

namespace zoomwatch::kql {

struct Expr;
struct Pipe;
struct Operator;
using ExprPtr = std::unique_ptr<Expr>;

struct Name {
  std::string text;
  Span span;
  bool bracketed = false;  // ['name']: never a keyword
};

enum class ExprKind : std::uint8_t {
  kLiteral,    // value, type
  kName,       // name
  kStar,       // *
  kPath,       // children[0] . name
  kIndex,      // children[0] [ children[1] ]
  kUnary,      // op "-" or "+", children[0]
  kBinary,     // op, children[0], children[1]
  kAnd,        // children: two or more
  kOr,         // children: two or more
  kIn,         // op in !in in~ !in~ has_any has_all; children[0], then the list; or children[0] and pipe
  kBetween,    // op between or !between; value, from, to
  kCall,       // name, children: arguments (kNamedArgument for name=value)
  kNamedArgument,  // name, children[0]
  kPipe,       // ( pipe ), also a tabular expression without brackets
  kToScalar,   // toscalar ( pipe )
  kMaterialize,
  kTypeOf,     // typeof(type)
  kDatatable,  // schema, children: cells in row order
};

struct SchemaColumn {
  Name name;
  Type type = Type::kUnknown;
  Span type_span;
};

struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  Span span;
  std::uint32_t depth = 1;         // of the tree below, itself included
  Name name;
  std::string op;                  // as written
  Span op_span;
  Value value;
  Type type = Type::kUnknown;
  bool column_in_brackets = false;  // d.['a b']
  std::vector<ExprPtr> children;
  std::unique_ptr<Pipe> pipe;
  std::vector<SchemaColumn> schema;
};

// [ name = | (name, name) = ] expr
struct NamedExpr {
  std::vector<Name> names;
  bool tuple = false;
  ExprPtr expr;
  Span span;
};

struct OrderedExpr {
  NamedExpr item;
  bool ascending = false;
  std::optional<bool> nulls_first;
};

// kind=inner, hint.strategy=shuffle, isfuzzy=true
struct OperatorParameter {
  std::string name;
  Span name_span;
  std::string word;  // the value as a word; empty for literals
  Value value;       // the value of a literal
  Span value_span;
};

// A column name or a pattern with '*'.
struct WildName {
  Name name;
  bool wild = false;
};

struct RenamePair {
  Name to;
  Name from;
};

enum class ReorderDirection : std::uint8_t { kNone, kAscending, kDescending, kGrannyAscending, kGrannyDescending };
struct ReorderItem {
  WildName pattern;
  ReorderDirection direction = ReorderDirection::kNone;
};

struct MvItem {
  NamedExpr item;
  std::optional<Type> to_type;
};

struct ParsePart {
  enum class Kind : std::uint8_t { kStar, kText, kColumn };
  Kind kind = Kind::kStar;
  std::string text;
  Name name;
  Type type = Type::kString;
  Span span;
};

struct RenderProperty {
  std::string name;
  std::vector<std::string> values;
};

enum class OperatorKind : std::uint8_t {
  kWhere, kExtend, kProject, kProjectAway, kProjectKeep, kProjectRename, kProjectReorder, kSummarize, kDistinct, kJoin, kLookup,
  kUnion, kSearch, kSort, kTop, kTake, kCount, kMvExpand, kMvApply, kParse, kParseWhere, kRender, kAs, kSerialize, kInvoke,
  kEvaluate, kGetSchema, kPrint, kRange
};

struct Operator {
  OperatorKind kind = OperatorKind::kWhere;
  Span span;  // of the operator's name
  std::vector<OperatorParameter> parameters;
  std::vector<NamedExpr> items;           // extend project print summarize distinct serialize; where has one
  std::vector<NamedExpr> by;              // summarize
  bool star = false;                      // distinct *, search *, evaluate ... : (*, ...)
  ExprPtr expr;                           // top take: count; parse: source; join lookup: right side; search: predicate;
                                          // invoke evaluate: the call
  std::vector<ExprPtr> conditions;        // join lookup
  std::vector<ExprPtr> sources;           // union, search in (...); a kName with '*' is a pattern
  std::vector<OrderedExpr> order;         // sort top
  std::vector<WildName> columns;          // project-away project-keep
  std::vector<RenamePair> renames;
  std::vector<ReorderItem> reorder;
  std::vector<MvItem> expanded;           // mv-expand mv-apply
  ExprPtr limit;                          // mv-expand mv-apply
  std::vector<ParsePart> pattern;         // parse parse-where
  std::string word;                       // render: the chart
  std::vector<RenderProperty> properties;
  Name name;                              // as, count as, range
  ExprPtr from, to, step;                 // range
  std::unique_ptr<Pipe> subquery;         // mv-apply
  std::optional<std::vector<SchemaColumn>> row_schema;  // evaluate
};

// source | operator | operator. A pipe without source reads the expanded rows of mv-apply.
struct Pipe {
  ExprPtr source;                          // null when the first operator is the source (print, range, union, search, evaluate)
  std::vector<Operator> operators;
  Span span;
};

struct LambdaParameter {
  Name name;
  Type type = Type::kUnknown;
  bool tabular = false;
  bool any_columns = false;                // (*)
  std::vector<SchemaColumn> schema;
  ExprPtr default_value;
};

struct Statement;

struct Lambda {
  bool view = false;
  std::vector<LambdaParameter> parameters;
  std::vector<Statement> lets;
  std::unique_ptr<Pipe> body;              // null: empty body
  Span span;
};

struct Statement {
  enum class Kind : std::uint8_t { kLet, kSet, kDeclare, kQuery };
  Kind kind = Kind::kQuery;
  Span span;
  Name name;                               // let, set
  std::unique_ptr<Lambda> lambda;          // let
  std::unique_ptr<Pipe> pipe;              // let, query
  std::vector<LambdaParameter> parameters; // declare query_parameters
};

struct Query {
  std::vector<Statement> statements;
};

// A pipe that is only an expression: no operator follows.
inline bool IsBareExpression(const Pipe& pipe) { return pipe.source != nullptr && pipe.operators.empty(); }

}  // namespace zoomwatch::kql
