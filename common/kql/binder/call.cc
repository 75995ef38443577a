// Calls of scalar functions, and the functions that see more than their arguments.
#include <algorithm>
#include <utility>

#include "common/kql/binder/expression_binder.h"
#include "common/kql/binder/overload.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

// What the rows of a table call the time at which they were received.
constexpr std::string_view kReceiveTime = "ReceiveTime";

// A conversion of a column to the type that it has is the column itself.
bool IsConversion(const ScalarFunction& function) {
  static constexpr std::string_view kConversions[] = {"tostring", "tobool",   "toint",      "tolong",     "todouble",
                                                      "todecimal", "todatetime", "totimespan", "toguid"};
  return std::find(std::begin(kConversions), std::end(kConversions), function.name) != std::end(kConversions);
}

bool KeepsLoose(SpecialForm form) {
  return form == SpecialForm::kIff || form == SpecialForm::kCase || form == SpecialForm::kCoalesce || form == SpecialForm::kPrev ||
         form == SpecialForm::kNext;
}

// Values of both types are of one kind, so that a column of the one needs no care where the other is expected.
bool SameKind(Type a, Type b) { return a == b || (IsInteger(a) && IsInteger(b)); }

}  // namespace

ScalarPtr ExpressionBinder::BindCall(const Expr& expr) {
  const std::string& name = expr.name.text;
  const Definition* definition = scope_.names == nullptr ? nullptr : scope_.names->Find(name);
  if (definition != nullptr && definition->lambda != nullptr) {
    if (!binder_.IsTabular(expr, *scope_.names)) return binder_.BindScalarLambda(expr, *definition, scope_);
    return Fail(code::kScalarExpected, expr.name.span, fmt::format("a value is expected here, and '{}' yields a table", name));
  }
  const AggregateFunction* aggregate = FindAggregate(name);
  if (aggregate != nullptr && aggregates_ != nullptr) {
    const auto item = BindAggregateCall(expr, *aggregate);
    if (item.values.size() == 1) return item.values[0];
    return Fail(code::kScalarExpected, expr.span, fmt::format("'{}' yields {} columns, and one value is expected", name, item.values.size()));
  }
  const ScalarFunction* function = FunctionRegistry::Default().Find(name);
  if (function == nullptr) return UnknownFunction(expr);
  switch (function->special) {
    case SpecialForm::kColumnIfExists: return BindColumnIfExists(expr, *function);
    case SpecialForm::kPackAll: return BindPackAll(expr, *function);
    case SpecialForm::kBagPackColumns: return BindPackColumns(expr, *function);
    case SpecialForm::kIngestionTime: return BindIngestionTime(expr, *function);
    case SpecialForm::kNone:
    case SpecialForm::kIff:
    case SpecialForm::kCase:
    case SpecialForm::kCoalesce:
    case SpecialForm::kPackArrayStar:
    case SpecialForm::kPrev:
    case SpecialForm::kNext:
    case SpecialForm::kRowNumber:
    case SpecialForm::kRowCumSum:
    case SpecialForm::kTable:
    case SpecialForm::kNow: break;
  }
  const bool of_row = function->name == "pack_array" && expr.children.size() == 1 && expr.children[0]->kind == ExprKind::kStar;
  return of_row ? BindPackArrayOfRow(expr, *function) : BindFunction(expr, *function);
}

ScalarPtr ExpressionBinder::UnknownFunction(const Expr& expr) {
  const std::string& name = expr.name.text;
  if (scope_.names != nullptr && binder_.IsTabular(expr, *scope_.names)) {
    return Fail(code::kScalarExpected, expr.name.span, fmt::format("a value is expected here, and '{}' yields a table", name));
  }
  if (FindAggregate(name) != nullptr) {
    return Fail(code::kAggregateNotAllowed, expr.name.span, fmt::format("the aggregate '{}' is not allowed here", name));
  }
  if (FunctionRegistry::IsRefused(name) || IsRefusedAggregate(name)) {
    return Fail(code::kNotSupported, expr.name.span, fmt::format("function '{}' is not supported", name));
  }
  std::vector<std::string_view> candidates;
  for (const auto& function : FunctionRegistry::Default().functions()) {
    candidates.push_back(function->name);
    candidates.insert(candidates.end(), function->aliases.begin(), function->aliases.end());
  }
  if (aggregates_ != nullptr) {
    for (const AggregateFunction& function : AggregateFunctions()) candidates.push_back(function.name);
  }
  for (const Scope* at = scope_.names; at != nullptr; at = at->outer) {
    for (const auto& [known, definition] : at->names) {
      if (definition.lambda != nullptr) candidates.push_back(known);
    }
  }
  return Fail(code::kUnknownFunction, expr.name.span, Binder::UnknownMessage("function", name, candidates));
}

ExpressionBinder::CallArguments ExpressionBinder::BindArguments(const Expr& call) {
  CallArguments arguments;
  for (const ExprPtr& child : call.children) {
    const bool placeholder = child->kind == ExprKind::kStar || child->kind == ExprKind::kTypeOf;
    arguments.values.push_back(placeholder ? PlaceholderArgument(*child) : Bind(*child));
    arguments.exprs.push_back(child.get());
  }
  return arguments;
}

ScalarPtr ExpressionBinder::BindFunction(const Expr& call, const ScalarFunction& function) {
  const CallArguments arguments = BindArguments(call);
  Type type = Type::kUnknown;
  const Overload* overload =
      binder_.MatchOverload(call.name.text, function.overloads, arguments.values, arguments.exprs, call.name.span, &type);
  if (overload == nullptr || !CheckConstants(function, arguments)) return Unknown(call.span);
  if (IsConversion(function)) {
    const ScalarPtr& of = arguments.values[0];
    if (of->kind == ScalarKind::kColumn && of->type == type && !of->loose) return of;
  }
  return MakeCall(call, function, *overload, type, arguments);
}

ScalarPtr ExpressionBinder::MakeCall(const Expr& call, const ScalarFunction& function, const Overload& overload, Type type,
                                     const CallArguments& arguments) {
  Scalar scalar;
  scalar.kind = ScalarKind::kCall;
  scalar.type = type;
  scalar.span = call.span;
  scalar.function = &function;
  scalar.overload = &overload;
  for (const ScalarPtr& argument : arguments.values) scalar.argument_types.push_back(argument->type);
  scalar.children = ArgumentValues(overload, arguments.values);
  scalar.loose = type == Type::kString && KeepsLoose(function.special) &&
                 std::any_of(scalar.children.begin(), scalar.children.end(), [](const ScalarPtr& child) { return child->loose; });
  return Fold(std::move(scalar));
}

// Constant arguments that cannot work are errors of the query.
bool ExpressionBinder::CheckConstants(const ScalarFunction& function, const CallArguments& arguments) {
  if (function.check == nullptr) return true;
  std::vector<const Value*> constants;
  for (const ScalarPtr& argument : arguments.values) constants.push_back(IsConstant(argument) ? &argument->constant : nullptr);
  const auto problem = function.check(constants);
  if (!problem) return true;
  binder_.Error(code::kBadConstant, arguments.exprs[problem->argument]->span, problem->message);
  return false;
}

// The column that the first argument names, seen as what the second one is; without such a column, the second argument.
ScalarPtr ExpressionBinder::BindColumnIfExists(const Expr& call, const ScalarFunction& function) {
  const CallArguments arguments = BindArguments(call);
  Type type = Type::kUnknown;
  if (binder_.MatchOverload(call.name.text, function.overloads, arguments.values, arguments.exprs, call.name.span, &type) == nullptr) {
    return Unknown(call.span);
  }
  const ScalarPtr& name = arguments.values[0];
  const ScalarPtr& otherwise = arguments.values[1];
  if (!IsConstant(name) || !name->constant.is_string()) {
    return Fail(code::kConstantExpected, call.children[0]->span, "the name of a column is expected here, as a constant text");
  }
  const auto found = scope_.row == nullptr ? std::nullopt : FindColumn(*scope_.row, name->constant.AsString());
  if (!found) return otherwise;
  const Column& column = (*scope_.row)[*found];
  Scalar scalar;
  scalar.kind = ScalarKind::kColumn;
  scalar.type = type;
  scalar.span = call.span;
  scalar.column = *found;
  scalar.loose = type != Type::kDynamic && (column.loose || !SameKind(column.type, type));
  return Fold(std::move(scalar));
}

// Children of pack_all and bag_pack_columns: name, value, name, value, ...
ScalarPtr ExpressionBinder::BindPackAll(const Expr& call, const ScalarFunction& function) {
  const CallArguments arguments = BindArguments(call);
  Type type = Type::kUnknown;
  const Overload* overload =
      binder_.MatchOverload(call.name.text, function.overloads, arguments.values, arguments.exprs, call.name.span, &type);
  if (overload == nullptr) return Unknown(call.span);
  if (scope_.row == nullptr) return Fail(code::kNotAllowedHere, call.span, fmt::format("'{}' needs a row, and there is none", call.name.text));
  Scalar scalar;
  scalar.kind = ScalarKind::kCall;
  scalar.type = type;
  scalar.span = call.span;
  scalar.function = &function;
  scalar.overload = overload;
  for (std::size_t i = 0; i < scope_.row->size(); ++i) {
    scalar.children.push_back(MakeConstant(Value::String((*scope_.row)[i].name), Type::kString, call.span));
    scalar.children.push_back(binder_.ColumnOf(*scope_.row, i, call.span));
  }
  if (!arguments.values.empty()) scalar.children.push_back(arguments.values[0]);
  return Fold(std::move(scalar));
}

ScalarPtr ExpressionBinder::BindPackColumns(const Expr& call, const ScalarFunction& function) {
  const CallArguments arguments = BindArguments(call);
  Type type = Type::kUnknown;
  const Overload* overload =
      binder_.MatchOverload(call.name.text, function.overloads, arguments.values, arguments.exprs, call.name.span, &type);
  if (overload == nullptr) return Unknown(call.span);
  Scalar scalar;
  scalar.kind = ScalarKind::kCall;
  scalar.type = type;
  scalar.span = call.span;
  scalar.function = &function;
  scalar.overload = overload;
  for (std::size_t i = 0; i < arguments.values.size(); ++i) {
    scalar.children.push_back(MakeConstant(Value::String(ResultName(*arguments.exprs[i], scope_)), Type::kString, call.span));
    scalar.children.push_back(arguments.values[i]);
  }
  return Fold(std::move(scalar));
}

// pack_array(*): every column of the row.
ScalarPtr ExpressionBinder::BindPackArrayOfRow(const Expr& call, const ScalarFunction& function) {
  if (scope_.row == nullptr) return Fail(code::kStarNotAllowed, call.children[0]->span, "'*' is not allowed here");
  CallArguments columns;
  columns.values = binder_.AllColumns(*scope_.row, call.span);
  return MakeCall(call, function, function.overloads[0], Type::kDynamic, columns);
}

ScalarPtr ExpressionBinder::BindIngestionTime(const Expr& call, const ScalarFunction& function) {
  const CallArguments arguments = BindArguments(call);
  Type type = Type::kUnknown;
  const Overload* overload =
      binder_.MatchOverload(call.name.text, function.overloads, arguments.values, arguments.exprs, call.name.span, &type);
  if (overload == nullptr) return Unknown(call.span);
  if (scope_.row != nullptr) {
    const auto column = FindColumn(*scope_.row, kReceiveTime);
    if (column && (*scope_.row)[*column].type == Type::kDateTime) return binder_.ColumnOf(*scope_.row, *column, call.span);
  }
  return MakeCall(call, function, *overload, type, arguments);
}

}  // namespace zoomwatch::kql
