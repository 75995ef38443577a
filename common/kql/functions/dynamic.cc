// Property bags and dynamic values as a whole. Arrays are in array.cc.
#include <algorithm>

#include "common/kql/functions/arguments.h"
#include "common/kql/functions/json_path.h"
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

Value BagKeys(Call&, Args args) {
  if (!args[0].is_bag()) return Value();
  Value::Array keys;
  for (const auto& [key, value] : args[0].AsBag().entries()) keys.push_back(Value::String(key));
  return Value::OfArray(std::move(keys));
}

// The leftmost bag that has a key decides; what is not a bag is passed over, and without any bag the result is null.
Value BagMerge(Call&, Args args) {
  std::vector<Bag::Entry> entries;
  bool any = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (!args[i].is_bag()) continue;
    any = true;
    for (const Bag::Entry& entry : args[i].AsBag().entries()) {
      const bool taken = std::any_of(args.begin(), args.begin() + static_cast<std::ptrdiff_t>(i), [&entry](const Value& arg) {
        return arg.is_bag() && arg.AsBag().Find(entry.first) != nullptr;
      });
      if (!taken) entries.push_back(entry);
    }
  }
  return any ? Value::OfBag(Bag(std::move(entries))) : Value();
}

// The key, or a path from the root ("$.a.b") when it starts with '$'; arrays are not entered.
Value BagHasKey(Call&, Args args) {
  if (!args[0].is_bag()) return Value();
  const TextArgument key(args[1]);
  if (args[0].AsBag().Find(key.view()) != nullptr) return Value::Bool(true);
  if (!key.view().starts_with('$')) return Value::Bool(false);
  const auto path = ParseJsonPath(key.view());
  if (!path || std::any_of(path->begin(), path->end(), [](const JsonPathStep& step) { return step.is_index; })) {
    return Value::Bool(false);
  }
  return Value::Bool(FollowJsonPath(args[0], *path) != nullptr);
}

// Keys of bags sorted, so that equal values have one text.
Value Canonical(const Value& value) {
  if (value.is_array()) {
    Value::Array array;
    for (const Value& element : value.AsArray()) array.push_back(Canonical(element));
    return Value::OfArray(std::move(array));
  }
  if (!value.is_bag()) return value;
  std::vector<Bag::Entry> entries;
  for (const auto& [key, element] : value.AsBag().entries()) entries.emplace_back(key, Canonical(element));
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return Value::OfBag(Bag(std::move(entries)));
}

Value DynamicToJson(Call&, Args args) { return Value::String(ToJson(Canonical(args[0]))); }

// extract_json(path, text [, type]): "" or null when the text is not JSON or has nothing at the path.
Value ExtractJson(Call& call, Args args) {
  const auto path = ParseJsonPath(TextArgument(args[0]).view());
  const auto document = ParseJson(TextArgument(args[1]).view());
  if (!path || !document) return Value();
  const Value* found = FollowJsonPath(*document, *path);
  return found == nullptr ? Value() : ConvertTo(call.result_type(), *found);
}

std::optional<ConstantError> CheckPath(std::span<const Value* const> constants) {
  if (constants.empty() || constants[0] == nullptr || !constants[0]->is_string()) return std::nullopt;
  if (ParseJsonPath(constants[0]->AsString())) return std::nullopt;
  return ConstantError{0, "the JSON path is not of the form $.key['key'][0]"};
}

}  // namespace

void RegisterDynamicFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "parse_json",
                .aliases = {"parsejson"},
                .naming = Naming::kFirstArgument,
                .overloads = {{"string|dynamic", "dynamic", ParseJsonText}}});
  registry.Add({.name = "todynamic",
                .aliases = {"toobject"},
                .naming = Naming::kFirstArgument,
                .overloads = {{"string", "dynamic", ParseJsonText}}});
  registry.Add({.name = "bag_pack",
                .aliases = {"pack", "pack_dictionary"},
                .overloads = {{"string+, scalar+", "bag", BagPack}},
                .nulls = NullRule::kSeesNulls});
  registry.Add({.name = "bag_keys", .overloads = {{"bag", "dynamic", BagKeys}}});
  registry.Add({.name = "bag_merge", .overloads = {{"bag{2..64}", "bag", BagMerge}}, .nulls = NullRule::kSeesNulls});
  registry.Add({.name = "bag_has_key", .overloads = {{"bag, string", "bool", BagHasKey}}});
  registry.Add({.name = "dynamic_to_json", .overloads = {{"scalar", "string", DynamicToJson}}});
  registry.Add({.name = "extract_json",
                .aliases = {"extractjson"},
                .overloads = {{"string const, string", "string", ExtractJson},
                              {"string const, string, type literal", "typeof", ExtractJson}},
                .check = CheckPath});
}

}  // namespace zoomwatch::kql
