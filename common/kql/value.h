// A KQL value at run time: 16 bytes, cheap to copy, immutable. A value knows its kind, not its static type (types.h): the
// binder knows that. So a `dynamic` expression yields a value of whatever kind is inside it, an `int` and a `long` are both
// kLong, and there is one null for all types. A string expression never yields null: the evaluator turns it into "".
// Threading: values are immutable and their counts atomic, so copies may be used and dropped on any thread.
// Limits: a string holds at most 4 GiB - 1 bytes. Depth of arrays and bags is bounded by their builders (json.h).
#pragma once

#include <atomic>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/kql/decimal.h"
#include "common/kql/types.h"

namespace zoomwatch::kql {

enum class Kind : std::uint8_t { kNull, kBool, kLong, kReal, kDateTime, kTimeSpan, kString, kDecimal, kGuid, kArray, kBag };

struct Guid {
  std::array<std::uint8_t, 16> bytes{};  // in the order of the text form
  auto operator<=>(const Guid&) const = default;
};

class Value;

// The entries of a property bag in insertion order; keys are unique and case-sensitive.
class Bag {
 public:
  using Entry = std::pair<std::string, Value>;

  Bag() = default;
  // Of entries with one key, the last one's value stands, at the first one's place.
  explicit Bag(std::vector<Entry> entries);

  const std::vector<Entry>& entries() const { return entries_; }
  std::size_t size() const;
  const Value* Find(std::string_view key) const;  // null when absent; O(log n)

 private:
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> by_key_;  // positions sorted by key; empty for small bags, which are searched in order
};

class Value {
 public:
  using Array = std::vector<Value>;

  Value() = default;
  static Value Null() { return Value(); }
  static Value Bool(bool value) { return Value(Kind::kBool, value ? 1 : 0); }
  static Value Long(std::int64_t value) { return Value(Kind::kLong, value); }
  static Value Real(double value);
  static Value DateTime(Ticks value) { return Value(Kind::kDateTime, value); }
  static Value TimeSpan(Ticks value) { return Value(Kind::kTimeSpan, value); }
  static Value String(std::string_view value);
  static Value OfDecimal(const Decimal& value);
  static Value OfGuid(const Guid& value);
  static Value OfArray(Array value);
  static Value OfBag(Bag value);

  Value(const Value& other) : kind_(other.kind_), data_(other.data_) { Retain(); }
  Value(Value&& other) noexcept : kind_(other.kind_), data_(other.data_) { other.kind_ = Kind::kNull; }
  Value& operator=(const Value& other) {
    Value copy(other);
    swap(copy);
    return *this;
  }
  Value& operator=(Value&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Value() { Release(); }
  void swap(Value& other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(data_, other.data_);
  }

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_array() const { return kind_ == Kind::kArray; }
  bool is_bag() const { return kind_ == Kind::kBag; }
  bool is_number() const { return kind_ == Kind::kLong || kind_ == Kind::kReal || kind_ == Kind::kDecimal; }
  bool is_true() const { return kind_ == Kind::kBool && data_.integer != 0; }
  bool is_false() const { return kind_ == Kind::kBool && data_.integer == 0; }

  // REQUIRES: the kind named.
  bool AsBool() const { return data_.integer != 0; }
  std::int64_t AsLong() const { return data_.integer; }
  Ticks AsTicks() const { return data_.integer; }  // kDateTime or kTimeSpan
  double AsReal() const { return data_.real; }
  std::string_view AsString() const;
  const Decimal& AsDecimal() const;
  const Guid& AsGuid() const;
  const Array& AsArray() const;
  const Bag& AsBag() const;

  // Bytes that this value keeps alive, its own 16 included; shared parts are counted in full. O(1).
  std::size_t MemoryBytes() const;

 private:
  struct Rep;
  struct StringRep;
  template <typename T>
  struct BoxRep;

  Value(Kind kind, std::int64_t integer) : kind_(kind) { data_.integer = integer; }
  Value(Kind kind, Rep* rep) : kind_(kind) { data_.rep = rep; }
  bool counted() const { return kind_ >= Kind::kString; }
  void Retain() const;
  void Release() {
    if (counted()) Drop();
  }
  void Drop();

  Kind kind_ = Kind::kNull;
  union {
    std::int64_t integer;
    double real;
    Rep* rep;
  } data_ = {0};
};

static_assert(sizeof(Value) == 16);

inline std::size_t Bag::size() const { return entries_.size(); }  // here, as an entry holds a whole Value

}  // namespace zoomwatch::kql
