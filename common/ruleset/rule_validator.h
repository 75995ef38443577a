// Checks a rule against Sentinel's limits. Pure; thread-safe. Source of the limits: docs/rules.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/ruleset/load_result.h"
#include "common/ruleset/rule.h"
#include "common/ruleset/rule_reader.h"

namespace zoomwatch::ruleset {

// Texts, in characters.
inline constexpr std::size_t kMaxName = 256;
inline constexpr std::size_t kMaxDescription = 5000;
inline constexpr std::size_t kMaxQuery = 10'000;
inline constexpr std::size_t kMaxVersion = 20;
inline constexpr std::size_t kMaxDisplayNameFormat = 256;
inline constexpr std::size_t kMaxDescriptionFormat = 5000;
inline constexpr std::size_t kMaxDetailName = 20;
// Lists.
inline constexpr std::size_t kMaxEntityMappings = 10;
inline constexpr std::size_t kMaxFieldMappings = 3;
inline constexpr std::size_t kMaxCustomDetails = 20;
inline constexpr std::size_t kMaxPlaceholders = 3;
// Numbers and durations, both ends included.
inline constexpr std::int64_t kMaxThreshold = 10'000;
inline constexpr absl::Duration kMinSchedule = absl::Minutes(5);
inline constexpr absl::Duration kMaxSchedule = absl::Hours(14 * 24);
inline constexpr absl::Duration kMaxSuppression = absl::Hours(24);
inline constexpr absl::Duration kMinLookback = absl::Minutes(5);
inline constexpr absl::Duration kMaxLookback = absl::Hours(7 * 24);

void ValidateRule(const ReadRule& read, LoadResult& result);

// The columns of the query's result that the rule's mappings and texts name, each with the path of the key that names it.
struct ColumnUse {
  std::string path;
  std::string column;
};
std::vector<ColumnUse> ColumnsUsed(const Rule& rule);

}  // namespace zoomwatch::ruleset
