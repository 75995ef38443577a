// What the files of the binder share: one Binder per bound query, with the scopes that names are looked up in.
// Not thread-safe; one binding uses it from one thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
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
};

// The name that an expression gives to its column, empty when none: facts of the language, in naming.cc.
std::string ResultName(const Expr& expr, const RowScope& scope);

// Gives result columns their names: explicit ones stay, generated ones get the smallest free number on a clash, unnamed ones are
// Column1, Column2, ... Two equal explicit names are KS171.
class ResultColumns {
 public:
  enum class Unnamed { kColumnN, kPrintN };
  explicit ResultColumns(Unnamed unnamed = Unnamed::kColumnN) : unnamed_(unnamed) {}
  // Adds a column; returns false for a duplicate of an explicit name (the column is then not added).
  bool AddExplicit(std::string name, Type type, bool loose);
  void AddGenerated(std::string name_or_empty, Type type, bool loose);
  const Schema& schema() const { return schema_; }
  Schema Take() { return std::move(schema_); }

 private:
  bool Has(std::string_view name) const;
  const Unnamed unnamed_;
  Schema schema_;
  int unnamed_count_ = 0;
};

class Binder {
 public:
  Binder(std::string_view text, const Catalog& catalog, const BindOptions& options, MentionedNames mentioned);

  // --- expression.cc, operators_table.cc, call.cc: expressions ------------------------------------------------------------------
  // Never null: an expression with an error is a constant of type kUnknown.
  ScalarPtr BindScalar(const Expr& expr, const RowScope& scope);
  // Binds and requires bool (KS107 otherwise).
  ScalarPtr BindPredicate(const Expr& expr, const RowScope& scope);
  // Binds and requires a value that does not depend on the row and is of the type (KS107).
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
  // A call of a user-defined scalar function.
  ScalarPtr BindScalarLambda(const Expr& call, const Definition& definition, const RowScope& scope);

  // --- diagnostics ---------------------------------------------------------------------------------------------------------------
  void Error(std::string_view code, Span span, std::string message);
  void Warn(Span span, std::string message);  // ZW005
  bool failed() const { return failed_; }

  std::optional<Rendering> rendering;
  std::vector<Diagnostic> diagnostics;

 private:
  friend struct BinderAccess;
  bool CountNode(Span span);  // false after reporting ZW003
  const std::string_view text_;
  const Catalog& catalog_;
  const BindOptions& options_;
  const MentionedNames mentioned_;
  std::size_t nodes_ = 0;
  int call_depth_ = 0;
  bool failed_ = false;
};

}  // namespace zoomwatch::kql
