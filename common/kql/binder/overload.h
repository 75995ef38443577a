// Choosing the overload of a function for the types of its arguments, as Microsoft's binder does.
#pragma once

#include <cstddef>
#include <vector>

#include "common/kql/ast.h"
#include "common/kql/functions/registry.h"
#include "common/kql/plan.h"

namespace zoomwatch::kql {

// The parameter of each of `count` arguments, null where the overload has none. Parameters that repeat together do so as a group.
std::vector<const Parameter*> ParametersOf(const Overload& overload, std::size_t count);

// Values for the arguments of a call that MatchOverload accepted: typeof() left out, loose texts settled where the parameter is not
// open to every type, and those that must be alike brought to one type.
std::vector<ScalarPtr> ArgumentValues(const Overload& overload, const std::vector<ScalarPtr>& arguments);

// What stands for an argument that is no value (`*`, typeof(T)): its type is that of typeof().
ScalarPtr PlaceholderArgument(const Expr& expr);

}  // namespace zoomwatch::kql
