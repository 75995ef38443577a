// What the files of the binder share: one Binder per bound query, with the scopes that names are looked up in.
// Not thread-safe; one binding uses it from one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/kql/ast.h"
#include "common/kql/binder.h"
#include "common/kql/catalog.h"
#include "common/kql/plan.h"

namespace zoomwatch::kql {

// A name given by let, or by a parameter of a function. Exactly one of the three is set.
struct Definition {
  ScalarPtr scalar;               // a value: constant or per query
  RelationPtr relation;           // a table
  const Lambda* lambda = nullptr; // a function; bound anew at each call
  const struct Scope* lambda_scope = nullptr;  // what the function's body sees
  bool tabular = false;           // of a lambda: it yields a table
  std::size_t scalar_nodes = 0;   // size of the scalar as a tree: what each reference to it costs
  std::uint32_t scalar_depth = 0; // of the deepest relation in the scalar
  std::uint32_t row_context = 0;  // not 0: the scalar reads the row of that context (see Binder::UseScalar)
};

// Names visible at a place. Scopes form a chain: a block of a function sees those around it.
struct Scope {
  const Scope* outer = nullptr;
  std::map<std::string, Definition, std::less<>> names;  // case-sensitive
  const Definition* Find(std::string_view name) const;
};

// What an expression is bound against: the row, and the names around it. `right` is set within the condition of a join, where
// $left.x and $right.x are columns.
struct RowScope {
  const Schema* row = nullptr;    // null where no row is in reach (arguments of take, let)
  const Schema* left = nullptr;
  const Schema* right = nullptr;
  const Scope* names = nullptr;
  RelationPtr applied_input;      // within mv-apply's subquery: what a pipe without source reads
  bool allow_star = false;        // count(*), dcount(*)-like places
  // In summarize: columns of the row that * leaves out, because they are group keys.
  const std::vector<std::size_t>* star_omits = nullptr;
};

// The name that an expression gives to its column, empty when none: facts of the language, in naming.cc.
std::string ResultName(const Expr& expr, const RowScope& scope);
// True for a column's name and for a conversion of a column to the type that it has: as an item of project and its kin it counts as
// a column of that name, not as an expression.
bool RefersToColumn(const Expr& expr, const Scalar& bound);

// Gives result columns their names: explicit ones stay, generated ones get the smallest free number on a clash, unnamed ones are
// Column1, Column2, ... Two equal explicit names are KS171.
class ResultColumns {
 public:
  enum class Unnamed { kColumnN, kPrintN };
  // The number of Column1, Column2, ... goes on through a whole query: `unnamed_count` is the one of the query, null for one's own.
  explicit ResultColumns(Unnamed unnamed = Unnamed::kColumnN, int* unnamed_count = nullptr)
      : unnamed_(unnamed), shared_count_(unnamed_count) {}
  // Adds a column; returns false for a duplicate of an explicit name (the column is then not added). A generated column that has the
  // name already keeps it, and this one gets a number.
  bool AddExplicit(std::string name, Type type, bool loose);
  void AddGenerated(std::string name_or_empty, Type type, bool loose);
  const Schema& schema() const { return schema_; }
  Schema Take() { return std::move(schema_); }

 private:
  bool Has(std::string_view name) const;
  std::string Unique(std::string name) const;
  const Unnamed unnamed_;
  int* shared_count_;
  int own_count_ = 0;
  Schema schema_;
  std::vector<std::string> explicit_;
};

struct ExtendedRow;

// A stored function, parsed once for a query however often it is referred to.
struct StoredFunction {
  std::string text;
  Query query;
  std::vector<Diagnostic> problems;
};
using StoredFunctions = std::map<std::string, StoredFunction, std::less<>>;

// The value depends on rows around its own: prev, next, row_number, row_cumsum.
bool NeedsOrder(const Scalar& scalar);

// A name with any text in the place of each '*' of the pattern.
bool MatchesPattern(std::string_view pattern, std::string_view name);

class Binder {
 public:
  // `stored`: functions that are parsed already; others are when they are needed.
  Binder(std::string_view text, const Catalog& catalog, const BindOptions& options, MentionedNames mentioned, StoredFunctions stored);

  // --- expression.cc, operator_types.cc, call.cc, overload.cc: expressions ------------------------------------------------------------------
  // Never null: an expression with an error is a constant of type kUnknown.
  ScalarPtr BindScalar(const Expr& expr, const RowScope& scope);
  // Binds and requires bool (KS141 otherwise).
  ScalarPtr BindPredicate(const Expr& expr, const RowScope& scope);
  // Binds and requires a value that does not depend on the row (KS129) and is of the type or a number that fits it (KS107).
  // kUnknown: any type.
  ScalarPtr BindPerQuery(const Expr& expr, const RowScope& scope, Type type);
  // Matches arguments against the overloads of a scalar function or an aggregate; null after reporting KS119 or KS107.
  const Overload* MatchOverload(std::string_view name, const std::vector<Overload>& overloads, const std::vector<ScalarPtr>& arguments,
                                const std::vector<const Expr*>& exprs, Span span, Type* result);

  // --- aggregate.cc ---------------------------------------------------------------------------------------------------------------
  // One item of summarize: an aggregate, or an expression over aggregates (`count() * 2`, `round(avg(x), 1)`).
  // Adds its calls to `calls`; the returned scalars read them: column i of the row [keys..., call outputs...].
  struct AggregateItem {
    std::vector<ScalarPtr> values;          // one per result column
    std::vector<std::string> names;         // generated names, empty for none
    std::vector<Type> types;
  };
  AggregateItem BindAggregate(const Expr& expr, const RowScope& scope, std::size_t key_count, std::vector<AggregateCall>& calls,
                              Schema& call_columns);

  // --- pipe.cc, operator_*.cc: tables -----------------------------------------------------------------------------------------------
  // Null after an error was reported.
  RelationPtr BindPipe(const Pipe& pipe, const Scope& scope, const RelationPtr& applied_input = nullptr);
  RelationPtr BindQuery(const Query& query);
  // A name in a table's place: let table, parameter, function without brackets, stored table or stored function.
  RelationPtr BindTableName(const Name& name, const Scope& scope);
  // A call in a table's place, user-defined function or table("T").
  RelationPtr BindTableCall(const Expr& call, const Scope& scope, const RelationPtr& piped_input = nullptr);
  // True when the expression stands for a table: a pipe, a table's name, a call of a tabular function.
  bool IsTabular(const Expr& expr, const Scope& scope) const;
  // An expression in a table's place; KS111 when it is a value.
  RelationPtr BindTable(const Expr& expr, const Scope& scope);

  // --- statement.cc: let and functions ----------------------------------------------------------------------------------------------
  // A call of a user-defined scalar function.
  ScalarPtr BindScalarLambda(const Expr& call, const Definition& definition, const RowScope& scope);
  // The value of a name that let or a parameter defines. REQUIRES: definition.scalar. An argument that reads the caller's row is
  // an error within a subquery, where there is another row.
  ScalarPtr UseScalar(const Definition& definition, const Name& name);

  // --- diagnostics ---------------------------------------------------------------------------------------------------------------
  void Error(std::string_view code, Span span, std::string message);
  void Warn(Span span, std::string message);  // ZW005
  bool failed() const { return failed_; }

  std::optional<Rendering> rendering;
  std::vector<Diagnostic> diagnostics;

 private:
  friend class ExpressionBinder;

  // One operator of a pipe, with what it reads and sees.
  struct Step {
    const Operator& op;
    RelationPtr input;  // null for a source
    const Scope& names;
    RelationPtr applied_input;
    RowScope Row() const {
      RowScope row;
      row.row = input == nullptr ? nullptr : &input->schema;
      row.names = &names;
      row.applied_input = applied_input;
      return row;
    }
  };
  // What expressions read belongs to one row; a pipe within an expression starts another. Restores the outer context at its end.
  class [[nodiscard]] RowContext {
   public:
    explicit RowContext(Binder& binder)
        : binder_(binder), row_context_(binder.row_context_), subquery_depth_(binder.subquery_depth_) {
      binder.row_context_ = ++binder.last_row_context_;
      binder.subquery_depth_ = 0;
    }
    ~RowContext() {
      binder_.row_context_ = row_context_;
      binder_.subquery_depth_ = subquery_depth_;
    }
    RowContext(const RowContext&) = delete;
    RowContext& operator=(const RowContext&) = delete;

   private:
    Binder& binder_;
    const std::uint32_t row_context_;
    const std::uint32_t subquery_depth_;
  };

  // One level of an expression. A subquery below gets as much farther from the relation that reads the expression.
  class [[nodiscard]] ExpressionGuard {
   public:
    explicit ExpressionGuard(Binder& binder) : binder_(binder), subquery_depth_(binder.subquery_depth_) {
      ++binder.expression_depth_;
    }
    ~ExpressionGuard() {
      --binder_.expression_depth_;
      if (binder_.subquery_depth_ > subquery_depth_) ++binder_.subquery_depth_;
    }
    ExpressionGuard(const ExpressionGuard&) = delete;
    ExpressionGuard& operator=(const ExpressionGuard&) = delete;
    bool ok() const { return binder_.expression_depth_ <= kMaxExpressionDepth; }

   private:
    Binder& binder_;
    const std::uint32_t subquery_depth_;
  };

  // Functions that call functions: bounded, since binding recurses.
  class [[nodiscard]] CallGuard {
   public:
    explicit CallGuard(Binder& binder) : binder_(binder) { ++binder.call_depth_; }
    ~CallGuard() { --binder_.call_depth_; }
    CallGuard(const CallGuard&) = delete;
    CallGuard& operator=(const CallGuard&) = delete;
    bool ok() const { return binder_.call_depth_ <= kMaxCallDepth; }

   private:
    Binder& binder_;
  };

  bool CountNode(Span span, std::size_t count = 1);  // false after reporting ZW003
  bool exhausted() const { return nodes_ > kMaxPlanNodes; }
  // Every relation is finished here: counts it, checks the limits, fills in depth. Null after an error.
  RelationPtr Make(Relation relation);
  ScalarPtr UnknownScalar(Span span) const;
  ScalarPtr ColumnOf(const Schema& row, std::size_t column, Span span);
  std::vector<ScalarPtr> AllColumns(const Schema& row, Span span);
  // "unknown column 'Evnt', did you mean 'Event'?" and the like.
  static std::string UnknownMessage(std::string_view what, std::string_view name, const std::vector<std::string_view>& candidates);
  void ErrorUnknownColumn(const Name& name, const Schema& schema);
  void ErrorUnknownTable(const Name& name, const Scope& scope);
  void ErrorDuplicate(Span span, std::string_view name);
  // The name and value of kind=, hint.x=, ...; null when the operator has none.
  static const OperatorParameter* FindParameter(const Operator& op, std::string_view name);

  // pipe.cc
  RelationPtr BindOperator(const Step& step);
  RelationPtr BindRender(const Step& step);
  // binder/operator_row.cc
  RelationPtr BindWhere(const Step& step);
  RelationPtr BindFilter(const Step& step, const ScalarPtr& predicate);
  RelationPtr BindExtend(const Step& step);
  void ExtendRow(const std::vector<NamedExpr>& items, const RowScope& row, ExtendedRow& extended);
  void ExtendByTuple(const NamedExpr& item, const AggregateItem& bound, std::set<std::string, std::less<>>& declared,
                     ExtendedRow& extended);
  RelationPtr BindSerialize(const Step& step);
  RelationPtr BindProject(const Step& step);
  // Columns of `project`, `print`, `distinct` and the keys of summarize: names in `columns`, values returned beside them.
  std::vector<ScalarPtr> BindColumns(const std::vector<NamedExpr>& items, const RowScope& row, ResultColumns& columns);
  bool AddColumn(const NamedExpr& item, const ScalarPtr& value, const RowScope& row, ResultColumns& columns);
  bool CheckSingleName(const NamedExpr& item);
  void RefuseOrderFunctions(const Scalar& scalar, std::string_view place);
  RelationPtr ProjectColumns(const RelationPtr& input, const std::vector<std::size_t>& columns, Span span);
  // binder/tuple.cc
  bool IsTuple(const Expr& expr, const RowScope& row) const;
  AggregateItem BindTuple(const Expr& expr, const RowScope& row);
  std::vector<ScalarPtr> AddValues(const NamedExpr& item, const AggregateItem& bound, ResultColumns& columns);
  // binder/operator_columns.cc
  RelationPtr BindProjectAway(const Step& step);
  RelationPtr BindProjectKeep(const Step& step);
  RelationPtr BindProjectRename(const Step& step);
  RelationPtr BindProjectReorder(const Step& step);
  std::vector<bool> MatchColumns(const std::vector<WildName>& patterns, const Schema& schema);
  // binder/operator_parse.cc
  RelationPtr BindParse(const Step& step);
  void BindParseKind(const Operator& op, Relation& parse);
  // binder/operator_expand.cc
  RelationPtr BindMvExpand(const Step& step);
  RelationPtr BindMvApply(const Step& step);
  static void AppliedColumns(const Step& step, Relation& apply);
  void BindExpansionOptions(const Step& step, Relation& expand);
  void BindExpansions(const Step& step, Relation& expand, Schema& row_schema);
  // binder/operator_group.cc
  RelationPtr BindSummarize(const Step& step);
  RelationPtr BindDistinct(const Step& step);
  RelationPtr BindCount(const Step& step);
  void RefuseDynamicKey(const ScalarPtr& key, Span span);
  void AddAggregate(const NamedExpr& item, const AggregateItem& bound, ResultColumns& columns, std::vector<ScalarPtr>& values);
  RelationPtr FinishSummarize(Relation aggregate, Schema schema, const Schema& call_columns, std::vector<ScalarPtr> values);
  // binder/operator_join.cc
  RelationPtr BindJoin(const Step& step);
  JoinKind BindJoinKind(const Operator& op);
  void BindJoinCondition(const Expr& condition, Relation& join);
  void BindCommonKey(const Name& name, Relation& join);
  void AddJoinKey(std::size_t left, std::size_t right, Span left_span, Span right_span, Relation& join);
  static void JoinColumns(bool lookup, Relation& join);
  // binder/operator_union.cc
  RelationPtr BindUnion(const Step& step);
  RelationPtr BindSearch(const Step& step);
  ScalarPtr BindSearchPredicate(const Expr& expr, const RowScope& row, bool match_case);
  std::vector<RelationPtr> BindSources(const Step& step, bool fuzzy);
  bool AddMatchingTables(const Name& pattern, const Scope& names, std::vector<RelationPtr>& inputs);
  bool TableExists(const Name& name, const Scope& names) const;
  RelationPtr MakeUnion(std::vector<RelationPtr> inputs, bool inner, const std::string& source_column, Span span);
  std::string SourceName(const RelationPtr& relation, std::size_t place) const;
  // binder/operator_evaluate.cc
  class Evaluation;
  RelationPtr BindEvaluate(const Step& step);
  // binder/operator_order.cc
  RelationPtr BindSort(const Step& step);
  RelationPtr BindTake(const Step& step);
  ScalarPtr BindRowCount(const Expr& expr, const Scope& names);
  // binder/table.cc
  RelationPtr BindDatatable(const Expr& expr);
  RelationPtr BindPrint(const Step& step);
  RelationPtr BindRange(const Step& step);
  Type RangeType(const Operator& op, const Relation& range);
  RelationPtr BindGetSchema(const Step& step);
  RelationPtr BindStoredTable(std::string_view name, Span span);
  RelationPtr BindStoredFunction(const Name& name);
  RelationPtr BindTableFunction(const Expr& call, const Scope& scope);
  // binder/statement.cc
  // A block's let statements, in order; what a function sees is what stood before it.
  class Block;
  Definition Define(const Statement& let, const Scope& scope);
  Definition DefineScalar(ScalarPtr scalar, std::size_t nodes_before) const;
  Definition DefineParameter(const LambdaParameter& parameter);
  bool YieldsTable(const Lambda& lambda, const Scope& scope) const;
  RelationPtr CallTabular(const Expr& call, const Definition& definition, const Scope& scope, const RelationPtr& piped_input);
  bool BindArguments(const Expr& call, const Lambda& lambda, const RowScope& row, const RelationPtr& piped_input, Scope& parameters);
  bool MatchArguments(const Expr& call, const Lambda& lambda, bool piped, std::vector<const Expr*>& matched);
  bool CheckColumns(const LambdaParameter& parameter, const Relation& table, Span span);
  ScalarPtr ConvertArgument(const ScalarPtr& argument, const Expr& expr, Type type);
  RelationPtr NoteSubquery(RelationPtr relation);

  // Where a stored function's text is being bound: its places mean nothing in the query's text.
  struct Foreign {
    std::string name;
    std::string_view text;
    Span call;
  };

  const std::string_view text_;
  const Catalog& catalog_;
  const BindOptions& options_;
  const MentionedNames mentioned_;
  StoredFunctions stored_;
  std::size_t nodes_ = 0;
  int unnamed_count_ = 0;  // Column1, Column2, ...: the number goes on through the query
  int call_depth_ = 0;
  int expression_depth_ = 0;
  bool failed_ = false;
  const Foreign* foreign_ = nullptr;
  std::uint32_t row_context_ = 1;       // of the row that expressions read now
  std::uint32_t last_row_context_ = 1;
  std::uint32_t subquery_depth_ = 0;    // of the deepest relation within the expressions bound in this pipe
  std::set<std::string, std::less<>> functions_in_progress_;          // stored ones
  std::map<const Relation*, std::string> names_by_as_;                // what `as` called a relation
  std::map<std::string, RelationPtr, std::less<>>* exported_ = nullptr;  // names that `as` gives to later statements
};

}  // namespace zoomwatch::kql
