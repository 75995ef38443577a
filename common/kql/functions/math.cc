// Numbers: rounding, powers, smallest and largest. Integer overflow yields null and a warning.
#include <bit>
#include <cmath>

#include "common/kql/compare.h"
#include "common/kql/functions/arguments.h"
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {
namespace {

// A number of the kind that the binder promised: real and decimal results from any numeric argument.
Value Promote(Type type, const Value& value) {
  return type == Type::kReal || type == Type::kDecimal ? ConvertTo(type, value) : value;
}

Value Abs(Call& call, Args args) {
  const Value& value = args[0];
  if (value.kind() == Kind::kReal) return Value::Real(std::fabs(value.AsReal()));
  if (value.kind() == Kind::kDecimal) {
    return value.AsDecimal().Sign() < 0 ? Value::OfDecimal(value.AsDecimal().Negate()) : value;
  }
  if (value.kind() != Kind::kLong && value.kind() != Kind::kTimeSpan) return Value();
  const std::int64_t whole = value.AsLong();
  if (whole == std::numeric_limits<std::int64_t>::min()) return Overflow(call);
  const std::int64_t magnitude = whole < 0 ? -whole : whole;
  return value.kind() == Kind::kTimeSpan ? Value::TimeSpan(magnitude) : Value::Long(magnitude);
}

// The largest origin + k * size (k an integer) that is not above value; nullopt on overflow. REQUIRES: size > 0.
std::optional<std::int64_t> BinWhole(std::int64_t value, std::int64_t size, std::int64_t origin) {
  // In 128 bits nothing here overflows before the last step.
  __extension__ using Wide = __int128;
  Wide remainder = (static_cast<Wide>(value) - origin) % size;
  if (remainder < 0) remainder += size;
  const Wide result = static_cast<Wide>(value) - remainder;
  if (result < std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  return static_cast<std::int64_t>(result);
}

Value BinNumber(Call& call, const Value& value, const Value& size, const Value& origin) {
  if (call.result_type() == Type::kDecimal) {
    const Value number = ConvertTo(Type::kDecimal, value), step = ConvertTo(Type::kDecimal, size),
                start = ConvertTo(Type::kDecimal, origin);
    if (number.is_null() || step.is_null() || start.is_null() || step.AsDecimal().Sign() <= 0) return Value();
    const auto offset = number.AsDecimal().Subtract(start.AsDecimal());
    const auto quotient = offset ? offset->Divide(step.AsDecimal()) : std::nullopt;
    const auto floor = quotient ? quotient->Floor() : std::nullopt;
    const auto product = floor ? floor->Multiply(step.AsDecimal()) : std::nullopt;
    const auto result = product ? product->Add(start.AsDecimal()) : std::nullopt;
    return result ? Value::OfDecimal(*result) : Overflow(call);
  }
  if (call.result_type() == Type::kReal || value.kind() == Kind::kReal || size.kind() == Kind::kReal) {
    const auto number = RealArgument(value), step = RealArgument(size), start = RealArgument(origin);
    if (!number || !step || !start || !(*step > 0)) return Value();
    return Value::Real(std::floor((*number - *start) / *step) * *step + *start);
  }
  const auto number = WholeArgument(value), step = WholeArgument(size), start = WholeArgument(origin);
  if (!number || !step || !start || *step <= 0) return Value();
  const auto result = BinWhole(*number, *step, *start);
  return result ? WholeResult(call, *result) : Overflow(call);
}

Value BinTime(Call& call, const Value& value, const Value& size, Ticks origin) {
  if ((value.kind() != Kind::kDateTime && value.kind() != Kind::kTimeSpan) ||
      (size.kind() != Kind::kDateTime && size.kind() != Kind::kTimeSpan) || size.AsTicks() <= 0) {
    return Value();
  }
  const auto result = BinWhole(value.AsTicks(), size.AsTicks(), origin);
  if (!result) return Overflow(call);
  if (value.kind() == Kind::kTimeSpan) return Value::TimeSpan(*result);
  const auto checked = CheckedDateTime(*result);
  return checked ? *checked : Overflow(call);
}

Value Bin(Call& call, Args args) { return BinNumber(call, args[0], args[1], Value::Long(0)); }
Value BinOfTime(Call& call, Args args) { return BinTime(call, args[0], args[1], 0); }
Value BinAt(Call& call, Args args) { return BinNumber(call, args[0], args[1], args[2]); }
Value BinAtOfTime(Call& call, Args args) {
  if (args[2].kind() != args[0].kind()) return Value();
  return BinTime(call, args[0], args[1], args[2].AsTicks());
}

Value Ceiling(Call& call, Args args) {
  const Value& value = args[0];
  if (value.kind() == Kind::kReal) return Value::Real(std::ceil(value.AsReal()));
  if (value.kind() != Kind::kDecimal) return value;
  const auto floor = value.AsDecimal().Negate().Floor();
  return floor ? Value::OfDecimal(floor->Negate()) : Overflow(call);
}

// Half away from zero on the decimal digits that the number prints with: round(2.15, 1) is 2.2, though the nearest double is
// below 2.15.
double RoundReal(double number, std::int64_t digits) {
  if (!std::isfinite(number) || digits > 30) return number;
  if (digits < -308) return 0;
  const auto exact = Decimal::Parse(RealToText(number));
  const auto rounded = exact ? exact->Round(static_cast<int>(digits)) : std::nullopt;
  if (rounded) return rounded->ToReal();
  const double scale = std::pow(10.0, static_cast<double>(-digits));  // beyond decimal's range: the digits are before the point
  return digits >= 0 ? number : std::round(number / scale) * scale;
}

Value Round(Call& call, Args args) {
  const auto digits = WholeArgumentOr(args, 1, 0);
  if (!digits) return Value();
  const Value& value = args[0];
  if (value.kind() == Kind::kReal) return Value::Real(RoundReal(value.AsReal(), *digits));
  if (value.kind() == Kind::kLong && *digits >= 0) return value;
  if (*digits < -Decimal::kMaxDigits) return Promote(call.result_type(), Value::Long(0));
  const Value number = ConvertTo(Type::kDecimal, value);
  if (number.is_null()) return Value();
  const auto rounded = number.AsDecimal().Round(static_cast<int>(std::min<std::int64_t>(*digits, Decimal::kMaxDigits)));
  if (!rounded) return Overflow(call);
  if (value.kind() == Kind::kDecimal) return Value::OfDecimal(*rounded);
  const auto whole = rounded->ToLong();
  return whole ? WholeResult(call, *whole) : Overflow(call);
}

template <double (*kFunction)(double)>
Value OfReal(Call&, Args args) {
  const auto number = RealArgument(args[0]);
  return number ? Value::Real(kFunction(*number)) : Value();
}

// Null below zero, as the pages of sqrt() and log() say; the logarithm of zero is minus infinity.
template <double (*kFunction)(double)>
Value OfNonNegative(Call&, Args args) {
  const auto number = RealArgument(args[0]);
  return number && !(*number < 0) ? Value::Real(kFunction(*number)) : Value();
}

double Exp(double x) { return std::exp(x); }
double Exp2(double x) { return std::exp2(x); }
double Exp10(double x) { return std::pow(10.0, x); }
double Log(double x) { return std::log(x); }
double Log2(double x) { return std::log2(x); }
double Log10(double x) { return std::log10(x); }
double Sqrt(double x) { return std::sqrt(x); }
double Sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

Value Pow(Call&, Args args) {
  const auto base = RealArgument(args[0]), exponent = RealArgument(args[1]);
  return base && exponent ? Value::Real(std::pow(*base, *exponent)) : Value();
}

Value Pi(Call&, Args) { return Value::Real(3.14159265358979323846); }

Value IsNan(Call&, Args args) {
  const auto number = RealArgument(args[0]);
  return Value::Bool(number && std::isnan(*number));
}
Value IsInf(Call&, Args args) {
  const auto number = RealArgument(args[0]);
  return Value::Bool(number && std::isinf(*number));
}
Value IsFinite(Call&, Args args) {
  const auto number = RealArgument(args[0]);
  return Value::Bool(number && std::isfinite(*number));
}

// Null only when all are null: values take precedence.
template <bool kLargest>
Value Extreme(Call& call, Args args) {
  Value best;
  for (const Value& arg : args) {
    const std::strong_ordering order = SortOrder(arg, best);
    if (!arg.is_null() && (best.is_null() || (kLargest ? order > 0 : order < 0))) best = arg;
  }
  return Promote(call.result_type(), best);
}

enum class Bits : std::uint8_t { kAnd, kOr, kXor, kShiftLeft, kShiftRight };

// A shift takes the count modulo 64, and a right shift keeps the sign, as C#'s do.
template <Bits kBits>
Value Binary(Call&, Args args) {
  const auto a = WholeArgument(args[0]), b = WholeArgument(args[1]);
  if (!a || !b) return Value();
  const auto left = static_cast<std::uint64_t>(*a);
  switch (kBits) {
    case Bits::kAnd: return Value::Long(*a & *b);
    case Bits::kOr: return Value::Long(*a | *b);
    case Bits::kXor: return Value::Long(*a ^ *b);
    case Bits::kShiftLeft: return Value::Long(static_cast<std::int64_t>(left << (*b & 63)));
    case Bits::kShiftRight: return Value::Long(*a >> (*b & 63));
  }
  return Value();
}

Value BinaryNot(Call&, Args args) {
  const auto a = WholeArgument(args[0]);
  return a ? Value::Long(~*a) : Value();
}

Value BitCount(Call&, Args args) {
  const auto a = WholeArgument(args[0]);
  return a ? Value::Long(std::popcount(static_cast<std::uint64_t>(*a))) : Value();
}

void RegisterRounding(FunctionRegistry& registry) {
  registry.Add({.name = "bin",
                .aliases = {"floor"},
                .naming = Naming::kFirstArgument,
                .overloads = {{"number, number", "widest", Bin},
                              {"timespan, timespan", "timespan", BinOfTime},
                              {"datetime, datetime", "datetime", BinOfTime},
                              {"datetime, timespan", "datetime", BinOfTime}}});
  registry.Add({.name = "bin_at",
                .naming = Naming::kFirstArgument,
                .overloads = {{"number, number, number", "widest", BinAt},
                              {"timespan, timespan, timespan", "timespan", BinAtOfTime},
                              {"datetime, timespan, datetime", "datetime", BinAtOfTime}}});
  registry.Add({.name = "ceiling", .naming = Naming::kFirstArgument, .overloads = {{"number", "arg0", Ceiling}}});
  registry.Add({.name = "round",
                .naming = Naming::kFirstArgument,
                .overloads = {{"number, long? const", "arg0", Round}}});
}

}  // namespace

void RegisterMathFunctions(FunctionRegistry& registry) {
  RegisterRounding(registry);
  registry.Add({.name = "abs",
                .naming = Naming::kFirstArgument,
                .overloads = {{"integer", "long", Abs}, {"number", "arg0", Abs}, {"timespan", "timespan", Abs}}});
  registry.Add({.name = "pow", .naming = Naming::kFirstArgument, .overloads = {{"number, number", "real", Pow}}});
  registry.Add({.name = "sign", .overloads = {{"number", "real", OfReal<Sign>}}});
  registry.Add({.name = "pi", .overloads = {{"", "real", Pi}}});
  const std::pair<std::string_view, EvalFunction> kReals[] = {
      {"exp", OfReal<Exp>},        {"exp2", OfReal<Exp2>},        {"exp10", OfReal<Exp10>},      {"log", OfNonNegative<Log>},
      {"log2", OfNonNegative<Log2>}, {"log10", OfNonNegative<Log10>}, {"sqrt", OfNonNegative<Sqrt>}};
  for (const auto& [name, function] : kReals) {
    registry.Add({.name = std::string(name), .naming = Naming::kFirstArgument, .overloads = {{"number", "real", function}}});
  }
  registry.Add({.name = "isnan", .overloads = {{"real", "bool", IsNan}}});
  registry.Add({.name = "isinf", .overloads = {{"real", "bool", IsInf}}});
  registry.Add({.name = "isfinite", .overloads = {{"real", "bool", IsFinite}}});
  registry.Add({.name = "max_of",
                .overloads = {{"common-orderable{2..64}", "common", Extreme<true>}},
                .nulls = NullRule::kSeesNulls});
  registry.Add({.name = "min_of",
                .overloads = {{"common-orderable{2..64}", "common", Extreme<false>}},
                .nulls = NullRule::kSeesNulls});
  const std::pair<std::string_view, EvalFunction> kBinary[] = {{"binary_and", Binary<Bits::kAnd>},
                                                               {"binary_or", Binary<Bits::kOr>},
                                                               {"binary_xor", Binary<Bits::kXor>},
                                                               {"binary_shift_left", Binary<Bits::kShiftLeft>},
                                                               {"binary_shift_right", Binary<Bits::kShiftRight>}};
  for (const auto& [name, function] : kBinary) {
    registry.Add({.name = std::string(name),
                  .naming = Naming::kFirstArgument,
                  .overloads = {{"integer, integer", "long", function}}});
  }
  registry.Add({.name = "binary_not", .naming = Naming::kFirstArgument, .overloads = {{"integer", "long", BinaryNot}}});
  registry.Add({.name = "bitset_count_ones", .naming = Naming::kFirstArgument, .overloads = {{"integer", "long", BitCount}}});
}

}  // namespace zoomwatch::kql
