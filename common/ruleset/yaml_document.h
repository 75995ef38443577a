// The YAML that rule files are written in, as a tree with places: one document of mappings, lists and scalars.
// Refused, because no rule needs it and each of it has surprised somebody: anchors and aliases (and so "billion laughs"), tags, merge
// keys, several documents, keys that are not scalars. Pure; thread-safe.
// Limits: kMaxRuleFileBytes, kMaxYamlDepth.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ruleset/load_result.h"
#include "common/ruleset/rule.h"

namespace zoomwatch::ruleset {

inline constexpr std::size_t kMaxRuleFileBytes = 256 * 1024;
inline constexpr int kMaxYamlDepth = 32;

struct YamlEntry;

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMapping };
  Kind kind = Kind::kNull;
  Place place;
  std::string text;                // kScalar
  bool quoted = false;             // kScalar: quoted or a block, so never a number or a boolean
  std::vector<YamlNode> items;     // kList
  std::vector<YamlEntry> entries;  // kMapping: in order, keys unique

  // The value under `key`, or nullptr. REQUIRES: kMapping.
  const YamlNode* Find(std::string_view key) const;
};

struct YamlEntry {
  YamlNode key;  // a scalar
  YamlNode value;
};

// "a list", "a mapping", ... for messages.
std::string_view KindName(YamlNode::Kind kind);

// Nothing when the text is not such a document; the findings then say why. Of keys that stand twice the first one counts, and each
// is a finding. An empty text is kNull.
std::optional<YamlNode> ParseYaml(std::string_view text, LoadResult& result);

// A scalar's text with where it stands, read back from the source. REQUIRES: `node` is a scalar of `source`.
QueryText LocateText(std::string_view source, const YamlNode& node);

}  // namespace zoomwatch::ruleset
