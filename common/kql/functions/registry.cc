#include "common/kql/functions/registry.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace zoomwatch::kql {
namespace {

// Only a mistake in a table row gets here, and every build's tests build the registry.
[[noreturn]] void Malformed(std::string_view signature, std::string_view problem) {
  std::fprintf(stderr, "function registry: '%.*s': %.*s\n", static_cast<int>(signature.size()), signature.data(),
               static_cast<int>(problem.size()), problem.data());
  std::abort();
}

constexpr std::pair<std::string_view, ParamKind> kKinds[] = {
    {"scalar", ParamKind::kScalar},
    {"integer", ParamKind::kInteger},
    {"number", ParamKind::kNumber},
    {"number|bool", ParamKind::kNumberOrBool},
    {"summable", ParamKind::kSummable},
    {"orderable", ParamKind::kOrderable},
    {"string|dynamic", ParamKind::kStringOrDynamic},
    {"string|array", ParamKind::kStringOrArray},
    {"integer|array", ParamKind::kIntegerOrArray},
    {"real|decimal", ParamKind::kRealOrDecimal},
    {"array", ParamKind::kArray},
    {"bag", ParamKind::kBag},
    {"not-dynamic", ParamKind::kNotDynamic},
    {"not-bool", ParamKind::kNotBool},
    {"not-real-or-bool", ParamKind::kNotRealOrBool},
    {"common", ParamKind::kCommonScalar},
    {"common|dynamic", ParamKind::kCommonScalarOrDynamic},
    {"common-number", ParamKind::kCommonNumber},
    {"common-summable", ParamKind::kCommonSummable},
    {"common-orderable", ParamKind::kCommonOrderable},
    {"type", ParamKind::kTypeLiteral},
    {"star", ParamKind::kStar},
};

constexpr std::pair<std::string_view, ResultRule> kResults[] = {
    {"arg0", ResultRule::kArgument0},
    {"arg1", ResultRule::kArgument1},
    {"promoted", ResultRule::kPromotedArgument0},
    {"widest", ResultRule::kWidest},
    {"common", ResultRule::kCommon},
    {"common-nondynamic", ResultRule::kCommonNonDynamic},
    {"typeof", ResultRule::kTypeLiteral},
    {"array", ResultRule::kArray},
    {"bag", ResultRule::kBag},
};

constexpr int kMany = 32767;  // what the language allows

// "{2,64}" at the end of the first word.
void TakeCount(std::string& kind, Parameter& parameter, std::string_view signature) {
  const std::size_t open = kind.find('{');
  if (open == std::string::npos) return;
  const std::string range = kind.substr(open + 1, kind.size() - open - 2);
  const std::size_t dots = range.find("..");
  if (dots == std::string::npos || !absl::SimpleAtoi(range.substr(0, dots), &parameter.min_occurs) ||
      !absl::SimpleAtoi(range.substr(dots + 2), &parameter.max_occurs)) {
    Malformed(signature, "bad count");
  }
  kind.resize(open);
}

void TakeKind(std::string kind, Parameter& parameter, std::string_view signature) {
  if (kind.ends_with('?')) {
    parameter.min_occurs = 0;
    kind.pop_back();
  } else if (kind.ends_with('+')) {
    parameter.max_occurs = kMany;
    kind.pop_back();
  } else {
    TakeCount(kind, parameter, signature);
  }
  for (const auto& [name, value] : kKinds) {
    if (name == kind) {
      parameter.kind = value;
      return;
    }
  }
  const std::optional<Type> type = TypeFromName(kind);
  if (!type) Malformed(signature, "unknown kind");
  parameter.kind = ParamKind::kDeclared;
  parameter.type = *type;
}

void TakeMark(std::string word, Parameter& parameter, std::string_view signature) {
  const std::size_t equals = word.find('=');
  if (equals != std::string::npos) {
    parameter.values = absl::StrSplit(word.substr(equals + 1), '/');
    word.resize(equals);
  }
  if (word == "const") {
    parameter.rule = ArgumentRule::kConstant;
  } else if (word == "literal") {
    parameter.rule = ArgumentRule::kLiteral;
  } else if (word == "nonempty") {
    parameter.rule = ArgumentRule::kLiteralNotEmpty;
  } else if (word == "column") {
    parameter.rule = ArgumentRule::kColumn;
  } else {
    Malformed(signature, "unknown mark");
  }
}

}  // namespace

Overload::Overload(std::string_view signature, std::string_view result, EvalFunction eval_function)
    : eval(eval_function), signature_text(signature), result_text(result) {
  for (const std::string& text : std::vector<std::string>(absl::StrSplit(signature_text, ", ", absl::SkipEmpty()))) {
    const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
    Parameter parameter;
    TakeKind(words.at(0), parameter, signature);
    for (std::size_t i = 1; i < words.size(); ++i) TakeMark(words[i], parameter, signature);
    min_arguments += parameter.min_occurs;
    max_arguments += parameter.max_occurs;
    parameters.push_back(std::move(parameter));
  }
  for (const auto& [name, rule] : kResults) {
    if (name == result) {
      result_rule = rule;
      if (rule == ResultRule::kArray || rule == ResultRule::kBag) result_type = Type::kDynamic;
      return;
    }
  }
  const std::optional<Type> type = TypeFromName(result);
  if (!type) Malformed(signature, "unknown result");
  result_type = *type;
}

void FunctionRegistry::Add(ScalarFunction function) {
  const auto& added = functions_.emplace_back(std::make_unique<ScalarFunction>(std::move(function)));
  if (!by_name_.emplace(added->name, added.get()).second) Malformed(added->name, "registered twice");
  for (const std::string& alias : added->aliases) {
    if (!by_name_.emplace(alias, added.get()).second) Malformed(alias, "registered twice");
  }
}

const ScalarFunction* FunctionRegistry::Find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : found->second;
}

const FunctionRegistry& FunctionRegistry::Default() {
  static const FunctionRegistry* const registry = [] {
    auto* built = new FunctionRegistry();
    RegisterStringFunctions(*built);
    RegisterRegexFunctions(*built);
    RegisterDateTimeFunctions(*built);
    RegisterFormatTimeFunctions(*built);
    RegisterMathFunctions(*built);
    RegisterConversionFunctions(*built);
    RegisterConditionalFunctions(*built);
    RegisterDynamicFunctions(*built);
    RegisterArrayFunctions(*built);
    RegisterNetworkFunctions(*built);
    RegisterParseFunctions(*built);
    RegisterHashFunctions(*built);
    RegisterEncodingFunctions(*built);
    RegisterRowFunctions(*built);
    return built;
  }();
  return *registry;
}

}  // namespace zoomwatch::kql
