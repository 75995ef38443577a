// Functions that take a regular expression. The dialect is RE2's; docs/kql.md lists where Kusto's differs.
#include <re2/re2.h>

#include "common/kql/convert.h"
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {
namespace {

re2::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }

// The pattern is argument 0.
std::optional<ConstantError> CheckPattern(std::span<const Value* const> constants) {
  if (constants.empty() || constants[0] == nullptr || !constants[0]->is_string()) return std::nullopt;
  std::string problem = CheckRegex(constants[0]->AsString());
  if (problem.empty()) return std::nullopt;
  return ConstantError{0, std::move(problem)};
}

// extract(regex, group, source): the text of the group in the first match, "" when there is no match or no such group.
Value Extract(Call& call, Args args) {
  const re2::RE2* regex = call.Regex(args[0].AsString());
  if (regex == nullptr) {
    call.Warn(Warning::kBadRegex);
    return Value();
  }
  const std::int64_t group = args[1].AsLong();
  if (group < 0 || group > regex->NumberOfCapturingGroups()) return Value();
  const std::string source = ToText(args[2]);
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(group) + 1);
  if (!regex->Match(Piece(source), 0, source.size(), re2::RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size()))) {
    return Value();
  }
  const re2::StringPiece& found = groups.back();
  return ConvertTo(call.result_type(), Value::String({found.data(), found.size()}));
}

}  // namespace

void RegisterRegexFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "extract",
                .overloads = {{"string const, long, string", "string", Extract},
                              {"string const, long, string, type literal", "typeof", Extract}},
                .check = CheckPattern});
}

}  // namespace zoomwatch::kql
