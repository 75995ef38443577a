// Comparison of values: the language's `==` and `<`, the equality of group and join keys, and the order of sort.
// Pure functions; thread-safe. Source of truth: docs/kql.md, "Null rules" and "Comparison".
#pragma once

#include <compare>
#include <cstdint>

#include "common/kql/value.h"

namespace zoomwatch::kql {

// The language's a == b: true, false, or null when both are null. Null against anything else is false, and values of kinds
// that cannot be converted into each other are unequal. A string against another scalar compares the scalar that the string
// stands for ("true" == true, "2020-01-01" == datetime); numbers compare by mathematical value.
Value EqualTo(const Value& a, const Value& b);
Value NotEqualTo(const Value& a, const Value& b);  // null != x is true, null != null is null

// What `text` stands for when it is compared with a value of that kind; null when it stands for none. REQUIRES: text is a string.
Value ReadAs(Kind kind, const Value& text);

// The language's a < b as an ordering; unordered when the two cannot be compared (nulls, NaN, unlike kinds).
std::partial_ordering Compare(const Value& a, const Value& b);

// Identity of group keys, set elements and join keys: null equals null, NaN equals NaN, 1 equals 1.0, bags ignore key order.
bool SameKey(const Value& a, const Value& b);
std::uint64_t HashKey(const Value& value);  // equal for values that SameKey calls equal
// Both, as containers want them.
struct KeyHash {
  std::size_t operator()(const Value& value) const { return HashKey(value); }
};
struct KeyEqual {
  bool operator()(const Value& a, const Value& b) const { return SameKey(a, b); }
};

// A total order for sort and top: nulls, then NaN, then values ascending; kinds that cannot be compared order by kind.
std::strong_ordering SortOrder(const Value& a, const Value& b);

}  // namespace zoomwatch::kql
