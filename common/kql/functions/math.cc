// Numbers: rounding, powers, smallest and largest. Integer overflow yields null and a warning.
#include <cmath>
#include <limits>

#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {
namespace {

Value Abs(Call& call, Args args) {
  const Value& value = args[0];
  if (value.kind() == Kind::kReal) return Value::Real(std::fabs(value.AsReal()));
  if (value.kind() == Kind::kDecimal) {
    return value.AsDecimal().Sign() < 0 ? Value::OfDecimal(value.AsDecimal().Negate()) : value;
  }
  const std::int64_t whole = value.AsLong();
  if (whole == std::numeric_limits<std::int64_t>::min()) {
    call.Warn(Warning::kOverflow);
    return Value();
  }
  const std::int64_t magnitude = whole < 0 ? -whole : whole;
  return value.kind() == Kind::kTimeSpan ? Value::TimeSpan(magnitude) : Value::Long(magnitude);
}

}  // namespace

void RegisterMathFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "abs",
                .naming = Naming::kFirstArgument,
                .overloads = {{"integer", "long", Abs}, {"number", "arg0", Abs}, {"timespan", "timespan", Abs}}});
}

}  // namespace zoomwatch::kql
