#include "common/kql/functions/aggregates.h"

#include <algorithm>
#include <unordered_map>

namespace zoomwatch::kql {
namespace {

constexpr std::int64_t kOldSetSize = 128;  // of makeset and makelist

std::vector<AggregateFunction> BuildTable() {
  std::vector<AggregateFunction> table;
  const auto add = [&table](std::string name, Aggregate aggregate, std::string prefix,
                            std::vector<std::pair<std::string_view, std::string_view>> signatures, std::int64_t default_size = 0) {
    std::vector<Overload> overloads;
    for (const auto& [signature, result] : signatures) overloads.emplace_back(signature, result, nullptr);
    table.push_back({std::move(name), aggregate, std::move(prefix), std::move(overloads), default_size});
  };
  const auto same = [&add](std::string name, Aggregate aggregate,
                           std::vector<std::pair<std::string_view, std::string_view>> signatures) {
    std::string prefix = name;
    add(std::move(name), aggregate, std::move(prefix), std::move(signatures));
  };
  same("count", Aggregate::kCount, {{"", "long"}, {"bool", "long"}});
  same("cnt", Aggregate::kCount, {{"", "long"}});
  same("countif", Aggregate::kCountIf, {{"bool", "long"}});
  same("sum", Aggregate::kSum, {{"summable", "promoted"}});
  same("sumif", Aggregate::kSumIf, {{"summable, bool", "promoted"}});
  same("avg", Aggregate::kAvg,
       {{"integer", "real"}, {"real", "real"}, {"decimal", "decimal"}, {"timespan", "timespan"}, {"datetime", "datetime"}});
  same("avgif", Aggregate::kAvgIf,
       {{"integer, bool", "real"}, {"real, bool", "real"}, {"decimal, bool", "decimal"}, {"timespan, bool", "timespan"},
        {"datetime, bool", "datetime"}});
  same("min", Aggregate::kMin, {{"orderable", "arg0"}});
  same("minif", Aggregate::kMinIf, {{"orderable, bool", "arg0"}});
  same("max", Aggregate::kMax, {{"orderable", "arg0"}});
  same("maxif", Aggregate::kMaxIf, {{"orderable, bool", "arg0"}});
  add("arg_min", Aggregate::kArgMin, "", {{"orderable, scalar{0..32767}", "arg0"}});
  add("arg_max", Aggregate::kArgMax, "", {{"orderable, scalar{0..32767}", "arg0"}});
  add("argmin", Aggregate::kArgMin, "min", {{"orderable, scalar{0..32767}", "arg0"}});
  add("argmax", Aggregate::kArgMax, "max", {{"orderable, scalar{0..32767}", "arg0"}});
  add("take_any", Aggregate::kTakeAny, "", {{"scalar+", "arg0"}});
  same("any", Aggregate::kTakeAny, {{"scalar+", "arg0"}});
  add("take_anyif", Aggregate::kTakeAnyIf, "", {{"scalar, bool", "arg0"}});
  same("anyif", Aggregate::kTakeAnyIf, {{"scalar, bool", "arg0"}});
  same("dcount", Aggregate::kDCount, {{"scalar, not-dynamic?", "long"}});
  same("dcountif", Aggregate::kDCountIf, {{"scalar, bool, not-dynamic?", "long"}});
  same("count_distinct", Aggregate::kCountDistinct, {{"not-dynamic", "long"}});
  same("count_distinctif", Aggregate::kCountDistinctIf, {{"not-dynamic, bool", "long"}});
  add("make_set", Aggregate::kMakeSet, "set", {{"scalar, integer?", "array"}});
  add("makeset", Aggregate::kMakeSet, "set", {{"scalar, integer?", "array"}}, kOldSetSize);
  add("make_set_if", Aggregate::kMakeSetIf, "set", {{"scalar, bool, integer?", "array"}});
  add("make_list", Aggregate::kMakeList, "list", {{"scalar, integer?", "array"}});
  add("makelist", Aggregate::kMakeList, "list", {{"scalar, integer?", "array"}}, kOldSetSize);
  add("make_list_if", Aggregate::kMakeListIf, "list", {{"scalar, bool, integer?", "array"}});
  add("make_list_with_nulls", Aggregate::kMakeListWithNulls, "list", {{"scalar", "array"}});
  add("make_bag", Aggregate::kMakeBag, "bag", {{"bag, integer?", "bag"}});
  add("make_bag_if", Aggregate::kMakeBagIf, "bag", {{"bag, bool, integer?", "bag"}});
  same("stdev", Aggregate::kStdev, {{"summable", "real"}});
  same("stdevif", Aggregate::kStdevIf, {{"summable, bool", "real"}});
  same("stdevp", Aggregate::kStdevP, {{"summable", "real"}});
  same("variance", Aggregate::kVariance, {{"summable", "real"}});
  same("varianceif", Aggregate::kVarianceIf, {{"summable, bool", "real"}});
  same("variancep", Aggregate::kVarianceP, {{"summable", "real"}});
  add("percentile", Aggregate::kPercentile, "percentile", {{"scalar, number const", "promoted"}});
  add("percentiles", Aggregate::kPercentiles, "percentile", {{"scalar, number+ const", "promoted"}});
  return table;
}

const std::vector<AggregateFunction>& Table() {
  static const auto* const table = new std::vector<AggregateFunction>(BuildTable());
  return *table;
}

// Aggregates of the language that are known and not supported.
constexpr std::string_view kRefused[] = {
    "binary_all_and", "binary_all_or",    "binary_all_xor", "buildschema",   "covariance",        "covarianceif",  "covariancep",
    "covariancepif",  "hll",              "hll_if",         "hll_merge",     "make_dictionary",   "merge_tdigest", "percentilew",
    "percentilesw",   "percentilesw_array", "percentiles_array", "tdigest",  "tdigest_merge",     "variancepif",   "stdevpif"};

}  // namespace

const AggregateFunction* FindAggregate(std::string_view name) {
  static const auto* const by_name = [] {
    auto* names = new std::unordered_map<std::string_view, const AggregateFunction*>();
    for (const AggregateFunction& function : Table()) names->emplace(function.name, &function);
    return names;
  }();
  const auto found = by_name->find(name);
  return found == by_name->end() ? nullptr : found->second;
}

std::span<const AggregateFunction> AggregateFunctions() { return Table(); }

bool IsRefusedAggregate(std::string_view name) {
  return std::find(std::begin(kRefused), std::end(kRefused), name) != std::end(kRefused);
}

}  // namespace zoomwatch::kql
