// A set of values with the membership test of `in` and `in~`: found when the language's == (or =~) holds for one of
// them. Threading: thread-compatible, and lookups count as writes (they index the set for kinds as these are asked
// for). Cost: a lookup is O(1), also where texts meet numbers; memory is proportional to the values added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/kql/value.h"

namespace zoomwatch::kql {

class ValueSet {
 public:
  ValueSet();
  ~ValueSet();
  ValueSet(ValueSet&&) noexcept;
  ValueSet& operator=(ValueSet&&) noexcept;

  void Add(const Value& value);  // not after the first lookup
  void AddFlattened(const Value& value);  // an array's elements, at any depth; anything else as it is

  // By ==. Null is never contained: see has_null().
  bool Contains(const Value& value) const;
  // By =~ over the text forms; upper and lower case of ASCII letters count as equal.
  bool ContainsText(const Value& value) const;

  bool has_null() const { return has_null_; }
  std::size_t size() const;
  std::size_t memory_bytes() const { return memory_bytes_; }

 private:
  struct Index;
  bool ContainsExactly(const Value& value) const;

  std::unique_ptr<Index> index_;
  bool has_null_ = false;
  std::size_t memory_bytes_ = 0;
};

}  // namespace zoomwatch::kql
