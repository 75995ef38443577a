// The JSON paths of extract_json() and bag_has_key(): $, then .key, ['key'], ["key"] or [index]. Pure; thread-safe.
// Source of truth: the Kusto page "JSONPath expressions"; wildcards and filters are not part of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/kql/value.h"

namespace zoomwatch::kql {

struct JsonPathStep {
  bool is_index = false;
  std::string key;
  std::int64_t index = 0;  // negative: from the end
};

std::optional<std::vector<JsonPathStep>> ParseJsonPath(std::string_view text);

// Null when there is nothing at the path. The pointer lives as long as `root`.
const Value* FollowJsonPath(const Value& root, const std::vector<JsonPathStep>& path);

}  // namespace zoomwatch::kql
