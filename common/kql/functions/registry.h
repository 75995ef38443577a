// The table of scalar functions: names, signatures as Microsoft's binder has them, naming rule of the result column, null
// rule and evaluation. Built once, immutable afterwards; all methods are const and thread-safe.
// Source of truth: the Kusto page of each function; signatures and naming kinds: Microsoft's Kusto.Language (Functions.cs).
//
// To add a function: write `Value MyFunction(Call& call, Args args)` in the file of its family (string.cc, datetime.cc, ...)
// and one row in that file's Register...Functions():
//
//     registry.Add({.name = "strlen", .naming = Naming::kNameAndFirstArgument,
//                   .overloads = {{"string|dynamic", "long", StrLen}}});
//
// A signature is a list of parameters, separated by commas. A parameter is a kind and then any of its marks:
//   kinds  bool int long real decimal string datetime timespan guid dynamic   exactly this type (an int is accepted where a
//          long, real or decimal is declared, a long where a real or decimal is, a dynamic where a string is)
//          scalar integer number number|bool summable orderable string|dynamic string|array integer|array real|decimal
//          array bag (a dynamic known to be the other of the two is refused) not-dynamic not-bool not-real-or-bool
//          common common|dynamic common-number common-summable common-orderable   (all such arguments get one type)
//          type   a typeof(...) literal; not among the values: see Call::result_type()
//          star   only `*`
//   marks  ?       optional            +       once or more, as the last parameters; several such parameters repeat as a
//          {2..64}  2 to 64 times               group (bag_pack: "string+, scalar+")
//          const   a constant expression          literal  a literal                  nonempty  a literal that is not ""
//          column  a column
//   Values a literal may have are listed after `=`: "string literal=year/quarter/month".
// A result is a type name, or: arg0 arg1 (type of that argument), promoted (arg0 with int made long), widest (of all numeric
// arguments), common (of the common... arguments), common-nondynamic, typeof (the `type` argument), array, bag (dynamic of
// that shape).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/kql/functions/call.h"
#include "common/kql/types.h"
#include "common/kql/value.h"

namespace zoomwatch::kql {

using EvalFunction = Value (*)(Call& call, Args args);

// Checks constant arguments at bind time (a regex that does not compile, an unknown date part). constants[i] is null when
// argument i is not constant.
struct ConstantError {
  std::size_t argument;
  std::string message;
};
using CheckFunction = std::optional<ConstantError> (*)(std::span<const Value* const> constants);

// How the result column is named when the query gives no name.
enum class Naming : std::uint8_t {
  kNone,                    // Column1, print_0
  kFirstArgument,           // tostring(d.a) is d_a
  kNameAndFirstArgument,    // strlen(x) is strlen_x
  kPrefixAndFirstArgument,  // gettype(x) is type_x
  kOnlyArgument,            // the argument's name when there is exactly one
  kColumnIfExists,          // the column that the first argument names
  kFixed,                   // `prefix` itself
};

// kPropagate: any null argument makes the result null ("" for string) without calling the function.
enum class NullRule : std::uint8_t { kPropagate, kSeesNulls };

// Functions that the binder or the evaluator handles itself, because they are lazy or see more than their arguments. Their
// rows have signatures (so that names, types and documentation are in one table) but no eval function.
enum class SpecialForm : std::uint8_t {
  kNone, kIff, kCase, kCoalesce, kColumnIfExists, kPackAll, kBagPackColumns, kPackArrayStar, kPrev, kNext, kRowNumber, kRowCumSum,
  kIngestionTime, kTable, kNow
};

enum class ParamKind : std::uint8_t {
  kDeclared, kScalar, kInteger, kNumber, kNumberOrBool, kSummable, kOrderable, kStringOrDynamic, kStringOrArray,
  kIntegerOrArray, kRealOrDecimal, kArray, kBag, kNotDynamic, kNotBool, kNotRealOrBool, kCommonScalar,
  kCommonScalarOrDynamic, kCommonNumber, kCommonSummable, kCommonOrderable, kTypeLiteral, kStar
};

enum class ArgumentRule : std::uint8_t { kAny, kConstant, kLiteral, kLiteralNotEmpty, kColumn };

struct Parameter {
  ParamKind kind = ParamKind::kScalar;
  Type type = Type::kUnknown;  // of kDeclared
  ArgumentRule rule = ArgumentRule::kAny;
  int min_occurs = 1;
  int max_occurs = 1;
  std::vector<std::string> values;  // allowed literals, case-insensitive; empty: any
};

enum class ResultRule : std::uint8_t {
  kDeclared, kArgument0, kArgument1, kPromotedArgument0, kWidest, kCommon, kCommonNonDynamic, kTypeLiteral, kArray, kBag
};

struct Overload {
  // Parses the signature text described above. REQUIRES: well formed (a malformed one aborts when the registry is built).
  Overload(std::string_view signature, std::string_view result, EvalFunction eval_function);

  std::vector<Parameter> parameters;
  ResultRule result_rule = ResultRule::kDeclared;
  Type result_type = Type::kUnknown;  // of kDeclared
  EvalFunction eval = nullptr;        // null only for special forms
  std::string signature_text;         // for documentation and messages
  std::string result_text;
  int min_arguments = 0;
  int max_arguments = 0;
};

struct ScalarFunction {
  std::string name;
  std::vector<std::string> aliases = {};
  Naming naming = Naming::kNone;
  std::string prefix = {};  // of kPrefixAndFirstArgument (without '_') and kFixed
  std::vector<Overload> overloads;
  NullRule nulls = NullRule::kPropagate;
  bool constant_foldable = true;  // false: the value depends on more than the arguments
  CheckFunction check = nullptr;
  SpecialForm special = SpecialForm::kNone;
};

class FunctionRegistry {
 public:
  // The functions of this library.
  static const FunctionRegistry& Default();

  // REQUIRES: no function or alias of this name yet (aborts otherwise; a test builds the registry).
  void Add(ScalarFunction function);
  // Null when unknown. Names are case-sensitive.
  const ScalarFunction* Find(std::string_view name) const;
  // In the order of registration.
  const std::vector<std::unique_ptr<ScalarFunction>>& functions() const { return functions_; }

  // True for functions of the language that zoomwatch knows by name but does not support; see refused.cc.
  static bool IsRefused(std::string_view name);

 private:
  std::vector<std::unique_ptr<ScalarFunction>> functions_;
  std::unordered_map<std::string, const ScalarFunction*> by_name_;
};

// One per family file.
void RegisterStringFunctions(FunctionRegistry& registry);
void RegisterRegexFunctions(FunctionRegistry& registry);
void RegisterDateTimeFunctions(FunctionRegistry& registry);
void RegisterFormatTimeFunctions(FunctionRegistry& registry);
void RegisterMathFunctions(FunctionRegistry& registry);
void RegisterConversionFunctions(FunctionRegistry& registry);
void RegisterConditionalFunctions(FunctionRegistry& registry);
void RegisterDynamicFunctions(FunctionRegistry& registry);
void RegisterArrayFunctions(FunctionRegistry& registry);
void RegisterNetworkFunctions(FunctionRegistry& registry);
void RegisterParseFunctions(FunctionRegistry& registry);
void RegisterHashFunctions(FunctionRegistry& registry);
void RegisterEncodingFunctions(FunctionRegistry& registry);
void RegisterRowFunctions(FunctionRegistry& registry);  // special forms: prev, next, row_number, pack_all, ...

}  // namespace zoomwatch::kql
