// dcount, count_distinct, make_set, make_list, make_bag.
#include <unordered_set>

#include "common/kql/batch/accumulator.h"
#include "common/kql/compare.h"
#include "common/kql/convert.h"

namespace zoomwatch::kql::batch {

namespace {


struct Shared {
  std::size_t max_size = 0;
  bool keep_nulls = false;
};

// Distinct values in the order in which they came.
class DistinctValues {
 public:
  void Add(const Value& value) {
    if (!members_.insert(value).second) return;
    order_.push_back(value);
    bytes_ += value.MemoryBytes() + kNodeBytes;
  }
  std::size_t size() const { return order_.size(); }
  std::size_t bytes() const { return bytes_; }
  Value::Array Take() { return std::move(order_); }

 private:
  static constexpr std::size_t kNodeBytes = 48;  // node and bucket of the hash set
  std::unordered_set<Value, KeyHash, KeyEqual> members_;
  Value::Array order_;
  std::size_t bytes_ = 0;
};

// Exact at every size: the documented estimate is exact up to 1,000 values, and a better answer conforms.
struct DistinctCountState {
  DistinctValues values;
  void Add(const Shared&, const Block& arguments, std::size_t row) {
    const Value& value = (*arguments.columns[0])[row];
    if (!value.is_null()) values.Add(value);
  }
  void Finish(const Shared&, std::vector<Value>& row) { row.push_back(Value::Long(static_cast<std::int64_t>(values.size()))); }
  std::size_t extra_bytes() const { return values.bytes(); }
};

// The elements of an array count one by one.
struct SetState {
  DistinctValues values;
  void Add(const Shared& shared, const Block& arguments, std::size_t row) {
    const Value& value = (*arguments.columns[0])[row];
    if (!value.is_array()) return AddOne(shared, value);
    for (const Value& element : value.AsArray()) AddOne(shared, element);
  }
  void Finish(const Shared&, std::vector<Value>& row) { row.push_back(Value::OfArray(values.Take())); }
  std::size_t extra_bytes() const { return values.bytes(); }

 private:
  void AddOne(const Shared& shared, const Value& value) {
    if (!value.is_null() && values.size() < shared.max_size) values.Add(value);
  }
};

struct ListState {
  Value::Array values;
  std::size_t bytes = 0;
  void Add(const Shared& shared, const Block& arguments, std::size_t row) {
    const Value& value = (*arguments.columns[0])[row];
    if ((value.is_null() && !shared.keep_nulls) || values.size() >= shared.max_size) return;
    values.push_back(value);
    bytes += value.MemoryBytes();
  }
  void Finish(const Shared&, std::vector<Value>& row) { row.push_back(Value::OfArray(std::move(values))); }
  std::size_t extra_bytes() const { return bytes; }
};

// The keys of all bags; of a key that occurs twice the first value stays.
struct BagState {
  std::vector<Bag::Entry> entries;
  std::unordered_set<std::string> keys;
  std::size_t bytes = 0;
  void Add(const Shared& shared, const Block& arguments, std::size_t row) {
    const Value& value = (*arguments.columns[0])[row];
    if (!value.is_bag()) return;
    for (const auto& [key, element] : value.AsBag().entries()) {
      if (entries.size() >= shared.max_size) return;
      if (!keys.insert(key).second) continue;
      entries.emplace_back(key, element);
      bytes += 2 * (sizeof(std::string) + key.size()) + element.MemoryBytes();
    }
  }
  void Finish(const Shared&, std::vector<Value>& row) { row.push_back(Value::OfBag(Bag(std::move(entries)))); }
  std::size_t extra_bytes() const { return bytes; }
};

constexpr std::int64_t kDocumentedMaximum = 1'048'576;

// The call's maxSize, otherwise that of the function. One that is not positive means the documented maximum.
std::size_t MaxSize(const AggregateCall& call) {
  const std::int64_t otherwise = call.function != nullptr && call.function->default_size > 0 ? call.function->default_size
                                                                                              : kDocumentedMaximum;
  if (call.parameters.empty() || call.parameters[0].kind() != Kind::kLong) return static_cast<std::size_t>(otherwise);
  const std::int64_t asked = call.parameters[0].AsLong();
  return static_cast<std::size_t>(asked > 0 && asked < kDocumentedMaximum ? asked : kDocumentedMaximum);
}

}  // namespace

std::unique_ptr<Accumulator> MakeSetAccumulator(const AggregateCall& call) {
  const Shared shared{MaxSize(call), call.aggregate == Aggregate::kMakeListWithNulls};
  switch (call.aggregate) {
    case Aggregate::kDCount:
    case Aggregate::kDCountIf:
    case Aggregate::kCountDistinct:
    case Aggregate::kCountDistinctIf: return std::make_unique<GroupedAccumulator<DistinctCountState, Shared>>(call, shared);
    case Aggregate::kMakeSet:
    case Aggregate::kMakeSetIf: return std::make_unique<GroupedAccumulator<SetState, Shared>>(call, shared);
    case Aggregate::kMakeList:
    case Aggregate::kMakeListIf:
    case Aggregate::kMakeListWithNulls: return std::make_unique<GroupedAccumulator<ListState, Shared>>(call, shared);
    case Aggregate::kMakeBag:
    case Aggregate::kMakeBagIf: return std::make_unique<GroupedAccumulator<BagState, Shared>>(call, shared);
    default: return nullptr;
  }
}

}  // namespace zoomwatch::kql::batch
