// Points in time and spans: ago, start and end of units, parts, differences.
#include "common/kql/convert.h"
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {
namespace {

Value Ago(Call& call, Args args) {
  Ticks result = 0;
  if (__builtin_sub_overflow(call.now(), args[0].AsTicks(), &result)) return Value();
  return CheckedDateTime(result).value_or(Value());
}

Value StartOfDay(Call&, Args args) {
  const Ticks ticks = args[0].AsTicks();
  return Value::DateTime(ticks - ticks % kTicksPerDay);
}

}  // namespace

void RegisterDateTimeFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "ago", .overloads = {{"timespan", "datetime", Ago}}});
  registry.Add({.name = "startofday",
                .naming = Naming::kFirstArgument,
                .overloads = {{"datetime", "datetime", StartOfDay}}});
}

}  // namespace zoomwatch::kql
