// to...() and gettype(). The conversions themselves are in convert.cc.
#include <algorithm>

#include "common/kql/functions/arguments.h"
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

// Two's complement of the argument's own width; minLength pads with zeros, up to 16 digits.
Value ToHex(Call& call, Args args) {
  const auto whole = WholeArgument(args[0]);
  const auto length = WholeArgumentOr(args, 1, 1);
  if (!whole || !length) return Value();
  auto bits = static_cast<std::uint64_t>(*whole);
  if (call.argument_type(0) == Type::kInt) bits &= 0xFFFFFFFFULL;
  std::string text;
  for (; bits != 0 || text.empty(); bits >>= 4) text.push_back("0123456789abcdef"[bits & 15]);
  const auto least = Unsigned(std::clamp<std::int64_t>(*length, 1, 16));
  if (text.size() < least) text.append(least - text.size(), '0');
  std::reverse(text.begin(), text.end());
  return Value::String(text);
}

}  // namespace

void RegisterConversionFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "tostring",
                .naming = Naming::kFirstArgument,
                .overloads = {{"scalar", "string", To<Type::kString>}},
                .nulls = NullRule::kSeesNulls});
  struct Row {
    std::vector<std::string> names;
    std::string_view result;
    EvalFunction function;
  };
  const Row kRows[] = {
      {{"tobool", "toboolean"}, "bool", To<Type::kBool>},
      {{"toint"}, "int", To<Type::kInt>},
      {{"tolong"}, "long", To<Type::kLong>},
      {{"todouble", "toreal"}, "real", To<Type::kReal>},
      {{"todecimal"}, "decimal", To<Type::kDecimal>},
      {{"todatetime"}, "datetime", To<Type::kDateTime>},
      {{"totimespan", "totime"}, "timespan", To<Type::kTimeSpan>},
  };
  for (const Row& row : kRows) {
    registry.Add({.name = row.names[0],
                  .aliases = {row.names.begin() + 1, row.names.end()},
                  .naming = Naming::kFirstArgument,
                  .overloads = {{"scalar", row.result, row.function}}});
  }
  registry.Add({.name = "toguid",
                .naming = Naming::kFirstArgument,
                .overloads = {{"string|dynamic", "guid", To<Type::kGuid>}}});
  registry.Add({.name = "tohex",
                .naming = Naming::kFirstArgument,
                .overloads = {{"integer, integer?", "string", ToHex}}});
  registry.Add({.name = "gettype",
                .naming = Naming::kPrefixAndFirstArgument,
                .prefix = "type",
                .overloads = {{"scalar", "string", GetType}},
                .nulls = NullRule::kSeesNulls});
}

}  // namespace zoomwatch::kql
