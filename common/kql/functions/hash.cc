// Hashes. Their values are those of the named algorithms over the text form of the argument.
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {

void RegisterHashFunctions(FunctionRegistry& registry) { static_cast<void>(registry); }

}  // namespace zoomwatch::kql
