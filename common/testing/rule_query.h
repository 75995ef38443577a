// The query of a rule file, for tests and benchmarks that want nothing else of it.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "common/status/check.h"
#include "common/yaml/yaml.h"

namespace zoomwatch::testing {

inline std::string QueryOfRule(const std::filesystem::path& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::vector<yaml::Fault> faults;
  const std::optional<yaml::Node> root = yaml::Parse(text, text.size(), faults);
  const yaml::Node* const query = root ? root->Find("query") : nullptr;
  ZOOMWATCH_CHECK(query != nullptr);
  return query->text;
}

}  // namespace zoomwatch::testing
