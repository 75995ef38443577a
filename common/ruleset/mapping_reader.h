// Reads one mapping of a rule file by the key table: checks its keys, hands out typed values, and keeps where each value stands.
// A value that is absent or wrong leaves the target as it was; what is wrong is a finding. Not thread-safe; refers to what it is
// built from.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/ruleset/key_table.h"
#include "common/ruleset/load_result.h"
#include "common/ruleset/rule.h"
#include "common/ruleset/yaml_document.h"

namespace zoomwatch::ruleset {

// Where the values of a rule stand, by path: "entityMappings[0].fieldMappings[1].columnName".
using KeyPlaces = std::map<std::string, Place, std::less<>>;

// What is common to all mappings of one file.
struct ReadContext {
  RuleKind kind = RuleKind::kScheduled;
  LoadResult& result;
  KeyPlaces& places;
};

// What a duration is that the file has and that is not one: checks of its size would only say the same again.
inline constexpr absl::Duration kMalformedDuration = absl::Seconds(-1);

class MappingReader {
 public:
  // `path` is "" for the file itself. REQUIRES: node.kind is kMapping.
  MappingReader(const yaml::Node& node, Scope scope, std::string path, ReadContext& context);

  // Findings for keys that are missing, unknown, or without use for the kind of rule.
  void CheckKeys();

  void Text(std::string_view key, std::string& target);
  void Bool(std::string_view key, bool& target);
  void Integer(std::string_view key, std::int64_t& target);
  void Duration(std::string_view key, absl::Duration& target);
  void TextList(std::string_view key, std::vector<std::string>& target);
  // A word of a closed list, in any case of letters; `take` gets it as the list writes it.
  void Word(std::string_view key, std::span<const std::string_view> words, const std::function<void(std::size_t)>& take);
  // Calls `read` with a reader for the inner mapping.
  void Mapping(std::string_view key, const std::function<void(MappingReader&)>& read);
  // Calls `read` for each item.
  void MappingList(std::string_view key, const std::function<void(MappingReader&)>& read);
  // Calls `read` with name and text of each entry of a mapping with free keys.
  void TextMap(std::string_view key, const std::function<void(const std::string&, const std::string&)>& read);

  const std::string& path() const { return path_; }
  std::string PathOf(std::string_view key) const { return path_.empty() ? std::string(key) : path_ + "." + std::string(key); }

 private:
  // The value under `key` when it is there and has use, its place kept.
  const yaml::Node* Take(std::string_view key);
  const yaml::Node* TakeScalar(std::string_view key);
  bool Expect(const yaml::Node& node, yaml::Node::Kind kind, const std::string& path);
  void Add(LoadCode code, const yaml::Node& node, const std::string& path, std::string_view what);
  void ReadInner(const yaml::Node& node, Scope scope, const std::string& path, const std::function<void(MappingReader&)>& read);
  void CheckUnknown(const yaml::Node& key);

  const yaml::Node& node_;
  const Scope scope_;
  const std::string path_;
  ReadContext& context_;
};

}  // namespace zoomwatch::ruleset
