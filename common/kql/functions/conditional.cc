// Choices and tests for null and empty. iff, case and coalesce are evaluated lazily by the evaluator.
#include "common/kql/convert.h"
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {
namespace {

Value IsNull(Call&, Args args) { return Value::Bool(args[0].is_null()); }
Value IsNotNull(Call&, Args args) { return Value::Bool(!args[0].is_null()); }

bool Empty(const Value& value) { return value.is_null() || (value.is_string() && value.AsString().empty()); }
Value IsEmpty(Call&, Args args) { return Value::Bool(Empty(args[0])); }
Value IsNotEmpty(Call&, Args args) { return Value::Bool(!Empty(args[0])); }

Value Not(Call&, Args args) { return Value::Bool(!args[0].AsBool()); }

}  // namespace

void RegisterConditionalFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "iff",
                .aliases = {"iif"},
                .overloads = {{"bool, common|dynamic, common|dynamic", "common-nondynamic", nullptr}},
                .nulls = NullRule::kSeesNulls,
                .special = SpecialForm::kIff});
  registry.Add({.name = "case",
                .overloads = {{"bool+, common|dynamic+, common|dynamic", "common-nondynamic", nullptr}},
                .nulls = NullRule::kSeesNulls,
                .special = SpecialForm::kCase});
  registry.Add({.name = "coalesce",
                .overloads = {{"common{2..64}", "common", nullptr}},
                .nulls = NullRule::kSeesNulls,
                .special = SpecialForm::kCoalesce});
  registry.Add({.name = "isnull", .overloads = {{"scalar", "bool", IsNull}}, .nulls = NullRule::kSeesNulls});
  registry.Add({.name = "isnotnull",
                .aliases = {"notnull"},
                .overloads = {{"scalar", "bool", IsNotNull}},
                .nulls = NullRule::kSeesNulls});
  registry.Add({.name = "isempty", .overloads = {{"scalar", "bool", IsEmpty}}, .nulls = NullRule::kSeesNulls});
  registry.Add({.name = "isnotempty",
                .aliases = {"notempty"},
                .overloads = {{"scalar", "bool", IsNotEmpty}},
                .nulls = NullRule::kSeesNulls});
  registry.Add({.name = "not", .overloads = {{"bool", "bool", Not}}});
}

}  // namespace zoomwatch::kql
