// Names, paths, operators and subqueries of expressions.
#include <algorithm>
#include <utility>

#include "common/kql/binder/expression_binder.h"
#include "common/kql/binder/operator_types.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

struct OperatorName {
  std::string_view text;
  Op op;
};
constexpr OperatorName kOperators[] = {
    {"+", Op::kAdd},   {"-", Op::kSubtract},     {"*", Op::kMultiply}, {"/", Op::kDivide},         {"%", Op::kModulo},  {"<", Op::kLess},
    {">", Op::kGreater}, {"<=", Op::kLessOrEqual}, {">=", Op::kGreaterOrEqual}, {"==", Op::kEqual}, {"!=", Op::kNotEqual}};

bool IsComparison(Op op) { return op == Op::kLess || op == Op::kLessOrEqual || op == Op::kGreater || op == Op::kGreaterOrEqual; }

}  // namespace

ScalarPtr ExpressionBinder::Fail(std::string_view code, Span span, std::string message) {
  binder_.Error(code, span, std::move(message));
  return Unknown(span);
}

ScalarPtr ExpressionBinder::Bind(const Expr& expr) {
  const Binder::ExpressionGuard guard(binder_);
  if (!guard.ok()) return Fail(code::kLimit, expr.span, fmt::format("expressions nested deeper than {}", kMaxExpressionDepth));
  if (!binder_.CountNode(expr.span)) return Unknown(expr.span);
  switch (expr.kind) {
    case ExprKind::kLiteral: return MakeConstant(expr.value, expr.type, expr.span);
    case ExprKind::kName: return BindName(expr);
    case ExprKind::kStar: return Fail(code::kStarNotAllowed, expr.span, "'*' is not allowed here");
    case ExprKind::kPath: return BindPath(expr);
    case ExprKind::kIndex: return BindIndex(expr);
    case ExprKind::kUnary: return BindUnary(expr);
    case ExprKind::kBinary: return BindBinary(expr);
    case ExprKind::kAnd:
    case ExprKind::kOr: return BindLogic(expr);
    case ExprKind::kIn: return BindIn(expr);
    case ExprKind::kBetween: return BindBetween(expr);
    case ExprKind::kCall: return BindCall(expr);
    case ExprKind::kNamedArgument: return Bind(*expr.children[0]);
    case ExprKind::kToScalar: return BindToScalar(expr);
    case ExprKind::kPipe:
    case ExprKind::kMaterialize:
    case ExprKind::kDatatable: return Fail(code::kScalarExpected, expr.span, "a value is expected here, not a table; use toscalar()");
    case ExprKind::kTypeOf: return Fail(code::kTypeExpected, expr.span, "typeof() is not allowed here");
  }
  return Unknown(expr.span);
}

ScalarPtr ExpressionBinder::BindName(const Expr& expr) {
  if (scope_.row != nullptr) {
    if (const auto column = FindColumn(*scope_.row, expr.name.text)) return binder_.ColumnOf(*scope_.row, *column, expr.span);
  }
  const Definition* definition = scope_.names == nullptr ? nullptr : scope_.names->Find(expr.name.text);
  if (definition != nullptr && definition->scalar != nullptr) return binder_.UseScalar(*definition, expr.name);
  if (scope_.names != nullptr && binder_.IsTabular(expr, *scope_.names)) {
    return Fail(code::kScalarExpected, expr.span, fmt::format("a value is expected here, and '{}' is a table", expr.name.text));
  }
  if (definition != nullptr && definition->lambda != nullptr) return binder_.BindScalarLambda(expr, *definition, scope_);
  return UnknownName(expr);
}

ScalarPtr ExpressionBinder::UnknownName(const Expr& expr) {
  const std::string& name = expr.name.text;
  if (aggregates_ != nullptr && aggregates_->input.row != nullptr && FindColumn(*aggregates_->input.row, name)) {
    return Fail(code::kColumnBesideAggregate, expr.span,
                fmt::format("'{}' is a column: beside aggregates only aggregates of columns can stand", name));
  }
  if (name == "null") {
    return Fail(code::kUnknownName, expr.span, "unknown name 'null': a null has a type, as in int(null) or dynamic(null)");
  }
  if (FunctionRegistry::Default().Find(name) != nullptr || FindAggregate(name) != nullptr) {
    const bool column = scope_.row != nullptr && FindColumn(*scope_.row, name + "_");  // what summarize calls count()
    return Fail(code::kArgumentsRequired, expr.span,
                column ? fmt::format("'{0}' is a function; did you mean the column '{0}_'?", name)
                       : fmt::format("'{0}' is a function: write {0}()", name));
  }
  std::vector<std::string_view> candidates;
  if (scope_.row != nullptr) {
    for (const Column& column : *scope_.row) candidates.push_back(column.name);
  }
  for (const Scope* at = scope_.names; at != nullptr; at = at->outer) {
    for (const auto& [known, definition] : at->names) candidates.push_back(known);
  }
  return Fail(code::kUnknownName, expr.span, Binder::UnknownMessage(scope_.row == nullptr ? "name" : "column", name, candidates));
}

ScalarPtr ExpressionBinder::Member(ScalarPtr base, ScalarPtr key, Span span) {
  Scalar member;
  member.kind = ScalarKind::kMember;
  member.type = Type::kDynamic;
  member.span = span;
  member.children = {std::move(base), SettledText(std::move(key))};
  return Fold(std::move(member));
}

ScalarPtr ExpressionBinder::BindPath(const Expr& expr) {
  const Expr& of = *expr.children[0];
  const bool left = scope_.left != nullptr && of.kind == ExprKind::kName && of.name.text == "$left";
  const bool right = scope_.right != nullptr && of.kind == ExprKind::kName && of.name.text == "$right";
  if (left || right) {
    const Schema& side = left ? *scope_.left : *scope_.right;
    if (const auto column = FindColumn(side, expr.name.text)) return binder_.ColumnOf(side, *column, expr.span);
    binder_.ErrorUnknownColumn(expr.name, side);
    return Unknown(expr.span);
  }
  ScalarPtr base = Bind(of);
  if (IsError(base)) return base;
  if (base->type != Type::kDynamic) {
    return Fail(code::kUnknownName, expr.name.span,
                fmt::format("a {} has no members: '{}' needs a dynamic, as from parse_json()", TypeName(base->type), expr.name.text));
  }
  return Member(std::move(base), MakeConstant(Value::String(expr.name.text), Type::kString, expr.name.span), expr.span);
}

ScalarPtr ExpressionBinder::BindIndex(const Expr& expr) {
  ScalarPtr base = Bind(*expr.children[0]);
  ScalarPtr key = Bind(*expr.children[1]);
  if (IsError(base) || IsError(key)) return Unknown(expr.span);
  if (base->type != Type::kDynamic) {
    return Fail(code::kNoElements, expr.children[1]->span,
                fmt::format("a {} has no elements: [] needs a dynamic, as from parse_json()", TypeName(base->type)));
  }
  const Shape shape = ShapeOf(*base);
  const bool number = IsInteger(key->type) || key->type == Type::kDynamic;
  if (shape == Shape::kArray && !number) {
    return Fail(code::kNoCommonType, expr.children[1]->span, "an array is read by a whole number");
  }
  if (shape == Shape::kBag && !IsTextual(key->type)) {
    return Fail(code::kNoCommonType, expr.children[1]->span, "a property bag is read by a string");
  }
  if (!number && key->type != Type::kString) {
    return Fail(code::kNoCommonType, expr.children[1]->span,
                fmt::format("a dynamic is read by a whole number or a string, not by a {}", TypeName(key->type)));
  }
  return Member(std::move(base), std::move(key), expr.span);
}

ScalarPtr ExpressionBinder::BindUnary(const Expr& expr) {
  ScalarPtr operand = Bind(*expr.children[0]);
  if (IsError(operand)) return operand;
  if (!IsSummable(operand->type) && operand->type != Type::kDynamic) {
    return Fail(code::kOperandTypes, expr.op_span, fmt::format("'{}' is not defined for a {}", expr.op, TypeName(operand->type)));
  }
  // A constant int stays an int.
  const Type type = operand->type == Type::kInt && !IsConstant(operand) ? Type::kLong : operand->type;
  if (expr.op == "+") return Converted(std::move(operand), type);
  return MakeOperator(Op::kNegate, type, expr.span, {std::move(operand)});
}

ScalarPtr ExpressionBinder::BindLogic(const Expr& expr) {
  const bool all = expr.kind == ExprKind::kAnd;
  std::vector<ScalarPtr> children;
  bool good = true;
  for (const ExprPtr& child : expr.children) {
    children.push_back(Bind(*child));
    const Type type = children.back()->type;
    good = good && type != Type::kUnknown;
    if (type == Type::kBool || type == Type::kDynamic || type == Type::kUnknown) continue;
    good = false;
    binder_.Error(code::kOperandTypes, child->span, fmt::format("'{}' needs a bool, not a {}", all ? "and" : "or", TypeName(type)));
  }
  if (!good) return Unknown(expr.span);
  return MakeOperator(all ? Op::kAnd : Op::kOr, Type::kBool, expr.span, std::move(children));
}

ScalarPtr ExpressionBinder::BindBinary(const Expr& expr) {
  if (expr.children[0]->kind == ExprKind::kStar) return BindAnyColumn(expr);
  for (const OperatorName& known : kOperators) {
    if (known.text != expr.op) continue;
    return known.op == Op::kEqual || known.op == Op::kNotEqual ? BindEquality(expr, known.op) : BindComputation(expr, known.op);
  }
  if (const auto text = FindTextOperator(expr.op)) return BindText(expr, *text);
  return Fail(code::kNotSupported, expr.op_span, fmt::format("operator '{}' is not supported", expr.op));
}

ScalarPtr ExpressionBinder::BindComputation(const Expr& expr, Op op) {
  ScalarPtr left = Bind(*expr.children[0]);
  ScalarPtr right = Bind(*expr.children[1]);
  if (IsError(left) || IsError(right)) return Unknown(expr.span);
  const std::optional<Type> type = BinaryType(op, left->type, right->type);
  if (!type) {
    const bool texts = left->type == Type::kString && right->type == Type::kString;
    const bool time_and_text = (left->type == Type::kDateTime && right->type == Type::kString) || (left->type == Type::kString && right->type == Type::kDateTime);
    const std::string_view hint = time_and_text ? "; a time is written datetime(2026-01-31 10:00)" : !texts ? "" : IsComparison(op) ? "; use strcmp()" : op == Op::kAdd ? "; use strcat()" : "";
    return Fail(code::kOperandTypes, expr.op_span,
                fmt::format("'{}' is not defined for {} and {}{}", expr.op, TypeName(left->type), TypeName(right->type), hint));
  }
  return MakeOperator(op, *type, expr.span, {std::move(left), std::move(right)});
}

ScalarPtr ExpressionBinder::BindEquality(const Expr& expr, Op op) {
  ScalarPtr left = Bind(*expr.children[0]);
  ScalarPtr right = Bind(*expr.children[1]);
  if (IsError(left) || IsError(right)) return Unknown(expr.span);
  // A loose text against a text compares what tostring() makes of it, against anything else its own value.
  const bool texts = left->type == Type::kString && right->type == Type::kString;
  if (texts && !(left->loose && right->loose)) {
    left = SettledText(std::move(left));
    right = SettledText(std::move(right));
  }
  const bool mixed = (left->type == Type::kBool && right->type == Type::kString) ||
                     (left->type == Type::kString && right->type == Type::kBool);
  if (mixed) binder_.Warn(expr.op_span, "a bool is compared with a string: the string is read as a bool, and one that is none is unequal");
  const auto empty = [](const ScalarPtr& value) { return IsConstant(value) && value->constant.is_string() && value->constant.AsString().empty(); };
  if ((left->type == Type::kDynamic && empty(right)) || (right->type == Type::kDynamic && empty(left))) {
    binder_.Warn(expr.op_span, "what a dynamic does not have is null, which is not \"\": isempty() and isnotempty() are for both");
  }
  return MakeOperator(op, Type::kBool, expr.span, {std::move(left), std::move(right)});
}

ScalarPtr ExpressionBinder::BindToScalar(const Expr& expr) {
  if (scope_.names == nullptr) return Fail(code::kNotAllowedHere, expr.span, "toscalar() is not allowed here");
  RelationPtr relation;
  if (IsBareExpression(*expr.pipe)) {
    const Expr& source = *expr.pipe->source;
    if (!binder_.IsTabular(source, *scope_.names)) {
      RowScope names_only;
      names_only.names = scope_.names;
      return ExpressionBinder(binder_, names_only).Bind(source);
    }
    relation = binder_.BindTable(source, *scope_.names);
  } else {
    relation = binder_.BindPipe(*expr.pipe, *scope_.names);
  }
  if (relation == nullptr) return Unknown(expr.span);
  if (relation->schema.empty()) return Fail(code::kScalarExpected, expr.span, "the table of toscalar() has no columns");
  Scalar scalar;
  scalar.kind = ScalarKind::kToScalar;
  scalar.type = relation->schema[0].type;
  scalar.span = expr.span;
  scalar.relation = std::move(relation);
  return Fold(std::move(scalar));
}

ScalarPtr Binder::BindScalar(const Expr& expr, const RowScope& scope) { return ExpressionBinder(*this, scope).Bind(expr); }

ScalarPtr Binder::BindPredicate(const Expr& expr, const RowScope& scope) {
  ScalarPtr predicate = BindScalar(expr, scope);
  if (predicate->type == Type::kBool || IsError(predicate)) return predicate;
  Error(code::kNoCommonType, expr.span, fmt::format("a bool is expected here, not a {}", TypeName(predicate->type)));
  return UnknownScalar(expr.span);
}

ScalarPtr Binder::BindPerQuery(const Expr& expr, const RowScope& scope, Type type) {
  ScalarPtr value = BindScalar(expr, scope);
  if (IsError(value)) return value;
  if (!value->per_query) {
    Error(code::kConstantExpected, expr.span, "a constant is expected here: the value may not depend on the row");
    return UnknownScalar(expr.span);
  }
  if (type == Type::kUnknown || value->type == type || IsPromotable(value->type, type)) return Converted(std::move(value), type);
  Error(code::kTypeExpected, expr.span, fmt::format("a value of type {} is expected, not {}", TypeName(type), TypeName(value->type)));
  return UnknownScalar(expr.span);
}

}  // namespace zoomwatch::kql
