#include "tests/unit/common/kql_functions/call_function.h"

#include <gtest/gtest.h>

namespace zoomwatch::kql {
namespace {

Type TypeOf(const Value& value, bool ints) {
  switch (value.kind()) {
    case Kind::kBool: return Type::kBool;
    case Kind::kLong: return ints ? Type::kInt : Type::kLong;
    case Kind::kReal: return Type::kReal;
    case Kind::kDateTime: return Type::kDateTime;
    case Kind::kTimeSpan: return Type::kTimeSpan;
    case Kind::kString: return Type::kString;
    case Kind::kDecimal: return Type::kDecimal;
    case Kind::kGuid: return Type::kGuid;
    case Kind::kNull:
    case Kind::kArray:
    case Kind::kBag: return Type::kDynamic;
  }
  return Type::kUnknown;
}

bool Accepts(const Parameter& parameter, const Value& value) {
  const Type type = TypeOf(value, false);
  if (value.is_null()) return true;
  switch (parameter.kind) {
    case ParamKind::kDeclared:
      return parameter.type == type || (parameter.type == Type::kString && type == Type::kDynamic) ||
             (IsNumeric(parameter.type) && IsNumeric(type) && type <= parameter.type) ||
             (parameter.type == Type::kDynamic);
    case ParamKind::kInteger: return type == Type::kLong;
    case ParamKind::kNumber:
    case ParamKind::kCommonNumber: return IsNumeric(type);
    case ParamKind::kNumberOrBool: return IsNumeric(type) || type == Type::kBool;
    case ParamKind::kSummable:
    case ParamKind::kCommonSummable: return IsSummable(type);
    case ParamKind::kOrderable:
    case ParamKind::kCommonOrderable: return IsOrderable(type);
    case ParamKind::kStringOrDynamic: return type == Type::kString || type == Type::kDynamic;
    case ParamKind::kStringOrArray: return type == Type::kString || value.is_array();
    case ParamKind::kIntegerOrArray: return type == Type::kLong || value.is_array();
    case ParamKind::kRealOrDecimal: return type == Type::kReal || type == Type::kDecimal;
    // Every dynamic expression binds here, whatever is inside it when it runs.
    case ParamKind::kArray:
    case ParamKind::kBag: return value.is_array() || value.is_bag() || value.is_string();
    case ParamKind::kNotDynamic: return type != Type::kDynamic;
    case ParamKind::kNotBool: return type != Type::kBool;
    case ParamKind::kNotRealOrBool: return type != Type::kBool && type != Type::kReal;
    case ParamKind::kScalar:
    case ParamKind::kCommonScalar:
    case ParamKind::kCommonScalarOrDynamic: return true;
    case ParamKind::kTypeLiteral:
    case ParamKind::kStar: return false;
  }
  return false;
}

bool Matches(const Overload& overload, const std::vector<Value>& args, bool typed) {
  const bool has_type = !overload.parameters.empty() && overload.parameters.back().kind == ParamKind::kTypeLiteral;
  const std::size_t count = overload.parameters.size() - (has_type ? 1 : 0);
  const int given = static_cast<int>(args.size()) + (typed ? 1 : 0);
  if (has_type != typed || given < overload.min_arguments || given > overload.max_arguments) return false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (count == 0 || !Accepts(overload.parameters[std::min(i, count - 1)], args[i])) return false;
  }
  return true;
}

Type ResultType(const Overload& overload, const std::vector<Type>& types, Type as) {
  switch (overload.result_rule) {
    case ResultRule::kDeclared: return overload.result_type;
    case ResultRule::kArgument0: return types[0];
    case ResultRule::kArgument1: return types[1];
    case ResultRule::kPromotedArgument0: return types[0] == Type::kInt ? Type::kLong : types[0];
    case ResultRule::kTypeLiteral: return as;
    case ResultRule::kArray:
    case ResultRule::kBag: return Type::kDynamic;
    case ResultRule::kWidest:
    case ResultRule::kCommon:
    case ResultRule::kCommonNonDynamic: break;
  }
  Type widest = types[0];
  for (const Type type : types) {
    if (type == Type::kDynamic) continue;
    widest = IsNumeric(type) && IsNumeric(widest) ? WiderNumber(widest, type) : type;
  }
  return widest;
}

}  // namespace

Value CallFunction(std::string_view name, std::vector<Value> args, CallOptions options) {
  const ScalarFunction* function = FunctionRegistry::Default().Find(name);
  if (function == nullptr) {
    ADD_FAILURE() << "no function " << name;
    return {};
  }
  for (const Overload& overload : function->overloads) {
    if (!Matches(overload, args, options.as != Type::kUnknown)) continue;
    std::vector<Type> types;
    for (const Value& arg : args) types.push_back(TypeOf(arg, options.int_arguments));
    const Type result_type = ResultType(overload, types, options.as);
    ExecutionContext context(ParseDateTime("2031-05-25T12:00:00Z").value());
    Call call(context, types, result_type);
    bool null = false;
    for (const Value& arg : args) null = null || (arg.is_null() && function->nulls == NullRule::kPropagate);
    Value result = null ? Value() : overload.eval(call, args);
    for (std::size_t i = 0; options.warning != nullptr && i < kWarningKinds; ++i) {
      if (context.warnings[i] > 0) *options.warning = static_cast<Warning>(i);
    }
    return result.is_null() && result_type == Type::kString ? S("") : result;
  }
  ADD_FAILURE() << "no overload of " << name << " takes these arguments";
  return {};
}

std::string Text(std::string_view name, std::vector<Value> args, CallOptions options) {
  return ToJson(CallFunction(name, std::move(args), options));
}

void ExpectAll(const std::vector<FunctionCase>& cases) {
  for (const FunctionCase& c : cases) {
    std::string call(c.name);
    for (const Value& arg : c.args) call += " " + ToJson(arg);
    EXPECT_EQ(Text(c.name, c.args), c.expected) << call;
  }
}

}  // namespace zoomwatch::kql
