// Constants and what depends on no row.
#include <algorithm>
#include <utility>

#include "common/kql/binder/scalars.h"
#include "common/kql/scalar_evaluator.h"

namespace zoomwatch::kql {
namespace {

// A larger constant is computed when it is needed: a plan is kept longer than an execution, and nobody counts its bytes.
constexpr std::size_t kMaxFoldedBytes = 64 << 10;

bool ReadsRows(SpecialForm form) {
  switch (form) {
    case SpecialForm::kPrev:
    case SpecialForm::kNext:
    case SpecialForm::kRowNumber:
    case SpecialForm::kRowCumSum:
    case SpecialForm::kIngestionTime: return true;
    case SpecialForm::kNone:
    case SpecialForm::kIff:
    case SpecialForm::kCase:
    case SpecialForm::kCoalesce:
    case SpecialForm::kColumnIfExists:
    case SpecialForm::kPackAll:
    case SpecialForm::kBagPackColumns:
    case SpecialForm::kPackArrayStar:
    case SpecialForm::kTable:
    case SpecialForm::kNow: return false;
  }
  return false;
}

bool AllPerQuery(const Scalar& scalar) {
  return std::all_of(scalar.children.begin(), scalar.children.end(), [](const ScalarPtr& child) { return child->per_query; });
}

bool IsPerQuery(const Scalar& scalar) {
  switch (scalar.kind) {
    case ScalarKind::kConstant:
    case ScalarKind::kToScalar: return true;
    case ScalarKind::kColumn: return false;
    case ScalarKind::kCall: return !ReadsRows(scalar.function->special) && AllPerQuery(scalar);
    case ScalarKind::kMember:
    case ScalarKind::kOperator:
    case ScalarKind::kIn:
    case ScalarKind::kInTable:
    case ScalarKind::kText: return AllPerQuery(scalar);
  }
  return false;
}

bool IsFoldable(const Scalar& scalar) {
  switch (scalar.kind) {
    case ScalarKind::kConstant:
    case ScalarKind::kColumn:
    case ScalarKind::kInTable:
    case ScalarKind::kToScalar: return false;
    case ScalarKind::kCall:
      if (!scalar.function->constant_foldable || scalar.function->special == SpecialForm::kNow) return false;
      break;
    case ScalarKind::kMember:
    case ScalarKind::kOperator:
    case ScalarKind::kIn:
    case ScalarKind::kText: break;
  }
  return scalar.per_query && std::all_of(scalar.children.begin(), scalar.children.end(), IsConstant);
}

}  // namespace

ScalarPtr Fold(Scalar scalar) {
  scalar.per_query = IsPerQuery(scalar);
  const bool foldable = IsFoldable(scalar);
  ScalarPtr shared = std::make_shared<const Scalar>(std::move(scalar));
  if (!foldable) return shared;
  ExecutionContext context(0);
  const Value value = ScalarEvaluator(shared, context, nullptr).EvaluateOnce();
  const bool warned = std::any_of(context.warnings.begin(), context.warnings.end(), [](auto count) { return count != 0; });
  if (warned || value.MemoryBytes() > kMaxFoldedBytes) return shared;
  return MakeConstant(value, shared->type, shared->span);
}

ScalarPtr MakeConstant(Value value, Type type, Span span) {
  auto scalar = std::make_shared<Scalar>();
  scalar->type = type;
  scalar->span = span;
  scalar->constant = std::move(value);
  scalar->per_query = true;
  return scalar;
}

ScalarPtr MakeOperator(Op op, Type type, Span span, std::vector<ScalarPtr> children) {
  Scalar scalar;
  scalar.kind = ScalarKind::kOperator;
  scalar.type = type;
  scalar.span = span;
  scalar.op = op;
  scalar.children = std::move(children);
  return Fold(std::move(scalar));
}

ScalarPtr SettledText(ScalarPtr scalar) {
  if (!scalar->loose || scalar->type != Type::kString) return scalar;
  Scalar text;
  text.kind = ScalarKind::kText;
  text.type = Type::kString;
  text.span = scalar->span;
  text.children.push_back(std::move(scalar));
  return Fold(std::move(text));
}

ScalarPtr Converted(ScalarPtr scalar, Type type) {
  if (scalar->type == type || IsError(scalar) || type == Type::kUnknown || type == Type::kDynamic) return scalar;
  Scalar converted;
  converted.type = type;
  converted.span = scalar->span;
  if (type == Type::kString) {
    converted.kind = ScalarKind::kText;
  } else {
    // tobool, toint, ...: named after the types, but for real.
    const std::string name = type == Type::kReal ? "todouble" : "to" + std::string(TypeName(type));
    converted.kind = ScalarKind::kCall;
    converted.function = FunctionRegistry::Default().Find(name);
    converted.overload = &converted.function->overloads[0];
    converted.argument_types.push_back(scalar->type);
  }
  converted.children.push_back(std::move(scalar));
  return Fold(std::move(converted));
}

bool IsPromotable(Type from, Type to) {
  if (from == Type::kDynamic) return to == Type::kString;
  return IsNumeric(from) && IsNumeric(to) && from < to;
}

Shape ShapeOf(const Scalar& scalar) {
  if (scalar.type != Type::kDynamic || scalar.loose) return Shape::kAny;
  if (scalar.kind == ScalarKind::kConstant) {
    if (scalar.constant.is_null()) return Shape::kAny;
    return scalar.constant.is_array() ? Shape::kArray : scalar.constant.is_bag() ? Shape::kBag : Shape::kOther;
  }
  if (scalar.kind != ScalarKind::kCall) return Shape::kAny;
  if (scalar.overload->result_rule == ResultRule::kArray) return Shape::kArray;
  if (scalar.overload->result_rule == ResultRule::kBag) return Shape::kBag;
  return Shape::kAny;
}

bool UsesRowOrder(const Scalar& scalar) {
  if (scalar.kind == ScalarKind::kCall && ReadsRows(scalar.function->special) &&
      scalar.function->special != SpecialForm::kIngestionTime) {
    return true;
  }
  return std::any_of(scalar.children.begin(), scalar.children.end(), [](const ScalarPtr& child) { return UsesRowOrder(*child); });
}

}  // namespace zoomwatch::kql
