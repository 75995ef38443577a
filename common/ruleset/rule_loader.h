// One rule file, from its text to a rule that may run: reader, validator and query checker in a row. Pure; thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "common/ruleset/load_result.h"
#include "common/ruleset/query_checker.h"
#include "common/ruleset/rule.h"

namespace zoomwatch::ruleset {

// Nothing when the result has errors. The result's findings are sorted by place.
std::optional<Rule> LoadRule(std::string_view text, const QueryChecker& checker, LoadResult& result);

}  // namespace zoomwatch::ruleset
