#include "common/kql/binder/overload.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "common/kql/binder/binder_state.h"
#include "common/kql/binder/operator_types.h"
#include "common/kql/binder/scalars.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

// How well an argument fits a parameter, from worst to best.
enum class Fit : std::uint8_t { kNone, kUnknown, kPromoted, kExcluding, kOneOfMany, kScalar, kSummable, kOrderable, kNumber, kInteger, kExact };

struct GivenArguments {
  const std::vector<ScalarPtr>& values;
  const std::vector<const Expr*>& exprs;
  std::size_t size() const { return values.size(); }
};

const Expr& Unnamed(const Expr& expr) { return expr.kind == ExprKind::kNamedArgument ? *expr.children[0] : expr; }

bool IsCommon(ParamKind kind) {
  return kind == ParamKind::kCommonScalar || kind == ParamKind::kCommonScalarOrDynamic || kind == ParamKind::kCommonNumber ||
         kind == ParamKind::kCommonSummable || kind == ParamKind::kCommonOrderable;
}

bool CountsForCommon(ParamKind kind, Type type) {
  if (kind == ParamKind::kCommonNumber) return IsNumeric(type);
  if (kind == ParamKind::kCommonSummable) return IsSummable(type);
  if (kind == ParamKind::kCommonOrderable) return IsOrderable(type);
  return true;
}

// The type of the arguments that must be alike. Branches may be of unlike types: they make a dynamic.
std::optional<Type> CommonOf(const std::vector<const Parameter*>& parameters, const std::vector<ScalarPtr>& values) {
  std::vector<Type> types;
  bool branches = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (parameters[i] == nullptr || !IsCommon(parameters[i]->kind) || !CountsForCommon(parameters[i]->kind, values[i]->type)) continue;
    branches = branches || parameters[i]->kind == ParamKind::kCommonScalarOrDynamic;
    types.push_back(values[i]->type);
  }
  if (branches) return BranchType(types);
  return CommonType(types);
}

bool FitsShape(const Scalar& value, Shape wanted) {
  const Shape shape = ShapeOf(value);
  return value.type == Type::kDynamic && (shape == Shape::kAny || shape == wanted);
}

Fit FitDeclared(Type declared, const Scalar& value) {
  if (value.type == declared) return Fit::kExact;
  if (!IsPromotable(value.type, declared)) return Fit::kNone;
  // A dynamic that is known to be an array or a bag is no text.
  const Shape shape = ShapeOf(value);
  return shape == Shape::kArray || shape == Shape::kBag ? Fit::kNone : Fit::kPromoted;
}

Fit FitCommon(std::optional<Type> common, ParamKind kind, Type type) {
  if (!common || !CountsForCommon(kind, type)) return Fit::kNone;
  if (type == *common || kind == ParamKind::kCommonScalarOrDynamic) return Fit::kExact;
  return IsPromotable(type, *common) ? Fit::kPromoted : Fit::kNone;
}

Fit FitKind(const Parameter& parameter, const Scalar& value, std::optional<Type> common) {
  const Type type = value.type;
  const auto when = [](bool fits, Fit fit) { return fits ? fit : Fit::kNone; };
  switch (parameter.kind) {
    case ParamKind::kDeclared: return FitDeclared(parameter.type, value);
    case ParamKind::kScalar: return Fit::kScalar;
    case ParamKind::kInteger: return when(IsInteger(type), Fit::kInteger);
    case ParamKind::kNumber: return when(IsNumeric(type), Fit::kNumber);
    case ParamKind::kNumberOrBool: return when(IsNumeric(type) || type == Type::kBool, Fit::kNumber);
    case ParamKind::kSummable: return when(IsSummable(type), Fit::kSummable);
    case ParamKind::kOrderable: return when(IsOrderable(type), Fit::kOrderable);
    case ParamKind::kStringOrDynamic: return when(IsTextual(type), Fit::kOneOfMany);
    case ParamKind::kStringOrArray: return when(type == Type::kString || FitsShape(value, Shape::kArray), Fit::kOneOfMany);
    case ParamKind::kIntegerOrArray: return when(IsInteger(type) || FitsShape(value, Shape::kArray), Fit::kOneOfMany);
    case ParamKind::kRealOrDecimal: return when(type == Type::kReal || type == Type::kDecimal, Fit::kOneOfMany);
    case ParamKind::kArray: return when(FitsShape(value, Shape::kArray), Fit::kOneOfMany);
    case ParamKind::kBag: return when(FitsShape(value, Shape::kBag), Fit::kOneOfMany);
    case ParamKind::kNotDynamic: return when(type != Type::kDynamic, Fit::kExcluding);
    case ParamKind::kNotBool: return when(type != Type::kBool, Fit::kExcluding);
    case ParamKind::kNotRealOrBool: return when(type != Type::kBool && type != Type::kReal, Fit::kExcluding);
    case ParamKind::kCommonScalar:
    case ParamKind::kCommonScalarOrDynamic:
    case ParamKind::kCommonNumber:
    case ParamKind::kCommonSummable:
    case ParamKind::kCommonOrderable: return FitCommon(common, parameter.kind, type);
    case ParamKind::kTypeLiteral:
    case ParamKind::kStar: return Fit::kNone;
  }
  return Fit::kNone;
}

Fit FitOf(const Parameter* parameter, const Expr& expr, const Scalar& value, std::optional<Type> common) {
  if (parameter == nullptr) return Fit::kNone;
  const ExprKind kind = Unnamed(expr).kind;
  if (kind == ExprKind::kStar || parameter->kind == ParamKind::kStar) {
    return kind == ExprKind::kStar && parameter->kind == ParamKind::kStar ? Fit::kExact : Fit::kNone;
  }
  if (kind == ExprKind::kTypeOf || parameter->kind == ParamKind::kTypeLiteral) {
    return kind == ExprKind::kTypeOf && parameter->kind == ParamKind::kTypeLiteral ? Fit::kExact : Fit::kNone;
  }
  return FitKind(*parameter, value, common);
}

std::vector<Fit> FitsOf(const Overload& overload, const GivenArguments& arguments) {
  const auto parameters = ParametersOf(overload, arguments.size());
  const std::optional<Type> common = CommonOf(parameters, arguments.values);
  std::vector<Fit> fits;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    fits.push_back(FitOf(parameters[i], *arguments.exprs[i], *arguments.values[i], common));
  }
  return fits;
}

bool TakesCount(const Overload& overload, std::size_t count) {
  const auto arguments = static_cast<int>(count);
  if (arguments < overload.min_arguments || arguments > overload.max_arguments) return false;
  const auto parameters = ParametersOf(overload, count);
  return std::find(parameters.begin(), parameters.end(), nullptr) == parameters.end();
}

struct Candidate {
  const Overload* overload = nullptr;
  std::vector<Fit> fits;
  std::ptrdiff_t matching() const {
    return static_cast<std::ptrdiff_t>(fits.size()) - std::count(fits.begin(), fits.end(), Fit::kNone);
  }
};

// Above 0 when `a` fits better than `b`: by the worst argument, then by the best.
int CompareFits(const Candidate& a, const Candidate& b) {
  if (a.fits.empty()) return 0;
  const auto worst = [](const Candidate& c) { return static_cast<int>(*std::min_element(c.fits.begin(), c.fits.end())); };
  const auto best = [](const Candidate& c) { return static_cast<int>(*std::max_element(c.fits.begin(), c.fits.end())); };
  return worst(a) != worst(b) ? worst(a) - worst(b) : best(a) - best(b);
}

// The one overload that fits best; null when several do or the number of arguments is wrong for all.
const Overload* BestOverload(const std::vector<Overload>& overloads, const GivenArguments& arguments) {
  if (overloads.size() == 1) return &overloads[0];
  std::vector<Candidate> candidates;
  for (const Overload& overload : overloads) {
    if (TakesCount(overload, arguments.size())) candidates.push_back({&overload, FitsOf(overload, arguments)});
  }
  if (candidates.empty()) return nullptr;
  std::ptrdiff_t most = 0;
  for (const Candidate& candidate : candidates) most = std::max(most, candidate.matching());
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(), [most](const auto& c) { return c.matching() != most; }),
                   candidates.end());
  const Candidate* best = &candidates[0];
  for (const Candidate& candidate : candidates) {
    if (CompareFits(candidate, *best) > 0) best = &candidate;
  }
  const auto equal = std::count_if(candidates.begin(), candidates.end(), [best](const auto& c) { return CompareFits(c, *best) == 0; });
  return equal == 1 ? best->overload : nullptr;
}

struct Complaint {
  std::string_view code;
  std::string message;
};

Complaint ComplaintFor(const Parameter& parameter) {
  switch (parameter.kind) {
    case ParamKind::kDeclared: return {code::kTypeExpected, fmt::format("a value of type {} is expected", TypeName(parameter.type))};
    case ParamKind::kInteger: return {code::kIntegerExpected, "a whole number is expected"};
    case ParamKind::kNumber:
    case ParamKind::kCommonNumber: return {code::kNumberExpected, "a number is expected"};
    case ParamKind::kNumberOrBool: return {code::kNumberExpected, "a number or a bool is expected"};
    case ParamKind::kSummable:
    case ParamKind::kCommonSummable: return {code::kSummableExpected, "a number, timespan or datetime is expected"};
    case ParamKind::kOrderable:
    case ParamKind::kCommonOrderable:
      return {code::kNotOrderable, "a value that has an order is expected: a number, timespan, datetime, string or bool"};
    case ParamKind::kStringOrDynamic: return {code::kNoCommonType, "a value of type string or dynamic is expected"};
    case ParamKind::kStringOrArray: return {code::kTypeExpected, "a string or an array of strings is expected"};
    case ParamKind::kIntegerOrArray: return {code::kTypeExpected, "a whole number or an array is expected"};
    case ParamKind::kRealOrDecimal: return {code::kTypeExpected, "a value of type real or decimal is expected"};
    case ParamKind::kArray: return {code::kArrayExpected, "a dynamic array is expected"};
    case ParamKind::kBag: return {code::kBagExpected, "a dynamic property bag is expected"};
    case ParamKind::kNotDynamic: return {code::kDynamicKey, "a dynamic is not allowed here; convert it first, as with tostring()"};
    case ParamKind::kNotBool: return {code::kDynamicKey, "a bool is not allowed here"};
    case ParamKind::kNotRealOrBool: return {code::kDynamicKey, "a real or a bool is not allowed here"};
    case ParamKind::kTypeLiteral: return {code::kTypeExpected, "a type is expected, as in typeof(long)"};
    case ParamKind::kStar: return {code::kTypeExpected, "only '*' is expected"};
    case ParamKind::kScalar:
    case ParamKind::kCommonScalar:
    case ParamKind::kCommonScalarOrDynamic: break;
  }
  return {code::kScalarExpected, "a value is expected"};
}

std::string Times(std::size_t count) { return fmt::format("{} argument{}", count, count == 1 ? "" : "s"); }

// What is wrong with the number of arguments.
Complaint CountComplaint(std::string_view name, const std::vector<Overload>& overloads, std::size_t count) {
  int least = overloads[0].min_arguments;
  int most = overloads[0].max_arguments;
  for (const Overload& overload : overloads) {
    least = std::min(least, overload.min_arguments);
    most = std::max(most, overload.max_arguments);
  }
  const auto given = static_cast<int>(count);
  if (least == most) return {code::kArgumentCount, fmt::format("'{}' takes {}, not {}", name, Times(static_cast<std::size_t>(least)), count)};
  if (given >= least && given <= most) return {code::kArgumentGroups, fmt::format("'{}' does not take {}", name, Times(count))};
  const std::string upper = most > 1000 ? " or more" : fmt::format(" to {}", most);
  return {code::kArgumentRange, fmt::format("'{}' takes {}{} arguments, not {}", name, least, upper, count)};
}

std::string TypesText(const GivenArguments& arguments) {
  std::string text;
  for (const ScalarPtr& value : arguments.values) {
    if (!text.empty()) text += ", ";
    text += TypeName(value->type);
  }
  return text;
}

// What is wrong with one argument beyond its type; an empty code when nothing is.
Complaint CheckRule(const Parameter& parameter, const Expr& expr, const Scalar& value) {
  const Expr& written = Unnamed(expr);
  switch (parameter.rule) {
    case ArgumentRule::kAny: return {};
    case ArgumentRule::kColumn:
      if (value.kind == ScalarKind::kColumn && RefersToColumn(written, value)) return {};
      return {code::kColumnExpected, "a column is expected here"};
    case ArgumentRule::kConstant:
      if (value.per_query) return {};
      return {code::kConstantExpected, "a constant is expected here: the value may not depend on the row"};
    case ArgumentRule::kLiteral:
    case ArgumentRule::kLiteralNotEmpty: break;
  }
  if (written.kind == ExprKind::kTypeOf) return {};
  if (written.kind != ExprKind::kLiteral) return {code::kLiteralExpected, "a literal is expected here"};
  if (parameter.rule == ArgumentRule::kLiteralNotEmpty && written.value.is_string() && written.value.AsString().empty()) {
    return {code::kLiteralExpected, "the literal may not be empty"};
  }
  if (parameter.values.empty() || !written.value.is_string()) return {};
  const std::string_view given = written.value.AsString();
  for (const std::string& allowed : parameter.values) {
    if (absl::EqualsIgnoreCase(absl::string_view(allowed), absl::string_view(given.data(), given.size()))) return {};
  }
  return {code::kNotAmongValues, fmt::format("'{}' is none of: {}", given, fmt::join(parameter.values, ", "))};
}

Type ResultType(const Overload& overload, const GivenArguments& arguments) {
  const auto type_of = [&arguments](std::size_t i) { return i < arguments.size() ? arguments.values[i]->type : Type::kUnknown; };
  switch (overload.result_rule) {
    case ResultRule::kDeclared:
    case ResultRule::kArray:
    case ResultRule::kBag: return overload.result_type;
    case ResultRule::kArgument0: return type_of(0);
    case ResultRule::kArgument1: return type_of(1);
    case ResultRule::kPromotedArgument0: return type_of(0) == Type::kInt ? Type::kLong : type_of(0);
    case ResultRule::kTypeLiteral: return arguments.values.back()->type;
    case ResultRule::kWidest: {
      Type widest = Type::kLong;
      for (const ScalarPtr& value : arguments.values) {
        if (IsPromotable(widest, value->type)) widest = value->type;
      }
      return widest;
    }
    case ResultRule::kCommon:
    case ResultRule::kCommonNonDynamic: break;
  }
  return CommonOf(ParametersOf(overload, arguments.size()), arguments.values).value_or(Type::kUnknown);
}

// A loose text is used as it is by parameters that take every type.
bool TakesEveryType(const Parameter& parameter) {
  return parameter.kind == ParamKind::kScalar || parameter.kind == ParamKind::kCommonScalar ||
         parameter.kind == ParamKind::kCommonScalarOrDynamic;
}

}  // namespace

std::vector<const Parameter*> ParametersOf(const Overload& overload, std::size_t count) {
  const auto& declared = overload.parameters;
  const auto repeats = [](const Parameter& parameter) { return parameter.max_occurs > 1; };
  const auto first = static_cast<std::size_t>(std::find_if(declared.begin(), declared.end(), repeats) - declared.begin());
  const auto group = static_cast<std::size_t>(std::count_if(declared.begin(), declared.end(), repeats));
  std::vector<const Parameter*> parameters;
  const bool last = first + group == declared.size();
  if (group == 0 || (group == 1 && last)) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = std::min(i, declared.empty() ? 0 : declared.size() - 1);
      const bool fits = i < declared.size() || group == 1;
      parameters.push_back(fits && !declared.empty() ? &declared[at] : nullptr);
    }
    return parameters;
  }
  const std::size_t around = declared.size() - group;
  if (count < declared.size() || (count - around) % group != 0) return std::vector<const Parameter*>(count, nullptr);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t behind = count - i;  // how many from the end, this one included
    const std::size_t after = declared.size() - first - group;
    if (i < first) {
      parameters.push_back(&declared[i]);
    } else if (behind <= after) {
      parameters.push_back(&declared[declared.size() - behind]);
    } else {
      parameters.push_back(&declared[first + (i - first) % group]);
    }
  }
  return parameters;
}

ScalarPtr PlaceholderArgument(const Expr& expr) {
  return MakeConstant(Value(), expr.kind == ExprKind::kTypeOf ? expr.type : Type::kDynamic, expr.span);
}

std::vector<ScalarPtr> ArgumentValues(const Overload& overload, const std::vector<ScalarPtr>& arguments) {
  const auto parameters = ParametersOf(overload, arguments.size());
  const std::optional<Type> common = CommonOf(parameters, arguments);
  std::vector<ScalarPtr> values;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Parameter& parameter = *parameters[i];
    if (parameter.kind == ParamKind::kTypeLiteral) continue;
    if (IsCommon(parameter.kind) && common && arguments[i]->type != *common) {
      values.push_back(Converted(arguments[i], *common));
    } else {
      values.push_back(TakesEveryType(parameter) ? arguments[i] : SettledText(arguments[i]));
    }
  }
  return values;
}

const Overload* Binder::MatchOverload(std::string_view name, const std::vector<Overload>& overloads,
                                      const std::vector<ScalarPtr>& arguments, const std::vector<const Expr*>& exprs, Span span,
                                      Type* result) {
  *result = Type::kUnknown;
  if (std::any_of(arguments.begin(), arguments.end(), IsError)) return nullptr;  // reported where it was found
  const GivenArguments given{arguments, exprs};
  const Overload* overload = BestOverload(overloads, given);
  const auto takes_count = [&](const Overload& candidate) { return TakesCount(candidate, arguments.size()); };
  if (overload == nullptr ? std::none_of(overloads.begin(), overloads.end(), takes_count) : !takes_count(*overload)) {
    Complaint complaint = CountComplaint(name, overloads, arguments.size());
    Error(complaint.code, span, std::move(complaint.message));
    return nullptr;
  }
  if (overload == nullptr) {
    Error(code::kNoOverload, span, fmt::format("'{}' does not take arguments of the types ({})", name, TypesText(given)));
    return nullptr;
  }
  const auto parameters = ParametersOf(*overload, arguments.size());
  const bool needs_common = std::any_of(parameters.begin(), parameters.end(), [](const auto* p) { return IsCommon(p->kind); });
  const std::optional<Type> common = CommonOf(parameters, arguments);
  if (needs_common && !common) {
    Error(code::kNoCommonArgumentType, span, fmt::format("'{}' needs arguments of one type, not ({})", name, TypesText(given)));
    return nullptr;
  }
  bool good = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    Complaint complaint;
    if (exprs[i]->kind == ExprKind::kStar && parameters[i]->kind != ParamKind::kStar) {
      complaint = {code::kStarNotAllowed, "'*' is not allowed here"};
    } else if (FitOf(parameters[i], *exprs[i], *arguments[i], common) == Fit::kNone) {
      complaint = parameters[i]->kind == ParamKind::kCommonScalar
                      ? Complaint{code::kNoCommonType, fmt::format("a value of type {} is expected", TypeName(*common))}
                      : ComplaintFor(*parameters[i]);
    } else {
      complaint = CheckRule(*parameters[i], *exprs[i], *arguments[i]);
    }
    if (complaint.code.empty()) continue;
    good = false;
    Error(complaint.code, exprs[i]->span, std::move(complaint.message));
  }
  if (!good) return nullptr;
  *result = ResultType(*overload, given);
  return overload;
}

}  // namespace zoomwatch::kql
