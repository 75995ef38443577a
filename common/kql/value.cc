#include "common/kql/value.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace zoomwatch::kql {
namespace {

constexpr std::size_t kSmallBag = 12;

std::size_t FindInOrder(const std::vector<Bag::Entry>& entries, std::string_view key) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].first == key) return i;
  }
  return entries.size();
}

}  // namespace

Bag::Bag(std::vector<Entry> entries) : entries_(std::move(entries)) {
  if (entries_.size() <= kSmallBag) {
    for (std::size_t i = 1; i < entries_.size();) {
      const std::size_t first = FindInOrder(entries_, entries_[i].first);
      if (first < i) {
        entries_[first].second = std::move(entries_[i].second);
        entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
    return;
  }
  std::vector<std::uint32_t> order(entries_.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [this](std::uint32_t a, std::uint32_t b) { return entries_[a].first < entries_[b].first; });
  std::vector<bool> dropped(entries_.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t last = i;
    while (last + 1 < order.size() && entries_[order[last + 1]].first == entries_[order[i]].first) ++last;
    if (last != i) {
      entries_[order[i]].second = std::move(entries_[order[last]].second);
      for (std::size_t k = i + 1; k <= last; ++k) dropped[order[k]] = true;
    }
    i = last + 1;
  }
  std::vector<std::uint32_t> moved(entries_.size());
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    moved[i] = kept;
    if (dropped[i]) continue;
    if (kept != i) entries_[kept] = std::move(entries_[i]);
    ++kept;
  }
  entries_.resize(kept);
  for (const std::uint32_t position : order) {
    if (!dropped[position]) by_key_.push_back(moved[position]);
  }
}

const Value* Bag::Find(std::string_view key) const {
  if (by_key_.empty()) {
    const std::size_t at = FindInOrder(entries_, key);
    return at < entries_.size() ? &entries_[at].second : nullptr;
  }
  const auto found = std::lower_bound(by_key_.begin(), by_key_.end(), key,
                                      [this](std::uint32_t at, std::string_view k) { return entries_[at].first < k; });
  if (found == by_key_.end() || entries_[*found].first != key) return nullptr;
  return &entries_[*found].second;
}

struct Value::Rep {
  std::atomic<std::uint32_t> references{1};
};

// The characters follow the struct in the same allocation.
struct Value::StringRep : Value::Rep {
  std::uint32_t size = 0;
  char* chars() { return reinterpret_cast<char*>(this + 1); }
};

template <typename T>
struct Value::BoxRep : Value::Rep {
  explicit BoxRep(T v, std::size_t inside = 0) : value(std::move(v)), bytes_inside(inside) {}
  T value;
  // Of what an array or a bag holds. Known once, so that values which hold one another many times over cost no more to measure.
  std::size_t bytes_inside;
};

Value Value::Real(double value) {
  Value result(Kind::kReal, std::int64_t{0});
  result.data_.real = value;
  return result;
}

Value Value::String(std::string_view value) {
  void* memory = ::operator new(sizeof(StringRep) + value.size());
  auto* rep = new (memory) StringRep();
  rep->size = static_cast<std::uint32_t>(value.size());
  if (!value.empty()) std::memcpy(rep->chars(), value.data(), value.size());
  return Value(Kind::kString, rep);
}

Value Value::OfDecimal(const Decimal& value) { return Value(Kind::kDecimal, new BoxRep<Decimal>(value)); }
Value Value::OfGuid(const Guid& value) { return Value(Kind::kGuid, new BoxRep<Guid>(value)); }
Value Value::OfArray(Array value) {
  std::size_t bytes = 0;
  for (const Value& element : value) bytes += element.MemoryBytes();
  return Value(Kind::kArray, new BoxRep<Array>(std::move(value), bytes));
}
Value Value::OfBag(Bag value) {
  std::size_t bytes = 0;
  for (const auto& [key, member] : value.entries()) bytes += sizeof(std::string) + key.size() + member.MemoryBytes();
  return Value(Kind::kBag, new BoxRep<Bag>(std::move(value), bytes));
}

std::string_view Value::AsString() const {
  auto* rep = static_cast<StringRep*>(data_.rep);
  return {rep->chars(), rep->size};
}
const Decimal& Value::AsDecimal() const { return static_cast<BoxRep<Decimal>*>(data_.rep)->value; }
const Guid& Value::AsGuid() const { return static_cast<BoxRep<Guid>*>(data_.rep)->value; }
const Value::Array& Value::AsArray() const { return static_cast<BoxRep<Array>*>(data_.rep)->value; }
const Bag& Value::AsBag() const { return static_cast<BoxRep<Bag>*>(data_.rep)->value; }

void Value::Retain() const {
  if (counted()) data_.rep->references.fetch_add(1, std::memory_order_relaxed);
}

void Value::Drop() {
  if (data_.rep->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  switch (kind_) {
    case Kind::kString: {
      auto* rep = static_cast<StringRep*>(data_.rep);
      rep->~StringRep();
      ::operator delete(rep);
      return;
    }
    case Kind::kDecimal: delete static_cast<BoxRep<Decimal>*>(data_.rep); return;
    case Kind::kGuid: delete static_cast<BoxRep<Guid>*>(data_.rep); return;
    case Kind::kArray: delete static_cast<BoxRep<Array>*>(data_.rep); return;
    case Kind::kBag: delete static_cast<BoxRep<Bag>*>(data_.rep); return;
    case Kind::kNull:
    case Kind::kBool:
    case Kind::kLong:
    case Kind::kReal:
    case Kind::kDateTime:
    case Kind::kTimeSpan: return;
  }
}

std::size_t Value::MemoryBytes() const {
  std::size_t bytes = sizeof(Value);
  switch (kind_) {
    case Kind::kNull:
    case Kind::kBool:
    case Kind::kLong:
    case Kind::kReal:
    case Kind::kDateTime:
    case Kind::kTimeSpan: break;
    case Kind::kString: bytes += sizeof(StringRep) + AsString().size(); break;
    case Kind::kDecimal: bytes += sizeof(BoxRep<Decimal>); break;
    case Kind::kGuid: bytes += sizeof(BoxRep<Guid>); break;
    case Kind::kArray: bytes += sizeof(BoxRep<Array>) + static_cast<BoxRep<Array>*>(data_.rep)->bytes_inside; break;
    case Kind::kBag: bytes += sizeof(BoxRep<Bag>) + static_cast<BoxRep<Bag>*>(data_.rep)->bytes_inside; break;
  }
  return bytes;
}

}  // namespace zoomwatch::kql
