#include "common/ruleset/mapping_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "common/kql/diagnostic.h"
#include "common/ruleset/duration.h"
#include "common/ruleset/vocabulary.h"

namespace zoomwatch::ruleset {
namespace {

std::string_view Assumed(std::string_view key) {
  if (key == "kind") return "Scheduled is assumed";
  if (key == "requiredDataConnectors") return "none are assumed";
  return "it stays empty";
}

}  // namespace

MappingReader::MappingReader(const yaml::Node& node, Scope scope, std::string path, ReadContext& context)
    : node_(node), scope_(scope), path_(std::move(path)), context_(context) {}

void MappingReader::Add(LoadCode code, const yaml::Node& node, const std::string& path, std::string_view what) {
  context_.result.Add(code, node.place, fmt::format("{}: {}", path, what));
}

void MappingReader::CheckKeys() {
  for (const auto& [key, value] : node_.entries) {
    const KeyRow* row = FindKey(scope_, key.text);
    if (row == nullptr) {
      CheckUnknown(key);
    } else if (UseFor(*row, context_.kind) == Use::kUnused) {
      Add(LoadCode::kKeyNotUsed, key, PathOf(key.text), fmt::format("has no use in a {} rule, ignored", KindName(context_.kind)));
    }
  }
  for (const KeyRow& row : KeyTable()) {
    if (row.scope != scope_) continue;
    const yaml::Node* value = node_.Find(row.name);
    if (value != nullptr && value->kind != yaml::Node::Kind::kNull) continue;
    const yaml::Node& at = value == nullptr ? node_ : *value;
    const Use use = UseFor(row, context_.kind);
    if (use == Use::kRequired) Add(LoadCode::kMissingKey, at, PathOf(row.name), "is required");
    if (use == Use::kExpected) Add(LoadCode::kExpectedKeyMissing, at, PathOf(row.name), fmt::format("is absent, {}", Assumed(row.name)));
  }
}

void MappingReader::CheckUnknown(const yaml::Node& key) {
  const std::string_view nearest = kql::Nearest(key.text, KeyNames(scope_));
  if (nearest.empty()) {
    Add(LoadCode::kUnknownKey, key, PathOf(key.text), "unknown key, ignored");
  } else {
    Add(LoadCode::kMisspeltKey, key, PathOf(key.text), fmt::format("unknown key, did you mean '{}'?", nearest));
  }
}

const yaml::Node* MappingReader::Take(std::string_view key) {
  const KeyRow* row = FindKey(scope_, key);
  if (row == nullptr || UseFor(*row, context_.kind) == Use::kUnused) return nullptr;
  const yaml::Node* value = node_.Find(key);
  if (value == nullptr || value->kind == yaml::Node::Kind::kNull) return nullptr;
  context_.places.emplace(PathOf(key), value->place);
  return value;
}

bool MappingReader::Expect(const yaml::Node& node, yaml::Node::Kind kind, const std::string& path) {
  if (node.kind == kind) return true;
  Add(LoadCode::kWrongType, node, path, fmt::format("must be {}, not {}", KindName(kind), KindName(node.kind)));
  context_.places.erase(path);  // nothing more is said of it
  return false;
}

const yaml::Node* MappingReader::TakeScalar(std::string_view key) {
  const yaml::Node* value = Take(key);
  return value != nullptr && Expect(*value, yaml::Node::Kind::kScalar, PathOf(key)) ? value : nullptr;
}

void MappingReader::Text(std::string_view key, std::string& target) {
  if (const yaml::Node* value = TakeScalar(key)) target = value->text;
}

void MappingReader::Bool(std::string_view key, bool& target) {
  const yaml::Node* value = TakeScalar(key);
  if (value == nullptr) return;
  constexpr std::string_view kWords[] = {"false", "true"};
  const std::string_view word = FindWord(kWords, value->text);
  if (word.empty()) {
    Add(LoadCode::kMalformedValue, *value, PathOf(key), fmt::format("'{}' is neither true nor false", value->text));
  } else {
    target = word == "true";
  }
}

void MappingReader::Integer(std::string_view key, std::int64_t& target) {
  const yaml::Node* value = TakeScalar(key);
  if (value == nullptr) return;
  std::int64_t number = 0;
  const char* const end = value->text.data() + value->text.size();
  const auto [rest, error] = std::from_chars(value->text.data(), end, number);
  if (error != std::errc() || rest != end) {
    Add(LoadCode::kMalformedValue, *value, PathOf(key), fmt::format("'{}' is not a whole number", value->text));
  } else {
    target = number;
  }
}

void MappingReader::Duration(std::string_view key, absl::Duration& target) {
  const yaml::Node* value = TakeScalar(key);
  if (value == nullptr) return;
  const absl::StatusOr<absl::Duration> duration = ParseRuleDuration(value->text);
  if (duration.ok()) {
    target = *duration;
  } else {
    target = kMalformedDuration;
    const absl::string_view message = duration.status().message();
    Add(LoadCode::kMalformedValue, *value, PathOf(key), std::string_view(message.data(), message.size()));
  }
}

void MappingReader::TextList(std::string_view key, std::vector<std::string>& target) {
  const yaml::Node* value = Take(key);
  if (value == nullptr || !Expect(*value, yaml::Node::Kind::kList, PathOf(key))) return;
  for (std::size_t i = 0; i < value->items.size(); ++i) {
    const yaml::Node& item = value->items[i];
    const std::string path = fmt::format("{}[{}]", PathOf(key), i);
    if (!Expect(item, yaml::Node::Kind::kScalar, path)) continue;
    // By the item's number in the rule, so that a check of the rule finds the place.
    context_.places.emplace(fmt::format("{}[{}]", PathOf(key), target.size()), item.place);
    target.push_back(item.text);
  }
}

void MappingReader::Word(std::string_view key, std::span<const std::string_view> words, const std::function<void(std::size_t)>& take) {
  const yaml::Node* value = TakeScalar(key);
  if (value == nullptr) return;
  const std::string_view word = FindWord(words, value->text);
  if (word.empty()) {
    Add(LoadCode::kUnknownValue, *value, PathOf(key), UnknownWord(words, value->text));
    return;
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == word) return take(i);
  }
}

void MappingReader::ReadInner(const yaml::Node& node, Scope scope, const std::string& path,
                              const std::function<void(MappingReader&)>& read) {
  if (!Expect(node, yaml::Node::Kind::kMapping, path)) return;
  context_.places.emplace(path, node.place);
  MappingReader inner(node, scope, path, context_);
  inner.CheckKeys();
  read(inner);
}

void MappingReader::Mapping(std::string_view key, const std::function<void(MappingReader&)>& read) {
  if (const yaml::Node* value = Take(key)) ReadInner(*value, FindKey(scope_, key)->inner, PathOf(key), read);
}

void MappingReader::MappingList(std::string_view key, const std::function<void(MappingReader&)>& read) {
  const yaml::Node* value = Take(key);
  if (value == nullptr || !Expect(*value, yaml::Node::Kind::kList, PathOf(key))) return;
  for (std::size_t i = 0; i < value->items.size(); ++i) {
    ReadInner(value->items[i], FindKey(scope_, key)->inner, fmt::format("{}[{}]", PathOf(key), i), read);
  }
}

void MappingReader::TextMap(std::string_view key, const std::function<void(const std::string&, const std::string&)>& read) {
  const yaml::Node* value = Take(key);
  if (value == nullptr || !Expect(*value, yaml::Node::Kind::kMapping, PathOf(key))) return;
  for (const auto& [name, text] : value->entries) {
    const std::string path = PathOf(key) + "." + name.text;
    if (!Expect(text, yaml::Node::Kind::kScalar, path)) continue;
    context_.places.emplace(path, text.place);
    read(name.text, text.text);
  }
}

}  // namespace zoomwatch::ruleset
