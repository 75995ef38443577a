// The types of operators: which operands go together and what comes out. Pure; thread-safe.
// Source of truth: docs/kql.md, "Type tables".
#pragma once

#include <optional>
#include <vector>

#include "common/kql/plan.h"
#include "common/kql/types.h"

namespace zoomwatch::kql {

// The type of `left op right`; nullopt when the operator is not defined for them. For arithmetic and comparison.
std::optional<Type> BinaryType(Op op, Type left, Type right);
bool BetweenDefined(Type value, Type from, Type to);

// The one type of values that must be alike (coalesce, max_of): numbers widen, a dynamic makes the others dynamic. nullopt: none.
std::optional<Type> CommonType(const std::vector<Type>& types);
// The one type of branches (iff, case): as above, but a dynamic takes the type of the others, and unlike types make a dynamic.
Type BranchType(const std::vector<Type>& types);

}  // namespace zoomwatch::kql
