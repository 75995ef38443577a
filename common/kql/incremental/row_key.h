// Several values as one key of a container: of groups and of joins.
#pragma once

#include <algorithm>
#include <vector>

#include "common/kql/compare.h"
#include "common/kql/value.h"

namespace zoomwatch::kql::incremental {

using RowKey = std::vector<Value>;
struct RowKeyHash {
  std::size_t operator()(const RowKey& key) const {
    std::uint64_t hash = key.size();
    for (const Value& value : key) hash = hash * 0x9E3779B97F4A7C15ULL + HashKey(value);
    return hash;
  }
};
struct RowKeyEqual {
  bool operator()(const RowKey& a, const RowKey& b) const { return std::equal(a.begin(), a.end(), b.begin(), b.end(), SameKey); }
};

}  // namespace zoomwatch::kql::incremental
