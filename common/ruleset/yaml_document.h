// Rule files and case files as YAML. Pure; thread-safe. Limit: kMaxRuleFileBytes.
#pragma once

#include <optional>
#include <string_view>

#include "common/ruleset/load_result.h"
#include "common/ruleset/rule.h"
#include "common/yaml/yaml.h"

namespace zoomwatch::ruleset {

inline constexpr std::size_t kMaxRuleFileBytes = 256 * 1024;

// As yaml::Parse(), its faults as findings.
std::optional<yaml::Node> ParseYaml(std::string_view text, LoadResult& result);

// A scalar's text with where it stands, read back from the source. REQUIRES: `node` is a scalar of `source`.
QueryText LocateText(std::string_view source, const yaml::Node& node);

}  // namespace zoomwatch::ruleset
