// to...() and gettype(). The conversions themselves are in convert.cc.
#include "common/kql/convert.h"
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {
namespace {

template <Type kType>
Value To(Call&, Args args) {
  return ConvertTo(kType, args[0]);
}

Value GetType(Call& call, Args args) {
  if (call.argument_type(0) != Type::kDynamic) return Value::String(TypeName(call.argument_type(0)));
  switch (args[0].kind()) {
    case Kind::kNull: return Value::String("null");
    case Kind::kBool: return Value::String("bool");
    case Kind::kLong: return Value::String("long");
    case Kind::kReal: return Value::String("real");
    case Kind::kDateTime: return Value::String("datetime");
    case Kind::kTimeSpan: return Value::String("timespan");
    case Kind::kString: return Value::String("string");
    case Kind::kDecimal: return Value::String("decimal");
    case Kind::kGuid: return Value::String("guid");
    case Kind::kArray: return Value::String("array");
    case Kind::kBag: return Value::String("dictionary");
  }
  return Value();
}

}  // namespace

void RegisterConversionFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "tostring",
                .naming = Naming::kFirstArgument,
                .overloads = {{"scalar", "string", To<Type::kString>}},
                .nulls = NullRule::kSeesNulls});
  registry.Add({.name = "tobool",
                .aliases = {"toboolean"},
                .naming = Naming::kFirstArgument,
                .overloads = {{"scalar", "bool", To<Type::kBool>}}});
  registry.Add({.name = "gettype",
                .naming = Naming::kPrefixAndFirstArgument,
                .prefix = "type",
                .overloads = {{"scalar", "string", GetType}},
                .nulls = NullRule::kSeesNulls});
}

}  // namespace zoomwatch::kql
