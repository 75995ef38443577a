// Values of literals that are written as raw text between brackets. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/kql/types.h"
#include "common/kql/value.h"

namespace zoomwatch::kql {

// datetime(2020-01-01), int(null), guid("..."), datetime(2017,1,31): text is what stands between the brackets, with quotes or
// without. nullopt when the text is no value of the type; `null` is the null value.
std::optional<Value> TypedLiteralValue(Type type, std::string_view text);

// What stands between the brackets of dynamic(...): JSON, where strings may also be single-quoted and scalars may be KQL's
// typed and timespan literals. Limits: kMaxJsonDepth (json.h) levels.
struct DynamicLiteral {
  Value value;
  std::string problem;     // empty on success
  std::size_t offset = 0;  // of the problem, in text
};
DynamicLiteral DynamicLiteralValue(std::string_view text);

}  // namespace zoomwatch::kql
