// The subset of YAML that configuration is written in, as a tree with positions: mappings with unique plain keys, lists, scalars.
// Refused, because none of it is needed and each of it has surprised somebody: anchors and aliases (and so "billion laughs"), tags,
// merge keys, several documents, keys that are not scalars.
// Pure and thread-safe. Limits: kMaxConfigBytes, kMaxConfigDepth. Errors: CONFIG_MALFORMED, CONFIG_DUPLICATE_KEY with line and
// column (from 1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace zoomwatch::config {

inline constexpr size_t kMaxConfigBytes = 1 << 20;
inline constexpr int kMaxConfigDepth = 32;

struct YamlEntry;

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMapping };
  Kind kind = Kind::kNull;
  int line = 1;
  int column = 1;
  std::string text;                // kScalar
  std::vector<YamlNode> items;     // kList
  std::vector<YamlEntry> entries;  // kMapping, in order
};

struct YamlEntry {
  YamlNode key;  // a scalar
  YamlNode value;
};

// "a list", "a mapping", ... for error messages.
std::string_view KindName(YamlNode::Kind kind);

// An empty text is kNull.
absl::StatusOr<YamlNode> ParseYaml(std::string_view text, const std::string& file_name);

// "file:line:column".
std::string Place(const std::string& file_name, const YamlNode& node);

}  // namespace zoomwatch::config
