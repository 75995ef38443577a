// Property bags and dynamic values as a whole. Arrays are in array.cc.
#include "common/kql/convert.h"
#include "common/kql/functions/registry.h"
#include "common/kql/json.h"

namespace zoomwatch::kql {
namespace {

// A text that is not JSON becomes a dynamic string of itself; a dynamic argument is returned as it is.
Value ParseJsonText(Call& call, Args args) {
  if (call.argument_type(0) == Type::kDynamic || !args[0].is_string()) return args[0];
  if (args[0].AsString().empty()) return Value();
  return ParseJson(args[0].AsString()).value_or(args[0]);
}

Value BagPack(Call&, Args args) {
  std::vector<Bag::Entry> entries;
  entries.reserve(args.size() / 2);
  for (std::size_t i = 0; i + 1 < args.size(); i += 2) entries.emplace_back(ToText(args[i]), args[i + 1]);
  return Value::OfBag(Bag(std::move(entries)));
}

}  // namespace

void RegisterDynamicFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "parse_json",
                .aliases = {"parsejson"},
                .naming = Naming::kFirstArgument,
                .overloads = {{"string|dynamic", "dynamic", ParseJsonText}}});
  registry.Add({.name = "bag_pack",
                .aliases = {"pack", "pack_dictionary"},
                .overloads = {{"string+, scalar+", "bag", BagPack}},
                .nulls = NullRule::kSeesNulls});
}

}  // namespace zoomwatch::kql
