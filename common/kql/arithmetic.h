// + - * / % and unary minus over values. Pure but for the warnings that it counts; thread-compatible.
// Integers divide toward zero, the remainder is never negative (0 <= a % b < |b|), reals divide by zero as IEEE 754
// says. What does not fit its type, and division of an integer, decimal or time by zero, is null and counted; a null
// operand makes null. Source of truth: the Kusto page "Numerical operators"; docs/kql.md, "Arithmetic".
#pragma once

#include "common/kql/functions/call.h"
#include "common/kql/plan.h"
#include "common/kql/types.h"
#include "common/kql/value.h"

namespace zoomwatch::kql {

// `type` is the static type of the result; for kDynamic the kinds of the operands decide. An operand that is no number
// or time (a text inside a dynamic) makes null. REQUIRES: op is one of kAdd ... kModulo.
Value Arithmetic(Op op, Type type, const Value& a, const Value& b, ExecutionContext& context);

Value Negate(Type type, const Value& value, ExecutionContext& context);

}  // namespace zoomwatch::kql
