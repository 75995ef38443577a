// Texts with a structure of their own: URLs, paths, XML, versions.
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {

void RegisterParseFunctions(FunctionRegistry& registry) { static_cast<void>(registry); }

}  // namespace zoomwatch::kql
