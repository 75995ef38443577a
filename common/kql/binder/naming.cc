// The names of result columns. Source of truth: docs/kql.md, "Names of result columns"; the naming kind of each function is in its row of
// the registry.
#include "common/kql/binder/binder_state.h"
#include "common/kql/convert.h"
#include "common/kql/functions/aggregates.h"
#include "common/kql/functions/registry.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

bool IsJoinSide(const Expr& expr, const RowScope& scope) {
  return expr.kind == ExprKind::kName && ((scope.left != nullptr && expr.name.text == "$left") ||
                                          (scope.right != nullptr && expr.name.text == "$right"));
}

// A key between brackets counts when it is a literal without a sign; an expression gives no name.
std::string KeyName(const Expr& key) {
  if (key.kind != ExprKind::kLiteral) return "";
  if (key.value.is_string()) return std::string(key.value.AsString());
  if (key.value.kind() == Kind::kLong && key.value.AsLong() >= 0) return fmt::format("{}", key.value.AsLong());
  return "";
}

// d.a is d_a; what has no name in front of the dot leaves the name behind it.
std::string Joined(const std::string& left, const std::string& right) {
  return left.empty() ? right : fmt::format("{}_{}", left, right);
}

// The text that a column's name is given by: a literal, or a name for one.
std::optional<std::string> ConstantText(const Expr& expr, const RowScope& scope) {
  if (expr.kind == ExprKind::kLiteral && expr.value.is_string()) return std::string(expr.value.AsString());
  if (expr.kind != ExprKind::kName || scope.names == nullptr) return std::nullopt;
  const Definition* definition = scope.names->Find(expr.name.text);
  if (definition == nullptr || definition->scalar == nullptr || definition->scalar->kind != ScalarKind::kConstant) return std::nullopt;
  if (!definition->scalar->constant.is_string()) return std::nullopt;
  return std::string(definition->scalar->constant.AsString());
}

std::string Prefixed(const std::string& prefix, const Expr& call, const RowScope& inner) {
  return fmt::format("{}_{}", prefix, call.children.empty() ? "" : ResultName(*call.children[0], inner));
}

std::string CallName(const Expr& call, const RowScope& scope) {
  const Definition* definition = scope.names == nullptr ? nullptr : scope.names->Find(call.name.text);
  if (definition != nullptr && definition->lambda != nullptr) return "";
  // Below the outermost call, column_ifexists gives no name: it looks for its column only at the top.
  RowScope inner = scope;
  inner.row = nullptr;
  const ScalarFunction* function = FunctionRegistry::Default().Find(call.name.text);
  if (function == nullptr) {
    const AggregateFunction* aggregate = FindAggregate(call.name.text);
    if (aggregate == nullptr) return "";
    if (!aggregate->prefix.empty()) return Prefixed(aggregate->prefix, call, inner);
    return call.children.empty() ? "" : ResultName(*call.children[0], inner);
  }
  switch (function->naming) {
    case Naming::kNone: return "";
    case Naming::kFirstArgument: return call.children.empty() ? "" : ResultName(*call.children[0], inner);
    case Naming::kNameAndFirstArgument: return Prefixed(function->name, call, inner);
    case Naming::kPrefixAndFirstArgument: return Prefixed(function->prefix, call, inner);
    case Naming::kOnlyArgument: return call.children.size() == 1 ? ResultName(*call.children[0], inner) : "";
    case Naming::kFixed: return function->prefix;
    case Naming::kColumnIfExists: break;
  }
  const auto name = call.children.empty() || scope.row == nullptr ? std::nullopt : ConstantText(*call.children[0], scope);
  return name && FindColumn(*scope.row, *name) ? *name : "";
}

}  // namespace

std::string ResultName(const Expr& expr, const RowScope& scope) {
  RowScope inner = scope;
  inner.row = nullptr;
  switch (expr.kind) {
    case ExprKind::kName:
    case ExprKind::kNamedArgument: return expr.name.text;
    case ExprKind::kPath:
      return IsJoinSide(*expr.children[0], scope) ? expr.name.text : Joined(ResultName(*expr.children[0], inner), expr.name.text);
    case ExprKind::kIndex: return Joined(ResultName(*expr.children[0], inner), KeyName(*expr.children[1]));
    case ExprKind::kCall: return CallName(expr, scope);
    case ExprKind::kLiteral:
    case ExprKind::kStar:
    case ExprKind::kUnary:
    case ExprKind::kBinary:
    case ExprKind::kAnd:
    case ExprKind::kOr:
    case ExprKind::kIn:
    case ExprKind::kBetween:
    case ExprKind::kPipe:
    case ExprKind::kToScalar:
    case ExprKind::kMaterialize:
    case ExprKind::kTypeOf:
    case ExprKind::kDatatable: break;
  }
  return "";
}

bool RefersToColumn(const Expr& expr, const Scalar& bound) {
  if (bound.kind != ScalarKind::kColumn) return false;
  // The binder leaves a conversion out that changes nothing, so a call that is bound to a column is one, or column_ifexists().
  if (expr.kind == ExprKind::kCall) return expr.children.size() == 1 && expr.children[0]->kind == ExprKind::kName;
  return expr.kind == ExprKind::kName || expr.kind == ExprKind::kPath;
}

}  // namespace zoomwatch::kql
