// Calls of the functions that let defines: each call binds the body anew, with the arguments in the place of the parameters.
#include <algorithm>
#include <map>
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "common/kql/binder/block.h"
#include "common/kql/convert.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

std::string ExpectedCount(const Lambda& lambda, bool piped) {
  const auto all = static_cast<std::size_t>(lambda.parameters.size()) - (piped && !lambda.parameters.empty() ? 1 : 0);
  const auto optional = static_cast<std::size_t>(
      std::count_if(lambda.parameters.begin(), lambda.parameters.end(), [](const auto& p) { return p.default_value != nullptr; }));
  if (optional == 0) return fmt::format("{} argument{}", all, all == 1 ? "" : "s");
  return fmt::format("{} to {} arguments", all - optional, all);
}

// Whether a body is a table, where `local` knows the kinds of the names around it better than the scope does.
bool IsTable(const Pipe& pipe, const std::map<std::string, bool, std::less<>>& local, const Binder& binder, const Scope& scope) {
  if (!IsBareExpression(pipe)) return true;
  const Expr& source = *pipe.source;
  if (source.kind == ExprKind::kName || source.kind == ExprKind::kCall) {
    const auto found = local.find(source.name.text);
    if (found != local.end()) return found->second;
  }
  return binder.IsTabular(source, scope);
}

}  // namespace

bool Binder::YieldsTable(const Lambda& lambda, const Scope& scope) const {
  if (lambda.body == nullptr) return false;
  std::map<std::string, bool, std::less<>> local;
  for (const LambdaParameter& parameter : lambda.parameters) local[parameter.name.text] = parameter.tabular;
  for (const Statement& let : lambda.lets) {
    const Pipe* body = let.lambda != nullptr ? let.lambda->body.get() : let.pipe.get();
    local[let.name.text] = body != nullptr && IsTable(*body, local, *this, scope);
  }
  return IsTable(*lambda.body, local, *this, scope);
}

bool Binder::MatchArguments(const Expr& call, const Lambda& lambda, bool piped, std::vector<const Expr*>& matched) {
  matched.assign(lambda.parameters.size(), nullptr);
  std::size_t next = piped ? 1 : 0;
  bool unordered = false;
  for (const ExprPtr& argument : call.children) {
    std::size_t at = next++;
    const Expr* value = argument.get();
    if (argument->kind == ExprKind::kNamedArgument) {
      value = argument->children[0].get();
      const auto found = std::find_if(lambda.parameters.begin(), lambda.parameters.end(),
                                      [&argument](const auto& p) { return p.name.text == argument->name.text; });
      if (found == lambda.parameters.end()) {
        Error(code::kUnknownParameter, argument->name.span,
              fmt::format("the function '{}' has no parameter '{}'", call.name.text, argument->name.text));
        return false;
      }
      const auto named = static_cast<std::size_t>(found - lambda.parameters.begin());
      unordered = unordered || named != at;
      at = named;
    } else if (unordered) {
      Error(code::kNamedAfterUnnamed, argument->span, "arguments after one that is named and out of order must be named");
      return false;
    }
    if (at >= matched.size() || matched[at] != nullptr || (piped && at == 0)) {
      Error(code::kArgumentCount, call.name.span,
            fmt::format("the function '{}' expects {}", call.name.text, ExpectedCount(lambda, piped)));
      return false;
    }
    matched[at] = value;
  }
  return true;
}

bool Binder::CheckColumns(const LambdaParameter& parameter, const Relation& table, Span span) {
  for (const SchemaColumn& column : parameter.schema) {
    const auto found = FindColumn(table.schema, column.name.text);
    if (found && table.schema[*found].type == column.type) continue;
    Error(code::kMissingColumns, span,
          fmt::format("the table has no column '{}' of type {}, which the parameter '{}' requires", column.name.text,
                      TypeName(column.type), parameter.name.text));
    return false;
  }
  return true;
}

// The language lets any value be given for any parameter. What is of another type is converted as the to...() functions do.
ScalarPtr Binder::ConvertArgument(const ScalarPtr& argument, const Expr& expr, Type type) {
  if (argument->type == type || argument->type == Type::kUnknown) return argument;
  if (argument->kind == ScalarKind::kConstant) {
    auto constant = std::make_shared<Scalar>(*argument);
    constant->constant = ConvertTo(type, argument->constant);
    constant->type = type;
    constant->loose = false;
    return constant;
  }
  const std::string name = type == Type::kDynamic ? "todynamic" : fmt::format("to{}", type == Type::kReal ? "double" : TypeName(type));
  const ScalarFunction* function = FunctionRegistry::Default().Find(name);
  if (function == nullptr || !CountNode(expr.span)) return UnknownScalar(expr.span);
  if (type == Type::kDynamic && argument->type == Type::kString) return argument;  // todynamic() would read the text as JSON
  auto call = std::make_shared<Scalar>();
  call->kind = ScalarKind::kCall;
  call->span = expr.span;
  call->function = function;
  call->overload = MatchOverload(name, function->overloads, {argument}, {&expr}, expr.span, &call->type);
  if (call->overload == nullptr) return UnknownScalar(expr.span);
  call->type = type;
  call->per_query = argument->per_query;
  call->argument_types = {argument->type};
  call->children = {argument};
  return call;
}

bool Binder::BindArguments(const Expr& call, const Lambda& lambda, const RowScope& row, const RelationPtr& piped_input,
                           Scope& parameters) {
  std::vector<const Expr*> matched;
  if (!MatchArguments(call, lambda, piped_input != nullptr, matched)) return false;
  for (std::size_t i = 0; i < matched.size(); ++i) {
    const LambdaParameter& parameter = lambda.parameters[i];
    const bool piped = i == 0 && piped_input != nullptr;
    const Expr* value = matched[i] != nullptr ? matched[i] : parameter.default_value.get();
    if ((value == nullptr && !piped) || (piped && !parameter.tabular)) {
      Error(code::kArgumentCount, call.name.span,
            fmt::format("the function '{}' expects {}", call.name.text, ExpectedCount(lambda, piped_input != nullptr)));
      return false;
    }
    Definition definition;
    if (parameter.tabular) {
      definition.relation = piped ? piped_input : BindTable(*value, *row.names);
      if (definition.relation == nullptr) return false;
      if (!CheckColumns(parameter, *definition.relation, piped ? call.name.span : value->span)) return false;
    } else {
      const std::size_t before = nodes_;
      const ScalarPtr bound = BindScalar(*value, matched[i] != nullptr ? row : RowScope{.names = row.names});
      definition = DefineScalar(ConvertArgument(bound, *value, parameter.type), before);
    }
    parameters.names[parameter.name.text] = std::move(definition);
  }
  return true;
}

RelationPtr Binder::CallTabular(const Expr& call, const Definition& definition, const Scope& scope, const RelationPtr& piped_input) {
  const CallGuard guard(*this);
  if (!guard.ok()) {
    Error(code::kLimit, call.name.span, fmt::format("functions call each other more than {} deep", kMaxCallDepth));
    return nullptr;
  }
  if (exhausted()) return nullptr;
  Scope parameters;
  parameters.outer = definition.lambda_scope;
  RowScope row;
  row.names = &scope;
  const Lambda& lambda = *definition.lambda;
  if (!BindArguments(call, lambda, row, piped_input, parameters)) return nullptr;
  Block block(*this, &parameters);
  for (const Statement& let : lambda.lets) block.Let(let);
  if (lambda.body == nullptr) {
    Error(code::kTableExpected, call.name.span, fmt::format("the function '{}' yields nothing", call.name.text));
    return nullptr;
  }
  return BindPipe(*lambda.body, block.names());
}

ScalarPtr Binder::BindScalarLambda(const Expr& call, const Definition& definition, const RowScope& scope) {
  const CallGuard guard(*this);
  if (!guard.ok()) {
    Error(code::kLimit, call.name.span, fmt::format("functions call each other more than {} deep", kMaxCallDepth));
    return UnknownScalar(call.span);
  }
  if (exhausted()) return UnknownScalar(call.span);
  if (definition.tabular || definition.lambda->body == nullptr) {
    Error(code::kScalarExpected, call.span, fmt::format("a value is expected here, '{}' yields {}", call.name.text,
                                                        definition.tabular ? "a table" : "nothing"));
    return UnknownScalar(call.span);
  }
  Scope parameters;
  parameters.outer = definition.lambda_scope;
  if (!BindArguments(call, *definition.lambda, scope, nullptr, parameters)) return UnknownScalar(call.span);
  Block block(*this, &parameters);
  for (const Statement& let : definition.lambda->lets) block.Let(let);
  RowScope body;
  body.names = &block.names();
  return BindScalar(*definition.lambda->body->source, body);
}

}  // namespace zoomwatch::kql
