// Dynamic arrays and sets.
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {
namespace {

Value ArrayLength(Call&, Args args) {
  if (!args[0].is_array()) return Value();
  return Value::Long(static_cast<std::int64_t>(args[0].AsArray().size()));
}

}  // namespace

void RegisterArrayFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "array_length",
                .aliases = {"arraylength"},
                .overloads = {{"array", "long", ArrayLength}}});
}

}  // namespace zoomwatch::kql
