#include "common/kql/compare.h"

#include <cmath>
#include <functional>

#include "absl/hash/hash.h"
#include "common/kql/convert.h"

namespace zoomwatch::kql {
namespace {

// Exact comparison of a 64-bit integer with a real: the integer may have more digits than the real can hold.
std::partial_ordering CompareLongReal(std::int64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= 9223372036854775808.0) return std::partial_ordering::less;
  if (b < -9223372036854775808.0) return std::partial_ordering::greater;
  const auto whole = static_cast<std::int64_t>(b);
  if (a != whole) return a <=> whole;
  return 0.0 <=> b - std::trunc(b);
}

std::partial_ordering CompareNumbers(const Value& a, const Value& b) {
  if (a.kind() == Kind::kLong && b.kind() == Kind::kLong) return a.AsLong() <=> b.AsLong();
  if (a.kind() == Kind::kReal && b.kind() == Kind::kReal) return a.AsReal() <=> b.AsReal();
  if (a.kind() == Kind::kLong && b.kind() == Kind::kReal) return CompareLongReal(a.AsLong(), b.AsReal());
  if (a.kind() == Kind::kReal && b.kind() == Kind::kLong) return 0 <=> CompareLongReal(b.AsLong(), a.AsReal());
  const Value left = ConvertTo(Type::kDecimal, a);
  const Value right = ConvertTo(Type::kDecimal, b);
  if (left.is_null() || right.is_null()) {  // a real beyond decimal's range: compare as reals
    return ConvertTo(Type::kReal, a).AsReal() <=> ConvertTo(Type::kReal, b).AsReal();
  }
  return left.AsDecimal() <=> right.AsDecimal();
}

Value AsNumberIfBool(const Value& value) {
  return value.kind() == Kind::kBool ? Value::Long(value.AsBool() ? 1 : 0) : value;
}

bool SameKind(const Value& a, const Value& b) {
  switch (a.kind()) {
    case Kind::kNull: return true;
    case Kind::kBool:
    case Kind::kLong:
    case Kind::kDateTime:
    case Kind::kTimeSpan: return a.AsLong() == b.AsLong();
    case Kind::kReal: return a.AsReal() == b.AsReal() || (std::isnan(a.AsReal()) && std::isnan(b.AsReal()));
    case Kind::kString: return a.AsString() == b.AsString();
    case Kind::kDecimal: return a.AsDecimal() == b.AsDecimal();
    case Kind::kGuid: return a.AsGuid() == b.AsGuid();
    case Kind::kArray: {
      const auto& left = a.AsArray();
      const auto& right = b.AsArray();
      if (left.size() != right.size()) return false;
      for (std::size_t i = 0; i < left.size(); ++i) {
        if (!SameKey(left[i], right[i])) return false;
      }
      return true;
    }
    case Kind::kBag: {
      if (a.AsBag().size() != b.AsBag().size()) return false;
      for (const auto& [key, value] : a.AsBag().entries()) {
        const Value* other = b.AsBag().Find(key);
        if (other == nullptr || !SameKey(value, *other)) return false;
      }
      return true;
    }
  }
  return false;
}

bool AreEqual(const Value& a, const Value& b) {
  if (a.kind() == b.kind()) {
    // NaN is not equal to itself in the language, though it is one group key.
    if (a.kind() == Kind::kReal) return a.AsReal() == b.AsReal();
    return SameKind(a, b);
  }
  if (a.is_string()) return AreEqual(ReadAs(b.kind(), a), b);
  if (b.is_string()) return AreEqual(a, ReadAs(a.kind(), b));
  const Value left = AsNumberIfBool(a);
  const Value right = AsNumberIfBool(b);
  return left.is_number() && right.is_number() && CompareNumbers(left, right) == 0;
}

}  // namespace

Value ReadAs(Kind kind, const Value& text) {
  switch (kind) {
    case Kind::kBool: return ConvertTo(Type::kBool, text);
    case Kind::kLong:
    case Kind::kReal: {
      const Value whole = ConvertTo(Type::kLong, text);
      const Value real = ConvertTo(Type::kReal, text);
      // "1.5" is not 1: only a text that is an integer compares as one.
      if (!whole.is_null() && !real.is_null() && CompareNumbers(whole, real) != 0) return real;
      return whole.is_null() ? real : whole;
    }
    case Kind::kDecimal: return ConvertTo(Type::kDecimal, text);
    case Kind::kDateTime: return ConvertTo(Type::kDateTime, text);
    case Kind::kTimeSpan: return ConvertTo(Type::kTimeSpan, text);
    case Kind::kGuid: return ConvertTo(Type::kGuid, text);
    case Kind::kNull:
    case Kind::kString:
    case Kind::kArray:
    case Kind::kBag: return Value();
  }
  return Value();
}

Value EqualTo(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null() ? Value() : Value::Bool(false);
  return Value::Bool(AreEqual(a, b));
}

Value NotEqualTo(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null() ? Value() : Value::Bool(true);
  return Value::Bool(!AreEqual(a, b));
}

std::partial_ordering Compare(const Value& a, const Value& b) {
  const Value left = AsNumberIfBool(a);
  const Value right = AsNumberIfBool(b);
  if (left.is_number() && right.is_number()) return CompareNumbers(left, right);
  if (left.kind() != right.kind()) return std::partial_ordering::unordered;
  switch (left.kind()) {
    case Kind::kDateTime:
    case Kind::kTimeSpan: return left.AsTicks() <=> right.AsTicks();
    case Kind::kString: return left.AsString() <=> right.AsString();
    case Kind::kGuid: return left.AsGuid() <=> right.AsGuid();
    case Kind::kNull:
    case Kind::kBool:
    case Kind::kLong:
    case Kind::kReal:
    case Kind::kDecimal:
    case Kind::kArray:
    case Kind::kBag: return std::partial_ordering::unordered;
  }
  return std::partial_ordering::unordered;
}

bool SameKey(const Value& a, const Value& b) {
  if (a.kind() == b.kind()) return SameKind(a, b);
  return a.is_number() && b.is_number() && CompareNumbers(a, b) == 0;
}

std::uint64_t HashKey(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull: return 0x6E756C6CULL;
    case Kind::kBool:
    case Kind::kDateTime:
    case Kind::kTimeSpan: return absl::HashOf(static_cast<int>(value.kind()), value.AsLong());
    // Numbers that are equal across kinds must hash alike: all hash as reals.
    case Kind::kLong: return absl::HashOf(static_cast<double>(value.AsLong()));
    case Kind::kReal: return std::isnan(value.AsReal()) ? 0x4E614EULL : absl::HashOf(value.AsReal());
    case Kind::kDecimal: return absl::HashOf(value.AsDecimal().ToReal());
    case Kind::kString: return absl::HashOf(absl::string_view(value.AsString().data(), value.AsString().size()));
    case Kind::kGuid: return absl::HashOf(value.AsGuid().bytes);
    case Kind::kArray: {
      std::uint64_t hash = 0x5B5DULL;
      for (const Value& element : value.AsArray()) hash = absl::HashOf(hash, HashKey(element));
      return hash;
    }
    case Kind::kBag: {
      std::uint64_t hash = 0x7B7DULL;  // the sum does not depend on the order of keys
      for (const auto& [key, element] : value.AsBag().entries()) hash += absl::HashOf(key, HashKey(element));
      return hash;
    }
  }
  return 0;
}

std::strong_ordering SortOrder(const Value& a, const Value& b) {
  const auto rank = [](const Value& value) {
    if (value.is_null()) return 0;
    if (value.kind() == Kind::kReal && std::isnan(value.AsReal())) return 1;
    return 2;
  };
  if (const auto order = rank(a) <=> rank(b); order != 0 || rank(a) < 2) return order;
  const std::partial_ordering order = Compare(a, b);
  if (order == std::partial_ordering::less) return std::strong_ordering::less;
  if (order == std::partial_ordering::greater) return std::strong_ordering::greater;
  if (order == std::partial_ordering::equivalent) return std::strong_ordering::equal;
  if (a.kind() != b.kind()) return a.kind() <=> b.kind();
  if (SameKey(a, b)) return std::strong_ordering::equal;
  return ToText(a) <=> ToText(b);
}

}  // namespace zoomwatch::kql
