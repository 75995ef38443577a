// format_datetime and format_timespan.
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {

void RegisterFormatTimeFunctions(FunctionRegistry& registry) { static_cast<void>(registry); }

}  // namespace zoomwatch::kql
