// Reads one rule file: YAML -> Rule. Everything that is wrong in the file is reported at once; limits are the validator's
// (rule_validator.h), the query the checker's. Pure; thread-safe.
// Errors: findings in the result; the rule is there whenever the file is a mapping, and of use only when there are no errors.
#pragma once

#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "common/ruleset/load_result.h"
#include "common/ruleset/mapping_reader.h"
#include "common/ruleset/rule.h"

namespace zoomwatch::ruleset {

// What holds on a stream for kinds that state no schedule. A hunting query looks as far back as a rule may; an NRT rule sees the
// minute that Sentinel shows it.
inline constexpr absl::Duration kHuntingPeriod = absl::Hours(14 * 24);
inline constexpr absl::Duration kHuntingFrequency = absl::Hours(1);
inline constexpr absl::Duration kNrtPeriod = absl::Minutes(1);

struct ReadRule {
  Rule rule;
  KeyPlaces places;
};

std::optional<ReadRule> ReadRuleFile(std::string_view text, LoadResult& result);

}  // namespace zoomwatch::ruleset
