// Runs a case of a rule as the detector would, with a virtual clock: webhooks are normalised, de-duplicated and given to the live rule
// at the times of the case, and time passes through every moment at which the rule may change. Nothing is stored or sent.
// A rule that only runs in batch runs every queryFrequency; an alert is then expected at the first run at or after its time.
// Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/ruleset/case_file.h"
#include "common/ruleset/rule.h"

namespace zoomwatch::cli {

struct CaseOutcome {
  // What is not as the case says, one line each; empty: it passed.
  std::vector<std::string> differences;
  absl::Duration virtual_time;
};

// Error: the rule cannot run at all.
absl::StatusOr<CaseOutcome> RunCase(const ruleset::Rule& rule, const ruleset::RuleCase& one);

}  // namespace zoomwatch::cli
