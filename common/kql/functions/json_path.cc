#include "common/kql/functions/json_path.h"

#include <algorithm>

#include "common/kql/convert.h"

namespace zoomwatch::kql {
namespace {

// What stands between brackets; nullopt when it is neither a quoted key nor an index.
std::optional<JsonPathStep> BracketStep(std::string_view inside) {
  JsonPathStep step;
  if (inside.size() >= 2 && (inside.front() == '\'' || inside.front() == '"') && inside.back() == inside.front()) {
    step.key = inside.substr(1, inside.size() - 2);
    return step;
  }
  const auto index = ParseLong(inside);
  if (!index) return std::nullopt;
  step.is_index = true;
  step.index = *index;
  return step;
}

}  // namespace

std::optional<std::vector<JsonPathStep>> ParseJsonPath(std::string_view text) {
  if (!text.starts_with('$')) return std::nullopt;
  text.remove_prefix(1);
  std::vector<JsonPathStep> path;
  while (!text.empty()) {
    if (text.front() == '.') {
      const std::size_t end = std::min(text.find_first_of(".[", 1), text.size());
      if (end == 1 || text[1] == '*') return std::nullopt;
      path.push_back({false, std::string(text.substr(1, end - 1)), 0});
      text.remove_prefix(end);
      continue;
    }
    const std::size_t close = text.find(']');
    if (text.front() != '[' || close == std::string_view::npos) return std::nullopt;
    auto step = BracketStep(text.substr(1, close - 1));
    if (!step) return std::nullopt;
    path.push_back(std::move(*step));
    text.remove_prefix(close + 1);
  }
  return path;
}

const Value* FollowJsonPath(const Value& root, const std::vector<JsonPathStep>& path) {
  const Value* at = &root;
  for (const JsonPathStep& step : path) {
    if (step.is_index) {
      if (!at->is_array()) return nullptr;
      const auto size = static_cast<std::int64_t>(at->AsArray().size());
      if (step.index >= size || step.index < -size) return nullptr;
      at = &at->AsArray()[static_cast<std::size_t>(step.index < 0 ? step.index + size : step.index)];
    } else {
      at = at->is_bag() ? at->AsBag().Find(step.key) : nullptr;
      if (at == nullptr) return nullptr;
    }
  }
  return at;
}

}  // namespace zoomwatch::kql
