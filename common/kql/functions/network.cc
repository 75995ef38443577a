// IPv4 addresses and ranges.
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {

void RegisterNetworkFunctions(FunctionRegistry& registry) { static_cast<void>(registry); }

}  // namespace zoomwatch::kql
