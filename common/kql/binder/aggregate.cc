// Aggregates, and the expressions of summarize around them.
#include <algorithm>
#include <cmath>
#include <utility>

#include "common/kql/binder/expression_binder.h"
#include "common/kql/convert.h"
#include "common/kql/binder/overload.h"
#include "common/kql/convert.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

// Yields a column per argument, named after it.
bool IsRowAggregate(Aggregate aggregate) {
  return aggregate == Aggregate::kArgMin || aggregate == Aggregate::kArgMax || aggregate == Aggregate::kTakeAny;
}

bool IsPercentile(Aggregate aggregate) { return aggregate == Aggregate::kPercentile || aggregate == Aggregate::kPercentiles; }

// Not NaN, which has no rank among the values.
bool IsPercent(const Value& value) {
  const Value real = ConvertTo(Type::kReal, value);
  return !real.is_null() && real.AsReal() >= 0 && real.AsReal() <= 100;
}

// Letters and digits stay; everything else is "_".
std::string NameFragment(const Value& value) {
  const bool whole = value.kind() == Kind::kReal && std::trunc(value.AsReal()) == value.AsReal() && std::fabs(value.AsReal()) < 1e18;
  std::string text = whole ? fmt::format("{}", static_cast<std::int64_t>(value.AsReal())) : ToText(value);
  for (char& c : text) {
    const bool kept = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!kept) c = '_';
  }
  return text;
}

bool Contains(const std::vector<std::size_t>& columns, std::size_t column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

}  // namespace

void ExpressionBinder::AddStar(const Expr& star, const AggregateFunction& function, std::vector<std::size_t>& seen,
                               AggregateArguments& arguments) {
  if (scope_.row == nullptr) return;
  for (std::size_t i = 0; i < scope_.row->size(); ++i) {
    const bool key = scope_.star_omits != nullptr && Contains(*scope_.star_omits, i);
    if (key || Contains(seen, i)) continue;
    seen.push_back(i);
    arguments.given.values.push_back(binder_.ColumnOf(*scope_.row, i, star.span));
    arguments.given.exprs.push_back(nullptr);
    arguments.names.push_back(function.prefix.empty() ? (*scope_.row)[i].name : fmt::format("{}_{}", function.prefix, (*scope_.row)[i].name));
  }
}

void ExpressionBinder::AddRowArgument(const Expr& call, std::size_t index, bool any_star, const AggregateFunction& function,
                                      std::vector<std::size_t>& seen, AggregateArguments& arguments) {
  const Expr& argument = *call.children[index];
  const bool arg_function = function.aggregate != Aggregate::kTakeAny;
  const Expr& written = argument.kind == ExprKind::kNamedArgument ? *argument.children[0] : argument;
  ScalarPtr value = Bind(written);
  const bool column = RefersToColumn(written, *value);
  if (column) {
    const bool key = scope_.star_omits != nullptr && Contains(*scope_.star_omits, value->column);
    if (any_star && !(arg_function && index == 0) && (key || Contains(seen, value->column))) return;
    seen.push_back(value->column);
  }
  std::string name = ResultName(argument, scope_);
  if (column && argument.kind != ExprKind::kNamedArgument) name = (*scope_.row)[value->column].name;
  // any(x) of one argument is named like every other aggregate.
  const bool only = !function.prefix.empty() && call.children.size() == 1;
  const bool named_by_position = name.empty() && !arg_function && !only;
  if (named_by_position) name = function.prefix.empty() ? fmt::format("any_arg{}", index) : fmt::format("arg{}", index);
  if (name.empty() && index > 0 && arg_function) {
    const std::string_view kind = function.aggregate == Aggregate::kArgMax ? "max" : "min";
    name = function.prefix.empty() ? fmt::format("{}_{}_arg{}", kind, ResultName(*call.children[0], scope_), index)
                                   : fmt::format("arg{}", index);
  }
  if (!function.prefix.empty()) {
    // The old argmax and any: max_x, max_x_y; any_x, any_y.
    const std::string primary = arguments.names.empty() ? function.prefix : arguments.names[0];
    name = fmt::format("{}_{}", arg_function ? primary : function.prefix, name);
  } else if (name.empty()) {
    name = function.aggregate == Aggregate::kArgMax ? "max_" : "min_";
  }
  arguments.given.values.push_back(std::move(value));
  arguments.given.exprs.push_back(&argument);
  arguments.names.push_back(std::move(name));
}

ExpressionBinder::AggregateArguments ExpressionBinder::BindRowArguments(const Expr& call, const AggregateFunction& function) {
  AggregateArguments arguments;
  std::vector<std::size_t> seen;  // columns of the row that have a place in the result
  const bool any_star = std::any_of(call.children.begin(), call.children.end(), [](const ExprPtr& c) { return c->kind == ExprKind::kStar; });
  for (std::size_t i = 0; i < call.children.size(); ++i) {
    if (call.children[i]->kind == ExprKind::kStar) {
      AddStar(*call.children[i], function, seen, arguments);
    } else {
      AddRowArgument(call, i, any_star, function, seen, arguments);
    }
  }
  for (const Expr*& expr : arguments.given.exprs) {
    if (expr == nullptr) expr = &call;  // a column that * stands for has no text of its own
  }
  return arguments;
}

// Values of the row stay arguments; sizes, accuracies and percentiles become parameters.
bool ExpressionBinder::SplitParameters(const Overload& overload, const CallArguments& given, AggregateCall& aggregate) {
  const auto parameters = ParametersOf(overload, given.values.size());
  const std::vector<ScalarPtr> values = ArgumentValues(overload, given.values);
  bool good = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool size = i > 0 && (parameters[i]->kind == ParamKind::kInteger || parameters[i]->kind == ParamKind::kNumber ||
                                (parameters[i]->kind == ParamKind::kNotDynamic && parameters[i]->min_occurs == 0));
    if (!size) {
      aggregate.arguments.push_back(values[i]);
    } else if (IsConstant(values[i]) && IsPercentile(aggregate.aggregate) && !IsPercent(values[i]->constant)) {
      binder_.Error(code::kBadConstant, given.exprs[i]->span, "a percentile is a number from 0 to 100");
      good = false;
    } else if (IsConstant(values[i])) {
      aggregate.parameters.push_back(values[i]->constant);
    } else {
      binder_.Error(code::kConstantExpected, given.exprs[i]->span, "a constant is expected here");
      good = false;
    }
  }
  return good;
}

Binder::AggregateItem ExpressionBinder::AddAggregate(const Expr& call, AggregateCall aggregate, std::vector<Column> outputs) {
  Binder::AggregateItem item;
  aggregate.outputs = outputs.size();
  for (Column& output : outputs) {
    Scalar value;
    value.kind = ScalarKind::kColumn;
    value.type = output.type;
    value.loose = output.loose;
    value.span = call.span;
    value.column = aggregates_->key_count + aggregates_->call_columns.size();
    item.values.push_back(Fold(std::move(value)));
    item.names.push_back(output.name);
    item.types.push_back(output.type);
    aggregates_->call_columns.push_back(std::move(output));
  }
  aggregates_->calls.push_back(std::move(aggregate));
  return item;
}

Binder::AggregateItem ExpressionBinder::BindAggregateCall(const Expr& call, const AggregateFunction& function) {
  const bool of_row = IsRowAggregate(function.aggregate);
  ExpressionBinder of_input(binder_, aggregates_->input);
  AggregateArguments arguments;
  if (of_row) {
    arguments = of_input.BindRowArguments(call, function);
  } else {
    arguments.given = of_input.BindArguments(call);
  }
  const CallArguments& given = arguments.given;
  Type type = Type::kUnknown;
  const Overload* overload =
      binder_.MatchOverload(call.name.text, function.overloads, given.values, given.exprs, call.name.span, &type);
  AggregateCall aggregate;
  aggregate.function = &function;
  aggregate.aggregate = function.aggregate;
  if (overload == nullptr || !SplitParameters(*overload, given, aggregate)) {
    return {{Unknown(call.span)}, {ResultName(call, aggregates_->input)}, {Type::kUnknown}};
  }
  if (function.aggregate == Aggregate::kCount && !aggregate.arguments.empty()) aggregate.aggregate = Aggregate::kCountIf;
  std::vector<Column> outputs;
  if (of_row) {
    for (std::size_t i = 0; i < given.values.size(); ++i) {
      outputs.push_back({arguments.names[i], given.values[i]->type, aggregate.arguments[i]->loose});
    }
  } else if (IsPercentile(function.aggregate)) {
    const Type of = type == Type::kDecimal ? Type::kReal : type;
    const std::string name = ResultName(*call.children[0], aggregates_->input);
    for (const Value& percentile : aggregate.parameters) {
      outputs.push_back({fmt::format("percentile_{}_{}", name, NameFragment(percentile)), of});
    }
  } else {
    const bool loose = type == Type::kString && !aggregate.arguments.empty() && aggregate.arguments[0]->loose &&
                       overload->result_rule == ResultRule::kArgument0;
    outputs.push_back({ResultName(call, aggregates_->input), type, loose});
  }
  return AddAggregate(call, std::move(aggregate), std::move(outputs));
}

Binder::AggregateItem Binder::BindAggregate(const Expr& expr, const RowScope& scope, std::size_t key_count,
                                            std::vector<AggregateCall>& calls, Schema& call_columns) {
  RowScope beside;  // what stands beside the aggregates sees names, but no row
  beside.names = scope.names;
  AggregateScope aggregates{scope, key_count, calls, call_columns};
  ExpressionBinder binder(*this, beside, &aggregates);
  const AggregateFunction* function = expr.kind == ExprKind::kCall ? FindAggregate(expr.name.text) : nullptr;
  const Definition* definition = function == nullptr || scope.names == nullptr ? nullptr : scope.names->Find(expr.name.text);
  if (function != nullptr && (definition == nullptr || definition->lambda == nullptr)) {
    if (!CountNode(expr.span)) return {{UnknownScalar(expr.span)}, {""}, {Type::kUnknown}};
    return binder.BindAggregateCall(expr, *function);
  }
  ScalarPtr value = binder.Bind(expr);
  const Type type = value->type;
  return {{std::move(value)}, {ResultName(expr, scope)}, {type}};
}

}  // namespace zoomwatch::kql
