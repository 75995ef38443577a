#include <gtest/gtest.h>

#include "tests/unit/common/kql_functions/call_function.h"

namespace zoomwatch::kql {
namespace {

TEST(DynamicFunctions, ParseJson) {
  ExpectAll({
      {"parse_json", {S(R"({"a":[1,2.5,null]})")}, R"({"a":[1,2.5,null]})"},
      {"parse_json", {S("{'a':1}")}, R"("{'a':1}")"},
      {"parse_json", {S("")}, "null"},
      {"parse_json", {S("12")}, "12"},
      {"todynamic", {S("[1]")}, "[1]"},
      {"toobject", {S("x y")}, "\"x y\""},
      {"parse_json", {J("[1]")}, "[1]"},
  });
}

TEST(DynamicFunctions, Bags) {
  ExpectAll({
      {"bag_pack", {S("a"), L(1), S("b"), Value()}, R"({"a":1,"b":null})"},
      {"bag_pack", {S("a"), L(1), S("a"), L(2)}, R"({"a":2})"},
      {"bag_keys", {J(R"({"z":1,"a":2})")}, R"(["z","a"])"},
      {"bag_keys", {J("[]")}, "null"},
      {"bag_merge", {J(R"({"a":1})"), J(R"({"a":2,"b":3})")}, R"({"a":1,"b":3})"},
      {"bag_merge", {J("[1]"), J(R"({"b":3})")}, R"({"b":3})"},
      {"bag_merge", {Value(), Value()}, "null"},
      {"bag_has_key", {J(R"({"a":{"b":1}})"), S("a")}, "true"},
      {"bag_has_key", {J(R"({"a":{"b":1}})"), S("A")}, "false"},
      {"bag_has_key", {J(R"({"a":{"b":null}})"), S("$.a.b")}, "true"},
      {"bag_has_key", {J(R"({"a":[1]})"), S("$.a[0]")}, "false"},
      {"bag_has_key", {J("[]"), S("a")}, "null"},
      {"dynamic_to_json", {J(R"({"b":{"z":1,"y":2},"a":[]})")}, R"("{\"a\":[],\"b\":{\"y\":2,\"z\":1}}")"},
  });
}

TEST(DynamicFunctions, ExtractJson) {
  const Value text = S(R"({"a":{"b c":[10,20]},"t":"x"})");
  ExpectAll({
      {"extract_json", {S("$.t"), text}, "\"x\""},
      {"extract_json", {S("$.a['b c'][1]"), text}, "\"20\""},
      {"extract_json", {S("$[\"a\"]"), text}, R"("{\"b c\":[10,20]}")"},
      {"extract_json", {S("$.a['b c'][-1]"), text}, "\"20\""},
      {"extract_json", {S("$.missing.x"), text}, "\"\""},
      {"extract_json", {S("$.a['b c'][9]"), text}, "\"\""},
      {"extract_json", {S("$.a"), S("no json")}, "\"\""},
      {"extractjson", {S("$"), S("7")}, "\"7\""},
  });
  EXPECT_EQ(Text("extract_json", {S("$.a['b c'][0]"), text}, {.as = Type::kLong}), "10");
  EXPECT_EQ(Text("extract_json", {S("$.t"), text}, {.as = Type::kLong}), "null");
}

TEST(DynamicFunctions, JsonPathsOutsideTheDocumentedFormAreRefused) {
  for (const std::string_view path : {"a", "$..a", "$.*", "$[a]", "$[", "$x", "$."}) {
    const Value text = S(path);
    const std::vector<const Value*> constants = {&text, nullptr};
    EXPECT_TRUE(FunctionRegistry::Default().Find("extract_json")->check(constants)) << path;
  }
}

}  // namespace
}  // namespace zoomwatch::kql
