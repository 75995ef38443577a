// count, sum, avg, stdev, variance, min, max.
#include <cmath>
#include <limits>
#include <optional>

#include "common/kql/batch/accumulator.h"
#include "common/kql/compare.h"
#include "common/kql/convert.h"

namespace zoomwatch::kql::batch {

namespace {

struct Context {
  ExecutionContext& context;
  Type type;  // of the argument

  void Overflow() const { ++context.warnings[static_cast<std::size_t>(Warning::kOverflow)]; }
};

// The sum of values of one kind, or of numbers of several. Nothing added: 0 of the argument's type.
class Sum {
 public:
  void Add(const Value& value) {
    if (failed_) return;
    switch (value.kind()) {
      case Kind::kLong: whole_ += value.AsLong(); break;
      case Kind::kDateTime:
      case Kind::kTimeSpan: whole_ += value.AsTicks(); break;
      case Kind::kReal:
        real_ += value.AsReal();
        has_real_ = true;
        break;
      case Kind::kDecimal: AddDecimal(value.AsDecimal()); break;
      default: break;  // not a number: a dynamic that holds something else
    }
  }

  // Null when the sum does not fit; what it passed on the way to it does not matter.
  Value Result(Type type) const {
    if (failed_) return Value();
    if (type == Type::kReal || (type != Type::kDecimal && has_real_)) return Value::Real(AsReal());
    if (whole_ > std::numeric_limits<std::int64_t>::max() || whole_ < std::numeric_limits<std::int64_t>::min()) return Value();
    const auto whole = static_cast<std::int64_t>(whole_);
    switch (type) {
      case Type::kDateTime: return CheckedDateTime(whole).value_or(Value());
      case Type::kTimeSpan: return Value::TimeSpan(whole);
      case Type::kDecimal: {
        const auto total = decimal_.Add(Decimal::FromLong(whole));
        return total ? Value::OfDecimal(*total) : Value();
      }
      default: return Value::Long(whole);
    }
  }

  double AsReal() const { return real_ + static_cast<double>(whole_); }
  // A time between those that were added. REQUIRES: `count` of them, at least one.
  Ticks MeanTicks(std::int64_t count) const { return static_cast<Ticks>(whole_ / count); }

 private:
  void AddDecimal(const Decimal& value) {
    const auto total = decimal_.Add(value);
    failed_ = !total.has_value();
    if (total) decimal_ = *total;
  }

  __extension__ __int128 whole_ = 0;  // no number of rows makes it overflow
  double real_ = 0;
  Decimal decimal_;
  bool has_real_ = false;
  bool failed_ = false;
};

struct CountState {
  std::int64_t count = 0;
  void Add(const Context&, const Block&, std::size_t) { ++count; }
  void Finish(const Context&, std::vector<Value>& row) { row.push_back(Value::Long(count)); }
  std::size_t extra_bytes() const { return 0; }
};

struct SumState {
  Sum sum;
  void Add(const Context&, const Block& arguments, std::size_t row) { sum.Add((*arguments.columns[0])[row]); }
  void Finish(const Context& context, std::vector<Value>& row) {
    row.push_back(sum.Result(context.type));
    if (row.back().is_null()) context.Overflow();
  }
  std::size_t extra_bytes() const { return 0; }
};

// The mean of whole numbers is real; that of times has a fraction of a tick less.
struct AverageState {
  Sum sum;
  std::int64_t count = 0;

  void Add(const Context&, const Block& arguments, std::size_t row) {
    const Value& value = (*arguments.columns[0])[row];
    if (value.is_null()) return;
    ++count;
    sum.Add(value);
  }
  void Finish(const Context& context, std::vector<Value>& row) {
    row.push_back(Mean(context.type));
    if (row.back().is_null() && count > 0) context.Overflow();
  }
  std::size_t extra_bytes() const { return 0; }

 private:
  Value Mean(Type type) const {
    if (type == Type::kDateTime || type == Type::kTimeSpan) {
      if (count == 0) return Value();
      return type == Type::kTimeSpan ? Value::TimeSpan(sum.MeanTicks(count)) : Value::DateTime(sum.MeanTicks(count));
    }
    if (type == Type::kDecimal) {
      const Value total = sum.Result(Type::kDecimal);
      if (count == 0 || total.is_null()) return Value();
      const auto mean = total.AsDecimal().Divide(Decimal::FromLong(count));
      return mean ? Value::OfDecimal(*mean) : Value();
    }
    if (count == 0) return Value::Real(std::numeric_limits<double>::quiet_NaN());
    return Value::Real(sum.AsReal() / static_cast<double>(count));
  }
};

// Welford's running mean and sum of squares: no cancellation for large values.
struct SpreadState {
  std::int64_t count = 0;
  double mean = 0;
  double squares = 0;

  void Add(const Context&, const Block& arguments, std::size_t row) {
    const Value& value = (*arguments.columns[0])[row];
    if (value.is_null()) return;
    const bool time = value.kind() == Kind::kDateTime || value.kind() == Kind::kTimeSpan;
    const Value real = time ? Value::Real(static_cast<double>(value.AsTicks())) : ConvertTo(Type::kReal, value);
    if (real.is_null()) return;
    const double number = real.AsReal();
    ++count;
    const double distance = number - mean;
    mean += distance / static_cast<double>(count);
    squares += distance * (number - mean);
  }
  // A sample without values has the variance 0, as documented; one value's is NaN.
  double Variance(bool sample) const {
    if (sample && count == 0) return 0;
    return squares / static_cast<double>(sample ? count - 1 : count);
  }
  std::size_t extra_bytes() const { return 0; }
};

template <bool kSample, bool kRoot>
struct Spread : SpreadState {
  void Finish(const Context&, std::vector<Value>& row) {
    const double variance = Variance(kSample);
    row.push_back(Value::Real(kRoot ? std::sqrt(variance) : variance));
  }
};

template <bool kMax>
struct ExtremeState {
  Value best;
  void Add(const Context&, const Block& arguments, std::size_t row) {
    const Value& value = (*arguments.columns[0])[row];
    if (value.is_null()) return;
    const auto order = SortOrder(value, best);
    if (best.is_null() || (kMax ? order > 0 : order < 0)) best = value;
  }
  void Finish(const Context&, std::vector<Value>& row) { row.push_back(best); }
  std::size_t extra_bytes() const { return best.MemoryBytes() - sizeof(Value); }
};

}  // namespace

std::unique_ptr<Accumulator> MakeNumberAccumulator(const AggregateCall& call, ExecutionContext& context) {
  const Context shared{context, call.arguments.empty() ? Type::kLong : call.arguments[0]->type};
  const auto make = [&]<typename State>(State) -> std::unique_ptr<Accumulator> {
    return std::make_unique<GroupedAccumulator<State, Context>>(call, shared);
  };
  switch (call.aggregate) {
    case Aggregate::kCount:
    case Aggregate::kCountIf: return make(CountState{});
    case Aggregate::kSum:
    case Aggregate::kSumIf: return make(SumState{});
    case Aggregate::kAvg:
    case Aggregate::kAvgIf: return make(AverageState{});
    case Aggregate::kMin:
    case Aggregate::kMinIf: return make(ExtremeState<false>{});
    case Aggregate::kMax:
    case Aggregate::kMaxIf: return make(ExtremeState<true>{});
    case Aggregate::kStdev:
    case Aggregate::kStdevIf: return make(Spread<true, true>{});
    case Aggregate::kStdevP: return make(Spread<false, true>{});
    case Aggregate::kVariance:
    case Aggregate::kVarianceIf: return make(Spread<true, false>{});
    case Aggregate::kVarianceP: return make(Spread<false, false>{});
    default: return nullptr;
  }
}

}  // namespace zoomwatch::kql::batch
