// URL, base64 and hexadecimal encodings.
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {

void RegisterEncodingFunctions(FunctionRegistry& registry) { static_cast<void>(registry); }

}  // namespace zoomwatch::kql
