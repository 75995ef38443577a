#include "common/kql/incremental/live_aggregate.h"

#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "common/kql/compare.h"
#include "common/kql/convert.h"

namespace zoomwatch::kql::incremental {

namespace {

struct BySortOrder {
  bool operator()(const Value& a, const Value& b) const { return SortOrder(a, b) < 0; }
};
constexpr std::uint64_t kMapNode = 48;  // bytes of a tree node beside its contents

// The argument's predicate, when the call has one, is its last argument; the rest are values.
bool IsIf(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kCountIf: case Aggregate::kSumIf: case Aggregate::kAvgIf: case Aggregate::kMinIf: case Aggregate::kMaxIf:
    case Aggregate::kTakeAnyIf: case Aggregate::kDCountIf: case Aggregate::kCountDistinctIf: case Aggregate::kMakeSetIf:
    case Aggregate::kMakeListIf: case Aggregate::kMakeBagIf: case Aggregate::kStdevIf: case Aggregate::kVarianceIf: return true;
    default: return false;
  }
}

class Count final : public LiveAggregate {
 public:
  void Add(const std::vector<Value>&, std::int64_t weight, Position) override { count_ += weight; }
  void AppendTo(std::vector<Value>& row) override { row.push_back(Value::Long(count_)); }
  std::uint64_t bytes() const override { return sizeof(*this); }

 private:
  std::int64_t count_ = 0;
};

// Whole numbers and times are summed exactly in 128 bits. Reals are summed with their rounding errors, so that what is taken back
// leaves nothing behind beyond the last digits; when a tick leaves no real the sum is exactly 0 again.
class SumOrAverage final : public LiveAggregate {
 public:
  SumOrAverage(Type type, bool average) : type_(type), average_(average) {}

  void Add(const std::vector<Value>& arguments, std::int64_t weight, Position) override {
    const Value& value = arguments[0];
    if (value.is_null()) return;
    switch (value.kind()) {
      case Kind::kLong: whole_ += static_cast<absl::int128>(value.AsLong()) * weight; break;
      case Kind::kDateTime:
      case Kind::kTimeSpan: whole_ += static_cast<absl::int128>(value.AsTicks()) * weight; break;
      case Kind::kReal: AddReal(value.AsReal(), weight); break;
      case Kind::kDecimal: AddDecimal(value.AsDecimal(), weight); break;
      default:
        if (!average_) return;
        break;
    }
    count_ += weight;
  }

  void AppendTo(std::vector<Value>& row) override {
    if (reals_ == 0) real_ = error_ = 0;
    row.push_back(average_ ? Average() : Sum());
  }
  std::uint64_t bytes() const override { return sizeof(*this); }

 private:
  void AddReal(double value, std::int64_t weight) {
    reals_ += weight;
    if (!std::isfinite(value)) {
      (std::isnan(value) ? nans_ : value > 0 ? infinities_ : minus_infinities_) += weight;
      return;
    }
    const double term = value * static_cast<double>(weight);
    const double sum = real_ + term;  // Neumaier
    error_ += std::fabs(real_) >= std::fabs(term) ? (real_ - sum) + term : (term - sum) + real_;
    real_ = sum;
  }
  void AddDecimal(const Decimal& value, std::int64_t weight) {
    const auto term = value.Multiply(Decimal::FromLong(weight));
    const auto sum = term ? decimal_.Add(*term) : std::nullopt;
    if (sum) decimal_ = *sum;
    overflow_ = overflow_ || !sum;
  }

  double Real() const {
    if (nans_ > 0 || (infinities_ > 0 && minus_infinities_ > 0)) return std::numeric_limits<double>::quiet_NaN();
    if (infinities_ > 0) return std::numeric_limits<double>::infinity();
    if (minus_infinities_ > 0) return -std::numeric_limits<double>::infinity();
    return real_ + error_ + static_cast<double>(whole_);
  }

  static std::optional<std::int64_t> Narrow(absl::int128 value) {
    if (value > std::numeric_limits<std::int64_t>::max() || value < std::numeric_limits<std::int64_t>::min()) return std::nullopt;
    return static_cast<std::int64_t>(value);
  }
  static Value Time(Type type, absl::int128 ticks) {
    const auto narrow = Narrow(ticks);
    if (!narrow) return Value();
    return type == Type::kTimeSpan ? Value::TimeSpan(*narrow) : CheckedDateTime(*narrow).value_or(Value());
  }

  Value Sum() const {
    if (overflow_) return Value();
    if (type_ == Type::kReal || reals_ > 0) return Value::Real(Real());
    if (type_ == Type::kDateTime || type_ == Type::kTimeSpan) return Time(type_, whole_);
    const auto narrow = Narrow(whole_);
    if (type_ != Type::kDecimal) return narrow ? Value::Long(*narrow) : Value();
    const auto total = narrow ? decimal_.Add(Decimal::FromLong(*narrow)) : std::nullopt;
    return total ? Value::OfDecimal(*total) : Value();
  }

  Value Average() const {
    if (type_ == Type::kDateTime || type_ == Type::kTimeSpan) return count_ == 0 ? Value() : Time(type_, whole_ / count_);
    if (type_ == Type::kDecimal) {
      const Value sum = Sum();
      const auto mean = count_ == 0 || sum.is_null() ? std::nullopt : sum.AsDecimal().Divide(Decimal::FromLong(count_));
      return mean ? Value::OfDecimal(*mean) : Value();
    }
    if (count_ == 0) return Value::Real(std::numeric_limits<double>::quiet_NaN());
    return Value::Real(Real() / static_cast<double>(count_));
  }

  const Type type_;
  const bool average_;
  absl::int128 whole_ = 0;
  double real_ = 0, error_ = 0;
  Decimal decimal_;
  bool overflow_ = false;
  std::int64_t count_ = 0, reals_ = 0, nans_ = 0, infinities_ = 0, minus_infinities_ = 0;
};

// The values that are in, in order, with how often.
class Counted : public LiveAggregate {
 public:
  std::uint64_t bytes() const override { return sizeof(*this) + bytes_; }

 protected:
  void AddValue(const Value& value, std::int64_t weight) {
    if (value.is_null()) return;
    const auto [at, added] = values_.try_emplace(value, 0);
    if (added) bytes_ += kMapNode + value.MemoryBytes() + sizeof(std::int64_t);
    at->second += weight;
    total_ += weight;
    if (at->second != 0) return;
    bytes_ -= kMapNode + value.MemoryBytes() + sizeof(std::int64_t);
    values_.erase(at);
  }
  std::map<Value, std::int64_t, BySortOrder> values_;
  std::int64_t total_ = 0;

 private:
  std::uint64_t bytes_ = 0;
};

class Extreme final : public Counted {
 public:
  explicit Extreme(bool max) : max_(max) {}
  void Add(const std::vector<Value>& arguments, std::int64_t weight, Position) override { AddValue(arguments[0], weight); }
  void AppendTo(std::vector<Value>& row) override {
    row.push_back(values_.empty() ? Value() : max_ ? values_.rbegin()->first : values_.begin()->first);
  }

 private:
  const bool max_;
};

class Distinct final : public Counted {
 public:
  void Add(const std::vector<Value>& arguments, std::int64_t weight, Position) override { AddValue(arguments[0], weight); }
  void AppendTo(std::vector<Value>& row) override { row.push_back(Value::Long(static_cast<std::int64_t>(values_.size()))); }
};

// In the order of the values; the language leaves it open.
class Set final : public Counted {
 public:
  explicit Set(std::size_t max_size) : max_size_(max_size) {}
  void Add(const std::vector<Value>& arguments, std::int64_t weight, Position) override {
    if (!arguments[0].is_array()) return AddValue(arguments[0], weight);
    for (const Value& element : arguments[0].AsArray()) AddValue(element, weight);
  }
  void AppendTo(std::vector<Value>& row) override {
    Value::Array elements;
    for (const auto& [value, count] : values_) {
      if (elements.size() == max_size_) break;
      elements.push_back(value);
    }
    row.push_back(Value::OfArray(std::move(elements)));
  }

 private:
  const std::size_t max_size_;
};

class Percentiles final : public Counted {
 public:
  explicit Percentiles(const std::vector<Value>& parameters) {
    for (const Value& value : parameters) percentiles_.push_back(ConvertTo(Type::kReal, value).AsReal());
  }
  void Add(const std::vector<Value>& arguments, std::int64_t weight, Position) override {
    const Value& value = arguments[0];
    AddValue(value.kind() == Kind::kDecimal ? ConvertTo(Type::kReal, value) : value, weight);  // the result is a real
  }
  void AppendTo(std::vector<Value>& row) override {
    for (const double percentile : percentiles_) {
      const double rank = std::ceil(percentile / 100 * static_cast<double>(total_));
      std::int64_t left = std::max<std::int64_t>(1, static_cast<std::int64_t>(rank));
      Value found;
      for (const auto& [value, count] : values_) {
        found = value;
        left -= count;
        if (left <= 0) break;
      }
      row.push_back(std::move(found));
    }
  }

 private:
  std::vector<double> percentiles_;
};

// Two passes over the values that are in: nothing is lost by taking back.
class Spread final : public Counted {
 public:
  Spread(bool sample, bool root) : sample_(sample), root_(root) {}
  void Add(const std::vector<Value>& arguments, std::int64_t weight, Position) override { AddValue(arguments[0], weight); }
  void AppendTo(std::vector<Value>& row) override {
    const auto count = static_cast<double>(total_);
    if (sample_ && total_ == 0) return row.push_back(Value::Real(0));  // as documented; one value's is NaN
    double sum = 0;
    for (const auto& [value, times] : values_) sum += Number(value) * static_cast<double>(times);
    double squares = 0;
    for (const auto& [value, times] : values_) {
      const double distance = Number(value) - sum / count;
      squares += distance * distance * static_cast<double>(times);
    }
    const double variance = squares / (sample_ ? count - 1 : count);
    row.push_back(Value::Real(root_ ? std::sqrt(variance) : variance));
  }

 private:
  static double Number(const Value& value) {
    if (value.kind() == Kind::kDateTime || value.kind() == Kind::kTimeSpan) return static_cast<double>(value.AsTicks());
    return ConvertTo(Type::kReal, value).AsReal();
  }
  const bool sample_, root_;
};

// Rows in the order of their position.
class Ordered : public LiveAggregate {
 public:
  std::uint64_t bytes() const override { return sizeof(*this) + bytes_; }

 protected:
  struct Entry {
    std::vector<Value> cells;
    std::int64_t weight = 0;
  };
  static std::uint64_t BytesOf(const std::vector<Value>& cells) {
    std::uint64_t bytes = kMapNode + sizeof(Entry) + sizeof(Position);
    for (const Value& cell : cells) bytes += cell.MemoryBytes();
    return bytes;
  }
  static bool SameCells(const std::vector<Value>& a, const std::vector<Value>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), SameKey);
  }
  void AddEntry(const std::vector<Value>& cells, std::int64_t weight, Position position) {
    auto [at, end] = rows_.equal_range(position);
    for (; at != end; ++at) {
      if (!SameCells(at->second.cells, cells)) continue;
      at->second.weight += weight;
      if (at->second.weight != 0) return;
      bytes_ -= BytesOf(cells);
      rows_.erase(at);
      return;
    }
    rows_.emplace(position, Entry{cells, weight});
    bytes_ += BytesOf(cells);
  }
  std::multimap<Position, Entry> rows_;

 private:
  std::uint64_t bytes_ = 0;
};

class List final : public Ordered {
 public:
  List(std::size_t max_size, bool keep_nulls) : max_size_(max_size), keep_nulls_(keep_nulls) {}
  void Add(const std::vector<Value>& arguments, std::int64_t weight, Position position) override {
    if (!arguments[0].is_null() || keep_nulls_) AddEntry({arguments[0]}, weight, position);
  }
  void AppendTo(std::vector<Value>& row) override {
    Value::Array elements;
    for (const auto& [position, entry] : rows_) {
      for (std::int64_t i = 0; i < entry.weight && elements.size() < max_size_; ++i) elements.push_back(entry.cells[0]);
    }
    row.push_back(Value::OfArray(std::move(elements)));
  }

 private:
  const std::size_t max_size_;
  const bool keep_nulls_;
};

class MadeBag final : public Ordered {
 public:
  explicit MadeBag(std::size_t max_size) : max_size_(max_size) {}
  void Add(const std::vector<Value>& arguments, std::int64_t weight, Position position) override {
    if (arguments[0].is_bag()) AddEntry({arguments[0]}, weight, position);
  }
  void AppendTo(std::vector<Value>& row) override {
    std::vector<Bag::Entry> entries;
    std::map<std::string_view, bool> seen;
    for (const auto& [position, entry] : rows_) {
      for (const auto& [key, value] : entry.cells[0].AsBag().entries()) {
        if (entries.size() < max_size_ && seen.try_emplace(key, true).second) entries.emplace_back(key, value);
      }
    }
    row.push_back(Value::OfBag(Bag(std::move(entries))));
  }

 private:
  const std::size_t max_size_;
};

// The first row; of a single column the first that is neither null nor empty, when there is one.
class AnyRow final : public Ordered {
 public:
  explicit AnyRow(std::size_t outputs) : outputs_(outputs) {}
  void Add(const std::vector<Value>& arguments, std::int64_t weight, Position position) override {
    AddEntry({arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(outputs_)}, weight, position);
  }
  void AppendTo(std::vector<Value>& row) override {
    if (rows_.empty()) return row.resize(row.size() + outputs_);
    const std::vector<Value>* chosen = &rows_.begin()->second.cells;
    if (outputs_ == 1) {
      for (const auto& [position, entry] : rows_) {
        if (Missing(entry.cells[0])) continue;
        chosen = &entry.cells;
        break;
      }
    }
    row.insert(row.end(), chosen->begin(), chosen->end());
  }

 private:
  static bool Missing(const Value& value) { return value.is_null() || (value.is_string() && value.AsString().empty()); }
  const std::size_t outputs_;
};

// The rows by value, then by position. Rows whose value is null come after all others.
class ArgExtreme final : public LiveAggregate {
 public:
  ArgExtreme(bool max, std::size_t outputs) : outputs_(outputs), rows_(Better{max}) {}

  void Add(const std::vector<Value>& arguments, std::int64_t weight, Position position) override {
    auto [at, end] = rows_.equal_range({arguments[0], position});
    for (; at != end; ++at) {
      if (!std::equal(at->second.cells.begin(), at->second.cells.end(), arguments.begin(), SameKey)) continue;
      at->second.weight += weight;
      if (at->second.weight != 0) return;
      bytes_ -= BytesOf(at->second.cells);
      rows_.erase(at);
      return;
    }
    rows_.emplace(Rank{arguments[0], position}, Entry{{arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(outputs_)}, weight});
    bytes_ += BytesOf(arguments);
  }
  void AppendTo(std::vector<Value>& row) override {
    if (rows_.empty()) return row.resize(row.size() + outputs_);
    const std::vector<Value>& best = rows_.begin()->second.cells;
    row.insert(row.end(), best.begin(), best.end());
  }
  std::uint64_t bytes() const override { return sizeof(*this) + bytes_; }

 private:
  using Rank = std::pair<Value, Position>;
  struct Better {
    bool max;
    bool operator()(const Rank& a, const Rank& b) const {
      if (a.first.is_null() != b.first.is_null()) return b.first.is_null();
      const auto order = SortOrder(a.first, b.first);
      if (order != 0) return max ? order > 0 : order < 0;
      return a.second < b.second;
    }
  };
  struct Entry {
    std::vector<Value> cells;
    std::int64_t weight;
  };
  static std::uint64_t BytesOf(const std::vector<Value>& cells) {
    std::uint64_t bytes = kMapNode + sizeof(Rank) + sizeof(Entry);
    for (const Value& cell : cells) bytes += cell.MemoryBytes();
    return bytes;
  }
  const std::size_t outputs_;
  std::multimap<Rank, Entry, Better> rows_;
  std::uint64_t bytes_ = 0;
};

class If final : public LiveAggregate {
 public:
  explicit If(std::unique_ptr<LiveAggregate> inner) : inner_(std::move(inner)) {}
  void Add(const std::vector<Value>& arguments, std::int64_t weight, Position position) override {
    if (arguments.back().is_true()) inner_->Add(arguments, weight, position);
  }
  void AppendTo(std::vector<Value>& row) override { inner_->AppendTo(row); }
  std::uint64_t bytes() const override { return sizeof(*this) + inner_->bytes(); }

 private:
  const std::unique_ptr<LiveAggregate> inner_;
};

std::size_t MaxSize(const AggregateCall& call) {
  constexpr std::int64_t kMost = 1'048'576;
  std::int64_t size = call.function != nullptr && call.function->default_size > 0 ? call.function->default_size : kMost;
  if (!call.parameters.empty() && call.parameters[0].kind() == Kind::kLong) size = call.parameters[0].AsLong();
  return static_cast<std::size_t>(size > 0 && size < kMost ? size : kMost);
}

std::unique_ptr<LiveAggregate> MakePlain(const AggregateCall& call) {
  const Type type = call.arguments.empty() ? Type::kLong : call.arguments[0]->type;
  switch (call.aggregate) {
    case Aggregate::kCount:
    case Aggregate::kCountIf: return std::make_unique<Count>();
    case Aggregate::kSum:
    case Aggregate::kSumIf: return std::make_unique<SumOrAverage>(type, false);
    case Aggregate::kAvg:
    case Aggregate::kAvgIf: return std::make_unique<SumOrAverage>(type, true);
    case Aggregate::kMin:
    case Aggregate::kMinIf: return std::make_unique<Extreme>(false);
    case Aggregate::kMax:
    case Aggregate::kMaxIf: return std::make_unique<Extreme>(true);
    case Aggregate::kArgMin: return std::make_unique<ArgExtreme>(false, call.outputs);
    case Aggregate::kArgMax: return std::make_unique<ArgExtreme>(true, call.outputs);
    case Aggregate::kTakeAny:
    case Aggregate::kTakeAnyIf: return std::make_unique<AnyRow>(call.outputs);
    case Aggregate::kDCount:
    case Aggregate::kDCountIf:
    case Aggregate::kCountDistinct:
    case Aggregate::kCountDistinctIf: return std::make_unique<Distinct>();
    case Aggregate::kMakeSet:
    case Aggregate::kMakeSetIf: return std::make_unique<Set>(MaxSize(call));
    case Aggregate::kMakeList:
    case Aggregate::kMakeListIf: return std::make_unique<List>(MaxSize(call), false);
    case Aggregate::kMakeListWithNulls: return std::make_unique<List>(MaxSize(call), true);
    case Aggregate::kMakeBag:
    case Aggregate::kMakeBagIf: return std::make_unique<MadeBag>(MaxSize(call));
    case Aggregate::kStdev:
    case Aggregate::kStdevIf: return std::make_unique<Spread>(true, true);
    case Aggregate::kStdevP: return std::make_unique<Spread>(false, true);
    case Aggregate::kVariance:
    case Aggregate::kVarianceIf: return std::make_unique<Spread>(true, false);
    case Aggregate::kVarianceP: return std::make_unique<Spread>(false, false);
    case Aggregate::kPercentile:
    case Aggregate::kPercentiles: return std::make_unique<Percentiles>(call.parameters);
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<LiveAggregate> MakeLiveAggregate(const AggregateCall& call) {
  auto plain = MakePlain(call);
  if (!IsIf(call.aggregate)) return plain;
  return std::make_unique<If>(std::move(plain));
}

}  // namespace zoomwatch::kql::incremental
