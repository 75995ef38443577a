// Strings: case, length, pieces, joining. Positions and lengths count code points unless a name says bytes.
#include "absl/strings/ascii.h"
#include "common/kql/convert.h"
#include "common/kql/functions/registry.h"
#include "common/kql/functions/utf8.h"

namespace zoomwatch::kql {
namespace {

Value StrLen(Call&, Args args) {
  const std::string text = ToText(args[0]);
  return Value::Long(static_cast<std::int64_t>(CountCodePoints(text)));
}

Value StringSize(Call&, Args args) { return Value::Long(static_cast<std::int64_t>(ToText(args[0]).size())); }

Value StrCat(Call&, Args args) {
  std::string joined;
  for (const Value& arg : args) AppendText(arg, joined);
  return Value::String(joined);
}

}  // namespace

void RegisterStringFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "strlen",
                .naming = Naming::kNameAndFirstArgument,
                .overloads = {{"string|dynamic", "long", StrLen}}});
  registry.Add({.name = "string_size",
                .naming = Naming::kNameAndFirstArgument,
                .overloads = {{"string|dynamic", "long", StringSize}}});
  registry.Add({.name = "strcat", .overloads = {{"scalar{1..64}", "string", StrCat}}, .nulls = NullRule::kSeesNulls});
}

}  // namespace zoomwatch::kql
