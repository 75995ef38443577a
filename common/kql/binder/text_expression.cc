// Operators over text, and the operators with lists and ranges: in, has_any, has_all, between.
#include <algorithm>
#include <utility>

#include "common/kql/binder/expression_binder.h"
#include "common/kql/binder/operator_types.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

// Without the leading '!'.
constexpr std::pair<std::string_view, TextOp> kTextOperators[] = {
    {"contains", TextOp::kContains},        {"contains_cs", TextOp::kContainsCs},     {"startswith", TextOp::kStartsWith},
    {"startswith_cs", TextOp::kStartsWithCs}, {"endswith", TextOp::kEndsWith},        {"endswith_cs", TextOp::kEndsWithCs},
    {"has", TextOp::kHas},                  {"has_cs", TextOp::kHasCs},               {"hasprefix", TextOp::kHasPrefix},
    {"hasprefix_cs", TextOp::kHasPrefixCs}, {"hassuffix", TextOp::kHasSuffix},        {"hassuffix_cs", TextOp::kHasSuffixCs},
    {"matches regex", TextOp::kMatchesRegex}};

// What they search for is a text, and so no dynamic that is known to be an array or a bag.
bool SearchesTerms(TextOp op) {
  return op == TextOp::kHas || op == TextOp::kHasCs || op == TextOp::kHasPrefix || op == TextOp::kHasPrefixCs ||
         op == TextOp::kHasSuffix || op == TextOp::kHasSuffixCs;
}

}  // namespace

std::optional<TextOperator> FindTextOperator(std::string_view name) {
  if (name == ":") return TextOperator{TextOp::kHas, false};
  if (name == "=~" || name == "!~") return TextOperator{TextOp::kEquals, name == "!~"};
  const bool negated = name.starts_with('!');
  for (const auto& [text, op] : kTextOperators) {
    if (text == (negated ? name.substr(1) : name)) return TextOperator{op, negated};
  }
  return std::nullopt;
}

ScalarPtr ExpressionBinder::MakeText(TextOperator operation, Span span, std::vector<ScalarPtr> children) {
  Scalar text;
  text.kind = ScalarKind::kOperator;
  text.type = Type::kBool;
  text.span = span;
  text.op = Op::kText;
  text.text_op = operation.op;
  text.negated = operation.negated;
  for (ScalarPtr& child : children) text.children.push_back(SettledText(std::move(child)));
  return Fold(std::move(text));
}

ScalarPtr ExpressionBinder::BindText(const Expr& expr, TextOperator text) {
  ScalarPtr left = Bind(*expr.children[0]);
  ScalarPtr right = Bind(*expr.children[1]);
  if (IsError(left) || IsError(right)) return Unknown(expr.span);
  const Shape searched = ShapeOf(*right);
  const bool structured = SearchesTerms(text.op) && (searched == Shape::kArray || searched == Shape::kBag);
  if (!IsTextual(left->type) || !IsTextual(right->type) || structured) {
    return Fail(code::kOperandTypes, expr.op_span,
                fmt::format("'{}' is not defined for {} and {}; tostring() makes a string of any value", expr.op, TypeName(left->type),
                            TypeName(right->type)));
  }
  if (text.op == TextOp::kMatchesRegex && IsConstant(right) && right->constant.is_string()) {
    const std::string problem = CheckRegex(right->constant.AsString());
    if (!problem.empty()) return Fail(code::kBadConstant, expr.children[1]->span, problem);
  }
  return MakeText(text, expr.span, {std::move(left), std::move(right)});
}

// `* has "x"`: some column has it.
ScalarPtr ExpressionBinder::BindAnyColumn(const Expr& expr) {
  if (scope_.row == nullptr) return Fail(code::kStarNotAllowed, expr.children[0]->span, "'*' is not allowed here");
  ScalarPtr right = Bind(*expr.children[1]);
  if (IsError(right)) return right;
  const bool equality = expr.op == "==";
  const auto text = FindTextOperator(expr.op);
  if (!equality && (!text || text->negated)) {
    return Fail(code::kNotSupported, expr.op_span, fmt::format("'* {}' is not supported", expr.op));
  }
  if (!equality && !IsTextual(right->type)) {
    return Fail(code::kOperandTypes, expr.op_span, fmt::format("'{}' is not defined for a {}", expr.op, TypeName(right->type)));
  }
  std::vector<ScalarPtr> found;
  for (std::size_t i = 0; i < scope_.row->size(); ++i) {
    ScalarPtr column = binder_.ColumnOf(*scope_.row, i, expr.children[0]->span);
    if (equality) {
      found.push_back(MakeOperator(Op::kEqual, Type::kBool, expr.span, {std::move(column), right}));
    } else {
      if (column->type != Type::kDynamic) column = Converted(std::move(column), Type::kString);
      found.push_back(MakeText(*text, expr.span, {std::move(column), right}));
    }
  }
  if (found.empty()) return MakeConstant(Value::Bool(false), Type::kBool, expr.span);
  if (found.size() == 1) return found[0];
  return MakeOperator(Op::kOr, Type::kBool, expr.span, std::move(found));
}

ScalarPtr ExpressionBinder::BindIn(const Expr& expr) {
  ScalarPtr value = Bind(*expr.children[0]);
  const bool words = expr.op == "has_any" || expr.op == "has_all";
  const bool texts = words || expr.op.ends_with('~');
  if (texts && !IsError(value) && !IsTextual(value->type)) {
    value = Fail(code::kTypeExpected, expr.children[0]->span,
                 fmt::format("'{}' needs a string or a dynamic, not a {}", expr.op, TypeName(value->type)));
  }
  if (words) return BindTextList(expr, std::move(value), expr.op == "has_any" ? TextOp::kHasAny : TextOp::kHasAll);
  const bool table = expr.children.size() == 2 && scope_.names != nullptr && binder_.IsTabular(*expr.children[1], *scope_.names);
  // A column of that name hides a table.
  const bool column = expr.children.size() == 2 && expr.children[1]->kind == ExprKind::kName && scope_.row != nullptr &&
                      FindColumn(*scope_.row, expr.children[1]->name.text).has_value();
  return table && !column ? BindInTable(expr, std::move(value)) : BindInList(expr, std::move(value));
}

ScalarPtr ExpressionBinder::BindInTable(const Expr& expr, ScalarPtr value) {
  RelationPtr relation = binder_.BindTable(*expr.children[1], *scope_.names);
  if (relation == nullptr || IsError(value)) return Unknown(expr.span);
  if (relation->schema.empty()) return Fail(code::kScalarExpected, expr.children[1]->span, "the table has no columns");
  Scalar in;
  in.kind = ScalarKind::kInTable;
  in.type = Type::kBool;
  in.span = expr.span;
  in.negated = expr.op.starts_with('!');
  in.ignore_case = expr.op.ends_with('~');
  in.children = {relation->schema[0].type == Type::kString ? SettledText(std::move(value)) : std::move(value)};
  in.relation = std::move(relation);
  return Fold(std::move(in));
}

ScalarPtr ExpressionBinder::BindInList(const Expr& expr, ScalarPtr value) {
  Scalar in;
  in.kind = ScalarKind::kIn;
  in.type = Type::kBool;
  in.span = expr.span;
  in.negated = expr.op.starts_with('!');
  in.ignore_case = expr.op.ends_with('~');
  bool good = !IsError(value);
  bool against_text = in.ignore_case;
  in.children.push_back(std::move(value));
  for (std::size_t i = 1; i < expr.children.size(); ++i) {
    in.children.push_back(Bind(*expr.children[i]));
    good = good && !IsError(in.children.back());
    against_text = against_text || (in.children.back()->type == Type::kString && !in.children.back()->loose);
  }
  if (!good) return Unknown(expr.span);
  if (against_text) {
    for (ScalarPtr& child : in.children) child = SettledText(std::move(child));
  }
  return Fold(std::move(in));
}

ScalarPtr ExpressionBinder::BindTextList(const Expr& expr, ScalarPtr value, TextOp op) {
  std::vector<ScalarPtr> children = {std::move(value)};
  const bool single = expr.children.size() == 2 && scope_.names != nullptr;
  const bool column = single && expr.children[1]->kind == ExprKind::kName && scope_.row != nullptr &&
                      FindColumn(*scope_.row, expr.children[1]->name.text).has_value();
  if (single && !column && binder_.IsTabular(*expr.children[1], *scope_.names)) {
    children.push_back(ListOfTable(*expr.children[1]));
  } else {
    for (std::size_t i = 1; i < expr.children.size(); ++i) children.push_back(Bind(*expr.children[i]));
  }
  if (std::any_of(children.begin(), children.end(), IsError)) return Unknown(expr.span);
  return MakeText({op, false}, expr.span, std::move(children));
}

// The first column of a table as one array: toscalar(T | summarize make_list(column)).
ScalarPtr ExpressionBinder::ListOfTable(const Expr& table) {
  RelationPtr relation = binder_.BindTable(table, *scope_.names);
  if (relation == nullptr) return Unknown(table.span);
  if (relation->schema.empty()) return Fail(code::kScalarExpected, table.span, "the table has no columns");
  AggregateCall list;
  list.function = FindAggregate("make_list");
  list.aggregate = Aggregate::kMakeList;
  list.arguments.push_back(binder_.ColumnOf(relation->schema, 0, table.span));
  Relation gathered;
  gathered.kind = RelationKind::kAggregate;
  gathered.schema = {{"list_", Type::kDynamic}};
  gathered.span = table.span;
  gathered.inputs.push_back(std::move(relation));
  gathered.aggregates.push_back(std::move(list));
  Scalar scalar;
  scalar.kind = ScalarKind::kToScalar;
  scalar.type = Type::kDynamic;
  scalar.span = table.span;
  scalar.relation = binder_.Make(std::move(gathered));
  if (scalar.relation == nullptr) return Unknown(table.span);
  return Fold(std::move(scalar));
}

ScalarPtr ExpressionBinder::BindBetween(const Expr& expr) {
  ScalarPtr value = Bind(*expr.children[0]);
  ScalarPtr from = Bind(*expr.children[1]);
  ScalarPtr to = Bind(*expr.children[2]);
  if (IsError(value) || IsError(from) || IsError(to)) return Unknown(expr.span);
  if (!BetweenDefined(value->type, from->type, to->type)) {
    return Fail(code::kOperandTypes, expr.op_span,
                fmt::format("'{}' is not defined for {} and a range from {} to {}", expr.op, TypeName(value->type), TypeName(from->type),
                            TypeName(to->type)));
  }
  if (from->type == Type::kDateTime && to->type == Type::kTimeSpan) {
    const Span span = to->span;
    to = MakeOperator(Op::kAdd, Type::kDateTime, span, {from, std::move(to)});
  }
  return MakeOperator(expr.op == "between" ? Op::kBetween : Op::kNotBetween, Type::kBool, expr.span,
                      {std::move(value), std::move(from), std::move(to)});
}

}  // namespace zoomwatch::kql
