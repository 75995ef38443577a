// Building blocks of bound expressions: every Scalar that is not a column is finished by Fold(). Pure; thread-safe.
#pragma once

#include <string_view>
#include <vector>

#include "common/kql/functions/registry.h"
#include "common/kql/plan.h"

namespace zoomwatch::kql {

inline bool IsError(const ScalarPtr& scalar) { return scalar->type == Type::kUnknown; }
inline bool IsConstant(const ScalarPtr& scalar) { return scalar->kind == ScalarKind::kConstant && !IsError(scalar); }
inline bool IsTextual(Type type) { return type == Type::kString || type == Type::kDynamic; }
// int < long < real < decimal, and a dynamic where a string is wanted.
bool IsPromotable(Type from, Type to);

// What is known about the inside of a dynamic before it is computed. kOther: neither an array nor a bag.
enum class Shape : std::uint8_t { kAny, kArray, kBag, kOther };
Shape ShapeOf(const Scalar& scalar);

ScalarPtr MakeConstant(Value value, Type type, Span span);
ScalarPtr MakeOperator(Op op, Type type, Span span, std::vector<ScalarPtr> children);
// Fills in per_query. What is computed from constants alone becomes a constant, unless computing it would warn.
ScalarPtr Fold(Scalar scalar);

// A text for operators over text: a loose value becomes its tostring(), everything else stays.
ScalarPtr SettledText(ScalarPtr scalar);
// A value of that type, through the conversion function of the language where the types differ.
ScalarPtr Converted(ScalarPtr scalar, Type type);

// Reads neighbouring rows: prev, next, row_number, row_cumsum.
bool UsesRowOrder(const Scalar& scalar);

}  // namespace zoomwatch::kql
