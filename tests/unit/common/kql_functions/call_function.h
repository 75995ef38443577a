// Calls one function of the registry with values, by the rules that the evaluator follows: null rule, string without null.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/kql/convert.h"
#include "common/kql/functions/registry.h"
#include "common/kql/json.h"

namespace zoomwatch::kql {

inline Value S(std::string_view text) { return Value::String(text); }
inline Value L(std::int64_t number) { return Value::Long(number); }
inline Value R(double number) { return Value::Real(number); }
inline Value B(bool value) { return Value::Bool(value); }
inline Value Date(std::string_view text) { return Value::DateTime(ParseDateTime(text).value()); }
inline Value Span(std::string_view text) { return Value::TimeSpan(ParseTimeSpan(text).value()); }
inline Value Dec(std::string_view text) { return Value::OfDecimal(Decimal::Parse(text).value()); }
inline Value J(std::string_view json) { return ParseJson(json).value(); }

// The overload that takes the types of these values; int_arguments makes whole numbers `int` instead of `long`.
// Null values have the declared type of their parameter. A `type` argument is given as `as`.
struct CallOptions {
  bool int_arguments = false;
  Type as = Type::kUnknown;
  Warning* warning = nullptr;  // set to the kind that was counted, if any
};
Value CallFunction(std::string_view name, std::vector<Value> args, CallOptions options = {});

// The result as JSON text; null is "null".
std::string Text(std::string_view name, std::vector<Value> args, CallOptions options = {});

struct FunctionCase {
  std::string_view name;
  std::vector<Value> args;
  std::string_view expected;  // as JSON text
};
void ExpectAll(const std::vector<FunctionCase>& cases);

}  // namespace zoomwatch::kql
