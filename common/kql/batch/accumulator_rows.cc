// arg_min, arg_max, take_any: a row stands for its group. percentile: the values in order.
#include <algorithm>
#include <cmath>

#include "common/kql/batch/accumulator.h"
#include "common/kql/compare.h"
#include "common/kql/convert.h"

namespace zoomwatch::kql::batch {

namespace {

std::size_t BytesOf(const std::vector<Value>& values) {
  std::size_t bytes = values.capacity() * sizeof(Value);
  for (const Value& value : values) bytes += value.MemoryBytes() - sizeof(Value);
  return bytes;
}

// Keeps the cells of one row.
struct KeptRow {
  std::vector<Value> cells;
  std::size_t bytes = 0;

  void Keep(const Block& arguments, std::size_t row, std::size_t count) {
    cells.clear();
    for (std::size_t c = 0; c < count; ++c) cells.push_back((*arguments.columns[c])[row]);
    bytes = BytesOf(cells);
  }
  void Finish(std::size_t outputs, std::vector<Value>& row) {
    cells.resize(outputs);  // no row: nulls
    row.insert(row.end(), std::make_move_iterator(cells.begin()), std::make_move_iterator(cells.end()));
  }
};

struct RowShared {
  std::size_t outputs;
};

// The first row with the extreme value; rows whose value is null count only when the group has no other.
template <bool kMax>
struct ArgState {
  KeptRow kept;

  void Add(const RowShared& shared, const Block& arguments, std::size_t row) {
    const Value& value = (*arguments.columns[0])[row];
    if (kept.cells.empty()) return kept.Keep(arguments, row, shared.outputs);
    if (value.is_null()) return;
    const Value& best = kept.cells[0];
    const auto order = SortOrder(value, best);
    if (best.is_null() || (kMax ? order > 0 : order < 0)) kept.Keep(arguments, row, shared.outputs);
  }
  void Finish(const RowShared& shared, std::vector<Value>& row) { kept.Finish(shared.outputs, row); }
  std::size_t extra_bytes() const { return kept.bytes; }
};

// Of a single column the first value that is neither null nor empty, when there is one; of several columns the first row.
struct AnyState {
  KeptRow kept;

  void Add(const RowShared& shared, const Block& arguments, std::size_t row) {
    if (kept.cells.empty() || (shared.outputs == 1 && Missing(kept.cells[0]) && !Missing((*arguments.columns[0])[row]))) {
      kept.Keep(arguments, row, shared.outputs);
    }
  }
  void Finish(const RowShared& shared, std::vector<Value>& row) { kept.Finish(shared.outputs, row); }
  std::size_t extra_bytes() const { return kept.bytes; }

 private:
  static bool Missing(const Value& value) { return value.is_null() || (value.is_string() && value.AsString().empty()); }
};

struct PercentileShared {
  std::vector<double> percentiles;
};

// Nearest rank: the smallest value that at least p per cent of the values do not exceed.
struct PercentileState {
  std::vector<Value> values;
  std::size_t bytes = 0;

  void Add(const PercentileShared&, const Block& arguments, std::size_t row) {
    Value value = (*arguments.columns[0])[row];
    if (value.is_null()) return;
    if (value.kind() == Kind::kDecimal) value = ConvertTo(Type::kReal, value);  // the result is a real
    values.push_back(value);
    bytes += value.MemoryBytes();
  }
  void Finish(const PercentileShared& shared, std::vector<Value>& row) {
    std::sort(values.begin(), values.end(), [](const Value& a, const Value& b) { return SortOrder(a, b) < 0; });
    const auto count = static_cast<double>(values.size());
    for (const double percentile : shared.percentiles) {
      const double rank = std::clamp(std::ceil(percentile / 100 * count), 1.0, std::max(count, 1.0));
      row.push_back(values.empty() ? Value() : values[static_cast<std::size_t>(rank) - 1]);
    }
  }
  std::size_t extra_bytes() const { return bytes; }
};

}  // namespace

std::unique_ptr<Accumulator> MakeRowAccumulator(const AggregateCall& call) {
  const RowShared row{call.outputs};
  switch (call.aggregate) {
    case Aggregate::kArgMin: return std::make_unique<GroupedAccumulator<ArgState<false>, RowShared>>(call, row);
    case Aggregate::kArgMax: return std::make_unique<GroupedAccumulator<ArgState<true>, RowShared>>(call, row);
    case Aggregate::kTakeAny:
    case Aggregate::kTakeAnyIf: return std::make_unique<GroupedAccumulator<AnyState, RowShared>>(call, row);
    case Aggregate::kPercentile:
    case Aggregate::kPercentiles: {
      PercentileShared shared;
      for (const Value& value : call.parameters) shared.percentiles.push_back(ConvertTo(Type::kReal, value).AsReal());
      return std::make_unique<GroupedAccumulator<PercentileState, PercentileShared>>(call, shared);
    }
    default: return nullptr;
  }
}

}  // namespace zoomwatch::kql::batch
