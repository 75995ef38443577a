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
      case Kind::kLong: failed_ = __builtin_add_overflow(whole_, value.AsLong(), &whole_); break;
      case Kind::kDateTime:
      case Kind::kTimeSpan: failed_ = __builtin_add_overflow(whole_, value.AsTicks(), &whole_); break;
      case Kind::kReal:
        real_ += value.AsReal();
        has_real_ = true;
        break;
      case Kind::kDecimal: AddDecimal(value.AsDecimal()); break;
      default: break;  // not a number: a dynamic that holds something else
    }
  }

  // Null when the sum does not fit.
  Value Result(Type type) const {
    if (failed_) return Value();
    switch (type) {
      case Type::kDateTime: return CheckedDateTime(whole_).value_or(Value());
      case Type::kTimeSpan: return Value::TimeSpan(whole_);
      case Type::kReal: return Value::Real(real_ + static_cast<double>(whole_));
      case Type::kDecimal: {
        const auto total = decimal_.Add(Decimal::FromLong(whole_));
        return total ? Value::OfDecimal(*total) : Value();
      }
      default: break;
    }
    if (has_real_) return Value::Real(real_ + static_cast<double>(whole_));
    return Value::Long(whole_);
  }

 private:
  void AddDecimal(const Decimal& value) {
    const auto total = decimal_.Add(value);
    failed_ = !total.has_value();
    if (total) decimal_ = *total;
  }

  std::int64_t whole_ = 0;
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
    // A sum of dates would overflow after 2,900 of them: dates are added as their distance from 2000.
    sum.Add(value.kind() == Kind::kDateTime ? Value::TimeSpan(value.AsTicks() - kNear) : value);
  }
  void Finish(const Context& context, std::vector<Value>& row) {
    row.push_back(Mean(context.type));
    if (row.back().is_null() && count > 0) context.Overflow();
  }
  std::size_t extra_bytes() const { return 0; }

 private:
  static constexpr Ticks kNear = 630'822'816'000'000'000;  // 2000-01-01

  Value Mean(Type type) const {
    if (type == Type::kDateTime || type == Type::kTimeSpan) {
      if (count == 0) return Value();
      const Value total = sum.Result(Type::kTimeSpan);
      if (total.is_null()) return total;
      const Ticks mean = total.AsTicks() / count;
      return type == Type::kTimeSpan ? Value::TimeSpan(mean) : CheckedDateTime(kNear + mean).value_or(Value());
    }
    if (type == Type::kDecimal) {
      const Value total = sum.Result(Type::kDecimal);
      if (count == 0 || total.is_null()) return Value();
      const auto mean = total.AsDecimal().Divide(Decimal::FromLong(count));
      return mean ? Value::OfDecimal(*mean) : Value();
    }
    if (count == 0) return Value::Real(std::numeric_limits<double>::quiet_NaN());
    const Value total = sum.Result(Type::kDynamic);
    if (total.is_null()) return total;
    return Value::Real(ConvertTo(Type::kReal, total).AsReal() / static_cast<double>(count));
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
