#include "common/kql/arithmetic.h"

#include <cmath>
#include <limits>
#include <optional>

#include "common/kql/convert.h"

namespace zoomwatch::kql {
namespace {

Value Warned(Warning warning, ExecutionContext& context) {
  ++context.warnings[static_cast<std::size_t>(warning)];
  return Value();
}

bool IsTime(const Value& value) { return value.kind() == Kind::kDateTime || value.kind() == Kind::kTimeSpan; }

// nullopt: overflow. REQUIRES: b is not 0 for division and modulo.
std::optional<std::int64_t> Whole(Op op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool overflow = false;
  if (op == Op::kAdd) {
    overflow = __builtin_add_overflow(a, b, &result);
  } else if (op == Op::kSubtract) {
    overflow = __builtin_sub_overflow(a, b, &result);
  } else if (op == Op::kMultiply) {
    overflow = __builtin_mul_overflow(a, b, &result);
  } else if (b == -1) {  // the quotient of the smallest number does not fit
    overflow = op == Op::kDivide && __builtin_sub_overflow(std::int64_t{0}, a, &result);
  } else if (op == Op::kDivide) {
    result = a / b;
  } else {
    result = a % b;
    if (result < 0) result = b < 0 ? result - b : result + b;
  }
  return overflow ? std::nullopt : std::optional(result);
}

double Real(Op op, double a, double b) {
  if (op == Op::kAdd) return a + b;
  if (op == Op::kSubtract) return a - b;
  if (op == Op::kMultiply) return a * b;
  if (op == Op::kDivide) return a / b;
  const double remainder = std::fmod(a, b);
  return remainder < 0 ? remainder + std::fabs(b) : remainder;
}

Value OfWhole(Op op, Type type, std::int64_t a, std::int64_t b, ExecutionContext& context) {
  if (b == 0 && (op == Op::kDivide || op == Op::kModulo)) return Warned(Warning::kDivisionByZero, context);
  const std::optional<std::int64_t> result = Whole(op, a, b);
  using Int = std::numeric_limits<std::int32_t>;
  if (!result || (type == Type::kInt && (*result < Int::min() || *result > Int::max()))) {
    return Warned(Warning::kOverflow, context);
  }
  return Value::Long(*result);
}

std::optional<Decimal> DecimalOf(Op op, const Decimal& a, const Decimal& b) {
  if (op == Op::kAdd) return a.Add(b);
  if (op == Op::kSubtract) return a.Subtract(b);
  if (op == Op::kMultiply) return a.Multiply(b);
  if (op == Op::kDivide) return a.Divide(b);
  const Decimal divisor = b.Sign() < 0 ? b.Negate() : b;
  const auto quotient = a.Divide(divisor);
  const auto whole = quotient ? quotient->Floor() : std::nullopt;
  const auto product = whole ? whole->Multiply(divisor) : std::nullopt;
  return product ? a.Subtract(*product) : std::nullopt;
}

Value OfDecimal(Op op, const Value& left, const Value& right, ExecutionContext& context) {
  const Value a = ConvertTo(Type::kDecimal, left);
  const Value b = ConvertTo(Type::kDecimal, right);
  if (a.is_null() || b.is_null()) return Warned(Warning::kOverflow, context);  // NaN, an infinity or beyond 34 digits
  if (b.AsDecimal().IsZero() && (op == Op::kDivide || op == Op::kModulo))
    return Warned(Warning::kDivisionByZero, context);
  const std::optional<Decimal> result = DecimalOf(op, a.AsDecimal(), b.AsDecimal());
  return result ? Value::OfDecimal(*result) : Warned(Warning::kOverflow, context);
}

// The number of ticks that a and b yield, an operand being a time or a number: a real number scales to the nearest
// tick.
std::optional<Ticks> TicksOf(Op op, const Value& a, const Value& b) {
  const bool whole = (IsTime(a) || a.kind() == Kind::kLong) && (IsTime(b) || b.kind() == Kind::kLong);
  if (whole) return Whole(op, a.AsLong(), b.AsLong());
  const Value left = ConvertTo(Type::kReal, a);
  const Value right = ConvertTo(Type::kReal, b);
  if (left.is_null() || right.is_null()) return std::nullopt;
  const double ticks = std::round(Real(op, left.AsReal(), right.AsReal()));
  if (!(ticks >= -9223372036854775808.0 && ticks < 9223372036854775808.0)) return std::nullopt;
  return static_cast<Ticks>(ticks);
}

bool IsZero(const Value& value) {
  if (value.kind() == Kind::kReal) return value.AsReal() == 0;
  return value.kind() == Kind::kDecimal ? value.AsDecimal().IsZero() : value.AsLong() == 0;
}

Value OfTime(Op op, Type type, const Value& a, const Value& b, ExecutionContext& context) {
  if ((op == Op::kDivide || op == Op::kModulo) && IsZero(b)) return Warned(Warning::kDivisionByZero, context);
  const std::optional<Ticks> ticks = TicksOf(op, a, b);
  if (!ticks) return Warned(Warning::kOverflow, context);
  if (type == Type::kTimeSpan) return Value::TimeSpan(*ticks);
  const std::optional<Value> time = CheckedDateTime(*ticks);
  return time ? *time : Warned(Warning::kOverflow, context);
}

// The type of a op b for operands whose static type is dynamic, by the table of the static types; kUnknown: they do not
// go together.
Type DynamicType(Op op, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.kind() == Kind::kDecimal || b.kind() == Kind::kDecimal) return Type::kDecimal;
    return a.kind() == Kind::kReal || b.kind() == Kind::kReal ? Type::kReal : Type::kLong;
  }
  const bool both = IsTime(a) && IsTime(b);
  if (both && op == Op::kDivide) return Type::kReal;
  const bool date = a.kind() == Kind::kDateTime || b.kind() == Kind::kDateTime;
  if (both && op == Op::kSubtract && a.kind() == b.kind()) return Type::kTimeSpan;
  if (both) return date && op != Op::kModulo ? Type::kDateTime : Type::kTimeSpan;
  const bool scales = op == Op::kMultiply || (IsTime(a) && (op == Op::kDivide || op == Op::kModulo));
  if (!scales || !(IsTime(a) ? b.is_number() : a.is_number() && IsTime(b))) return Type::kUnknown;
  return date ? Type::kDateTime : Type::kTimeSpan;
}

// The table of the types has no sum of a number and a time, and none of a datetime and a timespan that is a timespan: only the value in a
// dynamic can ask for one.
bool GoTogether(Op op, Type type, const Value& a, const Value& b) {
  if (op != Op::kAdd && op != Op::kSubtract) return true;
  return IsTime(a) && IsTime(b) && (type == Type::kDateTime || a.kind() == b.kind());
}

// A value from inside a dynamic, as the whole number that a typed operation wants.
Value AsWhole(const Value& value) { return value.is_number() ? ConvertTo(Type::kLong, value) : Value(); }

}  // namespace

Value Arithmetic(Op op, Type type, const Value& a, const Value& b, ExecutionContext& context) {
  // The common case first, and alone.
  if (type == Type::kLong && a.kind() == Kind::kLong && b.kind() == Kind::kLong) {
    return OfWhole(op, type, a.AsLong(), b.AsLong(), context);
  }
  if (a.is_null() || b.is_null()) return Value();
  const auto arithmetic = [](const Value& value) { return value.is_number() || IsTime(value); };
  if (!arithmetic(a) || !arithmetic(b)) return Value();
  if (type == Type::kDynamic) type = DynamicType(op, a, b);
  switch (type) {
    case Type::kInt:
    case Type::kLong: {
      if (a.kind() == Kind::kLong && b.kind() == Kind::kLong) return OfWhole(op, type, a.AsLong(), b.AsLong(), context);
      const Value left = AsWhole(a);
      const Value right = AsWhole(b);
      if (left.is_null() || right.is_null()) return Value();
      return OfWhole(op, type, left.AsLong(), right.AsLong(), context);
    }
    case Type::kReal:
      return Value::Real(Real(op, ConvertTo(Type::kReal, a).AsReal(), ConvertTo(Type::kReal, b).AsReal()));
    case Type::kDecimal: return OfDecimal(op, a, b, context);
    case Type::kDateTime:
    case Type::kTimeSpan: return GoTogether(op, type, a, b) ? OfTime(op, type, a, b, context) : Value();
    case Type::kBool:
    case Type::kString:
    case Type::kGuid:
    case Type::kDynamic:
    case Type::kUnknown: return Value();
  }
  return Value();
}

Value Negate(Type type, const Value& value, ExecutionContext& context) {
  switch (value.kind()) {
    case Kind::kLong: return OfWhole(Op::kSubtract, type, 0, value.AsLong(), context);
    case Kind::kReal: return Value::Real(-value.AsReal());
    case Kind::kDecimal: return Value::OfDecimal(value.AsDecimal().Negate());
    case Kind::kTimeSpan: return OfTime(Op::kSubtract, Type::kTimeSpan, Value::TimeSpan(0), value, context);
    case Kind::kNull:
    case Kind::kBool:
    case Kind::kDateTime:
    case Kind::kString:
    case Kind::kGuid:
    case Kind::kArray:
    case Kind::kBag: return Value();
  }
  return Value();
}

}  // namespace zoomwatch::kql
