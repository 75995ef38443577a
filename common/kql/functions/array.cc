// Dynamic arrays and sets. An argument that is not an array gives null where the page says nothing else.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_set>

#include "common/kql/compare.h"
#include "common/kql/functions/arguments.h"
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {
namespace {

constexpr std::size_t kMaxRange = 1'048'576;  // documented limit of range()

Value ArrayLength(Call&, Args args) {
  return args[0].is_array() ? Value::Long(Signed(args[0].AsArray().size())) : Value();
}

Value ArrayConcat(Call&, Args args) {
  Value::Array joined;
  for (const Value& arg : args) {
    if (!arg.is_array()) return Value();
    joined.insert(joined.end(), arg.AsArray().begin(), arg.AsArray().end());
  }
  return Value::OfArray(std::move(joined));
}

Value ArrayReverse(Call&, Args args) {
  if (!args[0].is_array()) return Value();
  return Value::OfArray({args[0].AsArray().rbegin(), args[0].AsArray().rend()});
}

// Both ends are inclusive, negative ones count from the end, and what lies outside the array is ignored.
Value ArraySlice(Call&, Args args) {
  auto start = WholeArgument(args[1]), end = WholeArgument(args[2]);
  if (!args[0].is_array() || !start || !end) return Value();
  const Value::Array& array = args[0].AsArray();
  const std::int64_t size = Signed(array.size());
  if (*start < 0) start = *start < -size ? 0 : *start + size;
  if (*end < 0) end = *end < -size ? -1 : *end + size;
  end = std::min(*end, size - 1);
  if (*start > *end) return Value::OfArray({});
  return Value::OfArray({array.begin() + *start, array.begin() + *end + 1});
}

Value ArrayIndexOf(Call&, Args args) {
  auto start = WholeArgumentOr(args, 2, 0);
  const auto length = WholeArgumentOr(args, 3, -1);
  auto occurrence = WholeArgumentOr(args, 4, 1);
  if (!args[0].is_array() || !start || !length || !occurrence || *length < -1 || *occurrence < 0) return Value();
  const Value::Array& array = args[0].AsArray();
  const std::int64_t size = Signed(array.size());
  if (*start < 0) start = *start < -size ? 0 : *start + size;
  for (std::int64_t i = *start; i < size && (*length == -1 || i - *start < *length); ++i) {
    if (SameKey(array[Unsigned(i)], args[1]) && --*occurrence == 0) return Value::Long(i);
  }
  return Value::Long(-1);
}

Value ArraySum(Call&, Args args) {
  if (!args[0].is_array()) return Value();
  double sum = 0;
  for (const Value& element : args[0].AsArray()) {
    if (!element.is_number()) return Value();
    sum += RealArgument(element).value_or(std::nan(""));
  }
  return Value::Real(sum);
}

// zip(a, b, ...): one array per position; shorter arrays are filled up with null.
Value Zip(Call&, Args args) {
  std::size_t longest = 0;
  for (const Value& arg : args) {
    if (!arg.is_array()) return Value();
    longest = std::max(longest, arg.AsArray().size());
  }
  Value::Array zipped;
  for (std::size_t i = 0; i < longest; ++i) {
    Value::Array entry;
    for (const Value& arg : args) entry.push_back(i < arg.AsArray().size() ? arg.AsArray()[i] : Value());
    zipped.push_back(Value::OfArray(std::move(entry)));
  }
  return Value::OfArray(std::move(zipped));
}

Value PackArray(Call&, Args args) { return Value::OfArray({args.begin(), args.end()}); }

Value RangeOfReals(Call& call, double start, double stop, double step) {
  Value::Array values;
  if (step == 0 || !std::isfinite(start) || !std::isfinite(step) || std::isnan(stop)) return Value();
  for (std::size_t i = 0;; ++i) {
    const double value = start + static_cast<double>(i) * step;
    if (step > 0 ? value > stop : value < stop) break;
    if (values.size() == kMaxRange) {
      call.Warn(Warning::kTruncated);
      break;
    }
    values.push_back(Value::Real(value));
  }
  return Value::OfArray(std::move(values));
}

// range(start, stop [, step]): from start up to and including stop; the default step is 1, or 1h for times.
Value Range(Call& call, Args args) {
  const Kind kind = args[0].kind();
  const bool time = kind == Kind::kDateTime || kind == Kind::kTimeSpan;
  if (time ? args[1].kind() != kind : !args[1].is_number()) return Value();
  if (args.size() > 2 && (time ? args[2].kind() != Kind::kTimeSpan : !args[2].is_number())) return Value();
  const bool whole = kind == Kind::kLong && args[1].kind() == Kind::kLong && (args.size() < 3 || args[2].kind() == Kind::kLong);
  if (!time && !whole) {
    return RangeOfReals(call, RealArgument(args[0]).value_or(NAN), RealArgument(args[1]).value_or(NAN),
                        args.size() > 2 ? RealArgument(args[2]).value_or(NAN) : 1);
  }
  const std::int64_t step = args.size() > 2 ? args[2].AsLong() : time ? kTicksPerHour : 1;
  const std::int64_t stop = args[1].AsLong();
  if (step == 0) return Value();
  Value::Array values;
  for (std::int64_t at = args[0].AsLong(); step > 0 ? at <= stop : at >= stop;) {
    if (values.size() == kMaxRange) {
      call.Warn(Warning::kTruncated);
      break;
    }
    values.push_back(kind == Kind::kDateTime ? Value::DateTime(at) : time ? Value::TimeSpan(at) : Value::Long(at));
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return Value::OfArray(std::move(values));
}

// The documented classes of mixed arrays: numbers and times, strings, guids, all others.
int SortClass(const Value& value) {
  if (value.is_number() || value.kind() == Kind::kDateTime || value.kind() == Kind::kTimeSpan) return 0;
  if (value.is_string()) return 1;
  return value.kind() == Kind::kGuid ? 2 : 3;
}

// Positions of an array's elements in the order of the sort.
template <bool kDescending>
std::vector<std::size_t> SortedPositions(const Value::Array& array, bool nulls_last) {
  std::vector<std::size_t> positions(array.size());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  std::stable_sort(positions.begin(), positions.end(), [&array, nulls_last](std::size_t at_a, std::size_t at_b) {
    const Value& a = array[at_a];
    const Value& b = array[at_b];
    if (a.is_null() || b.is_null()) return a.is_null() != b.is_null() && a.is_null() != nulls_last;
    if (SortClass(a) != SortClass(b)) return SortClass(a) < SortClass(b);
    return kDescending ? SortOrder(b, a) < 0 : SortOrder(a, b) < 0;
  });
  return positions;
}

Value Permuted(const Value& value, const std::vector<std::size_t>& positions) {
  if (!value.is_array() || value.AsArray().size() != positions.size()) return Value();
  Value::Array permuted;
  for (const std::size_t position : positions) permuted.push_back(value.AsArray()[position]);
  return Value::OfArray(std::move(permuted));
}

template <bool kDescending>
Value ArraySort(Call&, Args args) {
  if (!args[0].is_array()) return Value();
  const bool nulls_last = args.size() < 2 || !args[1].is_false();
  return Permuted(args[0], SortedPositions<kDescending>(args[0].AsArray(), nulls_last));
}

// Several arrays: all in the order of the first one; one of another length becomes null. A bool at the end is nulls_last.
template <bool kDescending>
Value ArraySortSeveral(Call& call, Args args) {
  if (!args[0].is_array()) return Value();
  const bool says_where = call.argument_type(args.size() - 1) == Type::kBool;
  const bool nulls_last = !says_where || !args.back().is_false();
  const std::vector<std::size_t> positions = SortedPositions<kDescending>(args[0].AsArray(), nulls_last);
  Value::Array sorted;
  for (const Value& arg : args.first(args.size() - (says_where ? 1 : 0))) sorted.push_back(Permuted(arg, positions));
  return Value::OfArray(std::move(sorted));
}

using Set = std::unordered_set<Value, KeyHash, KeyEqual>;

Set SetOf(const Value& array) { return {array.AsArray().begin(), array.AsArray().end()}; }

bool AllArrays(Args args) {
  return std::all_of(args.begin(), args.end(), [](const Value& arg) { return arg.is_array(); });
}

Value SetUnion(Call&, Args args) {
  if (!AllArrays(args)) return Value();
  Set seen;
  Value::Array result;
  for (const Value& arg : args) {
    for (const Value& element : arg.AsArray()) {
      if (seen.insert(element).second) result.push_back(element);
    }
  }
  return Value::OfArray(std::move(result));
}

// The distinct elements of the first set that are in all (kWanted) or in none (!kWanted) of the others.
template <bool kWanted>
Value SetFilter(Call&, Args args) {
  if (!AllArrays(args)) return Value();
  std::vector<Set> others;
  for (const Value& arg : args.subspan(1)) others.push_back(SetOf(arg));
  Set seen;
  Value::Array result;
  for (const Value& element : args[0].AsArray()) {
    const bool keep = std::all_of(others.begin(), others.end(),
                                  [&element](const Set& set) { return set.contains(element) == kWanted; });
    if (keep && seen.insert(element).second) result.push_back(element);
  }
  return Value::OfArray(std::move(result));
}

Value SetHasElement(Call&, Args args) {
  if (!args[0].is_array()) return Value();
  const Value::Array& array = args[0].AsArray();
  return Value::Bool(std::any_of(array.begin(), array.end(), [&args](const Value& v) { return SameKey(v, args[1]); }));
}

Value SetEquals(Call&, Args args) {
  if (!AllArrays(args)) return Value();
  const Set a = SetOf(args[0]), b = SetOf(args[1]);
  return Value::Bool(a.size() == b.size() && std::all_of(a.begin(), a.end(), [&b](const Value& v) { return b.contains(v); }));
}

}  // namespace

void RegisterArrayFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "array_length", .aliases = {"arraylength"}, .overloads = {{"array", "long", ArrayLength}}});
  registry.Add({.name = "array_concat", .overloads = {{"array{1..64}", "array", ArrayConcat}}});
  registry.Add({.name = "array_reverse", .overloads = {{"array", "arg0", ArrayReverse}}});
  registry.Add({.name = "array_slice", .overloads = {{"array, integer, integer", "arg0", ArraySlice}}});
  registry.Add({.name = "array_index_of",
                .overloads = {{"array, scalar, integer?, integer?, integer? const", "long", ArrayIndexOf}}});
  registry.Add({.name = "array_sum", .overloads = {{"array", "real", ArraySum}}});
  // Several arrays: the result is one array per argument, which project and print spread over as many columns.
  registry.Add({.name = "array_sort_asc",
                .overloads = {{"array, bool? const", "array", ArraySort<false>},
                              {"array{2..64}", "array", ArraySortSeveral<false>},
                              {"array{2..64}, bool const", "array", ArraySortSeveral<false>}}});
  registry.Add({.name = "array_sort_desc",
                .overloads = {{"array, bool? const", "array", ArraySort<true>},
                              {"array{2..64}", "array", ArraySortSeveral<true>},
                              {"array{2..64}, bool const", "array", ArraySortSeveral<true>}}});
  registry.Add({.name = "zip", .overloads = {{"array{2..64}", "dynamic", Zip}}});
  registry.Add({.name = "range", .overloads = {{"summable, summable, summable?", "array", Range}}});
  registry.Add({.name = "pack_array", .overloads = {{"scalar+", "array", PackArray}}, .nulls = NullRule::kSeesNulls});
  registry.Add({.name = "set_union", .overloads = {{"array{2..64}", "array", SetUnion}}});
  registry.Add({.name = "set_intersect", .overloads = {{"array{2..64}", "array", SetFilter<true>}}});
  registry.Add({.name = "set_difference", .overloads = {{"array{2..64}", "array", SetFilter<false>}}});
  registry.Add({.name = "set_has_element", .overloads = {{"array, scalar", "bool", SetHasElement}}});
  registry.Add({.name = "set_equals", .overloads = {{"array, array", "bool", SetEquals}}});
}

}  // namespace zoomwatch::kql
